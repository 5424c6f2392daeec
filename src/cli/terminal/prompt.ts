import { openSync } from 'node:fs';
import { ReadStream, WriteStream } from 'node:tty';
import { printable } from './printable.ts';

const backspaces = new Set(['\b', '\u007F']);
const killLine = '\u0015';
const interrupt = '\u0003';
const endOfInput = '\u0004';

/**
 * Asks for a secret on the terminal of the process, with echo off. stdin and stdout are left alone: they belong to the
 * program that called.
 *
 * @returns what was typed; undefined without a terminal, or at ctrl-D on an empty line
 */
export async function askSecret(question: string): Promise<string | undefined> {
  const terminal = openTerminal();
  if (terminal === undefined) return undefined;
  const stopWatching = endRawModeOnSignals(terminal.input);
  // The echo goes off first: keys may come as soon as the question shows.
  terminal.input.setRawMode(true);
  const answer = await readLine(terminal.input, () => terminal.output.write(`${printable(question)}: `));
  stopWatching();
  terminal.output.end('\n');
  // As if the terminal had not been raw: whoever runs us from a script stops as well.
  if (answer === interrupt) process.kill(process.pid, 'SIGINT');
  return answer === interrupt ? undefined : answer;
}

/** Undefined for a process without a controlling terminal. */
function openTerminal(): { readonly input: ReadStream; readonly output: WriteStream } | undefined {
  const [input, output] = process.platform === 'win32' ? ['\\\\.\\CONIN$', '\\\\.\\CONOUT$'] : ['/dev/tty', '/dev/tty'];
  try {
    return { input: new ReadStream(openSync(input, 'r+')), output: new WriteStream(openSync(output, 'w')) };
  } catch {
    return undefined;
  }
}

/** Node resets the terminal when it ends by SIGINT or SIGTERM; with these, nobody would see what they type afterwards. */
function endRawModeOnSignals(terminal: ReadStream): () => void {
  const signals = process.platform === 'win32' ? [] : (['SIGHUP', 'SIGQUIT'] as const);
  const onSignal = (signal: NodeJS.Signals): void => {
    terminal.setRawMode(false);
    stop();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return stop;
}

/**
 * Shows the question and resolves to the line, to `interrupt`, or to undefined when the input ends. The terminal is no
 * longer raw then, whatever happened.
 */
function readLine(terminal: ReadStream, show: () => void): Promise<string | undefined> {
  const typed: string[] = [];
  return new Promise<string | undefined>((resolve) => {
    show();
    terminal.setEncoding('utf8');
    terminal.once('error', () => resolve(undefined));
    terminal.once('end', () => resolve(undefined));
    terminal.on('data', (text: string) => {
      for (const character of text) {
        if (character === '\r' || character === '\n') resolve(typed.join(''));
        else if (character === interrupt) resolve(interrupt);
        else if (character === endOfInput && typed.length === 0) resolve(undefined);
        else if (backspaces.has(character)) typed.pop();
        else if (character === killLine) typed.length = 0;
        else if (character !== endOfInput) typed.push(character);
      }
    });
  }).finally(() => {
    terminal.setRawMode(false);
    terminal.destroy();
  });
}
