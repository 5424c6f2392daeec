import { join } from 'node:path';
import type { IdentityContext } from './identity.ts';

/** The file of a credential that systemd handed over; undefined outside of a service that has any. */
export function credentialPath(name: string, environment: IdentityContext['environment']): string | undefined {
  const folder = environment?.['CREDENTIALS_DIRECTORY'];
  return folder ? join(folder, name) : undefined;
}
