import type { IdentityContext } from '../identity/identity.ts';
import type { Terminal } from './command.ts';

/** What opening a key may need of the terminal. */
export function identityContext(terminal: Terminal): IdentityContext {
  return {
    now: terminal.now,
    warn: terminal.warn,
    askSecret: terminal.askSecret,
    environment: terminal.env,
    isolateOutput: terminal.isolateOutput,
    stoppable: async (work) => (await import('./terminal/stoppable.ts')).stoppable(work),
  };
}
