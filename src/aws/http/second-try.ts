import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';

import { systemCodeOf } from '../../core/errno.ts';
import { oneLine } from '../../core/one-line.ts';
import { isCertificate } from '../../runtime/node/certificate.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import type { TransportOptions, Witness } from './transport.ts';
import { allRoots } from './trusted-roots.ts';

/** OpenSSL's names for a chain that ends at nobody who is trusted. Another fault of a certificate stays one. */
const issuerFaults: ReadonlySet<unknown> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** Of Bun, where one of the certificates to be trusted cannot be read: OpenSSL drops that one in silence. */
const unreadable = 'ERR_BORINGSSL';

/** What the connections of some options have found to be needed, for those that follow. */
export interface Lesson {
  readonly network: NetworkOptions;
  readonly learned: WeakMap<NetworkOptions, TransportOptions['ca']>;
}

/**
 * How to connect again after `error`: with all that is to be trusted, and with an eye on who issued the certificate; or
 * without the certificates that cannot be read. Undefined where the error is neither. The new connection is verified like any other.
 *
 * @throws RolesAnywhereError FILE_FAILED for the CA bundle
 */
export async function secondTry(
  error: unknown,
  options: TransportOptions,
  { network, learned }: Lesson,
): Promise<TransportOptions | undefined> {
  const codes = [systemCodeOf(error), systemCodeOf(causeOf(error))];
  const { ca: given } = options;
  if (given !== undefined && codes.includes(unreadable)) {
    const ca = { ...given, pem: given.pem.filter(isCertificate) };
    learned.set(network, ca);
    return { ...options, ca };
  }
  if (!codes.some((code) => issuerFaults.has(code))) return undefined;
  const ca = await allRoots(network);
  learned.set(network, ca);
  return { ...options, ca, witness: new IssuerWitness() };
}

/**
 * Whether a socket was lost only because nobody used it: a password may take a while to type, and servers do not wait
 * for ever. Then a new one is worth the try. A failure that waiting cannot explain stays.
 *
 * @param reason why it closed, if it has
 */
export function isStale(reason: Error | undefined): boolean {
  if (reason === undefined || !('code' in reason)) return true;
  return ['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'].includes(String(reason.code));
}

/** That of the TLS layer, where a proxy has been blamed for it. */
function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

class IssuerWitness implements Witness {
  issuer: string | undefined;

  watch(socket: TLSSocket): void {
    // Comes before the judgement, which takes the certificate away with the connection.
    socket.prependOnceListener('secure', () => {
      this.issuer = topIssuerOf(socket.getPeerCertificate(true));
    });
  }
}

/**
 * `CN=Example Root CA, O=Example`: what the last certificate that the server sent names as its issuer. Undefined where
 * there is no certificate to be had: Bun shows none that is not trusted.
 */
function topIssuerOf(leaf: DetailedPeerCertificate | undefined): string | undefined {
  if (leaf?.issuer === undefined) return undefined;
  let top = leaf;
  for (let depth = 0; depth < 10 && isFurther(top); depth++) top = top.issuerCertificate;
  const names = Object.entries(top.issuer).reverse();
  return names.map(([name, value]) => `${name}=${oneLine(String(value), 100)}`).join(', ') || undefined;
}

/** A self-signed certificate has itself as its issuer. */
function isFurther({ issuerCertificate, fingerprint256 }: DetailedPeerCertificate): boolean {
  return issuerCertificate?.fingerprint256 !== undefined && issuerCertificate.fingerprint256 !== fingerprint256;
}
