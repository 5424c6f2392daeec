import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { Slot } from '../../../ffi/slot.ts';
import type { KeySource } from '../../identity.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import { locationOf } from '../sources.ts';
import type { StoredCertificate, SystemStore } from '../system-store/system-store.ts';
import {
  type Frameworks,
  inArray,
  type KeychainCalls,
  noKeychain,
  openKeychainCalls,
  release,
  takeData,
  takeString,
} from './keychain-calls.ts';
import { openKeychainKey } from './keychain-key.ts';

type KeychainSource = KeySource & { readonly kind: 'keychain' };

/** errSecItemNotFound of SecBase.h */
const itemNotFound = -25_300;

/**
 * Opens keychains of macOS: the one that is named, or all that the user looks in.
 *
 * @param frameworks as of openKeychainCalls
 * @throws RolesAnywhereError STORE_UNAVAILABLE
 */
export async function openKeychain(source: KeychainSource, frameworks?: Frameworks): Promise<SystemStore> {
  const calls = await openKeychainCalls(source.option, frameworks);
  const keychain = openNamed(calls, source);
  const opened: bigint[] = [keychain];
  try {
    const identities = await findAll(calls, source, 'kSecClassIdentity', keychain);
    opened.push(...identities);
    const certificates = await findAll(calls, source, 'kSecClassCertificate', keychain);
    opened.push(...certificates);
    return {
      certificates: storedOf(calls, identities, certificates),
      issuersOf: ({ handle }) => issuersOf(calls, handle),
      openKey: async ({ handle }, use) => openKeychainKey(calls, handle, use),
      close: () => release(calls, ...opened),
    };
  } catch (error) {
    release(calls, ...opened);
    throw error;
  }
}

/** NULL where none is named. That there is none at a path, macOS says only when it is asked for the keychain's state. */
function openNamed(calls: KeychainCalls, source: KeychainSource): bigint {
  if (source.keychain === undefined) return 0n;
  const [keychain, state] = [new Slot(), Buffer.alloc(4)];
  const path = Buffer.from(`${pathOf(source.keychain)}\0`);
  const status = calls.SecKeychainOpen(path, keychain.bytes) || calls.SecKeychainGetStatus(keychain.value, state);
  if (status === 0) return keychain.value;
  release(calls, keychain.value);
  throw cannotRead(calls, source, status);
}

function pathOf(keychain: string): string {
  if (keychain === 'System') return '/Library/Keychains/System.keychain';
  return keychain === 'login' ? `${homedir()}/Library/Keychains/login.keychain-db` : keychain;
}

/** Every item of a class, held until it is released. Another process looks for them. */
async function findAll(
  calls: KeychainCalls,
  source: KeychainSource,
  itemClass: string,
  keychain: bigint,
): Promise<readonly bigint[]> {
  const list =
    keychain === 0n ? 0n : calls.CFArrayCreate(null, inArray(keychain), 1, calls.addressOf('kCFTypeArrayCallBacks'));
  const query = makeQuery(calls, itemClass, list);
  const found = new Slot();
  const status = await calls.SecItemCopyMatching.async(query, found.bytes).finally(() => release(calls, query, list));
  if (status === itemNotFound) return [];
  if (status !== 0) throw cannotRead(calls, source, status);
  const items = itemsOf(calls, found.value).map((item) => calls.CFRetain(item));
  release(calls, found.value);
  return items;
}

function makeQuery(calls: KeychainCalls, itemClass: string, list: bigint): bigint {
  const pairs = [
    ['kSecClass', calls.constant(itemClass)],
    ['kSecReturnRef', calls.constant('kCFBooleanTrue')],
    ['kSecMatchLimit', calls.constant('kSecMatchLimitAll')],
    ...(list === 0n ? [] : [['kSecMatchSearchList', list] as const]),
  ] as const;
  return calls.CFDictionaryCreate(
    null,
    inArray(...pairs.map(([key]) => calls.constant(key))),
    inArray(...pairs.map(([, value]) => value)),
    pairs.length,
    calls.addressOf('kCFTypeDictionaryKeyCallBacks'),
    calls.addressOf('kCFTypeDictionaryValueCallBacks'),
  );
}

/** Its references belong to the array. */
function itemsOf(calls: KeychainCalls, array: bigint): readonly bigint[] {
  return Array.from({ length: Number(calls.CFArrayGetCount(array)) }, (_, at) =>
    calls.CFArrayGetValueAtIndex(array, at),
  );
}

/** Each certificate once, however many keychains have it: with its key where one of them has that. */
function storedOf(
  calls: KeychainCalls,
  identities: readonly bigint[],
  certificates: readonly bigint[],
): readonly StoredCertificate[] {
  const all = [
    ...identities.map((handle) => ({
      handle,
      hasKey: true,
      der: ofIdentity(calls, handle, (one) => derOf(calls, one)),
    })),
    ...certificates.map((handle) => ({ handle, hasKey: false, der: derOf(calls, handle) })),
  ];
  const found = new Map<string, StoredCertificate>();
  for (const { der, ...rest } of all) {
    const certificate = parsed(der);
    const thumbprint = createHash('sha1').update(der).digest('hex');
    if (certificate !== undefined && !found.has(thumbprint))
      found.set(thumbprint, { certificate, thumbprint, ...rest });
  }
  return [...found.values()];
}

function derOf(calls: KeychainCalls, certificate: bigint): Buffer {
  return takeData(calls, calls.SecCertificateCopyData(certificate));
}

/** Runs `use` with the certificate of an identity; NULL has no bytes. */
function ofIdentity(calls: KeychainCalls, identity: bigint, use: (certificate: bigint) => Buffer): Buffer {
  const certificate = new Slot();
  if (calls.SecIdentityCopyCertificate(identity, certificate.bytes) !== 0) return Buffer.alloc(0);
  const result = use(certificate.value);
  release(calls, certificate.value);
  return result;
}

/** Keychains hold what nobody could use, too. */
function parsed(der: Buffer): Certificate | undefined {
  try {
    return parseX509(der);
  } catch {
    return undefined;
  }
}

/**
 * What the system builds of its own certificates, without the network. Whether it trusts them does not matter: the service
 * does that. Of this, too, only what really issued the leaf is taken.
 */
async function issuersOf(calls: KeychainCalls, identity: bigint): Promise<readonly Certificate[]> {
  const certificate = new Slot();
  if (calls.SecIdentityCopyCertificate(identity, certificate.bytes) !== 0) return [];
  const policy = calls.SecPolicyCreateBasicX509();
  const trust = new Slot();
  try {
    const status = calls.SecTrustCreateWithCertificates(certificate.value, policy, trust.bytes);
    const found = status === 0 ? await chainOfTrust(calls, trust.value) : [];
    return found.map(parsed).filter((one) => one !== undefined);
  } finally {
    release(calls, trust.value, policy, certificate.value);
  }
}

async function chainOfTrust(calls: KeychainCalls, trust: bigint): Promise<readonly Buffer[]> {
  const error = new Slot();
  calls.SecTrustSetNetworkFetchAllowed(trust, 0);
  await calls.SecTrustEvaluateWithError.async(trust, error.bytes);
  const chain = calls.SecTrustCopyCertificateChain(trust);
  const found = chain === 0n ? [] : itemsOf(calls, chain).map((one) => derOf(calls, one));
  release(calls, error.value, chain);
  return found;
}

function cannotRead(calls: KeychainCalls, source: KeychainSource, status: number): Error {
  const words = takeString(calls, calls.SecCopyErrorMessageString(status, null));
  return noKeychain(`${locationOf(source)} cannot be read: ${words === '' ? '' : `${words} `}(${status})`, [
    'security list-keychains names those that are looked in; a keychain is given by its path, or as login or System',
  ]);
}
