import { RolesAnywhereError } from '../core/errors.ts';
import type { ByteSource, KeySource } from './identity.ts';

/** A private key that comes with a certificate out of a file: bytes too, or a handle of the TPM. */
export type FileKeySource = Exclude<KeySource, { readonly kind: 'pkcs11' }>;

/** Whether certificate or key are on a token; what the other one is, its backend sees to. */
export function isOnToken(source: {
  readonly certificate?: KeySource | undefined;
  readonly privateKey?: KeySource | undefined;
}): boolean {
  return source.privateKey?.kind === 'pkcs11' || source.certificate?.kind === 'pkcs11';
}

/** A source of a certificate or of what else must be bytes. */
export function bytesOf(source: KeySource): ByteSource {
  if (source.kind !== 'pkcs11' && source.kind !== 'tpm-handle') return source;
  throw new RolesAnywhereError('OPTION_CONFLICT', `${source.option} names a place that does not give out bytes`);
}

/** A source of a key that is not on a token. */
export function offToken(source: KeySource): FileKeySource {
  return source.kind === 'pkcs11' ? bytesOf(source) : source;
}
