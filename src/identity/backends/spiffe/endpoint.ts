import { isIP, type NetConnectOpts } from 'node:net';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { IdentityContext } from '../../identity.ts';

/** Where the Workload API listens. */
export interface WorkloadEndpoint {
  readonly address: NetConnectOpts;
  /** How messages name it: `the Workload API at unix:///run/spire/agent.sock`. */
  readonly name: string;
}

interface EndpointChoice {
  readonly option: string;
  readonly socket?: string | undefined;
}

const variable = 'SPIFFE_ENDPOINT_SOCKET';

/**
 * The endpoint that was given, else that of SPIFFE_ENDPOINT_SOCKET (SPIFFE Workload Endpoint, section 4). A path alone
 * is taken for one of a Unix socket.
 *
 * @throws RolesAnywhereError SPIFFE_UNREACHABLE where nothing says, OPTION_INVALID
 */
export function workloadEndpoint(
  { option, socket }: EndpointChoice,
  environment: IdentityContext['environment'] = {},
): WorkloadEndpoint {
  const text = socket ?? environment[variable];
  if (!text) {
    throw new RolesAnywhereError('SPIFFE_UNREACHABLE', `${option}: no Workload API is known: ${variable} is not set`, {
      hints: [`set it to unix:///run/spire/agent.sock, say, or name the socket: spiffe:?socket=/run/spire/agent.sock`],
    });
  }
  const address = addressOf(text);
  if (address !== undefined) return { address, name: `the Workload API at ${text}` };
  throw new RolesAnywhereError('OPTION_INVALID', `${socket === undefined ? variable : option} names no socket`, {
    hints: [
      'it must be unix:///path, a path, tcp://127.0.0.1:8081 with an address of this machine, or npipe:name on Windows',
    ],
  });
}

function addressOf(text: string): NetConnectOpts | undefined {
  const [, unixPath] = /^unix:(?:\/\/)?(\/(?!\/).+)$/.exec(text) ?? [];
  if (unixPath !== undefined || text.startsWith('/')) return { path: unixPath ?? text };
  const [, pipe] = /^npipe:(.+)$/.exec(text) ?? [];
  if (pipe !== undefined) return { path: `\\\\.\\pipe\\${pipe}` };
  const [, v6, v4, port] = /^tcp:\/\/(?:\[([\da-f:]+)\]|([\d.]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? v4 ?? '';
  return isLoopback(host) && Number(port) <= 65_535 ? { host, port: Number(port) } : undefined;
}

/** Keys come over it in clear text. */
function isLoopback(host: string): boolean {
  return isIP(host) > 0 && (host === '::1' || host.startsWith('127.'));
}
