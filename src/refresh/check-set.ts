import type { Credentials } from '../credentials.ts';
import { RolesAnywhereError } from '../errors.ts';

/** What lives shorter is not worth a request. The service's shortest session lives for 15 minutes. */
const shortestLifetime = 1000;

const texts = ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const;

/**
 * Refuses what must never be handed out, whoever made it.
 *
 * @throws RolesAnywhereError RESPONSE_EMPTY, RESPONSE_EXPIRED
 */
export function checkSet(credentials: Credentials, now: Date): void {
  const given: Partial<Record<keyof Credentials, unknown>> | undefined = credentials;
  const missing = texts.find((name) => typeof given?.[name] !== 'string' || given[name] === '');
  if (missing !== undefined) throw new RolesAnywhereError('RESPONSE_EMPTY', `the credentials came without ${missing}`);
  const expiration = given?.expiration;
  if (!(expiration instanceof Date) || Number.isNaN(expiration.getTime())) {
    throw new RolesAnywhereError('RESPONSE_EMPTY', 'the credentials came without the time at which they expire');
  }
  if (expiration.getTime() - now.getTime() < shortestLifetime) {
    throw new RolesAnywhereError(
      'RESPONSE_EXPIRED',
      `the credentials came with an expiration of ${expiration.toISOString()}, and it is ${now.toISOString()}`,
      { hints: ['check the clock of this machine'] },
    );
  }
}
