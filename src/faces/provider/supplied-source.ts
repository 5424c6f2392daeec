import { X509Certificate } from 'node:crypto';
import { RolesAnywhereError } from '../../errors.ts';
import type { ByteSource, IdentitySource, SecretSource } from '../../identity/identity.ts';
import { readByteSource, readCertificateSource, readKeySource } from '../../options/explain-source.ts';
import { isPlace, type SuppliedKeys } from './supplied-keys.ts';

/**
 * Puts key material and passwords, with all functions called, where the options have their stand-ins.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function withSupplied(resolved: IdentitySource, keys: SuppliedKeys): IdentitySource {
  const { keyPassword, pkcs11, tpm } = resolved;
  const supply = secretSupply(keys);
  return {
    ...resolved,
    ...(keys.has('certificate') ? { certificate: sourceOf('certificate', keys, readCertificateSource) } : {}),
    ...(keys.has('private-key') ? { privateKey: sourceOf('private-key', keys, readKeySource) } : {}),
    ...(keys.has('intermediates') ? { intermediates: sourceOf('intermediates', keys, readByteSource) } : {}),
    ...(keyPassword === undefined ? {} : { keyPassword: supply(keyPassword) }),
    ...(pkcs11?.pin === undefined ? {} : { pkcs11: { ...pkcs11, pin: supply(pkcs11.pin) } }),
    ...(tpm === undefined
      ? {}
      : {
          tpm: {
            ...tpm,
            ...(tpm.keyPassword === undefined ? {} : { keyPassword: supply(tpm.keyPassword) }),
            ...(tpm.parentPassword === undefined ? {} : { parentPassword: supply(tpm.parentPassword) }),
            ...(tpm.hierarchyPassword === undefined ? {} : { hierarchyPassword: supply(tpm.hierarchyPassword) }),
          },
        }),
  };
}

type ReadPlace<T> = (text: string, option: string) => T;

/** The value is never shown: it may be a key. */
function sourceOf<T>(flag: string, keys: SuppliedKeys, read: ReadPlace<T>): T | ByteSource {
  const value = keys.get(flag);
  const option = `--${flag}`;
  if (value !== '' && isPlace(value)) return read(value, option);
  const bytes = bytesOf(value);
  if (bytes !== undefined) return { option, kind: 'bytes', bytes };
  throw new RolesAnywhereError('OPTION_INVALID', `${option} is ${whatIs(value)}, which cannot be read`, {
    hints: [
      `give a path, PEM text, bytes, ${flag === 'private-key' ? 'a KeyObject' : 'an X509Certificate'}, or a function that gives one of them`,
      ...(flag === 'private-key' ? ['KeyObject.from() of node:crypto makes a KeyObject of a CryptoKey'] : []),
    ],
  });
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value === 'string' && value !== '') return Buffer.from(value, 'utf8');
  if (value instanceof Uint8Array) return value;
  return value instanceof X509Certificate ? value.raw : undefined;
}

function whatIs(value: unknown): string {
  if (value === '') return 'an empty text';
  if (typeof value === 'object' && value !== null) return `an object of type ${value.constructor.name}`;
  return value === null ? 'null' : `a value of type ${typeof value}`;
}

/** A password from its function, where there is one. */
function secretSupply(keys: SuppliedKeys): (secret: SecretSource) => SecretSource {
  return (secret) => {
    const flag = secret.option.slice('--'.length);
    if (!keys.has(flag)) return secret;
    const value = keys.get(flag);
    if (typeof value === 'string') return { option: secret.option, kind: 'value', value };
    throw new RolesAnywhereError('OPTION_INVALID', `${secret.option} is ${whatIs(value)}, where a string belongs`);
  };
}
