import type { KeySource, SecretSource } from '../../identity/identity.ts';
import type { Digest } from '../../identity/signer.ts';
import { checkSources, readCertificateSource, readKeySource } from './read-sources.ts';
import { missingOptions } from '../explain/explain-request.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { passwordOf } from './sources.ts';
import { Problems } from '../parse/problems.ts';
import { type HardwareSettings, resolveHardware } from './resolve-identity.ts';

/** What `sign-string` is asked for. */
interface SignString {
  readonly key: HardwareSettings & {
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
  refuseSources(values);
  const certificate = certificateOf(values);
  const privateKey = values.text('private-key');
  if (certificate === undefined && privateKey === undefined) throw missingOptions(['private-key']);
  const format = values.text('format');
  return {
    key: {
      ...(certificate === undefined ? {} : { certificate }),
      ...(privateKey === undefined ? {} : { privateKey: readKeySource(privateKey, values.origin('private-key')) }),
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
): HardwareSettings & { readonly certificate: KeySource; readonly keyPassword?: SecretSource } {
  refuseSources(values);
  const certificate = certificateOf(values);
  if (certificate === undefined) throw missingOptions(['certificate']);
  return { certificate, ...keyPasswordOf(values), ...resolveHardware(values) };
}

function refuseSources(values: OptionValues): void {
  const problems = new Problems();
  checkSources(values, problems);
  problems.throwAny();
}

function certificateOf(values: OptionValues): KeySource | undefined {
  const text = values.text('certificate');
  return text === undefined ? undefined : readCertificateSource(text, values.origin('certificate'));
}

function keyPasswordOf(values: OptionValues): { readonly keyPassword?: SecretSource } {
  const keyPassword = passwordOf(values, 'pkcs8-password');
  return keyPassword === undefined ? {} : { keyPassword };
}
