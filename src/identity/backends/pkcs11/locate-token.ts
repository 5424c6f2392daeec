import { RolesAnywhereError } from '../../../errors.ts';
import type { IdentityContext } from '../../identity.ts';
import { findPublicCertificates } from './find-candidates.ts';
import { ambiguous, findTokens, type FoundToken, nameOfToken, onlyToken } from './find-token.ts';
import type { OpenModule } from './open-module.ts';
import { type PairSource, type Pkcs11Source, tokenSourcesOf } from './pkcs11-options.ts';
import type { TokenCertificate } from './token-certificates.ts';

/** Where a key is looked for, and what was found on the way there without a PIN. */
export interface LocatedToken {
  readonly token: FoundToken;
  /** Certificates that the certificate's URI matches: those on this token, if it has any. */
  readonly certificates: readonly TokenCertificate[];
  /** Whether the certificate's URI matches this token. */
  readonly mayHoldCertificate: boolean;
}

/**
 * Finds the one token of a key, so that the PIN goes to no other one. Several that match by name are told apart by their
 * certificates, which most tokens show without a PIN.
 *
 * @throws RolesAnywhereError PKCS11_NO_TOKEN, PKCS11_AMBIGUOUS, PKCS11_NOT_FOUND
 */
export function locateToken(module: OpenModule, source: PairSource, warn: IdentityContext['warn']): LocatedToken {
  const { key, certificate } = tokenSourcesOf(source);
  const keyTokens = findTokens(module, key);
  if (certificate === undefined) {
    return { token: onlyToken(keyTokens, key.option), certificates: [], mayHoldCertificate: false };
  }
  const certificateTokens = certificate === key ? keyTokens : findTokens(module, certificate);
  const certificates = findPublicCertificates(certificateTokens, certificate.uri, warn);
  const token = chooseToken(keyTokens, certificates, key);
  const own = certificates.filter((found) => isSameSlot(found.token, token));
  const mayHoldCertificate = certificateTokens.some((other) => isSameSlot(other, token));
  if (certificates.length === 0 && !mayHoldCertificate) throw notShown(certificate.option, certificateTokens);
  return { token, certificates: own.length > 0 ? own : certificates, mayHoldCertificate };
}

function chooseToken(
  tokens: readonly FoundToken[],
  certificates: readonly TokenCertificate[],
  { option }: Pkcs11Source,
): FoundToken {
  const withCertificate = tokens.filter((token) => certificates.some((found) => isSameSlot(found.token, token)));
  if (withCertificate.length < 2) return onlyToken(withCertificate.length === 1 ? withCertificate : tokens, option);
  const message = `${option}: certificates on ${withCertificate.length} tokens match the PKCS#11 URI`;
  throw ambiguous(
    message,
    certificates.map(({ uri }) => uri),
  );
}

/** The PIN goes to the token of the key; other tokens show what they show without one. */
function notShown(option: string, tokens: readonly FoundToken[]): RolesAnywhereError {
  const where = tokens.map(({ info }) => nameOfToken(info)).join(' and ');
  return new RolesAnywhereError(
    'PKCS11_NOT_FOUND',
    `${option}: ${where} shows no certificate that matches the PKCS#11 URI`,
  );
}

function isSameSlot(one: FoundToken, other: FoundToken): boolean {
  return one.slot.id === other.slot.id;
}
