import type { Server, Socket } from 'node:net';

/** Milliseconds. */
export interface Patience {
  /** From one look to the next. */
  readonly checkEvery: number;
  /** With answers that the client does not take. */
  readonly stalled: number;
  /** With nothing that the client asks. */
  readonly idle: number;
}

/** A connection as it was when something had moved on it. */
interface Stand {
  /** Whether there are bytes for the client, and how many it has taken; how many came and went where there are none. */
  readonly isTaking: boolean;
  readonly bytes: number;
  /** Milliseconds for which looks have found it so. */
  readonly still: number;
}

/**
 * Ends connections on which nothing moves. Node waits without end for clients that do not read their answers, and its
 * timers for those that ask no more are set anew for each request: a look at all of them, each second, costs them nothing.
 * Looks are counted, not the time between them: while this process is stopped, as when its machine is moved, nobody can ask it.
 *
 * @param isWaiting whether it is the client that waits, for an answer that is not there yet
 */
export function endStill(
  server: Server,
  { checkEvery, stalled, idle }: Patience,
  isWaiting: (socket: Socket) => boolean = () => false,
): void {
  const open = new Map<Socket, Stand>();
  server.on('connection', (socket) => {
    open.set(socket, { ...standOf(socket), still: -checkEvery });
    socket.once('close', () => open.delete(socket));
  });
  const timer = setInterval(() => {
    for (const [socket, last] of open) {
      const stand = standOf(socket);
      const hasMoved = stand.isTaking !== last.isTaking || stand.bytes !== last.bytes;
      const still = hasMoved || isWaiting(socket) ? 0 : last.still + checkEvery;
      open.set(socket, { ...stand, still });
      if (still >= (stand.isTaking ? stalled : idle)) socket.destroy();
    }
  }, checkEvery);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}

function standOf({ writableLength, bytesWritten, bytesRead }: Socket): Omit<Stand, 'still'> {
  const isTaking = writableLength > 0;
  return { isTaking, bytes: isTaking ? bytesWritten - writableLength : bytesRead + bytesWritten };
}
