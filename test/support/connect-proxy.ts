import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';

export interface ProxySettings {
  /** `user:password`; without, everybody may. */
  readonly credentials?: string;
  readonly tls?: TlsOptions;
}

export interface ConnectProxy {
  readonly port: number;
  /** `CONNECT` targets with the credentials that came with them. */
  readonly asked: readonly { readonly target: string; readonly authorization: string | undefined }[];
  close(): void;
}

/** A real proxy that leads every target to one port of loopback, when the credentials are the ones it wants. */
export async function startConnectProxy(targetPort: number, settings: ProxySettings = {}): Promise<ConnectProxy> {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const server: Server = settings.tls === undefined ? createServer() : createTlsServer(settings.tls);
  const open = new Set<Socket>();
  server.on('connect', (request, client: Socket) => {
    const authorization = request.headers['proxy-authorization'];
    asked.push({ target: request.url ?? '', authorization });
    open.add(client.on('error', () => undefined));
    const expected = settings.credentials;
    if (expected !== undefined && authorization !== `Basic ${Buffer.from(expected).toString('base64')}`) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="x"\r\n\r\n');
      return;
    }
    const upstream = connect(targetPort, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\nvia: 1.1 proxy\r\n\r\n');
      upstream.pipe(client).pipe(upstream);
    });
    open.add(upstream.on('error', () => client.destroy()));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    asked,
    close: () => {
      for (const socket of open) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}
