import type { Server } from 'node:http';
import { RolesAnywhereError } from '../../core/errors.ts';
import { closeGently } from './http-server.ts';
import { isLoopbackAddress, type ListenAddress, urlOf } from './listen-address.ts';
import { listenOnUnixSocket } from './unix-socket.ts';

/** A server that accepts connections. */
export interface Listener {
  /** `http://127.0.0.1:9911`, or the path of a socket. */
  readonly name: string;
  readonly kind: 'tcp' | 'unix';
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
  /** Stops accepting, lets requests under way finish. */
  close(): Promise<void>;
}

/**
 * Opens an address.
 *
 * @param socketMode permissions of a Unix socket that is made
 * @throws RolesAnywhereError PORT_UNAVAILABLE
 */
export async function openListener(address: ListenAddress, socketMode: number, server: Server): Promise<Listener> {
  if (address.kind === 'unix') {
    await listenOnUnixSocket(server, address.path, socketMode);
    return { name: address.path, kind: 'unix', isLocal: true, close: () => closeGently(server) };
  }
  await listen(server, address);
  const bound = server.address();
  // A Unix socket that was handed over has no address that Node knows.
  if (bound === null || typeof bound === 'string') {
    return { name: bound ?? nameOf(address), kind: 'unix', isLocal: true, close: () => closeGently(server) };
  }
  return {
    name: urlOf(bound.address, bound.port),
    kind: 'tcp',
    isLocal: isLoopbackAddress(bound.address),
    close: () => closeGently(server),
  };
}

function listen(server: Server, address: Exclude<ListenAddress, { kind: 'unix' }>): Promise<void> {
  return new Promise((settle, fail) => {
    const failed = (cause: NodeJS.ErrnoException): void => {
      const hints =
        cause.code === 'EADDRINUSE' ? ['another program listens there; --port and --listen name another place'] : [];
      const message = `cannot listen on ${nameOf(address)}: ${cause.code ?? 'unknown reason'}`;
      fail(new RolesAnywhereError('PORT_UNAVAILABLE', message, { cause, hints }));
    };
    server.once('error', failed);
    const listening = (): void => {
      server.off('error', failed);
      settle();
    };
    if (address.kind === 'fd') server.listen({ fd: address.fd }, listening);
    else server.listen({ host: address.host, port: address.port, ipv6Only: address.host !== '::' }, listening);
  });
}

function nameOf(address: Exclude<ListenAddress, { kind: 'unix' }>): string {
  return address.kind === 'fd' ? `descriptor ${address.fd}` : `${address.host} port ${address.port}`;
}
