/** What is used of Bun, declared here: its own types would take the place of Node's everywhere. */

import type { Stats } from 'node:fs';

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

interface LazyFile {
  /** Asks the system, and does not throw. */
  readonly size: number;
  slice(start: number, end: number): LazyFile;
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** Of what the path leads to, as node:fs has it. */
  stat(): Promise<Stats>;
}

interface BunGlobal {
  readonly CryptoHasher: new (algorithm: string, hmacKey?: Uint8Array) => Hasher;
  /** 1 compiles code that runs often, as without a policy. */
  readonly unsafe: { setJITPolicy(policy: number): void };
  readonly stdout: unknown;
  write(to: unknown, data: string | Uint8Array): Promise<number>;
  /** Nothing is opened before it is asked for something. */
  file(path: string): LazyFile;
  /** The bytes of a regular file, in place. */
  mmap(path: string): Uint8Array;
  /** Rejects with what `connectError` is told. */
  connect(options: ConnectOptions): Promise<unknown>;
}

declare global {
  namespace NodeJS {
    interface Process {
      /** Of Node's internals what is at hand in Bun, where node:tty takes milliseconds to load. */
      binding(name: 'tty_wrap'): { isTTY(descriptor: number): boolean };
    }
  }
  const Bun: BunGlobal;
}
