import { constants } from 'node:os';

/**
 * Ends the process by signals where it is the first of its namespace, as in a container without an init: the kernel
 * drops signals that have no handler there (pid_namespaces(7)), and so those that Node sends itself to end by. The
 * status is what shells give for a signal. Whoever else listens to a signal decides what it does.
 */
export function endBySignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(name, () => {
      if (process.listenerCount(name) === 1) process.exit(128 + constants.signals[name]);
    });
  }
}
