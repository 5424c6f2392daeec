import { RolesAnywhereError } from '../errors.ts';
import type { ByteSource, KeySource } from './identity.ts';

/** Where private keys live. */
export type BackendKind = 'file' | 'pkcs11' | 'tpm';

/** Which backend opens a certificate and a key: a token or TPM wins over a certificate file beside it. */
export function backendKindOf(source: {
  readonly certificate?: KeySource | undefined;
  readonly privateKey?: KeySource | undefined;
}): BackendKind {
  const isOneOf = (kind: KeySource['kind']): boolean =>
    source.privateKey?.kind === kind || source.certificate?.kind === kind;
  if (isOneOf('pkcs11')) return 'pkcs11';
  return isOneOf('tpm-handle') ? 'tpm' : 'file';
}

/** A source that the file backend was chosen for. */
export function bytesOf(source: KeySource): ByteSource {
  if (source.kind !== 'pkcs11' && source.kind !== 'tpm-handle') return source;
  throw new RolesAnywhereError('OPTION_CONFLICT', `${source.option} names a place that does not give out bytes`);
}

const placeNames = { pkcs11: 'keys on a PKCS#11 token', tpm: 'keys in a TPM' } as const;

/** Stands in for a backend that is yet to come. */
export async function notBuilt(kind: 'pkcs11' | 'tpm'): Promise<never> {
  throw new RolesAnywhereError('OPTION_NOT_BUILT', `${placeNames[kind]} are not built yet`);
}
