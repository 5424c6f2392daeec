import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';

/** Where data goes once descriptor 1 leads elsewhere: a descriptor, or a program that writes to what 1 was. */
export type Output = number | HelperOutput;

export interface HelperOutput {
  readonly stdin: Writable;
  /** Ends the program, which has written everything by then. @throws Error with code EPIPE where it could not */
  readonly finish: () => Promise<void>;
}

/**
 * Leads descriptor 1 elsewhere: C libraries print there whenever they like, and what C's own buffer holds goes out as
 * the process exits. Node has no dup2(2). Descriptor 1 is closed, then, and what is opened next gets the lowest free
 * number (open(2)). Not on Windows, where that does not hold.
 *
 * @returns where stdout was, for every caller the same
 */
export function isolateOutput(): Promise<Output> {
  return (isolated ??= isolate());
}

let isolated: Promise<Output> | undefined;

async function isolate(): Promise<Output> {
  if (process.platform === 'win32') return 1;
  const output = canReopen() ? openSync('/dev/fd/1', constants.O_WRONLY) : await startHelper();
  closeSync(1);
  await openAsOne('/dev/null');
  return output;
}

/**
 * Linux opens what a descriptor leads to anew. A pipe or a terminal is the same then; a file would be written from its
 * beginning, a socket cannot be opened, and what another user made may not be.
 */
function canReopen(): boolean {
  if (process.platform !== 'linux') return false;
  const stats = fstatSync(1);
  if (!stats.isFIFO() && !stats.isCharacterDevice()) return false;
  try {
    closeSync(openSync('/dev/fd/1', constants.O_WRONLY));
    return true;
  } catch {
    return false;
  }
}

/** cat, which is there in a thousandth of a second; where there is none, a Node of our own. */
async function startHelper(): Promise<HelperOutput> {
  const { spawn } = await import('node:child_process');
  const cat = ['/bin/cat', '/usr/bin/cat'].find((path) => existsSync(path));
  const [program, args] =
    cat === undefined ? [process.execPath, ['-e', 'process.stdin.pipe(process.stdout)']] : [cat, []];
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'ignore'], env: {} });
  const ended = new Promise<void>((resolve, reject) => {
    const fail = (): void => reject(Object.assign(new Error('the reader has gone'), { code: 'EPIPE' }));
    child.once('error', fail);
    child.once('close', (status) => (status === 0 ? resolve() : fail()));
  });
  // Told by `finish`, if anybody asks.
  ended.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  return {
    stdin: child.stdin,
    finish: () => {
      child.stdin.end();
      return ended;
    },
  };
}

/** A thread that looks up a name may have taken the number for a moment. */
async function openAsOne(target: string): Promise<void> {
  for (let turn = 0; turn < 1000; turn += 1) {
    const opened = openSync(target, 'a');
    if (opened === 1) return;
    closeSync(opened);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error('descriptor 1 is taken');
}
