import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { runPython } from '../support/aws-clients.ts';

/** What a client of a process of its own came to see. */
export interface Seen {
  /** Access keys in the order in which the client used them, one for each call. */
  readonly keys: readonly string[];
  /** Who STS said it was, at the last call. */
  readonly arn: string;
}

interface Errand {
  /** Where STS is: as an argument, which clients of every age obey. */
  readonly stsEndpoint: string;
  /** Everything that leads the client to the server, and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds between a first and a second call; one call alone when not given. */
  readonly pause?: number;
  /** Makes a client object of its own for the second call; else it is one and the same. */
  readonly afresh?: boolean;
}

/** Asks STS who it is, with credentials that it finds by itself. */
export type Client = (errand: Errand) => Promise<Seen>;

const run = promisify(execFile);

/** A process a call: what `--debug` shows of the access key is in the request that it signed. */
export const awsCli: Client = async ({ stsEndpoint, env, pause }) => {
  const call = async (): Promise<{ key: string; arn: string }> => {
    const args = ['sts', 'get-caller-identity', '--endpoint-url', stsEndpoint, '--output', 'json', '--debug'];
    const { stdout, stderr } = await run('aws', args, { env, maxBuffer: 16 * 1024 * 1024 });
    return { key: /Credential=(ASIA\w+)/.exec(stderr)?.[1] ?? '', arn: (JSON.parse(stdout) as { Arn: string }).Arn };
  };
  const calls = [await call()];
  if (pause !== undefined) {
    await new Promise((settle) => setTimeout(settle, pause));
    calls.push(await call());
  }
  return { keys: calls.map(({ key }) => key), arn: calls.at(-1)?.arn ?? '' };
};

const pythonProgram = `
import boto3, json, sys, time
session = boto3.Session()
keys = []
for pause in json.loads(sys.argv[2]):
    time.sleep(pause)
    if sys.argv[3] == 'afresh':
        session = boto3.Session()
    sts = session.client('sts', endpoint_url=sys.argv[1])
    arn = sts.get_caller_identity()['Arn']
    keys.append(session.get_credentials().get_frozen_credentials().access_key)
print(json.dumps({'keys': keys, 'arn': arn}))
`;

export const boto3: Client = async ({ stsEndpoint, env, pause, afresh = false }) => {
  const pauses = pause === undefined ? [0] : [0, pause / 1000];
  const args = [stsEndpoint, JSON.stringify(pauses), afresh ? 'afresh' : 'same'];
  return JSON.parse(await runPython(pythonProgram, args, env)) as Seen;
};

const require = createRequire(import.meta.url);

const javaScriptProgram = `
const { GetCallerIdentityCommand, STSClient } = require(${JSON.stringify(require.resolve('@aws-sdk/client-sts'))});
const { fromNodeProviderChain } = require(${JSON.stringify(require.resolve('@aws-sdk/credential-providers'))});
const sts = new STSClient({ endpoint: process.argv[1], credentials: fromNodeProviderChain({ timeout: 20_000, maxRetries: 3 }) });
(async () => {
  const keys = [];
  let arn;
  for (const pause of JSON.parse(process.argv[2])) {
    await new Promise((settle) => setTimeout(settle, pause));
    arn = (await sts.send(new GetCallerIdentityCommand({}))).Arn;
    keys.push((await sts.config.credentials()).accessKeyId);
  }
  console.log(JSON.stringify({ keys, arn }));
})();
`;

export const sdkForJavaScript: Client = async ({ stsEndpoint, env, pause }) => {
  const pauses = pause === undefined ? [0] : [0, pause];
  const { stdout } = await run(process.execPath, ['-e', javaScriptProgram, stsEndpoint, JSON.stringify(pauses)], {
    env,
  });
  return JSON.parse(stdout) as Seen;
};
