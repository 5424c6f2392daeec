/** What is used of Bun, declared here: its own types would take the place of Node's everywhere. */

interface Hasher {
  update(data: Uint8Array | string): this;
  digest(): Buffer;
}

/** A connection of Bun.connect. */
export interface RawSocket {
  /** How many of the bytes were taken; -1 when it is closed. What was not is to be written again after `drain`. */
  write(bytes: Uint8Array): number;
  pause(): void;
  resume(): void;
  /** Closes it at once. */
  terminate(): void;
  unref(): void;
}

export interface SocketHandlers {
  readonly open: (socket: RawSocket) => void;
  /** `ok` tells that TLS stands; `fault` what is wrong with the certificate, which may be wrong where it stands. */
  readonly handshake: (socket: RawSocket, ok: boolean, fault: Error | null) => void;
  readonly data: (socket: RawSocket, bytes: Buffer) => void;
  readonly drain: (socket: RawSocket) => void;
  readonly end: () => void;
  readonly close: (socket: RawSocket, error?: Error) => void;
  readonly error: (socket: RawSocket, error: Error) => void;
  readonly connectError: (socket: RawSocket, error: Error) => void;
}

export interface ConnectOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls?: TlsOptions;
  readonly socket: SocketHandlers;
}

export interface TlsOptions {
  readonly serverName?: string;
  readonly rejectUnauthorized: boolean;
  readonly ALPNProtocols: string;
  readonly ca?: readonly string[];
}

interface BunGlobal {
  readonly CryptoHasher: new (algorithm: 'sha256', hmacKey?: Uint8Array) => Hasher;
  /** 1 compiles code that runs often, as without a policy. */
  readonly unsafe: { setJITPolicy(policy: number): void };
  readonly stdout: unknown;
  write(to: unknown, text: string): Promise<number>;
  /** The bytes of a regular file, in place. */
  mmap(path: string): Uint8Array;
  /** Rejects with what `connectError` is told. */
  connect(options: ConnectOptions): Promise<unknown>;
}

declare global {
  const Bun: BunGlobal;
}
