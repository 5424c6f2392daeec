import { main } from './main.ts';
import { processTerminal } from './terminal/terminal.ts';

/** The command: bundled with everything the hot path needs. */
async function run(): Promise<void> {
  // Node opens its debugger at this signal, to every user of the machine, unless somebody listens.
  process.on('SIGUSR1', () => undefined);
  if (process.pid === 1) (await import('./terminal/first-process.ts')).endBySignals();
  const status = await main(process.argv.slice(2), processTerminal());
  // Whatever is left open must not keep an SDK waiting; all output has been written by now.
  process.exit(status);
}

void run();
