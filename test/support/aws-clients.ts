/**
 * The AWS CLI and boto3 as tests start them, whatever their version: what they can do is asked for by `needsAwsCli` and
 * `needsBoto3`, and what they do not know must not lead them to AWS.
 */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { judge } from './programs.ts';

/** A port that nobody listens on: it is reserved (RFC 863), and only root may take it. */
const nobody = 'http://127.0.0.1:9';

/**
 * For the environment of every client: everything that is not on this machine is asked for through a proxy that is not
 * there. Clients of any age obey these variables, also those that ignore the one that should lead them to the sandbox.
 */
export const loopbackOnly = {
  HTTP_PROXY: nobody,
  HTTPS_PROXY: nobody,
  http_proxy: nobody,
  https_proxy: nobody,
  NO_PROXY: '127.0.0.1,localhost,::1,[::1]',
  no_proxy: '127.0.0.1,localhost,::1,[::1]',
} as const;

/** What not every client in use understands, and since which version it does (docs/sandbox.md, "Older clients"). */
const since = {
  'services and AWS_ENDPOINT_URL_STS': { 'aws-cli': ['1.29.0', '2.13.0'], botocore: ['1.31.0'] },
  // Ported to version 2 of the CLI in the second half of 2025 (aws/aws-cli, pull request 8967).
  'a metadata endpoint without a slash at its end': { 'aws-cli': ['1.23.0', '2.29.0'], botocore: ['1.24.0'] },
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: { 'aws-cli': ['1.30.0', '2.15.0'], botocore: ['1.34.41'] },
} as const;

export type Ability = keyof typeof since;

/**
 * Options for a suite that needs the AWS CLI, and one that is new enough for these.
 *
 * @example describe('the AWS CLI', needsAwsCli('services and AWS_ENDPOINT_URL_STS'), () => { … });
 */
export function needsAwsCli(...abilities: readonly Ability[]): { skip: boolean } {
  const [, version] = /^aws-cli\/(\S+)/.exec(awsVersion()) ?? [];
  if (version === undefined) return judge('aws', false);
  return knows('aws-cli', version, abilities);
}

/** The same for boto3, whose abilities are those of the botocore below it. */
export function needsBoto3(...abilities: readonly Ability[]): { skip: boolean } {
  const version = botocoreVersion();
  if (version === '') return judge('boto3 of Python', false);
  return knows('botocore', version, abilities);
}

/** Runs the AWS CLI and returns its stdout. */
export async function runAws(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)('aws', args, { env: { ...env, ...loopbackOnly } });
  return stdout;
}

/** Runs a program in Python and returns its stdout. */
export async function runPython(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)('python3', ['-c', program, ...args], {
    env: { ...env, ...loopbackOnly },
  });
  return stdout;
}

const awsVersion = outputOf('aws', ['--version']);
const botocoreVersion = outputOf('python3', ['-c', 'import boto3, botocore; print(botocore.__version__)']);

/** Runs it when it is wanted first; nothing where it cannot be run. */
function outputOf(program: string, args: readonly string[]): () => string {
  let output: string | undefined;
  return () => (output ??= (spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '').trim());
}

function knows(client: 'aws-cli' | 'botocore', version: string, abilities: readonly Ability[]): { skip: boolean } {
  const unknown = abilities.find((ability) => !isSince(version, since[ability][client]));
  if (unknown === undefined) return { skip: false };
  console.log(
    `skipped: tests for ${unknown}, which ${client} ${version} does not know (since ${since[unknown][client].join(' and ')})`,
  );
  return { skip: true };
}

/** @param firsts the first version of each major one that has it */
function isSince(version: string, firsts: readonly string[]): boolean {
  const numbers = (text: string): readonly number[] => text.split('.').map((part) => Number.parseInt(part, 10));
  const [major = 0, minor = 0, patch = 0] = numbers(version);
  const first = firsts.map(numbers).find(([ofFirst]) => ofFirst === major);
  if (first === undefined) return major > Math.max(...firsts.map((text) => numbers(text)[0] ?? 0));
  const [, leastMinor = 0, leastPatch = 0] = first;
  return minor > leastMinor || (minor === leastMinor && patch >= leastPatch);
}
