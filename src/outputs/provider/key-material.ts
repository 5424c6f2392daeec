import { describeError } from '../../core/describe-error.ts';
import { KeyObject, X509Certificate } from 'node:crypto';
import { type ErrorCode, RolesAnywhereError } from '../../core/errors.ts';
import type { RolesAnywhereTarget } from './init.ts';
import { isObject, whatIs } from '../../core/given-shape.ts';
import { inTime } from '../../pipeline/refresh/abortable.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import type { ByteSource, IdentitySource, KeySource, SecretSource } from '../../identity/identity.ts';
import { maxSourceBytes } from '../../identity/read-source.ts';
import { readByteSource, readCertificateSource, readKeySource } from '../../options/resolve/read-sources.ts';
import { readStore } from '../../options/resolve/store-source.ts';

/** Key material and passwords that options cannot hold, by the flag they stand for. */
export type KeyMaterials = ReadonlyMap<string, unknown>;

/** What the init gives of certificate and key that is more than a place to read from. */
export function keyMaterialsOf(init: RolesAnywhereTarget): KeyMaterials {
  const passwords = [
    ['pkcs8-password', init.pkcs8Password],
    ['pkcs11-pin', init.pkcs11Pin],
    ['tpm-key-password', init.tpmKeyPassword],
    ['tpm-parent-password', init.tpmParentPassword],
    ['tpm-hierarchy-password', init.tpmHierarchyPassword],
  ] as const;
  const sources = [
    ['certificate', init.certificate],
    ['private-key', init.privateKey],
    ['intermediates', init.intermediates],
  ] as const;
  return new Map<string, unknown>([
    ...sources.filter(([, value]) => value !== undefined && !isPlace(value)),
    ...passwords.filter(([, value]) => typeof value === 'function'),
  ]);
}

/** Characters that a path, a URI or a password may have. What is longer was meant for something else. */
export const longestText = 32_768;

/** Whether a value is a text that says where something is, and not the thing itself. */
export function isPlace(value: unknown): value is string {
  return typeof value === 'string' && !/-----BEGIN|[\r\n]/.test(value);
}

export function hasFunctions(materials: KeyMaterials): boolean {
  return [...materials.values()].some((value) => typeof value === 'function');
}

/**
 * Calls every function once, all at the same time. One that takes longer than a minute has failed, in a way that passes.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CHAIN_UNREADABLE, KEY_UNREADABLE, PASSWORD_UNREADABLE
 */
export async function callFunctions(materials: KeyMaterials, clock: TimerClock): Promise<KeyMaterials> {
  const values = [...materials].map(async ([flag, value]) => [flag, await called(flag, value, clock)] as const);
  return new Map(await Promise.all(values));
}

/** Whether two calls gave the same, of functions of the same init. */
export function areSameMaterials(some: KeyMaterials, others: KeyMaterials): boolean {
  return [...some].every(([flag, value]) => isSame(value, others.get(flag)));
}

function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) return Buffer.compare(one, other) === 0;
  if (one instanceof KeyObject && other instanceof KeyObject) return one.equals(other);
  if (one instanceof X509Certificate && other instanceof X509Certificate) return isSame(one.raw, other.raw);
  return one === other;
}

const codes: Readonly<Record<string, ErrorCode>> = {
  certificate: 'CERTIFICATE_UNREADABLE',
  'private-key': 'KEY_UNREADABLE',
  intermediates: 'CHAIN_UNREADABLE',
};

type TimerClock = Pick<Clock, 'after'>;

/** Milliseconds that a function may take. */
const longestCall = 60_000;

async function called(flag: string, value: unknown, clock: TimerClock): Promise<unknown> {
  if (typeof value !== 'function') return value;
  try {
    const given: unknown = value();
    return await inTime(Promise.resolve(given), { milliseconds: longestCall, clock, late: failLate });
  } catch (cause) {
    const code = codes[flag] ?? 'PASSWORD_UNREADABLE';
    throw new RolesAnywhereError(
      code,
      `--${flag}: the function that gives it failed: ${describeError(cause).message}`,
      { cause },
    );
  }
}

function failLate(): never {
  throw Object.assign(new Error('the function gave nothing'), { code: 'ETIMEDOUT' });
}

/**
 * Puts key material and passwords, with all functions called, in the place that options hold open for them.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function withMaterials(resolved: IdentitySource, materials: KeyMaterials): IdentitySource {
  const { keyPassword, pkcs11, tpm } = resolved;
  const secretOf = givenSecret(materials);
  return {
    ...resolved,
    ...(materials.has('certificate') ? { certificate: certificateOf(materials) } : {}),
    ...(materials.has('private-key') ? { privateKey: sourceOf('private-key', materials, readKeySource) } : {}),
    ...(materials.has('intermediates') ? { intermediates: sourceOf('intermediates', materials, readByteSource) } : {}),
    ...(keyPassword === undefined ? {} : { keyPassword: secretOf(keyPassword) }),
    ...(pkcs11?.pin === undefined ? {} : { pkcs11: { ...pkcs11, pin: secretOf(pkcs11.pin) } }),
    ...(tpm === undefined
      ? {}
      : {
          tpm: {
            ...tpm,
            ...(tpm.keyPassword === undefined ? {} : { keyPassword: secretOf(tpm.keyPassword) }),
            ...(tpm.parentPassword === undefined ? {} : { parentPassword: secretOf(tpm.parentPassword) }),
            ...(tpm.hierarchyPassword === undefined ? {} : { hierarchyPassword: secretOf(tpm.hierarchyPassword) }),
          },
        }),
  };
}

/** It may be in a store of the operating system, too: a place that takes more than a text to name. */
function certificateOf(materials: KeyMaterials): KeySource {
  const value = materials.get('certificate');
  return isInStore(value)
    ? readStore(value.store, '--certificate')
    : sourceOf('certificate', materials, readCertificateSource);
}
function isInStore(value: unknown): value is { readonly store: unknown } {
  return isObject(value) && 'store' in value && !(value instanceof Uint8Array);
}

type ReadPlace<T> = (text: string, option: string) => T;

/** The value is never shown: it may be a key. */
function sourceOf<T>(flag: string, materials: KeyMaterials, read: ReadPlace<T>): T | ByteSource {
  const value = materials.get(flag);
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
function givenSecret(materials: KeyMaterials): (secret: SecretSource) => SecretSource {
  return (secret) => {
    const flag = secret.option.slice('--'.length);
    if (!materials.has(flag)) return secret;
    const value = materials.get(flag);
    if (typeof value === 'string') {
      return { option: secret.option, kind: 'value', value: bounded(value, longestText, secret.option) };
    }
    throw new RolesAnywhereError('OPTION_INVALID', `${secret.option} is ${whatIs(value)}, where a string belongs`);
  };
}
