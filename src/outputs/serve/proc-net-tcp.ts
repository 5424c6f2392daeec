import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

/** The two ends of a connection, as the server's side names them. */
export interface ConnectionEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/** A connection whose peer is looked for, and how often it was not found. */
interface Wanted {
  readonly ends: ConnectionEnds;
  misses: number;
  readonly settle: (uid: number | undefined) => void;
}

/** Reads one of the kernel's tables; empty where there is none. */
type ReadTable = (path: string) => Promise<string>;

/** The part of the time in which the tables are read for strangers, at the most. */
const share = 1 / 5;

/**
 * Finds out whose processes are at the other ends of TCP connections within this machine, where the kernel cannot be
 * asked for one connection (sock-diag.ts). It writes a table of
 * all its connections for that, which takes milliseconds, and the longer the more there are, of whomever. So one look
 * serves all who wait, and after one that was for strangers alone four times as long as it took goes by before the next.
 */
export class PeerUids {
  readonly #allowed: readonly number[];
  readonly #read: ReadTable;
  #wanted: Wanted[] = [];
  #isBusy = false;

  /** @param allowed who is no stranger */
  constructor(allowed: readonly number[], read: ReadTable) {
    this.#allowed = allowed;
    this.#read = read;
  }

  /**
   * Uid of the process at the other end; undefined for one that cannot be told: another machine's, one that was closed,
   * a system without /proc.
   */
  uidOf({
    localAddress,
    localPort,
    remoteAddress,
    remotePort,
  }: Pick<Socket, keyof ConnectionEnds>): Promise<number | undefined> {
    if (!localAddress || localPort === undefined || !remoteAddress || remotePort === undefined) {
      return Promise.resolve(undefined);
    }
    return new Promise((settle) => {
      this.#wanted.push({ ends: { localAddress, localPort, remoteAddress, remotePort }, misses: 0, settle });
      if (!this.#isBusy) void this.#lookWhileWanted();
    });
  }

  async #lookWhileWanted(): Promise<void> {
    this.#isBusy = true;
    while (this.#wanted.length > 0) {
      const start = performance.now();
      const isForStrangers = !(await this.#look(this.#wanted.splice(0)));
      if (isForStrangers) await sleep((performance.now() - start) * (1 / share - 1), undefined, { ref: false });
    }
    this.#isBusy = false;
  }

  /** @returns whether any of them is allowed */
  async #look(wanted: readonly Wanted[]): Promise<boolean> {
    const found = new Map<Wanted, number>();
    for (const path of ['/proc/net/tcp', '/proc/net/tcp6']) {
      const missing = wanted.filter((each) => !found.has(each));
      if (missing.length > 0) addUids(found, missing, await this.#read(path));
    }
    for (const each of wanted) {
      // While others come and go the kernel may leave out a row of a table that is read in pieces.
      if (!found.has(each) && (each.misses += 1) < 2) this.#wanted.push(each);
      else each.settle(found.get(each));
    }
    return [...found.values()].some((uid) => this.#allowed.includes(uid));
  }
}

function addUids(found: Map<Wanted, number>, wanted: readonly Wanted[], table: string): void {
  const ends = wanted.map((each) => each.ends);
  const uids = uidsInTable(table, ends);
  for (const each of wanted) {
    const uid = uids.get(each.ends);
    if (uid !== undefined) found.set(each, uid);
  }
}

/** What reads the kernel's tables, until it is closed. */
export interface TableReader {
  readonly read: ReadTable;
  readonly close: () => void;
}

const readerProgram = `
const { parentPort } = require('node:worker_threads');
const { readFileSync } = require('node:fs');
parentPort.on('message', (path) => {
  let text = '';
  try { text = readFileSync(path, 'latin1'); } catch {}
  parentPort.postMessage(text);
});`;

/**
 * Reads on a thread of its own. The kernel takes milliseconds for a table, and gives it out in pieces of four kilobytes:
 * to wait for them on this thread would hold up everybody, and each would be a turn of the event loop on a busy machine.
 */
export function readOnThread(): TableReader {
  let worker: Worker | undefined;
  return {
    read: (path) =>
      new Promise((settle) => {
        const used = (worker ??= startReader());
        const end = (text: string): void => {
          used?.off('message', end).off('error', failed);
          settle(text);
        };
        const failed = (): void => {
          worker = undefined;
          end('');
        };
        if (used === undefined) return end('');
        used.once('message', end).once('error', failed);
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
        used.postMessage(path);
      }),
    close: () => void worker?.terminate(),
  };
}

/** Undefined where there can be no further thread at the moment: the next look tries again. */
function startReader(): Worker | undefined {
  try {
    const worker = new Worker(readerProgram, { eval: true, env: {}, execArgv: [] });
    worker.unref();
    return worker;
  } catch {
    return undefined;
  }
}

/**
 * Looks the other ends of connections up in the text of /proc/net/tcp or tcp6 (Linux,
 * Documentation/networking/proc_net_tcp): their rows have the two ends the other way around. Rows of sockets that no
 * process holds any more name uid 0, and have no inode; those that are half closed have one.
 */
export function uidsInTable(
  text: string,
  connections: readonly ConnectionEnds[],
  order: 'LE' | 'BE' = endianness(),
): ReadonlyMap<ConnectionEnds, number> {
  const byEnds = new Map(connections.flatMap((ends) => rowsOf(ends, order).map((row) => [row, ends] as const)));
  const found = new Map<ConnectionEnds, number>();
  for (const port of new Set(connections.map(({ localPort }) => localPort))) {
    const remotePort = `${portSuffix(port)} `;
    for (let at = text.indexOf(remotePort); at !== -1; at = text.indexOf(remotePort, at + 1)) {
      const remote = text.lastIndexOf(' ', at);
      const ends = byEnds.get(text.slice(text.lastIndexOf(' ', remote - 1) + 1, at + remotePort.length - 1));
      if (ends === undefined) continue;
      const [, , , , , uid, , inode] = text.slice(at, text.indexOf('\n', at)).split(/\s+/);
      if (inode !== '0' && uid !== undefined) found.set(ends, Number(uid));
    }
  }
  return found;
}

/** The two ends as the other side's row has them, in each way of writing them. */
function rowsOf(ends: ConnectionEnds, order: 'LE' | 'BE'): readonly string[] {
  const remotes = written(ends.localAddress, ends.localPort, order);
  return written(ends.remoteAddress, ends.remotePort, order).map((local, form) => `${local} ${remotes[form]}`);
}

function portSuffix(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** How the kernel may write an end: an IPv4 address also as an IPv6 one, for a socket of the other family. */
function written(address: string, port: number, order: 'LE' | 'BE'): readonly string[] {
  const suffix = portSuffix(port);
  const bytes = addressBytes(address);
  const isMapped = bytes.length === 16 && bytes.subarray(0, 12).equals(mappedPrefix);
  const four = bytes.length === 4 ? bytes : isMapped ? bytes.subarray(12) : undefined;
  const forms = four === undefined ? [bytes] : [four, Buffer.concat([mappedPrefix, four])];
  return forms.map((form) => `${words(form, order)}${suffix}`);
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

/** Words of four bytes, each printed as the number that the machine sees in it. */
function words(bytes: Buffer, order: 'LE' | 'BE'): string {
  const copy = Buffer.from(bytes);
  return (order === 'LE' ? copy.swap32() : copy).toString('hex').toUpperCase();
}

function addressBytes(address: string): Buffer {
  const bare = address.replace(/%.*$/, '');
  if (!bare.includes(':')) return Buffer.from(bare.split('.').map(Number));
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(bare);
  const hex = (high = '0', low = '0') => ((Number(high) << 8) | Number(low)).toString(16);
  const whole = dotted === null ? bare : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`;
  const [head = '', tail] = whole.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
