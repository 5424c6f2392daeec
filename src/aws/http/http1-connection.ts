import { RolesAnywhereError } from '../../core/errors.ts';
import { createResponseReader } from './http1-response.ts';
import { openSocket, type ByteStream, type Dial, type OpenSocket } from './open-socket.ts';
import type { Connection, TransportOptions, WireRequest, WireResponse } from './transport.ts';

/** How a connection comes about. */
export interface Route {
  readonly dial: (options: TransportOptions) => Dial;
  /** Where it leads to, as messages name it: `host:port`. */
  readonly peer: string;
}

/**
 * One request over HTTP/1.1. node:https would load an agent, a parser and a client for many requests over many
 * connections, which is a tenth of the run time of a command that makes one.
 */
export class Http1Connection implements Connection {
  readonly #route: Route;
  #options: TransportOptions;
  #current: OpenSocket;
  #closed = false;
  #givenUp: RolesAnywhereError | undefined;

  constructor(route: Route, options: TransportOptions) {
    this.#route = route;
    this.#options = options;
    this.#current = openSocket(route.dial(options));
  }

  get underway(): Promise<void> {
    return this.#current.underway;
  }

  async send(request: WireRequest): Promise<WireResponse> {
    const bytes = formatRequest(request);
    if (this.#closed) throw new RolesAnywhereError('INTERNAL', 'a connection was used after it was closed');
    if (this.#current.isSpent() && (await import('./second-try.ts')).isStale(this.#current.reasonOfClose())) {
      this.#current.destroy();
      this.#current = openSocket(this.#route.dial(this.#options));
    }
    const { connectTimeout, requestTimeout } = this.#options;
    // Both begin here and not with the dialling: a prompt for a password may have come in between, and blocked.
    const toConnect = this.#giveUpAfter(connectTimeout, 'connection to');
    const toAnswer = this.#giveUpAfter(requestTimeout, 'whole answer from');
    try {
      const socket = await this.#opened();
      clearTimeout(toConnect);
      const answer = await this.#exchange(socket, bytes);
      // Destroying a socket costs Node 22 some milliseconds (it loads process.stderr), just before the process ends.
      this.#current.release();
      this.#closed = true;
      return answer;
    } catch (error) {
      // Explaining what went wrong is no part of the way that goes well.
      const { networkError, placeOf } = await import('./network-error.ts');
      throw networkError(error, placeOf(this.#route.peer, this.#options));
    } finally {
      clearTimeout(toConnect);
      clearTimeout(toAnswer);
      this.close();
    }
  }

  /** The socket once it stands: where the first does not come to that, perhaps one that is opened in another way. */
  async #opened(): Promise<ByteStream> {
    try {
      return await this.#current.opened;
    } catch (error) {
      const again = await this.#options.again?.(error);
      if (!again || this.#givenUp) throw this.#givenUp ?? error;
      this.#options = again;
      this.#current = openSocket(this.#route.dial(again));
      return this.#current.opened;
    }
  }

  #giveUpAfter(milliseconds: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      const message = `no ${what} ${this.#route.peer} within ${milliseconds} ms`;
      this.#givenUp = new RolesAnywhereError('NETWORK_TIMEOUT', message);
      this.#current.destroy(this.#givenUp);
    }, milliseconds);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#current.destroy();
  }

  #exchange(socket: ByteStream, bytes: Buffer): Promise<WireResponse> {
    const { reasonOfClose } = this.#current;
    const reader = createResponseReader(this.#route.peer, this.#options.maxBodyBytes);
    return new Promise((resolve, reject) => {
      // What has closed by now tells that to nobody any more.
      if (reasonOfClose()) return reject(reasonOfClose());
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

/** The bytes of a request (RFC 9112, section 3). The connection serves this one request. */
function formatRequest(request: WireRequest): Buffer {
  const fields = { ...request.headers, connection: 'close', 'content-length': String(request.body.length) };
  const lines = Object.entries(fields).map(([name, value]) => fieldLine(name, value));
  const head = `${request.method} ${request.target} HTTP/1.1\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), request.body]);
}

/** A line break in a value would begin another header, or another request. */
function fieldLine(name: string, value: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) {
    throw new RolesAnywhereError('INTERNAL', `the header ${name} holds a character that no header can hold`);
  }
  return `${name}: ${value}\r\n`;
}
