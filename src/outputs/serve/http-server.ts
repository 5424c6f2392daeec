import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import type { Answer } from './answer.ts';

/** Milliseconds, bytes and counts beyond which a client is not worth waiting for. SDKs give up after one second. */
const limits = {
  headers: 5000,
  request: 5000,
  idle: 15_000,
  stalled: 10_000,
  checkEvery: 1000,
  headerBytes: 8192,
  connections: 1024,
} as const;

/** Answers a request, at once or later. */
export type Answerer = (request: IncomingMessage) => Answer | Promise<Answer>;

/** Told of each request when it was answered. */
export type OnAnswered = (request: IncomingMessage, answer: Answer) => void;

/** An HTTP server that gives nobody more than a request of an SDK needs. */
export function limitedServer(answer: Answerer, onAnswered: OnAnswered): Server {
  const server = createServer({
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: limits.checkEvery,
    maxHeaderSize: limits.headerBytes,
  });
  server.maxConnections = limits.connections;
  // Node leaves out in silence what is beyond a count, and the guard would not see it: the bytes are bound enough.
  server.maxHeadersCount = 0;
  endStalled(server, limits.stalled);
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const answered = answer(request);
    if (!(answered instanceof Promise)) send(request, response, answered, onAnswered);
    else answered.then((later) => send(request, response, later, onAnswered)).catch(() => response.destroy());
  };
  server.on('request', listener);
  // Nobody is asked to go on with a body that nobody reads.
  server.on('checkContinue', listener);
  return server;
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer, onAnswered: OnAnswered): void {
  const { status, headers, body, encoding } = answer;
  // Whoever was turned away has nothing more to say.
  if (status === 400 || status === 403 || status === 413) response.shouldKeepAlive = false;
  response.writeHead(status, headers);
  response.end(body, encoding);
  onAnswered(request, answer);
}

/**
 * Ends connections whose client does not read its answers: Node waits for those without end, and a time-out for each
 * socket would have to be set anew for each request.
 *
 * @param every milliseconds between two looks; a connection on which nothing has moved in between is ended
 */
export function endStalled(server: NetServer, every: number): void {
  /** Bytes that had left at the last look, of connections with more to go. */
  const waiting = new Map<Socket, number>();
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      waiting.delete(socket);
    });
  });
  const timer = setInterval(() => {
    for (const socket of open) {
      const left = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0) waiting.delete(socket);
      else if (waiting.get(socket) === left) socket.destroy();
      else waiting.set(socket, left);
    }
  }, every);
  timer.unref();
  server.once('close', () => clearInterval(timer));
}

/** Milliseconds that requests under way have to come to their end. */
const grace = 2000;

/** Stops accepting, lets what is under way finish, and resolves when every connection has ended. */
export function closeGently(server: Server): Promise<void> {
  return new Promise((settle) => {
    const force = setTimeout(() => server.closeAllConnections(), grace);
    server.close(() => {
      clearTimeout(force);
      settle();
    });
    server.closeIdleConnections();
  });
}
