import { RolesAnywhereError } from '../errors.ts';
import type { ByteSource, IdentitySource, KeySource, SecretSource } from '../identity/identity.ts';
import { parseByteSource, parseKeySource } from './key-source.ts';
import { environmentName, profileKeyName } from './option-row.ts';
import type { OptionValues } from './option-values.ts';
import { optionTable } from './table.ts';

/** Of the options' parts that name the key and what belongs to it. The certificate alone is needed always. */
export function resolveIdentity(values: OptionValues): IdentitySource | undefined {
  const certificate = keySource(values, 'certificate');
  if (certificate === undefined) return undefined;
  const privateKey = keySource(values, 'private-key');
  const intermediates = byteSource(values, 'intermediates');
  const keyPassword = keyPasswordOf(values);
  refuseSharedDescriptor(keyPassword, [certificate, privateKey, intermediates]);
  return {
    certificate,
    ...(privateKey === undefined ? {} : { privateKey }),
    ...(intermediates === undefined ? {} : { intermediates }),
    ...(keyPassword === undefined ? {} : { keyPassword }),
  };
}

/**
 * Where the certificate or key of an option is; undefined when nobody gave it.
 * @throws RolesAnywhereError OPTION_INVALID, OPTION_NOT_BUILT
 */
export function keySource(values: OptionValues, flag: 'certificate' | 'private-key'): KeySource | undefined {
  const text = values.text(flag);
  if (text === undefined) return undefined;
  const origin = values.origin(flag);
  const source = parseKeySource(text, origin);
  if (source.kind === 'pkcs11' || source.kind === 'tpm-handle') {
    const [scheme, keys] = source.kind === 'pkcs11' ? ['pkcs11:', 'on a PKCS#11 token'] : ['handle:', 'in a TPM'];
    throw new RolesAnywhereError(
      'OPTION_NOT_BUILT',
      `${origin} begins with ${scheme}, but keys ${keys} are not built yet`,
    );
  }
  return source;
}

function byteSource(values: OptionValues, flag: 'intermediates'): ByteSource | undefined {
  const text = values.text(flag);
  return text === undefined ? undefined : parseByteSource(text, values.origin(flag));
}

/** Where the password of the key is. The empty password of the official helper's flag means none. */
export function keyPasswordOf(values: OptionValues): SecretSource | undefined {
  const value = values.text('pkcs8-password');
  if (value !== undefined && value !== '') {
    return { option: values.origin('pkcs8-password'), kind: 'value', value };
  }
  const path = values.text('pkcs8-password-file');
  if (path !== undefined) {
    return { option: values.origin('pkcs8-password-file'), kind: 'file', path };
  }
  const fd = values.integer('pkcs8-password-fd');
  if (fd === undefined) return undefined;
  return { option: values.origin('pkcs8-password-fd'), kind: 'fd', fd };
}

/** How to give options that are missing. */
export function missingOptions(flags: readonly string[]): RolesAnywhereError {
  const missing = flags.map((flag) => optionTable.find((row) => row.flag === flag)).filter((row) => row !== undefined);
  const names = flags.map((flag) => `--${flag}`);
  const all = names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return new RolesAnywhereError('OPTION_MISSING', `${all} ${names.length < 2 ? 'is' : 'are'} missing`, {
    hints: missing.map(
      (row) =>
        `give --${row.flag}, ${environmentName(row)}, or ${profileKeyName(row)} in the profile of --from-profile`,
    ),
  });
}

/**
 * Certificates and keys may share a source, which is read once for all of them; a password needs one of its own.
 * @throws RolesAnywhereError OPTION_CONFLICT
 */
export function refuseSharedDescriptor(
  password: SecretSource | undefined,
  sources: readonly (KeySource | undefined)[],
): void {
  if (password?.kind !== 'fd') return;
  const other = sources.find((source) => descriptorOf(source) === password.fd);
  if (other === undefined) return;
  throw new RolesAnywhereError('OPTION_CONFLICT', `${other.option} and ${password.option} read the same descriptor`, {
    hints: ['give one of them another source'],
  });
}

function descriptorOf(source: KeySource | undefined): number | undefined {
  if (source?.kind === 'stdin') return 0;
  return source?.kind === 'fd' ? source.fd : undefined;
}
