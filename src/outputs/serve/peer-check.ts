import type { Socket } from 'node:net';
import { PeerUids, readOnThread, type TableReader } from './proc-net-tcp.ts';
import { SockDiag } from './sock-diag.ts';
import { descriptorOf, type SocketCalls, userOfUnixPeer } from './socket-calls.ts';

/** Who is at the other ends of connections. */
export interface Peers {
  /** Whether the process at the other end may ask: at once where that is known, later where it has to be looked up. */
  readonly mayConnect: (socket: Socket) => boolean | Promise<boolean>;
  /** Its user; undefined while nobody has looked. */
  readonly userOf: (socket: Socket) => number | undefined;
  readonly close: () => void;
}

/**
 * Lets in only processes of some users of this machine. A connection stays with the user who made it, so it is looked
 * up once.
 *
 * @param uids undefined lets everybody in
 * @param calls undefined where there are none: connections of Unix sockets that we made are let in then, as the mode
 *   has decided (no others are listened on then, listeners.ts), and those of TCP are looked for in a table of all connections
 */
export function peerCheck(uids: readonly number[] | undefined, calls: SocketCalls | undefined): Peers {
  if (uids === undefined) return { mayConnect: () => true, userOf: () => undefined, close: () => undefined };
  const diag = calls && SockDiag.open(calls);
  let reader: TableReader | undefined;
  const tables = new PeerUids(uids, (path) => (reader ??= readOnThread()).read(path));
  const verdicts = new WeakMap<Socket, boolean | Promise<boolean>>();
  const users = new WeakMap<Socket, number>();
  const judge = (socket: Socket, uid: number | undefined): boolean => {
    if (uid !== undefined) users.set(socket, uid);
    return uid !== undefined && uids.includes(uid);
  };
  const judgeLater = async (socket: Socket): Promise<boolean> => {
    const mayConnect = judge(socket, await tables.uidOf(socket));
    verdicts.set(socket, mayConnect);
    return mayConnect;
  };
  const lookUp = (socket: Socket): boolean | Promise<boolean> => {
    const descriptor = descriptorOf(socket);
    if (socket.remoteAddress === undefined) {
      if (!isUnixSocket(socket)) return false;
      return calls === undefined || (descriptor !== undefined && judge(socket, userOfUnixPeer(calls, descriptor)));
    }
    const uid = diag === undefined || descriptor === undefined ? 'unknown' : diag.userOfPeer(descriptor);
    return uid === 'unknown' ? judgeLater(socket) : judge(socket, uid);
  };
  return {
    mayConnect(socket) {
      let verdict = verdicts.get(socket);
      if (verdict === undefined) verdicts.set(socket, (verdict = lookUp(socket)));
      return verdict;
    },
    userOf: (socket) => users.get(socket),
    close() {
      diag?.close();
      reader?.close();
    },
  };
}

/** A TCP connection that has ended has no remote address either, but it has had a local one. */
function isUnixSocket(socket: Socket): boolean {
  return !socket.destroyed && socket.localPort === undefined;
}
