import { X509Certificate } from 'node:crypto';
import { RolesAnywhereError } from '../../core/errors.ts';
import { whatIs } from '../../core/given-shape.ts';
import type { ByteSource, IdentitySource, SecretSource } from '../../identity/identity.ts';
import { maxSourceBytes } from '../../identity/read-source.ts';
import { readByteSource, readCertificateSource, readKeySource } from '../../options/explain/explain-sources.ts';
import { isPlace, longestText, type SuppliedKeys } from './supplied-keys.ts';

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
  if (value !== '' && isPlace(value)) return read(bounded(value, longestText, option), option);
  const bytes = bytesOf(value, option);
  if (bytes !== undefined) return { option, kind: 'bytes', bytes };
  const thing = flag === 'private-key' ? 'a KeyObject' : 'an X509Certificate';
  throw new RolesAnywhereError('OPTION_INVALID', `${option} is ${whatIs(value)}, which cannot be read`, {
    hints: [
      `give a path, PEM text, bytes, ${thing}, or a function that gives one of them`,
      ...(hintsByType[typeOf(value)] ?? []),
      ...(flag === 'private-key' ? ['KeyObject.from() of node:crypto makes a KeyObject of a CryptoKey'] : []),
    ],
  });
}

const bytesHint = ['new Uint8Array(buffer) makes bytes of it'];

/** How to make what can be read of what is often at hand. */
const hintsByType: Readonly<Record<string, readonly string[]>> = {
  Array: ['of several certificates put the PEM texts one after the other: certificates.join("\\n")'],
  URL: ['fileURLToPath() of node:url makes a path of a file: URL'],
  ArrayBuffer: bytesHint,
  SharedArrayBuffer: bytesHint,
  Promise: ['await it, or give a function that returns it'],
};

function typeOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

function bytesOf(value: unknown, option: string): Uint8Array | undefined {
  if (typeof value === 'string' && value !== '') return Buffer.from(bounded(value, maxSourceBytes, option), 'utf8');
  if (value instanceof Uint8Array) return bounded(value, maxSourceBytes, option);
  return value instanceof X509Certificate ? value.raw : undefined;
}

/** What is longer than anything of its kind is not looked at. */
function bounded<T extends { readonly length: number }>(value: T, most: number, option: string): T {
  if (value.length <= most) return value;
  const unit = typeof value === 'string' ? 'characters' : 'bytes';
  throw new RolesAnywhereError('OPTION_INVALID', `${option} has ${value.length} ${unit}, and may have ${most}`);
}

/** A password from its function, where there is one. */
function secretSupply(keys: SuppliedKeys): (secret: SecretSource) => SecretSource {
  return (secret) => {
    const flag = secret.option.slice('--'.length);
    if (!keys.has(flag)) return secret;
    const value = keys.get(flag);
    if (typeof value === 'string') {
      return { option: secret.option, kind: 'value', value: bounded(value, longestText, secret.option) };
    }
    throw new RolesAnywhereError('OPTION_INVALID', `${secret.option} is ${whatIs(value)}, where a string belongs`);
  };
}
