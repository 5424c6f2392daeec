import { resolve } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { systemFactsOf } from '../../core/system-errors.ts';
import { suffixes } from './explain-endpoint.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import type { TransportOptions } from './transport.ts';

/** Where it happened. */
export interface NetworkPlace {
  /** `host:port`. */
  readonly peer: string;
  /** What messages call the certificates that replace the default ones. */
  readonly ca: string | undefined;
  /** Who issued the certificate of a server that is not trusted, where that was seen. */
  readonly issuer?: string | undefined;
}

export function placeOf(peer: string, { ca, witness }: TransportOptions): NetworkPlace {
  return { peer, ca: ca?.bundle && bundleName(ca.bundle), issuer: witness?.issuer };
}

/** What messages call a CA bundle: who named it, and where it is. */
export function bundleName({ option, path }: NonNullable<NetworkOptions['caBundle']>): string {
  return `${option} (${resolve(path)})`;
}

/** What is wrong with the server's certificate, by the code OpenSSL or Node gives it. */
const certificateFaults: ReadonlyMap<string, string> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', 'its issuer is not among the trusted CAs'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'its issuer is not among the trusted CAs'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its issuer is not among the trusted CAs'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its root is not among the trusted CAs'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'it is self-signed and not among the trusted certificates'],
  ['CERT_HAS_EXPIRED', 'it, or one of its issuers, has expired'],
  ['CERT_NOT_YET_VALID', 'it, or one of its issuers, is not valid yet'],
  ['CERT_SIGNATURE_FAILURE', 'its signature is not of its issuer'],
  ['CERT_CHAIN_TOO_LONG', 'its chain is too long'],
  ['CERT_REVOKED', 'it is revoked'],
  ['CERT_UNTRUSTED', 'its root is not trusted for this use'],
  ['CERT_REJECTED', 'its root is marked to be rejected'],
  ['INVALID_CA', 'one of its issuers is no CA'],
  ['INVALID_PURPOSE', 'it is not for servers'],
  ['PATH_LENGTH_EXCEEDED', 'its chain is longer than one of its issuers allows'],
  ['HOSTNAME_MISMATCH', 'it is for another host'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'it is for another host'],
]);

const trustHint =
  "if that CA is to be trusted, put its certificate into this system's store, or into a PEM file that SSL_CERT_FILE or " +
  'NODE_EXTRA_CA_CERTS names; --ca-bundle and AWS_CA_BUNDLE name a file that is trusted alone';

/** Turns whatever ended a connection into an error of ours, with host, port and the system's own code. */
export function networkError(error: unknown, place: NetworkPlace): RolesAnywhereError {
  if (error instanceof RolesAnywhereError) return error;
  const code = systemCodeOf(error) ?? '';
  const fault = certificateFaults.get(code);
  if (fault !== undefined) return untrusted(error, code, fault, place);
  if (/^(ERR_SSL_|ERR_TLS_|EPROTO$)/.test(code)) return handshakeFailed(error, code, place);
  if (code === 'ETIMEDOUT') {
    return new RolesAnywhereError('NETWORK_TIMEOUT', `no connection to ${place.peer} (ETIMEDOUT)`, { cause: error });
  }
  const message =
    code === '' || resets.has(code)
      ? `${place.peer} closed the connection before the whole answer had come${code === '' ? '' : ` (${code})`}`
      : `${place.peer} cannot be reached${reasonOf(code)} (${code})`;
  return new RolesAnywhereError('NETWORK_UNREACHABLE', message, { cause: error, hints: reachHints(code) });
}

const resets: ReadonlySet<string> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE']);

/** What this machine ran out of is no fault of the network. */
function reasonOf(code: string): string {
  const means = systemFactsOf(code)?.means;
  return means === undefined ? '' : `: ${means}`;
}

function untrusted(cause: unknown, code: string, fault: string, place: NetworkPlace): RolesAnywhereError {
  const message = `the TLS certificate of ${place.peer} is not trusted: ${fault} (${code})`;
  return new RolesAnywhereError('NETWORK_TLS', message, { cause, hints: trustHints(code, cause, place) });
}

function trustHints(code: string, cause: unknown, place: NetworkPlace): string[] {
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return ["check the clock of this machine, then the dates of the server's certificate", ...caHints(place)];
  }
  if (code === 'HOSTNAME_MISMATCH' || code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return [...namesInCertificate(cause), 'check the host name in --endpoint, and that no proxy answers in its place'];
  }
  return caHints(place);
}

function caHints(place: NetworkPlace): string[] {
  const alone =
    place.ca === undefined
      ? []
      : [`only the certificates of ${place.ca} are trusted; leave it out to trust the default ones`];
  return [...issuerHints(place), ...alone, trustHint];
}

function issuerHints({ issuer, peer }: NetworkPlace): string[] {
  if (issuer === undefined) return [];
  const told = `the certificate leads to the CA '${issuer}'`;
  return [isOfAws(peer) ? `${told}: as AWS has none but public CAs, ${inspection}` : told];
}

const inspection = 'a proxy on the way inspects TLS';

/** Whether that is what an error says of the certificate of a server. */
export function isOfInspection({ hints }: Pick<RolesAnywhereError, 'hints'>): boolean {
  return hints.some((hint) => hint.endsWith(inspection));
}

function isOfAws(peer: string): boolean {
  const [host = ''] = peer.split(':');
  return [...suffixes.values()].flat().some((suffix) => host.endsWith(`.${suffix}`));
}

/** Names are public: the server sends them to anybody. */
function namesInCertificate(cause: unknown): string[] {
  if (typeof cause !== 'object' || cause === null || !('cert' in cause)) return [];
  const { cert } = cause;
  if (typeof cert !== 'object' || cert === null || !('subjectaltname' in cert)) return [];
  return [`the certificate is for ${String(cert.subjectaltname)}`];
}

function handshakeFailed(cause: unknown, code: string, place: NetworkPlace): RolesAnywhereError {
  const reason = handshakeReason(code);
  const message = `no TLS connection to ${place.peer}: ${reason} (${code})`;
  return new RolesAnywhereError('NETWORK_TLS', message, {
    cause,
    hints: ['check host and port of the endpoint, and what stands between it and this machine'],
  });
}

function handshakeReason(code: string): string {
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code)) return 'it does not speak TLS 1.2 or newer';
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LENGTH/.test(code)) {
    return 'what answers there is not TLS';
  }
  return 'the handshake failed';
}

function reachHints(code: string): string[] {
  if (code === 'ENOTFOUND') return ['check region, endpoint and proxy: this host name does not exist'];
  if (code === 'EAI_AGAIN') return ['the name servers of this machine do not answer'];
  if (code === 'ECONNREFUSED') return ['nothing listens there: check host and port'];
  const hint = systemFactsOf(code)?.hint;
  return hint === undefined ? [] : [hint];
}

/** The error of the last of several attempts, which says that there were others. */
export function lastAttempt(error: RolesAnywhereError, attempts: number): RolesAnywhereError {
  return new RolesAnywhereError(error.code, `${error.message}, at the last of ${attempts} attempts`, {
    cause: error.cause,
    hints: error.hints,
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
  });
}
