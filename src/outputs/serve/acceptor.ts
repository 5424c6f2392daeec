import type { Server } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { closeGently, isBun, limits } from './http-server.ts';

/** What takes the connections of an HTTP server. */
export interface Acceptor {
  readonly listening: NetServer;
  /** Stops accepting, lets what is under way finish, and resolves when every connection has ended. */
  readonly close: () => Promise<void>;
}

/**
 * The HTTP server itself. But Bun's, told to listen on a descriptor, listens on a random port of all interfaces, and its
 * connections have no descriptors: where those are needed, a plain server takes them and hands them over, at half the speed.
 */
export function acceptorOf(server: Server, needsDescriptors: boolean): Acceptor {
  return isBun && needsDescriptors ? plainAcceptor(server) : { listening: server, close: () => closeGently(server) };
}

/** A connection at its last answer, or at its beginning. Times are those of `performance`. */
interface Progress {
  /** Bytes that had come by then; undefined at the beginning, as those of a request are waited for at once. */
  readonly read: number | undefined;
  readonly since: number;
  /** The last look at which no others had come. */
  quietAt: number;
}

function progressOf(read: number | undefined): Progress {
  const now = performance.now();
  return { read, since: now, quietAt: now };
}

function plainAcceptor(server: Server): Acceptor {
  const open = new Map<Socket, Progress>();
  const listening = createServer({ allowHalfOpen: true }, (socket) => {
    open.set(socket, progressOf(undefined));
    socket.once('close', () => open.delete(socket));
    server.emit('connection', socket);
  });
  server.prependListener('request', ({ socket }, response) => {
    response.once('finish', () => {
      if (open.has(socket)) open.set(socket, progressOf(socket.bytesRead));
    });
  });
  const timer = setInterval(() => endLate(server, open), limits.checkEvery);
  timer.unref();
  const close = (): Promise<void> =>
    new Promise((settle) => {
      const force = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy();
      }, limits.grace);
      listening.close(() => {
        clearTimeout(force);
        clearInterval(timer);
        settle();
      });
      for (const [socket, { read }] of open) if (socket.bytesRead === read) socket.destroy();
    });
  return { listening, close };
}

/** What Node does by itself, and Bun with connections that it has accepted for the HTTP server. */
function endLate(server: Server, open: ReadonlyMap<Socket, Progress>): void {
  const now = performance.now();
  for (const [socket, progress] of open) {
    if (socket.bytesRead === progress.read) {
      progress.quietAt = now;
      if (now - progress.since > limits.idle) socket.destroy();
    } else if (now - progress.quietAt > limits.request) {
      server.emit('clientError', Object.assign(new Error('timed out'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
    }
  }
}
