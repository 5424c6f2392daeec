import type { KeySource, SecretSource } from '../identity/identity.ts';
import type { Digest } from '../identity/signer.ts';
import type { OptionValues } from './option-values.ts';
import { keyPasswordOf, keySource, missingOptions, refuseSharedDescriptor } from './resolve-identity.ts';

interface SignString {
  readonly key: {
    readonly certificate?: KeySource;
    readonly privateKey?: KeySource;
    readonly keyPassword?: SecretSource;
  };
  readonly digest: Digest;
  readonly format: 'json' | 'text' | 'bin';
}

const digests: Readonly<Record<string, Digest>> = { SHA256: 'SHA-256', SHA384: 'SHA-384', SHA512: 'SHA-512' };

/**
 * What `sign-string` is asked for. A key alone is enough, where the official helper asks for a certificate with it.
 * @throws RolesAnywhereError OPTION_*
 */
export function resolveSignString(values: OptionValues): SignString {
  const certificate = keySource(values, 'certificate');
  const privateKey = keySource(values, 'private-key');
  if (certificate === undefined && privateKey === undefined) throw missingOptions(['private-key']);
  const keyPassword = keyPasswordOf(values);
  refuseSharedDescriptor(keyPassword, [certificate, privateKey]);
  const format = values.text('format');
  return {
    key: {
      ...(certificate === undefined ? {} : { certificate }),
      ...(privateKey === undefined ? {} : { privateKey }),
      ...(keyPassword === undefined ? {} : { keyPassword }),
    },
    digest: digests[values.text('digest') ?? ''] ?? 'SHA-256',
    format: format === 'text' || format === 'bin' ? format : 'json',
  };
}

/**
 * What `read-certificate-data` is asked for.
 * @throws RolesAnywhereError OPTION_*
 */
export function resolveCertificate(values: OptionValues): {
  readonly certificate: KeySource;
  readonly keyPassword?: SecretSource;
} {
  const certificate = keySource(values, 'certificate');
  if (certificate === undefined) throw missingOptions(['certificate']);
  const keyPassword = keyPasswordOf(values);
  refuseSharedDescriptor(keyPassword, [certificate]);
  return { certificate, ...(keyPassword === undefined ? {} : { keyPassword }) };
}
