import { processTerminal } from '../../../src/cli/terminal/terminal.ts';

/** What the terminal does in a process of its own; the first argument says what to try. */
async function run(what: string | undefined): Promise<void> {
  const terminal = processTerminal();
  terminal.tellWarnings();
  if (what === 'hung-up') {
    // As a server does that reads its configuration again.
    const stopped = terminal.untilStopped(() => terminal.log('hung up'));
    await terminal.stdout('waiting\n');
    const alive = setInterval(() => undefined, 1000);
    await stopped;
    clearInterval(alive);
    terminal.log('stopped');
    return;
  }
  if (what === 'stopped') {
    const stopped = terminal.untilStopped();
    await terminal.stdout('waiting\n');
    // Keeps the process alive, as an open server does.
    const alive = setInterval(() => undefined, 1000);
    await stopped;
    clearInterval(alive);
    terminal.log('stopped');
    return;
  }
  // From here on the pipe does not block: Node sets it so when it opens the stream.
  if (what === 'without-blocking') process.stdout.on('error', () => undefined);
  try {
    await terminal.stdout(new Uint8Array(4 * 1024 * 1024).fill(0x78));
    await terminal.stdout('ключ');
    terminal.warn('done\u001B[0m');
  } catch (error) {
    terminal.log(error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : 'no error');
  }
}

void run(process.argv[2]);
