import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { RolesAnywhereError } from '../core/errors.ts';
import type { Reply } from './answer-request.ts';
import type { ReceivedRequest } from './received-request.ts';

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: { readonly key: string; readonly cert: string } | undefined;
}

export interface RunningServer {
  /** `http://127.0.0.1:49152` */
  readonly endpoint: string;
  close(): Promise<void>;
}

type Answer = (request: ReceivedRequest) => Promise<Reply>;

const loopbackHosts = ['127.0.0.1', 'localhost', '::1'];

/** An ML-DSA-87 leaf with five such intermediates, and its signature, take about 70 KB of headers. */
const maxHeaderSize = 128 * 1024;
const maxBodySize = 256 * 1024;

/**
 * Starts a server that hands every request to `answer`.
 * @throws RolesAnywhereError OPTION_INVALID for a host beyond this machine, PORT_UNAVAILABLE
 */
export async function startServer(options: ServerOptions, answer: Answer): Promise<RunningServer> {
  const { host, port, tls } = options;
  if (!loopbackHosts.includes(host)) {
    const message = `the sandbox listens on this machine only, not on "${host}"`;
    throw new RolesAnywhereError('OPTION_INVALID', message, { hints: [`use one of ${loopbackHosts.join(', ')}`] });
  }
  const listener: RequestListener = (incoming, response) => {
    // Taken now: a request that has been destroyed no longer has it.
    const { socket } = incoming;
    serve(incoming, response, answer).catch(() => socket.destroy());
  };
  const server =
    tls === undefined
      ? createServer({ maxHeaderSize }, listener)
      : createTlsServer({ maxHeaderSize, minVersion: 'TLSv1.2', ...tls }, listener);
  await listen(server, host, port);
  const address = server.address();
  const actualPort = typeof address === 'object' ? address?.port : port;
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://${host === '::1' ? '[::1]' : host}:${actualPort}`,
    close: () => close(server),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `the sandbox cannot listen on ${host} port ${port}`;
      const hints = ['choose another port, or none to have a free one found'];
      reject(new RolesAnywhereError('PORT_UNAVAILABLE', message, { cause, hints }));
    });
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Rejects where the connection is to be closed without an answer. */
async function serve(incoming: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const reply = await answer(describe(incoming, await readBody(incoming)));
  if (reply.drop === 'at-once') throw new Error('told to drop the connection');
  response.sendDate = false;
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': bytes.length });
  if (reply.drop === undefined) response.end(bytes);
  else response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
}

/** Rejects for a body that is too large, or does not come to its end. */
async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodySize) throw new RangeError('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function describe(incoming: IncomingMessage, body: Uint8Array): ReceivedRequest {
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  const { rawHeaders } = incoming;
  return {
    id: randomUUID(),
    method: incoming.method ?? '',
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    headers: Array.from({ length: rawHeaders.length / 2 }, (_, index) => [
      (rawHeaders[2 * index] ?? '').toLowerCase(),
      rawHeaders[2 * index + 1] ?? '',
    ]),
    body,
  };
}
