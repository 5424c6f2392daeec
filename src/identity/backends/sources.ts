import { looksLikeContent } from '../../core/looks-like-content.ts';
import type { KeySource, SecretSource } from '../identity.ts';

/** How messages name a source: `--certificate: /etc/pki/leaf.pem`. */
export function placeOf(source: KeySource | SecretSource): string {
  return `${source.option}: ${nameOf(source)}`;
}

/** The same without the option: `/etc/pki/leaf.pem`. */
export function nameOf(source: KeySource | SecretSource): string {
  if (source.kind === 'file') {
    return looksLikeContent(source.path) ? 'a path that looks like the content of a key file' : source.path;
  }
  if (source.kind === 'env') return `environment variable ${source.name}`;
  if (source.kind === 'fd') return `file descriptor ${source.fd}`;
  if (source.kind === 'tpm-handle') return `TPM handle 0x${source.handle.toString(16)}`;
  return (source.kind === 'bytes' ? source.name : undefined) ?? names[source.kind];
}

const names = {
  stdin: 'standard input',
  bytes: 'the value given',
  value: 'the password given',
  pkcs11: 'the PKCS#11 URI',
} as const;
