import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A service that takes requests and answers none. */
export interface SilentService {
  readonly url: string;
  /** The connection of the next request. */
  asked(): Promise<Socket>;
  close(): void;
}

export async function startSilentService(): Promise<SilentService> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async asked() {
      const [{ socket }] = (await once(server, 'request')) as [IncomingMessage];
      return socket;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
