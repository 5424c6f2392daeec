import { RolesAnywhereError } from '../../core/errors.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What all work that is under way shares. */
interface Stop {
  readonly signal: AbortSignal;
  users: number;
  /** Gives the signals back, and resends the one that came: the process ends by it, as it would have. */
  end(): void;
}

let current: Stop | undefined;

/**
 * Runs work that leaves something behind in hardware where it is cut off. The first signal that would end the process
 * stops the work instead, and ends the process once all such work has settled; a second one ends it at once. A signal
 * that somebody else listens to is theirs.
 */
export async function stoppable<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = (current ??= listen());
  stop.users += 1;
  try {
    return await work(stop.signal);
  } finally {
    stop.users -= 1;
    if (stop.users === 0) {
      current = undefined;
      stop.end();
    }
  }
}

function listen(): Stop {
  const controller = new AbortController();
  let received: NodeJS.Signals | undefined;
  // As the first process of a namespace, one listens that stands back for any other (first-process.ts).
  const standingBack = process.pid === 1 ? 1 : 0;
  const free = signals.filter((name) => process.listenerCount(name) === standingBack);
  const release = (): void => {
    for (const name of free) process.off(name, onSignal);
  };
  const onSignal = (name: NodeJS.Signals): void => {
    received = name;
    release();
    controller.abort(new RolesAnywhereError('TPM_FAILED', `stopped by ${name}`));
  };
  for (const name of free) process.on(name, onSignal);
  return {
    signal: controller.signal,
    users: 0,
    end() {
      release();
      if (received !== undefined) process.kill(process.pid, received);
    },
  };
}
