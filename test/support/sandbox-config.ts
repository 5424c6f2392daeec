import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../src/sandbox/index.ts';

/** A folder with a `~/.aws/config` for the built command. */
export interface SandboxConfig {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** Writes the profile anew, with other keys on top. */
  write(profile: string, more?: Readonly<Record<string, string>>): void;
  remove(): void;
}

/** Profiles that lead to a sandbox. */
export function sandboxConfig(sandbox: Sandbox): SandboxConfig {
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-config-'));
  const path = join(folder, 'config');
  const profiles = new Map<string, Readonly<Record<string, string>>>();
  return {
    folder,
    env: { AWS_CONFIG_FILE: path, HOME: folder },
    write: (profile, more = {}) => {
      profiles.set(profile, {
        roles_anywhere_trust_anchor_arn: sandbox.trustAnchorArn,
        roles_anywhere_profile_arn: sandbox.profileArn,
        roles_anywhere_role_arn: sandbox.roleArn,
        roles_anywhere_certificate: sandbox.certificatePath,
        roles_anywhere_private_key: sandbox.privateKeyPath,
        roles_anywhere_endpoint: sandbox.endpoint,
        ...more,
      });
      const sections = [...profiles].map(([name, keys]) =>
        [`[profile ${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ''].join('\n'),
      );
      writeFileSync(path, sections.join('\n'));
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
