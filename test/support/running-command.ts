import { type ChildProcess, spawn } from 'node:child_process';
import { commandWords } from './command.ts';

/** The built command while it runs. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** Everything on stderr so far. */
  stderr(): string;
  stdout(): string;
  /** Resolves at the first line of stderr that matches, past or to come; throws when the command ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null }>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ readonly status: number | null; readonly signal: string | null }>;
}

export interface RunningSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** A program, with its arguments, that starts node in its turn. */
  readonly wrapper?: readonly string[];
  /** The file that node runs; that of this checkout when not given. */
  readonly path?: string;
}

/** Starts the built command with an environment that holds nothing of the one that runs the tests. */
export function startCommand(
  args: readonly string[],
  { env = {}, wrapper = [], path }: RunningSettings = {},
): RunningCommand {
  const [program = '', ...rest] = [
    ...wrapper,
    ...(path === undefined ? commandWords : [process.execPath, path]),
    ...args,
  ];
  const child = spawn(program, rest, {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
      tell();
    });
  }
  let hasEnded = false;
  const ended = new Promise<{ status: number | null; signal: string | null }>((settle) => {
    child.once('close', (status, signal) => {
      hasEnded = true;
      settle({ status, signal });
      tell();
    });
  });
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((settle, fail) => {
      const look = (): void => {
        const match = pattern.exec(written.stderr);
        if (match === null && !hasEnded) return;
        listeners.delete(look);
        if (match === null) fail(new Error(`the command ended without saying ${String(pattern)}:\n${written.stderr}`));
        else settle(match);
      };
      listeners.add(look);
      look();
    });
  return {
    child,
    stderr: () => written.stderr,
    stdout: () => written.stdout,
    said,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}
