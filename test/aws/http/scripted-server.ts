import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** A request as it came over the wire. */
export interface ReceivedRequest {
  readonly requestLine: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What the server does with one connection; `number` counts them from 1. */
export type Script = (socket: Socket, number: number) => void | Promise<void>;

export interface ScriptedServer {
  readonly port: number;
  connections(): number;
  /** How many of them the client has not closed yet. */
  open(): number;
  close(): Promise<void>;
}

/** A server on loopback that plays a script per connection, byte by byte where it wants; with TLS where options are. */
export async function startScriptedServer(script: Script, tls?: TlsOptions): Promise<ScriptedServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const serve = (socket: Socket): void => {
    connections += 1;
    socket.on('error', () => undefined);
    void script(socket, connections);
  };
  const server: Server = tls === undefined ? createTcpServer(serve) : createTlsServer(tls, serve);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return {
    port: address.port,
    connections: () => connections,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Reads one whole request with a content-length. */
export function readRequest(socket: Socket): Promise<ReceivedRequest> {
  return new Promise((resolve) => {
    let received = '';
    const onData = (piece: Buffer): void => {
      received += piece.toString('latin1');
      const request = parseRequest(received);
      if (request === undefined) return;
      socket.off('data', onData);
      resolve(request);
    };
    socket.on('data', onData);
  });
}

function parseRequest(received: string): ReceivedRequest | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [requestLine = '', ...lines] = received.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/, 2)));
  const body = received.slice(end + 4);
  return body.length >= Number(headers['content-length'] ?? 0) ? { requestLine, headers, body } : undefined;
}

/** The bytes of an answer with a content-length. */
export function answer(status: number, body: string, headers: Readonly<Record<string, string>> = {}): string {
  const fields = { 'content-length': String(Buffer.byteLength(body)), ...headers };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Scripted\r\n${lines.join('')}\r\n${body}`;
}

/** A script that answers every request with these bytes and then keeps the connection open. */
export function answering(bytes: string): Script {
  return async (socket) => {
    await readRequest(socket);
    socket.write(bytes);
  };
}
