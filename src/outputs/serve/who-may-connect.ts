import type { Socket } from 'node:net';
import { peerUid } from './peer-uid.ts';

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
