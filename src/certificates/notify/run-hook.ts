import { type ChildProcess, spawn } from 'node:child_process';
import { platform } from 'node:os';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { type WindowsProgram, windowsProgram } from '../../core/windows-program.ts';

/** Milliseconds. */
const giveUpAfter = 60_000;

/** Descriptors: what it prints goes to stderr, for stdout holds the report. */
const [pipe, standardError] = ['pipe', 2] as const;

/**
 * Runs a program, without a shell, with the message on its stdin.
 *
 * @throws RolesAnywhereError PROGRAM_FAILED
 */
export async function runHook(
  [program, ...given]: readonly [string, ...string[]],
  message: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const env = withoutSecrets(environment);
  const { file, args, isVerbatim } = found(program, given, env);
  return new Promise((settle, fail) => {
    const child = start(program, { file, args, isVerbatim }, env);
    child.once('error', (cause) => fail(notStarted(program, cause)));
    child.once('close', (status, signal) => {
      if (status === 0) settle();
      else fail(failed(program, status === null ? `was ended by ${signal}` : `ended with status ${status}`));
    });
    // A program that does not read is none that failed for that.
    child.stdin?.on('error', () => undefined).end(message);
  });
}

/** Some reasons why it cannot be started Node tells by an event, and others at once: a path below a file. */
function start(program: string, { file, args, isVerbatim }: WindowsProgram, env: NodeJS.ProcessEnv): ChildProcess {
  try {
    return spawn(file, args, {
      stdio: [pipe, standardError, standardError],
      env,
      timeout: giveUpAfter,
      killSignal: 'SIGKILL',
      windowsHide: true,
      windowsVerbatimArguments: isVerbatim,
    });
  } catch (cause) {
    throw notStarted(program, cause);
  }
}

/** Elsewhere execvp(3) finds it, which looks in no folder but those of the PATH. */
function found(program: string, args: readonly string[], env: NodeJS.ProcessEnv): WindowsProgram {
  if (platform() !== 'win32') return { file: program, args, isVerbatim: false };
  try {
    return windowsProgram(program, args, env);
  } catch (error) {
    throw error instanceof RolesAnywhereError ? error : notStarted(program, error);
  }
}

function notStarted(program: string, cause: unknown): RolesAnywhereError {
  return failed(program, `cannot be started: ${systemCodeOf(cause) ?? 'unknown reason'}`, cause);
}

function failed(program: string, what: string, cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('PROGRAM_FAILED', `${program} ${what}`, cause === undefined ? {} : { cause });
}

/** Passwords and PINs may be in any of ours, and a program has no use for them. */
function withoutSecrets(env: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('ROLES_ANYWHERE_')));
}
