/**
 * An endpoint by Bun.connect: loading node:tls there takes longer than the handshake. It obeys no variable
 * of the environment, and says of every certificate what is wrong with it.
 *
 * What is rare stays with node:tls: proxies, whose tunnels Bun.connect cannot lie in, the second try that looks who issued
 * a certificate, and `--no-verify-ssl`.
 */
import { bareHost, type ByteStream, type Dial, isAddress, portOf } from '../../aws/http/open-socket.ts';
import type { TransportOptions } from '../../aws/http/transport.ts';
import type { RawSocket, SocketHandlers, TlsOptions } from './globals.ts';

export function dialEndpoint(endpoint: URL, options: TransportOptions): Dial {
  if (!options.verify || options.witness) return dialByNode(endpoint, options);
  const to = { hostname: bareHost(endpoint), port: portOf(endpoint) };
  const tls = endpoint.protocol === 'http:' ? undefined : tlsOptions(endpoint, options);
  // eslint-disable-next-line typescript/require-await -- what Bun.connect throws is for who waits for the connection
  return async (hold) => {
    const stream = hold(new BunStream(tls !== undefined, options.signal));
    return new Promise((resolve, reject) => {
      stream.once('ready', () => resolve(stream));
      // What is told to connectError, too.
      Bun.connect({ ...to, ...(tls && { tls }), socket: stream.handlers }).catch(reject);
    });
  };
}

function dialByNode(endpoint: URL, options: TransportOptions): Dial {
  return async (hold) => (await import('../../aws/http/node-sockets.ts')).dialEndpoint(endpoint, options)(hold);
}

/** TLS 1.2 or better, which is the least that Bun speaks; the certificate must be for the host, be it an address. */
function tlsOptions(endpoint: URL, { ca }: TransportOptions): TlsOptions {
  return {
    ...(!isAddress(endpoint) && { serverName: bareHost(endpoint) }),
    rejectUnauthorized: true,
    ALPNProtocols: 'http/1.1',
    ...(ca && { ca: ca.pem }),
  };
}

type Event = 'connect' | 'ready' | 'data' | 'end' | 'close' | 'error';
type Listener = (...given: never[]) => void;

/** A connection of Bun.connect with the few words of node:net that are asked of it. */
class BunStream implements ByteStream {
  destroyed = false;
  readableEnded = false;
  readonly handlers: SocketHandlers;
  readonly #listeners = new Map<Event, Listener[]>();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#fail(abortError(this.#signal));
  #raw: RawSocket | undefined;
  /** What has come and nobody has listened to. */
  #unread: Buffer[] = [];
  /** What the system has not taken yet. */
  #unsent: Uint8Array[] = [];

  constructor(isSecure: boolean, signal: AbortSignal | undefined) {
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onAbort);
    const fail = (_raw: RawSocket, error: Error): void => this.#fail(error);
    this.handlers = {
      open: (raw) => this.#open(raw, isSecure),
      handshake: (_raw, ok, fault) => {
        if (ok && !fault) this.#emit('ready');
        else this.#fail(fault ?? new Error('TLS failed'));
      },
      data: (raw, bytes) => this.#take(raw, bytes),
      drain: (raw) => this.#send(raw),
      end: () => {
        this.readableEnded = true;
        this.#emit('end');
      },
      close: (_raw, error) => (error ? this.#fail(error) : this.#close()),
      error: fail,
      connectError: fail,
    };
    if (signal?.aborted) queueMicrotask(this.#onAbort);
  }

  get readableLength(): number {
    return this.#unread.length;
  }

  on(event: Event, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    if (event === 'data') queueMicrotask(() => this.#flush());
    return this;
  }

  /** None of these events comes twice. */
  once(event: 'connect' | 'ready' | 'end' | 'close', listener: Listener): this {
    return this.on(event, listener);
  }

  removeAllListeners(event: 'data'): this {
    this.#listeners.delete(event);
    return this;
  }

  /** From here on, what comes is of no interest to anybody. */
  resume(): this {
    this.on('data', () => undefined);
    return this;
  }

  unref(): void {
    this.#raw?.unref();
  }

  write(bytes: Uint8Array): void {
    this.#unsent.push(bytes);
    if (this.#raw) this.#send(this.#raw);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.#raw?.terminate();
    this.#close();
  }

  #open(raw: RawSocket, isSecure: boolean): void {
    this.#raw = raw;
    if (this.destroyed) raw.terminate();
    else this.#emit('connect');
    if (!isSecure) this.#emit('ready');
  }

  #take(raw: RawSocket, bytes: Buffer): void {
    if (this.#listeners.has('data')) return this.#emit('data', bytes);
    this.#unread.push(bytes);
    raw.pause();
  }

  #flush(): void {
    this.#raw?.resume();
    for (const bytes of this.#unread.splice(0)) this.#emit('data', bytes);
  }

  #send(raw: RawSocket): void {
    for (let [bytes] = this.#unsent; bytes !== undefined; [bytes] = this.#unsent) {
      const count = Math.max(0, raw.write(bytes));
      if (count < bytes.length) {
        this.#unsent[0] = bytes.subarray(count);
        return;
      }
      this.#unsent.shift();
    }
  }

  #fail(error: Error): void {
    if (this.destroyed) return;
    this.#emit('error', error);
    this.destroy();
  }

  #close(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#emit('close');
  }

  #emit(event: Event, given?: Buffer | Error): void {
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- each event has one kind of listener
    for (const listener of this.#listeners.get(event) ?? []) (listener as (given?: Buffer | Error) => void)(given);
  }
}

/** As node:net has it. */
function abortError(signal: AbortSignal | undefined): Error {
  return Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), { code: 'ABORT_ERR' });
}
