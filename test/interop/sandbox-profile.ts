import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { commandLine } from '../support/command.ts';

export interface AwsHome {
  readonly configPath: string;
  /** What an AWS client needs of its environment to see this configuration and no other. */
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

/** An `~/.aws` of its own with a profile `on-prem` that gets its credentials from the built command. */
export function makeAwsHome(sandbox: Sandbox, settings: readonly string[] = []): AwsHome {
  const home = mkdtempSync(join(tmpdir(), 'roles-anywhere-home-'));
  mkdirSync(join(home, '.aws'));
  const configPath = join(home, '.aws', 'config');
  const lines = [
    '[profile on-prem]',
    `credential_process = ${commandLine} credential-process --from-profile on-prem`,
    `region = ${sandbox.region}`,
    `roles_anywhere_trust_anchor_arn = ${sandbox.trustAnchorArn}`,
    `roles_anywhere_profile_arn = ${sandbox.profileArn}`,
    `roles_anywhere_role_arn = ${sandbox.roleArn}`,
    `roles_anywhere_certificate = ${sandbox.certificatePath}`,
    `roles_anywhere_private_key = ${sandbox.privateKeyPath}`,
    `roles_anywhere_endpoint = ${sandbox.endpoint}`,
    ...settings,
  ];
  writeFileSync(configPath, `${lines.join('\n')}\n`);
  return {
    configPath,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      AWS_CONFIG_FILE: configPath,
      AWS_SHARED_CREDENTIALS_FILE: join(home, '.aws', 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
