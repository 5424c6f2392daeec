import type { IdentityContext } from '../../identity.ts';
import { findPublicCertificates } from './find-candidates.ts';
import { ambiguous, findTokens, type FoundToken, onlyToken } from './find-token.ts';
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
 * @throws RolesAnywhereError PKCS11_NO_TOKEN, PKCS11_AMBIGUOUS
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
  return {
    token,
    certificates: own.length > 0 ? own : certificates,
    mayHoldCertificate: certificateTokens.some((other) => isSameSlot(other, token)),
  };
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

function isSameSlot(one: FoundToken, other: FoundToken): boolean {
  return one.slot.id === other.slot.id;
}
