import type { BackendSettings, KeySource, SecretSource } from '../../identity/identity.ts';
import type { Digest } from '../../identity/signer.ts';
import { type GivenSources, readSources } from './read-sources.ts';
import { missingOptions } from '../explain/explain-request.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { passwordOf } from './sources.ts';
import { Problems } from '../parse/problems.ts';
import { resolveHardware } from './resolve-identity.ts';

/** What `sign-string` is asked for. */
interface SignString {
  readonly key: BackendSettings & {
    readonly certificate?: KeySource;
    readonly privateKey?: KeySource;
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
  const { certificate, privateKey } = sourcesOf(values);
  if (certificate === undefined && privateKey === undefined) throw missingOptions(['private-key']);
  const format = values.text('format');
  return {
    key: {
      ...(certificate === undefined ? {} : { certificate }),
      ...(privateKey === undefined ? {} : { privateKey }),
      ...keyPasswordOf(values),
      ...resolveHardware(values),
    },
    digest: digests[values.text('digest') ?? ''] ?? 'SHA-256',
    format: format === 'text' || format === 'bin' ? format : 'json',
  };
}

/**
 * Reads the options of `read-certificate-data`.
 * @throws RolesAnywhereError OPTION_*
 */
export function resolveCertificate(
  values: OptionValues,
): BackendSettings & { readonly certificate: KeySource; readonly keyPassword?: SecretSource } {
  const { certificate } = sourcesOf(values);
  if (certificate === undefined) throw missingOptions(['certificate']);
  return { certificate, ...keyPasswordOf(values), ...resolveHardware(values) };
}

/** What `certificates` looks at where no place is named, and how it opens what it finds. */
interface CertificateSearches {
  readonly given: readonly KeySource[];
  readonly settings: BackendSettings & { readonly keyPassword?: SecretSource };
}

/**
 * Reads the options of `certificates`.
 * @throws RolesAnywhereError OPTION_*
 */
export function resolveCertificates(values: OptionValues): CertificateSearches {
  const { certificate, intermediates } = sourcesOf(values);
  const given = [certificate, intermediates].filter((source) => source !== undefined);
  if (given.length === 0 && values.words.length === 0) throw missingOptions(['certificate']);
  return { given, settings: { ...keyPasswordOf(values), ...resolveHardware(values) } };
}

function sourcesOf(values: OptionValues): GivenSources {
  const problems = new Problems();
  const sources = readSources(values, problems);
  problems.throwAny();
  return sources;
}

function keyPasswordOf(values: OptionValues): { readonly keyPassword?: SecretSource } {
  const keyPassword = passwordOf(values, 'pkcs8-password');
  return keyPassword === undefined ? {} : { keyPassword };
}
