import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What scripts/consumers.mjs has fetched and built: folders, by version where there are several. */
export interface ConsumerTools {
  /** The packed package, installed. */
  readonly project: string;
  readonly bundlers: string;
  readonly compilers: Readonly<Record<string, string>>;
  readonly jest: string;
  /** Executables. */
  readonly oldNodes: Readonly<Record<string, string>>;
  readonly npms: Readonly<Record<string, string>>;
  /** An executable. */
  readonly nodeOfNpms: string;
}

const given = process.env['CONSUMER_TOOLS'];

/** Undefined where these tests are left out. */
export const consumerTools = given === undefined ? undefined : (JSON.parse(given) as ConsumerTools);

if (consumerTools === undefined) {
  console.log(
    'skipped: the packed package in bundlers, TypeScript, Jest, old Nodes and by npm, for which there is scripts/consumers.mjs',
  );
}

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with an environment of its own. */
export async function outcomeOf(
  command: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const [program = '', ...args] = command;
  const settings = { cwd, env: { PATH: process.env['PATH'], HOME: cwd, ...env }, timeout: 200_000 };
  return promisify(execFile)(program, args, settings).then(
    (result) => ({ status: 0, ...result }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
      return { status: typeof code === 'number' ? code : -1, stdout, stderr };
    },
  );
}
