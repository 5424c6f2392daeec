import { platform } from 'node:os';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Ffi, NativeFunctions } from '../../../ffi/ffi.ts';
import { findFfi } from '../../../ffi/find-ffi.ts';

/** CFBase.h, CFDictionary.h, CFArray.h, CFData.h, CFError.h, CFString.h. CFIndex and CFTypeID are `long`, Boolean is a byte. */
const foundation = {
  CFRetain: { takes: ['pointer'], gives: 'pointer' },
  CFRelease: { takes: ['pointer'], gives: 'void' },
  CFDictionaryCreate: { takes: ['pointer', 'pointer', 'pointer', 'i64', 'pointer', 'pointer'], gives: 'pointer' },
  CFArrayCreate: { takes: ['pointer', 'pointer', 'i64', 'pointer'], gives: 'pointer' },
  CFArrayGetCount: { takes: ['pointer'], gives: 'i64' },
  CFArrayGetValueAtIndex: { takes: ['pointer', 'i64'], gives: 'pointer' },
  CFDataCreate: { takes: ['pointer', 'pointer', 'i64'], gives: 'pointer' },
  CFDataGetLength: { takes: ['pointer'], gives: 'i64' },
  CFDataGetBytePtr: { takes: ['pointer'], gives: 'pointer' },
  CFErrorGetCode: { takes: ['pointer'], gives: 'i64' },
  CFErrorCopyDescription: { takes: ['pointer'], gives: 'pointer' },
  CFStringGetCString: { takes: ['pointer', 'pointer', 'i64', 'u32'], gives: 'u8' },
} as const;

/** SecItem.h, SecIdentity.h, SecCertificate.h, SecKey.h, SecPolicy.h, SecTrust.h (macOS 12), SecKeychain.h. */
const security = {
  SecItemCopyMatching: { takes: ['pointer', 'pointer'], gives: 'i32' },
  SecIdentityCopyCertificate: { takes: ['pointer', 'pointer'], gives: 'i32' },
  SecIdentityCopyPrivateKey: { takes: ['pointer', 'pointer'], gives: 'i32' },
  SecCertificateCopyData: { takes: ['pointer'], gives: 'pointer' },
  SecKeyIsAlgorithmSupported: { takes: ['pointer', 'i64', 'pointer'], gives: 'u8' },
  SecKeyCreateSignature: { takes: ['pointer', 'pointer', 'pointer', 'pointer'], gives: 'pointer' },
  SecCopyErrorMessageString: { takes: ['i32', 'pointer'], gives: 'pointer' },
  SecPolicyCreateBasicX509: { takes: [], gives: 'pointer' },
  SecTrustCreateWithCertificates: { takes: ['pointer', 'pointer', 'pointer'], gives: 'i32' },
  SecTrustSetNetworkFetchAllowed: { takes: ['pointer', 'u8'], gives: 'i32' },
  SecTrustEvaluateWithError: { takes: ['pointer', 'pointer'], gives: 'u8' },
  SecTrustCopyCertificateChain: { takes: ['pointer'], gives: 'pointer' },
  SecKeychainOpen: { takes: ['pointer', 'pointer'], gives: 'i32' },
  SecKeychainGetStatus: { takes: ['pointer', 'pointer'], gives: 'i32' },
  SecKeychainSetUserInteractionAllowed: { takes: ['u8'], gives: 'i32' },
} as const;

const loader = {
  dlopen: { takes: ['pointer', 'i32'], gives: 'pointer' },
  dlsym: { takes: ['pointer', 'pointer'], gives: 'pointer' },
} as const;

/** Paths of the two frameworks. There is no file at them since macOS 11: the loader knows them. */
export interface Frameworks {
  readonly foundation: string;
  readonly security: string;
}

const folder = '/System/Library/Frameworks';
const ofSystem: Frameworks = {
  foundation: `${folder}/CoreFoundation.framework/CoreFoundation`,
  security: `${folder}/Security.framework/Security`,
};

export interface KeychainCalls extends NativeFunctions<typeof foundation & typeof security>, Pick<Ffi, 'read'> {
  /** Where a variable of a framework is. */
  addressOf(name: string): bigint;
  /** What lies there: a constant is a variable that holds a reference. */
  constant(name: string): bigint;
}

/**
 * The functions of macOS that find certificates in keychains and sign with their keys.
 *
 * @param frameworks others in their place, on whatever system
 * @throws RolesAnywhereError STORE_UNAVAILABLE
 */
export async function openKeychainCalls(option: string, frameworks?: Frameworks): Promise<KeychainCalls> {
  if (frameworks === undefined && platform() !== 'darwin') {
    throw noKeychain(`${option} names a keychain of macOS, and this is ${platform()}`, [
      'give a file, a PKCS#11 URI or a key of the TPM',
    ]);
  }
  const ffi = await findFfi();
  if (!('open' in ffi)) throw noKeychain(`${option} needs ${ffi.missing}`, ffi.hints, ffi.cause);
  return callsOf(ffi, option, frameworks ?? ofSystem);
}

function callsOf(ffi: Ffi, option: string, frameworks: Frameworks): KeychainCalls {
  try {
    const addressOf = symbolFinder(ffi, frameworks);
    return {
      ...ffi.open(frameworks.foundation, foundation),
      ...ffi.open(frameworks.security, security),
      read: (address, length) => ffi.read(address, length),
      addressOf,
      constant: (name) => ffi.read(addressOf(name), 8).readBigUInt64LE(),
    };
  } catch (cause) {
    throw noKeychain(`${option}: this macOS lacks a function of its keychains`, ['macOS 12 or later is needed'], cause);
  }
}

/** Variables are not functions, which are all that can be had of a library otherwise. */
function symbolFinder(ffi: Ffi, frameworks: Frameworks): (name: string) => bigint {
  const { dlopen, dlsym } = ffi.openLibc(loader);
  const lazy = 1; // RTLD_LAZY
  const libraries = [frameworks.foundation, frameworks.security].map((path) => dlopen(Buffer.from(`${path}\0`), lazy));
  return (name) => {
    const zeroEnded = Buffer.from(`${name}\0`);
    const found = libraries.map((library) => dlsym(library, zeroEnded)).find((address) => address !== 0n);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
}

export function noKeychain(message: string, hints: readonly string[], cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('STORE_UNAVAILABLE', message, { hints, cause });
}

/** Gives references back; none is NULL. */
export function release(calls: KeychainCalls, ...references: readonly bigint[]): void {
  for (const reference of references) if (reference !== 0n) calls.CFRelease(reference);
}

/** The bytes of a CFData, which is given back. */
export function takeData(calls: KeychainCalls, data: bigint): Buffer {
  if (data === 0n) return Buffer.alloc(0);
  const bytes = calls.read(calls.CFDataGetBytePtr(data), Number(calls.CFDataGetLength(data)));
  release(calls, data);
  return bytes;
}

const utf8 = 0x0800_0100; // kCFStringEncodingUTF8

/** The text of a CFString, which is given back. */
export function takeString(calls: KeychainCalls, string: bigint): string {
  if (string === 0n) return '';
  const buffer = Buffer.alloc(1024);
  const isWhole = calls.CFStringGetCString(string, buffer, buffer.length, utf8) !== 0;
  release(calls, string);
  return isWhole ? buffer.toString('utf8', 0, buffer.indexOf(0)) : '';
}

/** References side by side, as an array of C. */
export function inArray(...references: readonly bigint[]): Buffer {
  const bytes = Buffer.alloc(8 * references.length);
  for (const [at, reference] of references.entries()) bytes.writeBigUInt64LE(reference, 8 * at);
  return bytes;
}
