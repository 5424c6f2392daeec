import { execFileSync } from 'node:child_process';
import { fromIni } from '@aws-sdk/credential-providers';

/** What a client reads from a file: key id, secret and token, or nothing where it cannot read them. */
export type ReadCredentials = readonly [string | null, string | null, string | null] | undefined;

const script = `
import json, sys
from botocore.configloader import raw_config_parse
from botocore.credentials import SharedCredentialProvider
def can_read(path):
    try:
        return raw_config_parse(path) is not None
    except Exception:
        return False
def read(path, profile):
    try:
        found = SharedCredentialProvider(path, profile).load()
        return found and [found.access_key, found.secret_key, found.token]
    except Exception:
        return None
asked = json.load(sys.stdin)
print(json.dumps([read(*each) if isinstance(each, list) else can_read(each) for each in asked]))
`;

/** What botocore, and with it the AWS CLI and boto3, reads from each pair of file and profile. */
export function readByBotocore(
  pairs: readonly (readonly [path: string, profile: string])[],
): readonly ReadCredentials[] {
  return (askBotocore(pairs) as (ReadCredentials | null)[]).map((found) => found ?? undefined);
}

/** Whether botocore can read each file at all: what is there twice makes it refuse the whole of it. */
export function canReadByBotocore(paths: readonly string[]): readonly boolean[] {
  return askBotocore(paths) as boolean[];
}

function askBotocore(questions: readonly unknown[]): unknown {
  return JSON.parse(execFileSync('python3', ['-c', script], { input: JSON.stringify(questions), encoding: 'utf8' }));
}

/** What the SDK for JavaScript reads from a file. */
export async function readByJavaScript(path: string, profile: string): Promise<ReadCredentials> {
  const provider = fromIni({ filepath: path, configFilepath: '/nonexistent', profile, ignoreCache: true });
  return provider().then(
    ({ accessKeyId, secretAccessKey, sessionToken }) => [accessKeyId, secretAccessKey, sessionToken ?? null] as const,
    () => undefined,
  );
}
