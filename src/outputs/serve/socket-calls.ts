import type { Server, Socket } from 'node:net';
import { platform } from 'node:os';
import type { Ffi, NativeFunctions } from '../../ffi/ffi.ts';

/** Functions of the C library, as their pages in section 2 have them. */
const functions = {
  socket: { takes: ['i32', 'i32', 'i32'], gives: 'i32' },
  close: { takes: ['i32'], gives: 'i32' },
  getsockname: { takes: ['i32', 'pointer', 'pointer'], gives: 'i32' },
  getpeername: { takes: ['i32', 'pointer', 'pointer'], gives: 'i32' },
  getsockopt: { takes: ['i32', 'i32', 'i32', 'pointer', 'pointer'], gives: 'i32' },
  setsockopt: { takes: ['i32', 'i32', 'i32', 'pointer', 'u32'], gives: 'i32' },
  sendto: { takes: ['i32', 'pointer', 'u64', 'i32', 'pointer', 'u32'], gives: 'i64' },
  recv: { takes: ['i32', 'pointer', 'u64', 'i32'], gives: 'i64' },
} as const;

export type SocketCalls = NativeFunctions<typeof functions>;

/** What Node does not do with sockets; not on Windows. @throws Error where the C library cannot be called */
export function openSocketCalls(ffi: Ffi): SocketCalls {
  return ffi.openLibc(functions);
}

/** The number that a socket has for the system. Node has it, and does not give it out. */
export function descriptorOf(socket: Socket | Server): number | undefined {
  if (!('_handle' in socket) || typeof socket._handle !== 'object' || socket._handle === null) return undefined;
  const { _handle: handle } = socket;
  return 'fd' in handle && typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}

/** An int of C, as options of sockets and lengths of addresses are. */
export function intOf(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

/** SOL_SOCKET and SO_PEERCRED of Linux (socket(7), unix(7)), on x64 and arm64. */
const [socketLevel, peerCredentials] = [1, 17];

/** The user of the process that made a connection of a Unix socket; undefined where the kernel does not tell. Linux. */
export function userOfUnixPeer({ getsockopt }: SocketCalls, descriptor: number): number | undefined {
  // struct ucred: pid, uid, gid
  const credentials = new Uint32Array(3);
  const bytes = new Uint8Array(credentials.buffer);
  return getsockopt(descriptor, socketLevel, peerCredentials, bytes, intOf(bytes.length)) === 0
    ? credentials[1]
    : undefined;
}

/** IPPROTO_IP with IP_TTL, and IPPROTO_IPV6 with IPV6_UNICAST_HOPS: ip(7) and ipv6(7), ip(4) and ip6(4). */
const hopLimits: Partial<Record<NodeJS.Platform, Record<'IPv4' | 'IPv6', readonly [level: number, option: number]>>> = {
  linux: { IPv4: [0, 2], IPv6: [41, 16] },
  darwin: { IPv4: [0, 4], IPv6: [41, 4] },
};

/**
 * Sets over how many hops the packets of a server or of a connection may go. Connections have it from the server, but for
 * those that came before it was set: between its listening and that, or on a socket of systemd's before this process was there.
 *
 * @returns whether it was: not on Windows, nor on a Unix socket
 */
export function setHopLimit({ setsockopt }: SocketCalls, socket: Server | Socket, limit: number): boolean {
  const [descriptor, options, address] = [descriptorOf(socket), hopLimits[platform()], socket.address()];
  if (descriptor === undefined || options === undefined) return false;
  const isSet = ([level, option]: readonly [number, number]): boolean =>
    setsockopt(descriptor, level, option, intOf(limit), Int32Array.BYTES_PER_ELEMENT) === 0;
  const isSetForIPv4 = isSet(options.IPv4);
  // A socket of IPv6 that takes those of IPv4, too, has both.
  const isIPv6 = typeof address === 'object' && address !== null && 'family' in address && address.family === 'IPv6';
  return isIPv6 ? isSet(options.IPv6) : isSetForIPv4;
}
