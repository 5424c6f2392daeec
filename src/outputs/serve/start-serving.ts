import type { Socket } from 'node:net';
import { platform } from 'node:os';
import type { Ffi, MissingFfi } from '../../ffi/ffi.ts';
import type { PipelineContext } from '../../pipeline/credential-plan.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import { adminAnswerer, guardedAnswerer } from './guard.ts';
import { limitedServer } from './http-server.ts';
import { ImdsTokens } from './imds-routes.ts';
import type { ListenAddress } from './listen-address.ts';
import { type Access, checkExposure, type Listener, openListener, warnOfExposure } from './listeners.ts';
import { makeMetrics, type Metrics } from './metrics.ts';
import type { Routes } from './routes.ts';
import { type ProfilePlan, ServerRoles } from './server-roles.ts';
import { requestLog, type ServeLog } from './serve-log.ts';
import { openTokenFile } from './token-file.ts';
import { peerCheck, type Peers } from './peer-check.ts';
import { openSocketCalls, setHopLimit, type SocketCalls } from './socket-calls.ts';

/** What to serve, where and to whom. */
export interface ServeOptions extends Access {
  /** One role each, in order. */
  readonly plans: readonly ProfilePlan[];
  /** Where health and metrics are, and nothing else is; with the rest when empty. */
  readonly adminListen: readonly ListenAddress[];
  /** Names in Host headers besides those of loopback, in lower case. */
  readonly allowHosts: readonly string[];
  /** Listens before there are credentials, and keeps trying. */
  readonly wait: boolean;
  /** Over how many hops answers may go; what the system says when undefined. */
  readonly hopLimit?: number | undefined;
}

/** The world around. */
export interface ServeContext {
  readonly pipeline: PipelineContext;
  readonly clock: Clock;
  readonly log: ServeLog;
  readonly logsRequests: boolean;
  readonly version: string;
  /** What does to sockets what Node does not. */
  readonly ffi: Ffi | MissingFfi;
}

/** A server that runs. */
export interface Serving {
  /** Where credentials are served, in the order of the addresses. */
  readonly listeners: readonly Listener[];
  readonly adminListeners: readonly Listener[];
  /** Resolves when every role has had its first credentials. */
  whenReady(): Promise<void>;
  /** Reads certificates and keys again, and takes over what the profiles say now. @returns how many roles failed */
  reload(plans: readonly ProfilePlan[]): Promise<number>;
  /** Stops accepting, lets requests under way finish, gives back tokens and TPM. */
  close(): Promise<void>;
}

/**
 * Serves credentials as the instance metadata service and as a container's credential endpoint do. Nobody who asks
 * waits for CreateSession: credentials are obtained before they are asked for, and renewed in the background.
 *
 * @throws RolesAnywhereError what obtaining the first credentials throws, unless told to wait; PORT_UNAVAILABLE;
 *   OPTION_MISSING for an address that others can reach without a token; FILE_FAILED, OPTION_INVALID of the token file
 */
export async function startServing(options: ServeOptions, context: ServeContext): Promise<Serving> {
  checkExposure(options);
  const { pipeline, clock, log } = context;
  const metrics = makeMetrics({ version: context.version, now: clock.now, roles: () => roles.all });
  const roles = new ServerRoles(options.plans, { pipeline, clock, log, metrics });
  const tokens = new ImdsTokens(clock.monotonic);
  const calls = socketCallsOf(options, context);
  const peers = peerCheck(options.allowUids, calls);
  const opened: Listener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((listener) => listener.close()));
    tokens.clear();
    peers.close();
    await roles.close();
  };
  try {
    const openers = openersOf({ options, context, metrics, roles, tokens, peers, calls });
    if (!options.wait) await roles.start();
    for (const open of openers) opened.push(await open());
    if (options.wait) roles.keepFresh();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    listeners: opened.slice(0, options.listen.length),
    adminListeners: opened.slice(options.listen.length),
    whenReady: () => roles.whenReady(),
    reload: (plans) => roles.reload(plans),
    close,
  };
}

/** Says, too, what goes without them. */
function socketCallsOf({ allowUids, hopLimit }: ServeOptions, { ffi, log }: ServeContext): SocketCalls | undefined {
  if (!('missing' in ffi) && platform() !== 'win32') return openSocketCalls(ffi);
  const missing = 'missing' in ffi ? ffi.missing : 'a system other than Windows';
  if (hopLimit !== undefined) log('warn', `--hop-limit has no effect: it needs ${missing}`);
  if (allowUids !== undefined) {
    log('warn', `--allow-uid looks through all connections of this machine for each new one; not to needs ${missing}`);
  }
  return undefined;
}

interface Parts {
  readonly options: ServeOptions;
  readonly context: ServeContext;
  readonly metrics: Metrics;
  readonly roles: ServerRoles;
  readonly tokens: ImdsTokens;
  readonly peers: Peers;
  readonly calls: SocketCalls | undefined;
}

/** What opens each of the addresses, those of credentials first. */
function openersOf({
  options,
  context,
  metrics,
  roles,
  tokens,
  peers,
  calls,
}: Parts): readonly (() => Promise<Listener>)[] {
  const { clock, log } = context;
  const { now } = clock;
  const directory = () => roles.directory;
  const isToken =
    options.tokenFile === undefined
      ? undefined
      : openTokenFile(options.tokenFile, { warn: warnTo(log), monotonic: clock.monotonic });
  const admin = { metrics, directory };
  const logRequest = requestLog({ log, monotonic: clock.monotonic, everything: context.logsRequests });
  const { mayConnect, userOf } = peers;

  const needsDescriptors = options.allowUids !== undefined || options.hopLimit !== undefined;
  const { hopLimit, socketMode, accessLists } = options;
  const limitHops =
    hopLimit === undefined || calls === undefined
      ? undefined
      : (of: Listener['listening'] | Socket): boolean => setHopLimit(calls, of, hopLimit);
  const open = async (
    address: ListenAddress,
    makeAnswerer: typeof guardedAnswerer,
    routesOf: (of: Listener) => Routes,
  ) => {
    let routes: Routes = {};
    const server = limitedServer({
      answer: makeAnswerer({ mayConnect, allowHosts: options.allowHosts, routes: () => routes }),
      onAnswered(request, answer) {
        metrics.requested(answer);
        logRequest(request, answer);
      },
      onDropped: () => metrics.dropped(),
      userOf,
    });
    const listener = await openListener(
      address,
      { socketMode, needsDescriptors, accessLists, onConnection: limitHops },
      server,
    );
    if (listener.kind === 'tcp' && limitHops?.(listener.listening) === false) {
      log('warn', 'the system does not take --hop-limit, and it has no effect');
    }
    routes = routesOf(listener);
    return listener;
  };
  const openMain = (address: ListenAddress) => async () => {
    const listener = await open(address, guardedAnswerer, ({ isLocal }) => ({
      // A token of the metadata service is no authentication: whoever can connect gets one.
      imds: isLocal || options.allowUids !== undefined ? { tokens, directory, now } : undefined,
      container: isToken === undefined ? undefined : { isToken, directory, now },
      admin: options.adminListen.length === 0 ? admin : undefined,
    }));
    try {
      warnOfExposure(
        listener,
        { ...options, asksUnixPeers: calls !== undefined, isHandedOver: address.kind === 'fd' },
        log,
      );
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  };
  const openAdmin = (address: ListenAddress) => () => open(address, adminAnswerer, () => ({ admin }));
  return [...options.listen.map(openMain), ...options.adminListen.map(openAdmin)];
}

function warnTo(log: ServeLog): (message: string) => void {
  return (message) => log('warn', message);
}
