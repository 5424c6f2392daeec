import { describeError } from '../../core/describe-error.ts';
import { KeyObject, X509Certificate } from 'node:crypto';
import { type ErrorCode, RolesAnywhereError } from '../../core/errors.ts';
import type { RolesAnywhereTarget } from './init.ts';

/** Key material and passwords that options cannot hold, by the flag they stand for. */
export type SuppliedKeys = ReadonlyMap<string, unknown>;

/** What the init gives of certificate and key that is more than a place to read from. */
export function suppliedKeys(init: RolesAnywhereTarget): SuppliedKeys {
  const passwords = [
    ['pkcs8-password', init.pkcs8Password],
    ['pkcs11-pin', init.pkcs11Pin],
    ['tpm-key-password', init.tpmKeyPassword],
    ['tpm-parent-password', init.tpmParentPassword],
    ['tpm-hierarchy-password', init.tpmHierarchyPassword],
  ] as const;
  const materials = [
    ['certificate', init.certificate],
    ['private-key', init.privateKey],
    ['intermediates', init.intermediates],
  ] as const;
  return new Map<string, unknown>([
    ...materials.filter(([, value]) => value !== undefined && !isPlace(value)),
    ...passwords.filter(([, value]) => typeof value === 'function'),
  ]);
}

/** Characters that a path, a URI or a password may have. What is longer was meant for something else. */
export const longestText = 32_768;

/** Whether a value is a text that says where something is, and not the thing itself. */
export function isPlace(value: unknown): value is string {
  return typeof value === 'string' && !/-----BEGIN|[\r\n]/.test(value);
}

export function hasFunctions(keys: SuppliedKeys): boolean {
  return [...keys.values()].some((value) => typeof value === 'function');
}

/**
 * Calls every function once, all at the same time.
 *
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CHAIN_UNREADABLE, KEY_UNREADABLE, PASSWORD_UNREADABLE
 */
export async function callFunctions(keys: SuppliedKeys): Promise<SuppliedKeys> {
  return new Map(await Promise.all([...keys].map(async ([flag, value]) => [flag, await called(flag, value)] as const)));
}

/** Whether two calls gave the same, of functions of the same init. */
export function areSameKeys(some: SuppliedKeys, others: SuppliedKeys): boolean {
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

async function called(flag: string, value: unknown): Promise<unknown> {
  if (typeof value !== 'function') return value;
  try {
    return await value();
  } catch (cause) {
    const code = codes[flag] ?? 'PASSWORD_UNREADABLE';
    throw new RolesAnywhereError(
      code,
      `--${flag}: the function that gives it failed: ${describeError(cause).message}`,
      { cause },
    );
  }
}
