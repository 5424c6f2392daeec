import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { RolesAnywhereError } from '../core/errors.ts';
import { systemCodeOf } from '../core/errno.ts';

/** Milliseconds for all of it, however often a byte comes. */
const giveUpAfter = 10_000;

/** What a server sends is bounded in number: the issuer of an issuer of an issuer … */
const mostCertificates = 10;

/**
 * The certificates that a server shows, its own first. They are looked at, not believed: nothing is verified, and nothing
 * is sent beyond the handshake. No proxy is asked.
 *
 * @param milliseconds for connection and handshake together
 * @returns DER
 * @throws RolesAnywhereError NETWORK_*
 */
export async function serverChain(url: URL, milliseconds = giveUpAfter): Promise<readonly Uint8Array[]> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? 443 : Number(url.port);
  const socket = connect({
    host,
    port,
    // Also what has expired, and what nobody trusts, is to be shown.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  try {
    await handshakeOf(socket, url.host, milliseconds);
    return chainOf(socket.getPeerCertificate(true));
  } finally {
    socket.destroy();
  }
}

async function handshakeOf(socket: TLSSocket, host: string, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((settle, fail) => {
      timer = setTimeout(() => fail(late(host, milliseconds)), milliseconds);
      socket.once('error', (cause) => fail(unreachable(host, cause)));
      socket.once('secureConnect', settle);
    });
  } finally {
    clearTimeout(timer);
  }
}

function late(host: string, milliseconds: number): RolesAnywhereError {
  return new RolesAnywhereError(
    'NETWORK_TIMEOUT',
    `${host} did not finish a TLS handshake within ${milliseconds / 1000} seconds`,
  );
}

function unreachable(host: string, cause: Error): RolesAnywhereError {
  const code = systemCodeOf(cause);
  const isTls = code === undefined || /SSL|TLS|EPROTO/.test(code);
  return isTls
    ? new RolesAnywhereError('NETWORK_TLS', `${host} does not finish a TLS handshake`, { cause })
    : new RolesAnywhereError('NETWORK_UNREACHABLE', `${host} cannot be reached: ${code}`, { cause });
}

/** A root is its own issuer there. */
function chainOf(leaf: DetailedPeerCertificate): readonly Uint8Array[] {
  const found = new Set<DetailedPeerCertificate>();
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw !== undefined && !found.has(next) && found.size < mostCertificates) {
    found.add(next);
    next = next.issuerCertificate;
  }
  return [...found].map(({ raw }) => raw);
}
