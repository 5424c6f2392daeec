import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { ownPorts } from './ports.ts';

/** A way to a sandbox on which credentials live shorter than the 15 minutes that the service gives at the least. */
export interface ShortSessions {
  /** Stays the same when it is closed and opened again. */
  readonly endpoint: string;
  /** CreateSession calls that came. */
  calls(): number;
  open(): Promise<void>;
  /** From now on nobody listens there. */
  close(): Promise<void>;
}

/** Hands requests on to `target` as they are, and answers with an expiration `seconds` to `seconds` + 1 from now. */
export async function shortSessions(target: string, seconds: number): Promise<ShortSessions> {
  let calls = 0;
  const server = createServer((incoming, outgoing) => {
    calls += 1;
    const { method, headers, url } = incoming;
    const onward = request(new URL(url ?? '/', target), { method, headers, setHost: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        // To the next whole second: never less than was asked for.
        const expiration = new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toISOString();
        const body = Buffer.concat(chunks)
          .toString()
          .replace(/"expiration":"[^"]*"/, `"expiration":"${expiration.slice(0, 19)}Z"`);
        outgoing.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': Buffer.byteLength(body) });
        outgoing.end(body);
      });
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const listen = (port: number) => once(server.listen(port, '127.0.0.1'), 'listening');
  const port = await ownPorts();
  await listen(port);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    calls: () => calls,
    async open() {
      await listen(port);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
