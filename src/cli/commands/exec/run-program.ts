import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { systemCodeOf } from '../../../core/errno.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Terminal } from '../../command.ts';
import { reportError } from '../../report-error.ts';
import type { WindowsProgram } from '../../../core/windows-program.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a program ended. */
type ProgramEnd = { readonly status: number } | { readonly signal: NodeJS.Signals };

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to every process in the foreground by itself, and twice is once too often. */
const ofTerminal = ['SIGINT', 'SIGQUIT'] as const;
/** What happens to a console comes to every program on it, and there is no other way to signal: `kill` ends at once. */
const ofConsole = ['SIGINT', 'SIGBREAK', 'SIGHUP'] as const;

/** A program to run: its name, or the path of its file, and its arguments. */
export type CommandLine = readonly [program: string, ...args: string[]];

/** What a program is run with. */
export interface ProgramContext {
  readonly env: Environment;
  readonly terminal: Terminal;
  /** Shows the causes of what keeps it from running. */
  readonly isDebug: boolean;
  /** Says more of what keeps it from running. */
  readonly explain?: (error: RolesAnywhereError) => unknown;
  /** Run when it has ended, before this process ends likewise. */
  readonly close: () => Promise<void>;
}

/**
 * Runs a program in the place of this one: with its stdin, stdout and stderr, and with the signals that this one gets.
 *
 * @returns its exit status; as shells have it, 127 where there is no such program and 126 where it cannot be run
 */
export async function runProgram(line: CommandLine, context: ProgramContext): Promise<number> {
  let end: ProgramEnd;
  try {
    end = await spawnProgram(line, context);
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    reportError(context.explain?.(error) ?? error, context.isDebug ? ['--debug'] : [], context.terminal);
    return isAbsent(error.cause) ? 127 : 126;
  } finally {
    await context.close();
  }
  return statusOf(end);
}

/**
 * A program that was ended by a signal is told of as shells do it. Of the signals that a person or a service manager
 * sends, this process ends too, so that who waits for it sees the same.
 */
function statusOf(end: ProgramEnd): number {
  if ('status' in end) return end.status;
  if (['SIGINT', 'SIGTERM', 'SIGHUP'].includes(end.signal)) process.kill(process.pid, end.signal);
  return 128 + constants.signals[end.signal];
}

function isAbsent(cause: unknown): boolean {
  return systemCodeOf(cause) === 'ENOENT';
}

/** @throws RolesAnywhereError PROGRAM_FAILED when it cannot be started */
async function spawnProgram([program, ...given]: CommandLine, { env, terminal }: ProgramContext): Promise<ProgramEnd> {
  // Shells and execvp(3) say so of a name that is empty; Node takes it for a mistake of whoever calls it.
  if (program === '') throw cannotRun("''", Object.assign(new Error('the name is empty'), { code: 'ENOENT' }));
  const { file, args, isVerbatim } = await found(program, given, env);
  return new Promise((resolve, reject) => {
    let child: ChildProcess | undefined;
    const release = handleSignals((name) => void child?.kill(name));
    const fail = (cause: unknown): void => {
      release();
      reject(cannotRun(program, cause));
    };
    try {
      child = spawn(file, args, {
        env: { ...env },
        stdio: [0, terminal.output(), 2],
        windowsHide: false,
        windowsVerbatimArguments: isVerbatim,
      });
    } catch (cause) {
      // So Node tells some reasons: a path below a file, or arguments that are too long.
      return fail(cause);
    }
    child.once('error', fail);
    child.once('exit', (status, signal) => {
      release();
      resolve(signal === null ? { status: status ?? 1 } : { signal });
    });
  });
}

/** Elsewhere execvp(3) finds it, which looks in no folder but those of the PATH. */
async function found(program: string, args: readonly string[], env: Environment): Promise<WindowsProgram> {
  if (process.platform !== 'win32') return { file: program, args, isVerbatim: false };
  const { windowsProgram } = await import('../../../core/windows-program.ts');
  try {
    return windowsProgram(program, args, env);
  } catch (error) {
    throw error instanceof RolesAnywhereError || !(error instanceof Error) ? error : cannotRun(program, error);
  }
}

/** Has the program get the signals that this process gets. @returns what ends it */
function handleSignals(send: (name: NodeJS.Signals) => void): () => void {
  const handlers = process.platform === 'win32' ? ofConsole.map((name) => [name, ignore] as const) : passOn(send);
  for (const [name, handler] of handlers) process.on(name, handler);
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}

function passOn(send: (name: NodeJS.Signals) => void): readonly (readonly [NodeJS.Signals, () => void])[] {
  const isInTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
  return [
    ...passedOn.map((name) => [name, () => send(name)] as const),
    ...ofTerminal.map((name) => [name, () => isInTerminal || send(name)] as const),
  ];
}

function ignore(): void {}

function cannotRun(program: string, cause: unknown): RolesAnywhereError {
  const code = systemCodeOf(cause) ?? 'unknown reason';
  const reason = { ENOENT: 'there is no such program', EACCES: 'it may not be run' }[code] ?? code;
  return new RolesAnywhereError('PROGRAM_FAILED', `cannot run ${program}: ${reason}`, { cause });
}
