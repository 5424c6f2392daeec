import { url } from 'node:inspector';
import type { Ffi, MissingFfi } from '../../ffi/ffi.ts';

/** Flags of Node by which it lets a debugger in, or writes what it has in memory to files of mode 0644. */
const telling = /--(?:inspect|heapsnapshot-|heap-prof|report-on-|report-uncaught-)[^\s=]*/g;

/**
 * Says of a process that lives on with a key in memory by which doors of Node others may read it: a debugger's port is
 * open to every user of the machine. Somebody wanted it so, and it is left.
 */
export function warnOfDebugDoors(
  { NODE_OPTIONS = '' }: Readonly<Record<string, string | undefined>>,
  warn: (message: string) => void,
): void {
  const flags = new Set([...process.execArgv, NODE_OPTIONS].join(' ').match(telling));
  if (flags.size > 0) {
    warn(`node was started with ${[...flags].join(', ')}: what it opens or writes holds keys and credentials`);
  } else if (url() !== undefined) {
    warn(`the debugger of node listens on ${url()}: who connects reads keys and credentials`);
  }
}

/** Milliseconds from the signal that ends a command to its end. Containers are given 10 s, services of systemd 90. */
const longestStop = 8000;

/**
 * Lets the process end while a call of a PKCS#11 module, a keychain or a store hangs: as it exits, Node waits for the
 * threads that it lends to such calls, for ever. Whatever this process writes has been written by then.
 */
export function endDespiteCalls(ffi: Ffi | MissingFfi): void {
  if ('missing' in ffi) return;
  const end = process.platform === 'win32' ? killItself : ffi.openLibc(endings)._exit;
  process.once('exit', (status) => {
    if (ffi.isCalling()) end(status);
  });
}

/** _exit(2): at once, with a status, and without what libraries want done at an end. */
const endings = { _exit: { takes: ['i32'], gives: 'void' } } as const;

/** Windows has no such function in a library that is always there; the status is lost, and better so than no end. */
function killItself(): void {
  process.kill(process.pid, 'SIGKILL');
}

/**
 * Waits for work that a signal ends, but no longer than eight seconds from it: whatever hangs then ends with the process
 * (endDespiteCalls).
 */
export async function endingInTime<T>(
  work: Promise<T>,
  stopped: Promise<void>,
  warn: (message: string) => void,
): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = stopped.then(
    () =>
      new Promise<undefined>((settle) => {
        timer = setTimeout(() => {
          warn(`not everything came to an end within ${longestStop / 1000} s, and ends now`);
          settle(undefined);
        }, longestStop);
      }),
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits for what begins to run, unless a signal comes first: what comes to run after that is closed.
 *
 * @returns undefined where the signal came first
 */
export async function unlessStopped<T extends { close(): Promise<void> }>(
  starting: Promise<T>,
  stopped: Promise<void>,
): Promise<T | undefined> {
  const running = await Promise.race([starting, stopped]);
  if (running !== undefined) return running;
  starting.then((late) => late.close()).catch(() => undefined);
  return undefined;
}

/**
 * Signals come when they like, before there is an answer to them, too; what they ask for is done one after the other,
 * and once for any that came meanwhile.
 */
export class HangUps {
  #action: (() => Promise<void>) | undefined;
  #isPending = false;
  #isRunning = false;

  ring(): void {
    this.#isPending = true;
    void this.#run();
  }

  /** @param action never rejects */
  answer(action: () => Promise<void>): void {
    this.#action = action;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#isRunning || this.#action === undefined) return;
    this.#isRunning = true;
    while (this.#isPending) {
      this.#isPending = false;
      await this.#action();
    }
    this.#isRunning = false;
  }
}
