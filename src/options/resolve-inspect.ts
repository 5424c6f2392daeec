import type { ByteSource, SecretSource } from '../identity/identity.ts';
import type { Digest } from '../identity/signer.ts';
import { refuseSharedDescriptor } from './explain-request.ts';
import { readByteSource } from './explain-source.ts';
import { keyPasswordOf } from './key-password.ts';
import { missingOptions } from './missing-options.ts';
import type { OptionValues } from './option-values.ts';

/** What `sign-string` is asked for. */
interface SignString {
  readonly key: {
    readonly certificate?: ByteSource;
    readonly privateKey?: ByteSource;
    readonly keyPassword?: SecretSource;
  };
  readonly digest: Digest;
  readonly format: 'json' | 'text' | 'bin';
}

const digests: Readonly<Record<string, Digest>> = { SHA256: 'SHA-256', SHA384: 'SHA-384', SHA512: 'SHA-512' };

/**
 * Reads the options of `sign-string`. A key alone is enough, where the official helper asks for a certificate with it.
 * @throws RolesAnywhereError OPTION_*
 */
export function resolveSignString(values: OptionValues): SignString {
  const certificate = sourceOf(values, 'certificate');
  const privateKey = sourceOf(values, 'private-key');
  if (certificate === undefined && privateKey === undefined) throw missingOptions(['private-key']);
  refuseSharedDescriptor(values, [certificate, privateKey]);
  const keyPassword = keyPasswordOf(values);
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
 * Reads the options of `read-certificate-data`.
 * @throws RolesAnywhereError OPTION_*
 */
export function resolveCertificate(values: OptionValues): {
  readonly certificate: ByteSource;
  readonly keyPassword?: SecretSource;
} {
  const certificate = sourceOf(values, 'certificate');
  if (certificate === undefined) throw missingOptions(['certificate']);
  refuseSharedDescriptor(values, [certificate]);
  const keyPassword = keyPasswordOf(values);
  return { certificate, ...(keyPassword === undefined ? {} : { keyPassword }) };
}

function sourceOf(values: OptionValues, flag: string): ByteSource | undefined {
  const text = values.text(flag);
  return text === undefined ? undefined : readByteSource(text, values.origin(flag));
}
