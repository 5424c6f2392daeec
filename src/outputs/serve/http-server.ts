import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Answer, type LocalRequest, refusedAnswer } from './answer.ts';
import { endStill } from './still-connections.ts';

/**
 * Milliseconds, bytes and counts beyond which a client is not worth waiting for. SDKs give up after one second. `grace` is
 * what requests under way have to come to their end when the server ends.
 */
export const limits = {
  headers: 5000,
  request: 5000,
  idle: 15_000,
  stalled: 10_000,
  checkEvery: 1000,
  headerBytes: 8192,
  connections: 1024,
  burst: 4096,
  trimAfter: 100,
  grace: 2000,
} as const;

/** Whether this is the executable: its HTTP server is that of Bun, behind the functions of Node's. */
export const isBun = 'Bun' in globalThis;

/** Requests without a body get no events of one; from Node 24.12 on, and not yet in its types. */
const withoutBodies: object = { optimizeEmptyRequests: true };

/** What clients that keep connections open go by; Node says it only where it keeps the time itself, as Bun does. */
const keptOpen: readonly string[] = isBun ? [] : ['Keep-Alive', `timeout=${limits.idle / 1000}`];

/** Answers a request, at once or later. */
export type Answerer = (request: IncomingMessage) => Answer | Promise<Answer>;

/** What answers, and who is told. */
export interface ServerParts {
  readonly answer: Answerer;
  /** Told of each request when it was answered, of those too that were none: `method` is undefined then. */
  readonly onAnswered: (request: Pick<IncomingMessage, 'method'>, answer: Answer) => void;
  /** Told of each connection that had to make room for a new one. */
  readonly onDropped: () => void;
  /** The user at the other end, as far as known: no user's connections push out those of another who has fewer. */
  readonly userOf?: (socket: Socket) => number | undefined;
}

/** An HTTP server that gives nobody more than a request of an SDK needs. */
export function limitedServer({ answer, onAnswered, onDropped, userOf }: ServerParts): Server {
  const server = createServer({
    headersTimeout: limits.headers,
    requestTimeout: limits.request,
    // Bun has no timers for it that would cost anything, and counts no bytes of its connections.
    keepAliveTimeout: isBun ? limits.idle : 0,
    connectionsCheckingInterval: limits.checkEvery,
    maxHeaderSize: limits.headerBytes,
    // The guard judges; AWS CRT before 0.6.29 sends none.
    requireHostHeader: false,
    ...withoutBodies,
  });
  // Node leaves out in silence what is beyond a count, and the guard would not see it: the bytes are bound enough.
  server.maxHeadersCount = 0;
  // A client may close its sending side and wait for the answer, which Node takes for leaving unless told otherwise.
  Object.assign(server, { httpAllowHalfOpen: true });
  const connections = new Connections(limits, onDropped);
  server.on('connection', (socket) => connections.add(socket));
  /** The last answer that a client had to wait for, or still has. */
  const awaited = new WeakMap<Socket, ServerResponse>();
  const isWaiting = (socket: Socket): boolean => awaited.get(socket)?.writableEnded === false;
  endStill(server, isBun ? { ...limits, idle: Infinity } : limits, isWaiting);
  const send = (request: IncomingMessage, response: ServerResponse, what: Answer): void => {
    connections.asked(request.socket, userOf?.(request.socket));
    write(response, what);
    onAnswered(request, what);
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const answered = answer(request);
    if (!(answered instanceof Promise)) return send(request, response, answered);
    // It is silent no longer, whoever it is.
    connections.asked(request.socket, userOf?.(request.socket));
    awaited.set(request.socket, response);
    answered.then((later) => send(request, response, later)).catch(() => response.destroy());
  };
  server.on('request', listener);
  server.on('checkContinue', (request, response) => {
    // Nobody is asked to go on with a body that nobody reads, but with one whose end has to be seen.
    if (hasUnknownLength(request)) response.writeContinue();
    listener(request, response);
  });
  server.on('checkExpectation', listener);
  const refuse = (socket: Duplex, what: Answer, method?: string): void => {
    writeRaw(socket, what);
    onAnswered({ method }, what);
  };
  server.on('connect', ({ method }, socket) => refuse(socket, refusedAnswer(405, 'this is no proxy'), method));
  server.on('clientError', (error: ParserError, socket) => {
    const what = parserRefusal(error);
    if (what === undefined) socket.destroy();
    else refuse(socket, what);
  });
  return server;
}

const framing = 'transfer-encoding';

/** Whether the end of a request's body has to be read to be known (RFC 9112, section 6.3). */
export function hasUnknownLength({ rawHeaders }: LocalRequest): boolean {
  return rawHeaders.some(
    (text, at) => at % 2 === 0 && text.length === framing.length && text.toLowerCase() === framing,
  );
}

function write(response: ServerResponse, { status, headers, body, encoding }: Answer): void {
  // Whoever was turned away has nothing more to say.
  if (status === 400 || status === 403 || status === 413) response.shouldKeepAlive = false;
  response.writeHead(status, response.shouldKeepAlive ? [...headers, ...keptOpen] : headers);
  response.end(body, encoding);
}

/** The answer to what did not come to be a request. */
function writeRaw(socket: Duplex, { status, headers, body }: Answer): void {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, 'Connection: close'];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at]}: ${headers[at + 1]}`);
  if (socket.writable) socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  socket.destroy();
}

type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/** How a handshake of TLS begins: a record of that kind, of some version 3.x (RFC 8446, section 5.1). */
const handshake = [0x16, 0x03];

/** What Node's parser turns away before there is a request; undefined where the other side has just gone. */
function parserRefusal({ code = '', rawPacket }: ParserError): Answer | undefined {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return refusedAnswer(408, `no whole request within ${limits.request / 1000} s`);
  }
  if (!code.startsWith('HPE_')) return undefined;
  if (code === 'HPE_HEADER_OVERFLOW') return refusedAnswer(431, `headers of more than ${limits.headerBytes / 1024} KB`);
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return refusedAnswer(413, 'the body is too large');
  if (handshake.every((byte, at) => rawPacket?.[at] === byte)) {
    return refusedAnswer(400, 'the client speaks TLS, and this is http: its URL has to begin with http://');
  }
  return refusedAnswer(400, `no request of HTTP/1.1 (${code.slice('HPE_'.length)})`);
}

/** How many connections there may be: for a moment, and after that. */
interface ConnectionLimits {
  readonly connections: number;
  readonly burst: number;
  /** Milliseconds of that moment: requests of those that have just come may be on their way. */
  readonly trimAfter: number;
}

/**
 * Connections, so many at the most: beyond that others make room. First go those on which nothing was asked yet, the one
 * first that has been silent for longest; then those of the user who has most of them, the one first on which nothing
 * has been asked for longest.
 */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #onDropped: () => void;
  readonly #silent = new Set<Socket>();
  readonly #byUser = new Map<number | undefined, Set<Socket>>();
  readonly #owners = new WeakMap<Socket, Set<Socket>>();
  #size = 0;
  #willTrim = false;

  constructor(connectionLimits: ConnectionLimits, onDropped: () => void) {
    this.#limits = connectionLimits;
    this.#onDropped = onDropped;
  }

  add(socket: Socket): void {
    if (this.#size >= this.#limits.burst) this.#makeRoom();
    this.#move(socket, this.#silent);
    this.#size += 1;
    socket.once('close', () => this.#remove(socket));
    if (this.#size <= this.#limits.connections || this.#willTrim) return;
    this.#willTrim = true;
    setTimeout(() => this.#trim(), this.#limits.trimAfter).unref();
  }

  /** A request of this user has come; undefined while the user is not known. */
  asked(socket: Socket, user: number | undefined): void {
    if (!this.#owners.has(socket)) return;
    let ofUser = this.#byUser.get(user);
    if (ofUser === undefined) this.#byUser.set(user, (ofUser = new Set<Socket>()));
    this.#move(socket, ofUser);
  }

  #move(socket: Socket, to: Set<Socket>): void {
    this.#owners.get(socket)?.delete(socket);
    this.#owners.set(socket, to.add(socket));
  }

  #remove(socket: Socket): void {
    if (this.#owners.get(socket)?.delete(socket) !== true) return;
    this.#owners.delete(socket);
    this.#size -= 1;
  }

  #trim(): void {
    this.#willTrim = false;
    while (this.#size > this.#limits.connections) this.#makeRoom();
  }

  #makeRoom(): void {
    const most = [...this.#byUser.values()].reduce((one, other) => (other.size > one.size ? other : one), this.#silent);
    const [oldest] = this.#silent.size > 0 ? this.#silent : most;
    if (oldest === undefined) return;
    this.#remove(oldest);
    // Reset, it leaves no row in the kernel's tables for a minute, which --allow-uid would have to read.
    if (oldest.remoteAddress === undefined) oldest.destroy();
    else oldest.resetAndDestroy();
    this.#onDropped();
  }
}

/** Stops accepting, lets what is under way finish, and resolves when every connection has ended. */
export function closeGently(server: Server): Promise<void> {
  return new Promise((settle) => {
    const force = setTimeout(() => server.closeAllConnections(), limits.grace);
    server.close(() => {
      clearTimeout(force);
      settle();
    });
    server.closeIdleConnections();
  });
}
