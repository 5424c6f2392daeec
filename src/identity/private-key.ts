import { RolesAnywhereError } from '../core/errors.ts';
import type { KeySource } from './identity.ts';
import type { Signer } from './signer.ts';
import type { Certificate } from './x509/certificate.ts';
import { equalBytes } from './x509/der.ts';

/** A private key that was opened, wherever it lives, and what pairs it with a certificate. */
export interface PrivateKey {
  readonly signer: Signer;
  /** DER SubjectPublicKeyInfo of its public half. */
  readonly publicKeyInfo: () => Uint8Array;
  /** Whether the certificate is for this key. */
  readonly fits: (certificate: Certificate) => boolean;
  /** Where the key is not in memory: gives back what was opened for it. */
  readonly close?: () => Promise<void>;
}

/** What the file backend has found by the time that a key is opened which it cannot open itself. */
export interface FoundBefore {
  /** Of a key file that only the store can use; may be wiped afterwards. */
  readonly bytes?: Uint8Array;
  /** Of the certificate's own source, the leaf among them: a store may know its key by them. Empty without one. */
  readonly certificates: readonly Certificate[];
}

/**
 * Opens a key that the file backend cannot: one of a store of keys, or of a TSS2 PRIVATE KEY file, which the TPM opens.
 *
 * @throws RolesAnywhereError OPTION_INVALID, PASSWORD_*, TPM_*, SSH_AGENT_*
 */
export type OpenKey = (source: KeySource, found: FoundBefore) => Promise<PrivateKey>;

/** A key that node:crypto does not hold, out of its public half. */
export function foreignKey(signer: Signer, publicKeyInfo: Uint8Array): PrivateKey {
  return {
    signer,
    publicKeyInfo: () => publicKeyInfo,
    fits: (certificate) => equalBytes(certificate.publicKeyInfo, publicKeyInfo),
  };
}

/** Where the numbers of a key were taken as they are, and do not fit together. */
export function cannotSign(cause: unknown): RolesAnywhereError {
  const reason = 'the private key cannot sign: its numbers do not fit together';
  return new RolesAnywhereError('SIGNATURE_INVALID', reason, { cause });
}
