import { endianness } from 'node:os';
import { intOf, type SocketCalls } from './socket-calls.ts';

/** Numbers of Linux: socket(2), netlink(7), sock_diag(7), recv(2). */
const [netlinkFamily, ipv6Family, sockDiagProtocol, tcp, listening] = [16, 10, 4, 6, 10];
const [rawCloseOnExec, withoutWaiting] = [0o2000003, 0x40];
const [byFamily, isRequest] = [20, 1];
/** `ENOENT`, as errors are in answers. */
const notFound = -2;

/** One end of a connection, its port and address in the order of the network. */
interface End {
  readonly family: number;
  readonly port: Uint8Array;
  readonly address: Uint8Array;
  /** The interface that a link-local address is of; 0 for others. */
  readonly scope: number;
}

/**
 * Asks the kernel of Linux for single TCP sockets by their two ends: sock_diag(7). It finds them by a hash, which takes as
 * long however many there are, and has answered when it has taken the question.
 */
export class SockDiag {
  readonly #calls: SocketCalls;
  readonly #descriptor: number;
  readonly #address = Buffer.alloc(28);
  readonly #answer = Buffer.alloc(512);
  #sequence = 0;
  /** Whether it has found anything yet: a kernel without the module for TCP finds nothing either, in the same words. */
  #isProven = false;

  private constructor(calls: SocketCalls, descriptor: number) {
    this.#calls = calls;
    this.#descriptor = descriptor;
  }

  /** Undefined where the kernel does not have it, or lets this process have no such socket. */
  static open(calls: SocketCalls): SockDiag | undefined {
    if (endianness() !== 'LE') return undefined;
    const descriptor = calls.socket(netlinkFamily, rawCloseOnExec, sockDiagProtocol);
    return descriptor < 0 ? undefined : new SockDiag(calls, descriptor);
  }

  /**
   * The user of the process at the other end of a connection; undefined where there is none on this machine any more.
   * `unknown` where the kernel does not tell.
   */
  userOfPeer(descriptor: number): number | undefined | 'unknown' {
    const { getsockname, getpeername } = this.#calls;
    const [here, there] = [this.#endOf(descriptor, getsockname), this.#endOf(descriptor, getpeername)];
    if (here === undefined || there === undefined) return undefined;
    const user = this.#userOf(there, here);
    // This end is there.
    this.#isProven ||= typeof user === 'number' || typeof this.#userOf(here, there) === 'number';
    return this.#isProven ? user : 'unknown';
  }

  close(): void {
    this.#calls.close(this.#descriptor);
  }

  /** Reads a sockaddr_in or sockaddr_in6: ip(7), ipv6(7). */
  #endOf(descriptor: number, ask: SocketCalls['getsockname']): End | undefined {
    const bytes = this.#address;
    if (ask(descriptor, bytes, intOf(bytes.length)) !== 0) return undefined;
    const family = bytes.readUInt16LE(0);
    const isIPv6 = family === ipv6Family;
    return {
      family,
      port: Buffer.from(bytes.subarray(2, 4)),
      address: Buffer.from(isIPv6 ? bytes.subarray(8, 24) : bytes.subarray(4, 8)),
      scope: isIPv6 ? bytes.readUInt32LE(24) : 0,
    };
  }

  #userOf(local: End, remote: End): number | undefined | 'unknown' {
    const question = questionFor(local, remote, (this.#sequence = (this.#sequence + 1) >>> 0));
    const sent = this.#calls.sendto(this.#descriptor, question, question.length, 0, null, 0);
    if (Number(sent) !== question.length) return 'unknown';
    const length = Number(this.#calls.recv(this.#descriptor, this.#answer, this.#answer.length, withoutWaiting));
    return length < 20 || this.#answer.readUInt32LE(8) !== this.#sequence ? 'unknown' : userIn(this.#answer);
  }
}

/** struct nlmsghdr, and struct inet_diag_req_v2 for a single socket. */
function questionFor(local: End, remote: End, sequence: number): Buffer {
  const bytes = Buffer.alloc(72);
  bytes.writeUInt32LE(bytes.length, 0);
  bytes.writeUInt16LE(byFamily, 4);
  bytes.writeUInt16LE(isRequest, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set([local.family, tcp], 16);
  bytes.fill(0xff, 20, 24); // in any state
  bytes.set(local.port, 24);
  bytes.set(remote.port, 26);
  bytes.set(local.address, 28);
  bytes.set(remote.address, 44);
  bytes.writeUInt32LE(local.scope, 60);
  bytes.fill(0xff, 64); // no cookie
  return bytes;
}

/**
 * struct nlmsghdr, and struct inet_diag_msg or nlmsgerr. Sockets that no process holds any more name uid 0, and have no
 * inode. Where there is no connection, a socket that listens at its end is found in its place.
 */
function userIn(answer: Buffer): number | undefined | 'unknown' {
  if (answer.readUInt16LE(4) !== byFamily) return answer.readInt32LE(16) === notFound ? undefined : 'unknown';
  const [state, uid, inode] = [answer.readUInt8(17), answer.readUInt32LE(80), answer.readUInt32LE(84)];
  return inode === 0 || state === listening ? undefined : uid;
}
