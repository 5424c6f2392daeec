import { readFileSync } from 'node:fs';
import { type ConfigSection, parseAwsConfig, parseAwsCredentials } from './aws-config.ts';
import { configPath, credentialsPath } from './aws-files.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Keys by which a profile leads to credentials. */
const leading: readonly string[] = [
  'aws_access_key_id',
  'role_arn',
  'credential_process',
  'sso_session',
  'sso_start_url',
  'login_session',
  'web_identity_token_file',
];

/** The key by which the default profile leads to credentials, if it does; what cannot be read leads nowhere. */
export function findDefaultCredentials(env: Environment): string | undefined {
  const sections = [
    sectionOf(() => parseAwsCredentials(readFileSync(credentialsPath(env), 'utf8')).get('default')),
    sectionOf(() => parseAwsConfig(readFileSync(configPath(env), 'utf8')).profiles.get('default')),
  ];
  return leading.find((key) => sections.some((section) => section?.has(key)));
}

function sectionOf(read: () => ConfigSection | undefined): ConfigSection | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
