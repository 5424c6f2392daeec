import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { NetworkOptions } from '../aws/create-session/session-request.ts';
import { directTransport } from '../aws/http/open-transport.ts';
import { secondTry } from '../aws/http/second-try.ts';
import type { TransportOptions, WireResponse, Witness } from '../aws/http/transport.ts';
import { bundleName } from '../aws/http/network-error.ts';
import { firstRoots } from '../aws/http/trusted-roots.ts';

/** What a TLS connection came to. Bun shows less of it. */
export interface SeenTls {
  /** `TLSv1.3` */
  readonly protocol: string | undefined;
  /** Of the key exchange: `X25519`, `X25519MLKEM768`; what the runtime does not tell is undefined. */
  readonly group: string | undefined;
  /** `CN=Amazon Root CA 1, O=Amazon, C=US`: what the last certificate that was sent names as its issuer. */
  readonly topIssuer: string | undefined;
}

/** A request that nobody signed, and what could be seen on the way. */
export interface Probed {
  readonly answer: WireResponse;
  readonly tls: SeenTls | undefined;
  /** Whether the server was trusted only with the roots of the system besides. */
  readonly neededSystemRoots: boolean;
  /** What replaces the default roots, as messages call it. */
  readonly origin: string | undefined;
  /** Milliseconds since 1970, at the middle of sending and answer. */
  readonly at: number;
}

interface Probe {
  readonly network: NetworkOptions;
  readonly endpoint: URL;
  readonly userAgent: string;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

/** Asks the endpoint for its root, as it is reached by every other request. @throws RolesAnywhereError NETWORK_* */
export async function probe({ network, endpoint, userAgent, now, signal }: Probe): Promise<Probed> {
  const witness = new TlsWitness();
  let neededSystemRoots = false;
  const ca = network.caBundle || network.roots ? await firstRoots(network) : undefined;
  const options: TransportOptions = {
    ...network,
    signal,
    ca,
    witness,
    maxBodyBytes: 1024 * 1024,
    again: async (error) => {
      const next = await secondTry(error, options, { network, learned: new WeakMap() });
      neededSystemRoots = next !== undefined;
      return next && { ...next, witness: witness.beside(next.witness) };
    },
  };
  const transport = await transportOf(network, endpoint, options);
  const connection = transport.connect(endpoint);
  try {
    const begun = now().getTime();
    const answer = await connection.send({
      method: 'GET',
      target: '/',
      headers: { host: endpoint.host, 'user-agent': userAgent },
      body: new Uint8Array(),
    });
    const at = (begun + now().getTime()) / 2;
    return { answer, tls: witness.seen, neededSystemRoots, origin: ca?.bundle && bundleName(ca.bundle), at };
  } finally {
    connection.close();
  }
}

async function transportOf(network: NetworkOptions, endpoint: URL, options: TransportOptions) {
  const { proxy } = network;
  if (proxy === undefined) return directTransport(options);
  const { transportThrough } = await import('../aws/http/proxy-transport.ts');
  return transportThrough(proxy, endpoint, options) ?? directTransport(options);
}

/** Looks at the connection when its handshake is done. */
class TlsWitness implements Witness {
  #beside: Witness | undefined;
  seen: SeenTls | undefined;

  get issuer(): string | undefined {
    return this.#beside?.issuer;
  }

  beside(other: Witness | undefined): this {
    this.#beside = other;
    return this;
  }

  watch(socket: TLSSocket): void {
    this.#beside?.watch(socket);
    socket.prependOnceListener('secureConnect', () => {
      this.seen = {
        protocol: socket.getProtocol() ?? undefined,
        group: groupOf(socket),
        topIssuer: topIssuerOf(socket.getPeerCertificate(true)),
      };
    });
  }
}

/** Of a client's socket; the runtime gives an empty object for kinds of exchange that it has no name for. */
function groupOf(socket: TLSSocket): string | undefined {
  const info: object | null = socket.getEphemeralKeyInfo();
  const name: unknown = info !== null && 'name' in info ? info.name : undefined;
  return typeof name === 'string' ? name : undefined;
}

function topIssuerOf(leaf: DetailedPeerCertificate | undefined): string | undefined {
  let top = leaf;
  for (let depth = 0; depth < 10; depth += 1) {
    const next: DetailedPeerCertificate | undefined = top?.issuerCertificate;
    if (next === undefined || next.fingerprint256 === top?.fingerprint256) break;
    top = next;
  }
  if (top?.issuer === undefined) return undefined;
  return Object.entries(top.issuer)
    .map(([name, value]) => `${name}=${String(value)}`)
    .toReversed()
    .join(', ');
}
