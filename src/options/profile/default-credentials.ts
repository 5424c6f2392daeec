import { type ConfigSection, parseAwsConfig, parseAwsCredentials } from './aws-config.ts';
import { configPath, credentialsPath, readAwsFile } from './aws-files.ts';

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
export async function findDefaultCredentials(env: Environment): Promise<string | undefined> {
  const sections = [
    await sectionOf(async () => parseAwsCredentials(await readAwsFile(credentialsPath(env))).get('default')),
    await sectionOf(async () => parseAwsConfig(await readAwsFile(configPath(env))).profiles.get('default')),
  ];
  return leading.find((key) => sections.some((section) => section?.has(key)));
}

async function sectionOf(read: () => Promise<ConfigSection | undefined>): Promise<ConfigSection | undefined> {
  try {
    return await read();
  } catch {
    return undefined;
  }
}
