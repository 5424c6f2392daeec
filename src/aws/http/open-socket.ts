import type { Socket } from 'node:net';

/** What is asked of a socket here, in the words of node:net, whose sockets have it all. */
export interface ByteStream extends Pick<Socket, 'destroyed' | 'readableEnded' | 'readableLength'> {
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'connect' | 'end' | 'close', listener: () => void): unknown;
  removeAllListeners(event: 'data'): this;
  resume(): this;
  unref(): unknown;
  write(bytes: Uint8Array): unknown;
  destroy(): unknown;
}

/** A socket that is held, closed and explained by whoever opened it. */
export type Hold = <T extends ByteStream>(socket: T, explain?: (error: Error) => Error) => T;

/** Makes the socket that HTTP is spoken on, handing every socket on the way to `hold` before anything can happen to it. */
export type Dial<T extends ByteStream = ByteStream> = (hold: Hold) => Promise<T>;

/** A socket on its way. */
export interface OpenSocket {
  /** Settles when TCP and TLS stand or cannot. Nobody needs to wait for it. */
  readonly opened: Promise<ByteStream>;
  /** Settles when TCP stands, and TLS has begun, or cannot; at the latest after 20 ms. */
  readonly underway: Promise<void>;
  /** Whether it can no longer carry a request: closed, ended, or told something unasked (a server may answer 408). */
  readonly isSpent: () => boolean;
  /** Why it closed, once it has. */
  readonly reasonOfClose: () => Error | undefined;
  readonly destroy: (reason?: Error) => void;
  /** Lets go of it after a whole answer: the server closes, and nobody need wait for that. */
  readonly release: () => void;
}

/** Milliseconds: with a longer way than that, the key is read before the answer to the first packet is here. */
const longestHeadStart = 20;

/** Milliseconds that a server has to close after its answer, as `Connection: close` asks it to. */
const closeTimeout = 2000;

/** Begins to dial. However long that takes, and however it ends, nothing is thrown until somebody waits for it. */
export function openSocket(dial: Dial): OpenSocket {
  const held: ByteStream[] = [];
  let reason: Error | undefined;
  let abandon: ((reason: Error) => void) | undefined;
  const closed = new Promise<never>((_resolve, reject) => {
    abandon = reject;
  });
  const destroy = (why?: Error): void => {
    reason ??= why;
    for (const socket of held) socket.destroy();
  };
  const hold: Hold = (socket, explain = (error) => error) => {
    held.push(socket);
    // Stays for the life of the socket: an 'error' that nobody listens to would end the process.
    socket.on('error', (error) => (reason ??= explain(error)));
    socket.once('close', () => abandon?.((reason ??= explain(new Error('closed by the peer')))));
    return socket;
  };
  const opened = Promise.race([dial(hold), closed]);
  const underway = untilUnderway(held[0]);
  opened.catch(destroy);
  const isSpent = (): boolean =>
    held.some((socket) => socket.destroyed || socket.readableEnded || socket.readableLength > 0);
  const release = (): void => {
    for (const socket of held) socket.removeAllListeners('data').resume().unref();
    setTimeout(destroy, closeTimeout).unref();
  };
  return { opened, isSpent, underway, reasonOfClose: () => reason, destroy, release };
}

function untilUnderway(socket: ByteStream | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longestHeadStart);
    for (const event of ['connect', 'close'] as const) {
      socket?.once(event, () => {
        clearTimeout(timer);
        resolve();
      });
    }
  });
}

/** `host:port` as messages name it. */
export function peerOf(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** Without the brackets that a URL puts around an IPv6 address. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** A URL holds IPv4 addresses in their four-part form and IPv6 ones in brackets. */
export function isAddress(url: URL): boolean {
  return url.hostname.startsWith('[') || /^\d+(\.\d+){3}$/.test(url.hostname);
}
