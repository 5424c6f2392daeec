import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync, type Stats, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../../core/errno.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { AccessLists } from '../../core/fs/access-lists.ts';
import { linkAsNew } from '../../core/fs/replace-file.ts';
import { acceptorOf } from './acceptor.ts';
import { isLoopbackAddress, type ListenAddress, urlOf } from './listen-address.ts';
import type { ServeLog } from './serve-log.ts';
import type { TokenFileOptions } from './token-file.ts';

/** A server that accepts connections. */
export interface Listener {
  /** `http://127.0.0.1:9911`, or the path of a socket. */
  readonly name: string;
  readonly kind: 'tcp' | 'unix' | 'pipe';
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
  /** Of a named pipe: whether only this user can open it. */
  readonly isClosed?: boolean;
  /** What connections come in by. */
  readonly listening: NetServer;
  /** Stops accepting, lets requests under way finish. */
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** Permissions of a Unix socket that is made. */
  readonly socketMode: number;
  /** Whether something is asked of the system about connections, or set for them. */
  readonly needsDescriptors: boolean;
  /** Told of each connection before anything is read from it. */
  readonly onConnection?: ((socket: Socket) => void) | undefined;
  /** What says on Windows who may open a pipe. */
  readonly accessLists?: AccessLists | undefined;
}

/** Opens an address. @throws RolesAnywhereError PORT_UNAVAILABLE */
export async function openListener(
  address: ListenAddress,
  { socketMode, needsDescriptors, onConnection, accessLists }: ListenerOptions,
  server: Server,
): Promise<Listener> {
  const { listening, close } = acceptorOf(server, needsDescriptors || address.kind === 'fd');
  if (onConnection !== undefined) listening.on('connection', onConnection);
  if (address.kind === 'unix') {
    await listenOnUnixSocket(listening, address.path, socketMode);
    return { name: address.path, kind: 'unix', isLocal: true, listening, close };
  }
  await listen(listening, address);
  if (address.kind === 'pipe') {
    const isClosed = accessLists?.closePipe(address.path) === true;
    return { name: address.path, kind: 'pipe', isLocal: true, isClosed, listening, close };
  }
  const bound = listening.address();
  // A Unix socket that was handed over has no address that Node knows; Bun gives an object with nothing in it.
  const { address: host, port = 0 }: Partial<AddressInfo> = typeof bound === 'object' ? (bound ?? {}) : {};
  if (host === undefined) {
    const name = typeof bound === 'string' ? bound : nameOf(address);
    return { name, kind: 'unix', isLocal: true, listening, close };
  }
  return { name: urlOf(host, port), kind: 'tcp', isLocal: isLoopbackAddress(host), listening, close };
}

function listen(server: NetServer, address: Exclude<ListenAddress, { kind: 'unix' }>): Promise<void> {
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
    else if (address.kind === 'pipe') server.listen(address.path, listening);
    else server.listen({ host: address.host, port: address.port, ipv6Only: address.host !== '::' }, listening);
  });
}

function nameOf(address: Exclude<ListenAddress, { kind: 'unix' }>): string {
  if (address.kind === 'pipe') return address.path;
  return address.kind === 'fd' ? `descriptor ${address.fd}` : `${address.host} port ${address.port}`;
}

/**
 * Listens on a Unix socket that nobody could connect to before it had its mode: it is made in a folder of its own and
 * then given its name, in the place of one that a dead process left behind.
 *
 * @throws RolesAnywhereError PORT_UNAVAILABLE when somebody listens there, or something else has the name
 */
async function listenOnUnixSocket(server: NetServer, path: string, mode: number): Promise<void> {
  await findStale(path);
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(dirname(path), '.ra-'));
    const made = join(folder, 's');
    await new Promise<void>((settle, fail) => {
      server.once('error', fail);
      server.listen(made, () => {
        server.off('error', fail);
        settle();
      });
    });
    chmodSync(made, mode);
    const own = lstatSync(made);
    await takePlace(made, path);
    server.once('close', () => removeSocket(path, own));
  } catch (cause) {
    server.close();
    if (cause instanceof RolesAnywhereError) throw cause;
    throw unavailable(path, systemCodeOf(cause) ?? 'unknown reason', cause);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

/** Of several processes that come at the same time one gets the name, and all others find that somebody listens. */
async function takePlace(made: string, path: string): Promise<void> {
  do {
    const stale = await findStale(path);
    if (stale !== undefined) setAside(path, stale, join(dirname(made), 'before'));
  } while (!linkAsNew(made, path));
}

/** Takes a socket away whose process is dead. One that has come into its place meanwhile is put back. */
function setAside(path: string, stale: Stats, aside: string): void {
  if (!isSame(lookAt(path), stale)) return;
  renameSync(path, aside);
  if (!isSame(lstatSync(aside), stale)) linkAsNew(aside, path);
}

function isSame(one: Pick<Stats, 'dev' | 'ino'> | undefined, other: Pick<Stats, 'dev' | 'ino'>): boolean {
  return one?.dev === other.dev && one.ino === other.ino;
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    throw unavailable(path, systemCodeOf(cause) ?? 'unknown reason', cause);
  }
}

/** The socket of a dead process. @throws RolesAnywhereError PORT_UNAVAILABLE for that of a living one */
async function findStale(path: string): Promise<Stats | undefined> {
  const stats = lookAt(path);
  if (stats === undefined) return undefined;
  if (!stats.isSocket()) throw unavailable(path, 'there is a file of another kind');
  const isAlive = await new Promise<boolean>((settle) => {
    const probe = connect(path, () => {
      probe.destroy();
      settle(true);
    });
    probe.once('error', () => settle(false));
  });
  if (isAlive) throw unavailable(path, 'somebody listens there already');
  return stats;
}

/** Only the one that was made here: a successor may have put its own in its place. */
function removeSocket(path: string, own: Stats): void {
  try {
    if (isSame(lstatSync(path), own)) unlinkSync(path);
  } catch {
    // Somebody else has removed it.
  }
}

function unavailable(path: string, reason: string, cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('PORT_UNAVAILABLE', `cannot listen on ${path}: ${reason}`, { cause });
}

/** Where credentials are served, and to whom. */
export interface Access {
  readonly listen: readonly ListenAddress[];
  /** Permissions of Unix sockets that are made. */
  readonly socketMode: number;
  /** Token of the container endpoint, which is not there without one. */
  readonly tokenFile?: TokenFileOptions | undefined;
  /** Users whose processes may connect; all of them when undefined. */
  readonly allowUids?: readonly number[] | undefined;
  /** What says on Windows who may open a pipe. */
  readonly accessLists?: AccessLists | undefined;
}

/**
 * Makes sure, before anything is obtained, that no address is open to other machines without a token.
 * @throws RolesAnywhereError OPTION_MISSING
 */
export function checkExposure({ listen, tokenFile }: Access): void {
  for (const address of listen) {
    if (address.kind === 'tcp' && !isLoopbackAddress(address.host)) demandToken(address.host, tokenFile);
  }
}

interface Exposure extends Access {
  readonly asksUnixPeers: boolean;
  /** By systemd, say: its mode is not ours. */
  readonly isHandedOver: boolean;
}

/**
 * Says what an open address hands out, and to whom. A socket that was handed over is known only now.
 * @throws RolesAnywhereError OPTION_MISSING; OPTION_CONFLICT where nothing would hold strangers off
 */
export function warnOfExposure(
  { name, kind, isLocal, isClosed }: Listener,
  { tokenFile, allowUids, socketMode, asksUnixPeers, isHandedOver }: Exposure,
  log: ServeLog,
): void {
  if (!isLocal) {
    demandToken(name, tokenFile);
    const imds =
      allowUids === undefined
        ? 'the metadata routes are not served there'
        : 'so do users of --allow-uid on this machine';
    log(
      'warn',
      `${name} can be reached from other machines: whoever has the token gets credentials, over plain http; ${imds}`,
    );
  }
  if (kind === 'pipe' && isClosed !== true) {
    log('warn', `${name} has the access list of every pipe: others may open it to read, and are answered nothing`);
  }
  if (kind === 'unix' && allowUids !== undefined && !asksUnixPeers) {
    if (isHandedOver) throw cannotCheck(name);
    const mode = `its mode (${socketMode.toString(8).padStart(4, '0')} where we made it)`;
    log('warn', `--allow-uid cannot be checked on ${name}: ${mode} decides who may connect`);
  }
}

function cannotCheck(name: string): RolesAnywhereError {
  return new RolesAnywhereError(
    'OPTION_CONFLICT',
    `--allow-uid cannot be checked on ${name}, which was handed over: this process can call no C functions`,
    { hints: ['leave --allow-uid out, and have SocketMode= of the socket unit say who may connect'] },
  );
}

function demandToken(name: string, tokenFile: Access['tokenFile']): void {
  if (tokenFile !== undefined) return;
  throw new RolesAnywhereError(
    'OPTION_MISSING',
    `listening on ${name} needs --token-file: other machines can connect`,
    {
      hints: ['listen on 127.0.0.1, [::1] or a Unix socket, which need no token'],
    },
  );
}
