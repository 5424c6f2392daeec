import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { RolesAnywhereError } from '../errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a program ended. */
export type ProgramEnd = { readonly status: number } | { readonly signal: NodeJS.Signals };

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to every process in the foreground by itself, and twice is once too often. */
const ofTerminal = ['SIGINT', 'SIGQUIT'] as const;

/**
 * Runs a program in the place of this one: with its stdin, stdout and stderr, and with the signals that this one gets.
 *
 * @throws RolesAnywhereError PROGRAM_FAILED when it cannot be started
 */
export function runProgram(program: string, args: readonly string[], env: Environment): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const isInTerminal = [0, 1, 2].some((descriptor) => isatty(descriptor));
    const handlers = [
      ...passedOn.map((name) => [name, () => void child.kill(name)] as const),
      ...ofTerminal.map((name) => [name, () => void (isInTerminal || child.kill(name))] as const),
    ];
    for (const [name, handler] of handlers) process.on(name, handler);
    const finish = (): void => {
      for (const [name, handler] of handlers) process.off(name, handler);
    };
    const child = spawn(program, args, { env: { ...env }, stdio: 'inherit', windowsHide: false });
    child.once('error', (cause) => {
      finish();
      reject(cannotRun(program, cause));
    });
    child.once('exit', (status, signal) => {
      finish();
      resolve(signal === null ? { status: status ?? 1 } : { signal });
    });
  });
}

function cannotRun(program: string, cause: Error): RolesAnywhereError {
  const code = 'code' in cause ? String(cause.code) : 'unknown reason';
  const reason = { ENOENT: 'there is no such program', EACCES: 'it may not be run' }[code] ?? code;
  return new RolesAnywhereError('PROGRAM_FAILED', `cannot run ${program}: ${reason}`, { cause });
}
