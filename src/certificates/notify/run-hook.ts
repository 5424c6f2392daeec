import { spawn } from 'node:child_process';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';

/** Milliseconds. */
const giveUpAfter = 60_000;

/** Descriptors: what it prints goes to stderr, for stdout holds the report. */
const [pipe, standardError] = ['pipe', 2] as const;

/**
 * Runs a program, without a shell, with the message on its stdin.
 *
 * @throws RolesAnywhereError PROGRAM_FAILED
 */
export function runHook(
  [program, ...args]: readonly [string, ...string[]],
  message: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  return new Promise((settle, fail) => {
    const child = spawn(program, args, {
      stdio: [pipe, standardError, standardError],
      env: withoutSecrets(env),
      timeout: giveUpAfter,
      killSignal: 'SIGKILL',
    });
    child.once('error', (cause) =>
      fail(failed(program, `cannot be started: ${systemCodeOf(cause) ?? 'unknown reason'}`, cause)),
    );
    child.once('close', (status, signal) => {
      if (status === 0) settle();
      else fail(failed(program, status === null ? `was ended by ${signal}` : `ended with status ${status}`));
    });
    // A program that does not read is none that failed for that.
    child.stdin?.on('error', () => undefined).end(message);
  });
}

function failed(program: string, what: string, cause?: Error): RolesAnywhereError {
  return new RolesAnywhereError('PROGRAM_FAILED', `${program} ${what}`, cause === undefined ? {} : { cause });
}

/** Passwords and PINs may be in any of ours, and a program has no use for them. */
function withoutSecrets(env: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith('ROLES_ANYWHERE_')));
}
