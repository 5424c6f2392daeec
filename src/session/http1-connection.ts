import type { Socket } from 'node:net';

import { RolesAnywhereError } from '../errors.ts';
import { formatRequest } from './http1-request.ts';
import { createResponseReader } from './http1-response.ts';
import { openSocket, type Dial, type OpenSocket } from './open-socket.ts';
import type { Connection, TransportOptions, WireRequest, WireResponse } from './transport.ts';

/** How a connection comes about. */
export interface Route {
  readonly dial: Dial;
  /** Where it leads to, as messages name it: `host:port`. */
  readonly peer: string;
}

/**
 * One request over HTTP/1.1. node:https would load an agent, a parser and a client for many requests over many
 * connections, which is a tenth of the run time of a command that makes one.
 */
export class Http1Connection implements Connection {
  readonly #route: Route;
  readonly #options: TransportOptions;
  #current: OpenSocket;
  #closed = false;

  constructor(route: Route, options: TransportOptions) {
    this.#route = route;
    this.#options = options;
    this.#current = openSocket(route.dial);
  }

  get underway(): Promise<void> {
    return this.#current.underway;
  }

  async send(request: WireRequest): Promise<WireResponse> {
    const bytes = formatRequest(request);
    if (this.#closed) throw new RolesAnywhereError('INTERNAL', 'a connection was used after it was closed');
    if (isStale(this.#current)) {
      this.#current.destroy();
      this.#current = openSocket(this.#route.dial);
    }
    const { peer } = this.#route;
    const { connectTimeout, requestTimeout, ca } = this.#options;
    // Both begin here and not with the dialling: a prompt for a password may have come in between, and blocked.
    const toConnect = this.#giveUpAfter(connectTimeout, `no connection to ${peer} within ${connectTimeout} ms`);
    const toAnswer = this.#giveUpAfter(requestTimeout, `no whole answer from ${peer} within ${requestTimeout} ms`);
    try {
      const socket = await this.#current.opened;
      clearTimeout(toConnect);
      const answer = await this.#exchange(socket, bytes);
      // Destroying a socket costs Node 22 some milliseconds (it loads process.stderr), just before the process ends.
      this.#current.release();
      this.#closed = true;
      return answer;
    } catch (error) {
      // Explaining what went wrong is no part of the way that goes well.
      const { networkError } = await import('./network-error.ts');
      throw networkError(error, { peer, ca: ca?.origin });
    } finally {
      clearTimeout(toConnect);
      clearTimeout(toAnswer);
      this.close();
    }
  }

  #giveUpAfter(milliseconds: number, message: string): NodeJS.Timeout {
    const current = this.#current;
    return setTimeout(() => current.destroy(new RolesAnywhereError('NETWORK_TIMEOUT', message)), milliseconds);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#current.destroy();
  }

  #exchange(socket: Socket, bytes: Buffer): Promise<WireResponse> {
    const { reasonOfClose } = this.#current;
    const reader = createResponseReader(this.#route.peer, this.#options.maxBodyBytes);
    return new Promise((resolve, reject) => {
      const settle = (take: () => WireResponse | undefined): void => {
        try {
          const answer = take();
          if (answer !== undefined) resolve(answer);
        } catch (error) {
          reject(error);
        }
      };
      socket.on('data', (piece: Buffer) => settle(() => reader.read(piece)));
      socket.once('end', () => settle(() => reader.end()));
      socket.once('close', () => reject(reasonOfClose()));
      socket.write(bytes);
    });
  }
}

/**
 * Whether the socket was lost while nobody used it: a password may take a while to type, and servers do not wait for
 * ever. Then a new one is worth the try. A failure that waiting cannot explain stays.
 */
function isStale(current: OpenSocket): boolean {
  const reason = current.reasonOfClose();
  if (reason === undefined) return current.isSpent();
  if (!('code' in reason)) return true;
  return ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'].includes(String(reason.code));
}
