import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** Whether the process at the other end may ask: at once where that is known, later where it has to be looked up. */
export type MayConnect = (socket: Socket) => boolean | Promise<boolean>;

/**
 * Lets in only processes of some users of this machine. A connection stays with the user who made it, so it is looked
 * up once. Connections of Unix sockets are let in: Node cannot tell who is there, and the socket's mode has decided.
 *
 * @param uids undefined lets everybody in
 */
export function peerCheck(uids: readonly number[] | undefined, lookUp: typeof peerUid = peerUid): MayConnect {
  if (uids === undefined) return () => true;
  const known = new WeakMap<Socket, boolean>();
  return (socket) => {
    if (socket.remoteAddress === undefined) return isUnixSocket(socket);
    return known.get(socket) ?? remember(socket);
  };

  async function remember(socket: Socket): Promise<boolean> {
    const uid = await lookUp(socket);
    const mayConnect = uid !== undefined && uids?.includes(uid) === true;
    known.set(socket, mayConnect);
    return mayConnect;
  }
}

/** A TCP connection that has ended has no remote address either, but it has had a local one. */
function isUnixSocket(socket: Socket): boolean {
  return !socket.destroyed && socket.localPort === undefined;
}

/** The two ends of a connection, as the server's side names them. */
export interface ConnectionEnds {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/**
 * Uid of the process at the other end of a TCP connection within this machine; undefined for one that cannot be told:
 * another machine's, one that was closed, a system without /proc.
 */
export async function peerUid(socket: Socket): Promise<number | undefined> {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (!localAddress || localPort === undefined || !remoteAddress || remotePort === undefined) return undefined;
  const ends = { localAddress, localPort, remoteAddress, remotePort };
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'latin1').catch(() => '');
    const uid = uidInTable(text, ends);
    if (uid !== undefined) return uid;
  }
  return undefined;
}

const established = '01';

/**
 * Looks a connection's other end up in the text of /proc/net/tcp or tcp6 (Linux, Documentation/networking/proc_net_tcp):
 * its row has the two ends the other way around. Rows of sockets that nobody holds any more name uid 0, so only those
 * that are established and have an inode count.
 */
export function uidInTable(text: string, ends: ConnectionEnds, order: 'LE' | 'BE' = endianness()): number | undefined {
  const locals = written(ends.remoteAddress, ends.remotePort, order);
  const remotes = written(ends.localAddress, ends.localPort, order);
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', remote = '', state, , , , uid, , inode] = line.trim().split(/\s+/);
    if (state !== established || inode === '0' || uid === undefined) continue;
    if (locals.includes(local) && remotes.includes(remote)) return Number(uid);
  }
  return undefined;
}

/** How the kernel may write an end: an IPv4 address also as an IPv6 one, for a socket of the other family. */
function written(address: string, port: number, order: 'LE' | 'BE'): readonly string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
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
