import { isWatched } from '../../runtime/node/output.ts';

type Warn = (message: string) => void;

/** Warnings of a process, and where they go. */
export interface Warnings {
  readonly warn: Warn;
  /** Tells what is waiting, and from now on everything at once; to stderr where no other place is given. */
  readonly tell: (to?: Warn) => void;
}

/**
 * Lets warnings wait until somebody tells them. The C++ SDK takes stdout and stderr of a credential_process together for
 * JSON, so that a warning of a call that goes well would take its credentials away. A person at a terminal, and who asks
 * for it by ROLES_ANYWHERE_WARNINGS, sees them at once.
 *
 * @param write puts one on stderr
 */
export function bufferWarnings(write: Warn, env: Readonly<Record<string, string | undefined>>): Warnings {
  const waiting: string[] = [];
  let told: Warn | undefined;
  return {
    warn(message) {
      // Asked only now: most calls have no warning.
      if (env['ROLES_ANYWHERE_WARNINGS'] === 'stderr' || isWatched(2)) told ??= write;
      if (told === undefined) waiting.push(message);
      else told(message);
    },
    tell(to = write) {
      told = to;
      for (const message of waiting.splice(0)) to(message);
    },
  };
}
