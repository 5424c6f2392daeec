import { endianness } from 'node:os';
import { RolesAnywhereError } from '../../../core/errors.ts';

/**
 * The part of PKCS#11 (v2.40) that this package uses, in its own words. What is behind it only load-module.ts knows.
 *
 * Every function rejects with CryptokiError when the module answers something else than CKR_OK. All of them may take long:
 * a module may wait for its reader, a server or a person in any of them.
 */

export interface CryptokiModule {
  /** C_GetInfo. */
  describe(): Promise<LibraryInfo>;
  /** Slots with a token in them, asked for anew at each call. */
  slots(): Promise<readonly CryptokiSlot[]>;
}

/** CK_INFO; padding is cut off here and below. */
interface LibraryInfo {
  readonly manufacturer: string;
  readonly description: string;
  readonly version: { readonly major: number; readonly minor: number };
}

export interface CryptokiSlot {
  readonly id: bigint;
  /** C_GetSlotInfo. */
  describe(): Promise<SlotInfo>;
  /** C_GetTokenInfo. */
  token(): Promise<TokenInfo>;
  /** C_OpenSession: serial, read-only. */
  open(): Promise<CryptokiSession>;
}

interface SlotInfo {
  readonly description: string;
  readonly manufacturer: string;
}

export interface TokenInfo {
  readonly label: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  /** Bits of `tokenFlags`. */
  readonly flags: number;
}

/** CKF_… of CK_TOKEN_INFO. */
export const tokenFlags = {
  loginRequired: 0x4,
  protectedAuthenticationPath: 0x100,
  initialized: 0x400,
  pinCountLow: 0x10000,
  pinFinalTry: 0x20000,
  pinLocked: 0x40000,
} as const;

export type LoginKind = 'user' | 'context-specific';

export interface CryptokiSession {
  /** C_GetSessionInfo: whether the user is logged in. It fails when session or token are gone. */
  isLoggedIn(): Promise<boolean>;
  /** C_Login; the empty PIN where the token has a PIN pad of its own. */
  login(kind: LoginKind, pin: string): Promise<void>;
  /** C_FindObjects: objects that have all the attributes. */
  find(template: Template): Promise<readonly CryptokiObject[]>;
  /** C_SignInit. */
  startSigning(key: CryptokiObject, mechanism: number): Promise<void>;
  /** C_Sign: some tokens take a second, and some wait for a finger. */
  sign(data: Uint8Array): Promise<Uint8Array>;
  /** Ends what startSigning began, when no signature is wanted any more; never fails. */
  giveUpSigning(): Promise<void>;
  /** C_CloseSession; never fails. */
  close(): Promise<void>;
}

export interface Template {
  readonly class: number;
  readonly id?: Uint8Array;
  readonly label?: string;
  readonly subject?: Uint8Array;
}

export interface CryptokiObject {
  /** C_GetAttributeValue; undefined where the object has no such attribute or does not show it. */
  read(attribute: number): Promise<Uint8Array | undefined>;
}

/** CKO_… */
export const objectClass = { certificate: 1, publicKey: 2, privateKey: 3 } as const;

/** CKA_… */
export const attributes = {
  class: 0x0,
  token: 0x1,
  label: 0x3,
  value: 0x11,
  certificateType: 0x80,
  keyType: 0x100,
  subject: 0x101,
  id: 0x102,
  sign: 0x108,
  modulus: 0x120,
  publicExponent: 0x122,
  ecParams: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const;

/** CKK_… */
export const keyType = { rsa: 0, ec: 3 } as const;

/** CKM_… */
export const mechanism = {
  rsaPkcs: 0x1,
  sha256RsaPkcs: 0x40,
  sha384RsaPkcs: 0x41,
  sha512RsaPkcs: 0x42,
  ecdsa: 0x1041,
  ecdsaSha256: 0x1044,
  ecdsaSha384: 0x1045,
  ecdsaSha512: 0x1046,
} as const;

/** What a function of the module answered in place of CKR_OK. */
export class CryptokiError extends Error {
  override readonly name = 'CryptokiError';
  /** `CKR_PIN_INCORRECT`. */
  readonly result: string;

  constructor(result: string, cause: unknown) {
    super(result, { cause });
    this.result = result;
  }
}

export function isResult(error: unknown, ...results: readonly string[]): error is CryptokiError {
  return error instanceof CryptokiError && results.includes(error.result);
}

/** A CK_ULONG, which has the size and the byte order of the machine; nothing is 0. */
export function readUnsigned(bytes: Uint8Array): bigint {
  const bigEndian = endianness() === 'BE' ? bytes : bytes.toReversed();
  return bigEndian.length === 0 ? 0n : BigInt(`0x${Buffer.from(bigEndian).toString('hex')}`);
}

/** What the results of PKCS#11 v2.40, section 5.1, mean to somebody who holds the token in their hand. */
const meanings: Readonly<Record<string, string>> = {
  CKR_CANT_LOCK: 'the module cannot be used from several threads',
  CKR_CRYPTOKI_NOT_INITIALIZED: 'the module was shut down by another part of this process',
  CKR_DEVICE_ERROR: 'the token or its reader failed',
  CKR_DEVICE_MEMORY: 'the token has no memory left',
  CKR_DEVICE_REMOVED: 'the token was removed',
  CKR_FUNCTION_CANCELED: 'the token waited in vain for a touch or an entry, or it was cancelled there',
  CKR_FUNCTION_FAILED: 'the token could not do it and gives no reason',
  CKR_FUNCTION_REJECTED: 'the signature was refused at the token',
  CKR_GENERAL_ERROR: 'the module failed and gives no reason',
  CKR_HOST_MEMORY: 'there is no memory left',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'the key may not sign',
  CKR_KEY_SIZE_RANGE: 'the token cannot use keys of this size',
  CKR_MECHANISM_INVALID: 'the token cannot make such signatures',
  CKR_PIN_EXPIRED: 'the PIN has expired and must be changed',
  CKR_SESSION_COUNT: 'other programs hold all sessions that the token allows',
  CKR_TOKEN_NOT_PRESENT: 'there is no token in the slot',
  CKR_TOKEN_NOT_RECOGNIZED: 'the module does not know such a token',
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: 'another user is logged in to the token',
  CKR_USER_NOT_LOGGED_IN: 'the token wants a PIN for it',
  CKR_USER_PIN_NOT_INITIALIZED: 'no user PIN was set on the token',
};

/** @param what the option and what was tried: `--private-key: signing with the token "hsm"` */
export function explainFailure(error: CryptokiError, what: string): RolesAnywhereError {
  const meaning = meanings[error.result];
  return new RolesAnywhereError(
    'PKCS11_FAILED',
    `${what} failed with ${error.result}${meaning === undefined ? '' : `: ${meaning}`}`,
    { cause: error },
  );
}

/**
 * Runs `work`; what the module answers wrong comes out explained.
 *
 * @param what as of explainFailure
 */
export async function explaining<T>(what: () => string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CryptokiError ? explainFailure(error, what()) : error;
  }
}

/** CK_RV -> its name (PKCS#11 v2.40, appendix B, and v3.0). */
const names: Readonly<Record<number, string>> = {
  0x1: 'CKR_CANCEL',
  0x2: 'CKR_HOST_MEMORY',
  0x3: 'CKR_SLOT_ID_INVALID',
  0x5: 'CKR_GENERAL_ERROR',
  0x6: 'CKR_FUNCTION_FAILED',
  0x7: 'CKR_ARGUMENTS_BAD',
  0x8: 'CKR_NO_EVENT',
  0x9: 'CKR_NEED_TO_CREATE_THREADS',
  0xa: 'CKR_CANT_LOCK',
  0x10: 'CKR_ATTRIBUTE_READ_ONLY',
  0x11: 'CKR_ATTRIBUTE_SENSITIVE',
  0x12: 'CKR_ATTRIBUTE_TYPE_INVALID',
  0x13: 'CKR_ATTRIBUTE_VALUE_INVALID',
  0x1b: 'CKR_ACTION_PROHIBITED',
  0x20: 'CKR_DATA_INVALID',
  0x21: 'CKR_DATA_LEN_RANGE',
  0x30: 'CKR_DEVICE_ERROR',
  0x31: 'CKR_DEVICE_MEMORY',
  0x32: 'CKR_DEVICE_REMOVED',
  0x40: 'CKR_ENCRYPTED_DATA_INVALID',
  0x41: 'CKR_ENCRYPTED_DATA_LEN_RANGE',
  0x50: 'CKR_FUNCTION_CANCELED',
  0x51: 'CKR_FUNCTION_NOT_PARALLEL',
  0x54: 'CKR_FUNCTION_NOT_SUPPORTED',
  0x60: 'CKR_KEY_HANDLE_INVALID',
  0x62: 'CKR_KEY_SIZE_RANGE',
  0x63: 'CKR_KEY_TYPE_INCONSISTENT',
  0x64: 'CKR_KEY_NOT_NEEDED',
  0x65: 'CKR_KEY_CHANGED',
  0x66: 'CKR_KEY_NEEDED',
  0x67: 'CKR_KEY_INDIGESTIBLE',
  0x68: 'CKR_KEY_FUNCTION_NOT_PERMITTED',
  0x69: 'CKR_KEY_NOT_WRAPPABLE',
  0x6a: 'CKR_KEY_UNEXTRACTABLE',
  0x70: 'CKR_MECHANISM_INVALID',
  0x71: 'CKR_MECHANISM_PARAM_INVALID',
  0x82: 'CKR_OBJECT_HANDLE_INVALID',
  0x90: 'CKR_OPERATION_ACTIVE',
  0x91: 'CKR_OPERATION_NOT_INITIALIZED',
  0xa0: 'CKR_PIN_INCORRECT',
  0xa1: 'CKR_PIN_INVALID',
  0xa2: 'CKR_PIN_LEN_RANGE',
  0xa3: 'CKR_PIN_EXPIRED',
  0xa4: 'CKR_PIN_LOCKED',
  0xb0: 'CKR_SESSION_CLOSED',
  0xb1: 'CKR_SESSION_COUNT',
  0xb3: 'CKR_SESSION_HANDLE_INVALID',
  0xb4: 'CKR_SESSION_PARALLEL_NOT_SUPPORTED',
  0xb5: 'CKR_SESSION_READ_ONLY',
  0xb6: 'CKR_SESSION_EXISTS',
  0xb7: 'CKR_SESSION_READ_ONLY_EXISTS',
  0xb8: 'CKR_SESSION_READ_WRITE_SO_EXISTS',
  0xc0: 'CKR_SIGNATURE_INVALID',
  0xc1: 'CKR_SIGNATURE_LEN_RANGE',
  0xd0: 'CKR_TEMPLATE_INCOMPLETE',
  0xd1: 'CKR_TEMPLATE_INCONSISTENT',
  0xe0: 'CKR_TOKEN_NOT_PRESENT',
  0xe1: 'CKR_TOKEN_NOT_RECOGNIZED',
  0xe2: 'CKR_TOKEN_WRITE_PROTECTED',
  0xf0: 'CKR_UNWRAPPING_KEY_HANDLE_INVALID',
  0xf1: 'CKR_UNWRAPPING_KEY_SIZE_RANGE',
  0xf2: 'CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT',
  0x100: 'CKR_USER_ALREADY_LOGGED_IN',
  0x101: 'CKR_USER_NOT_LOGGED_IN',
  0x102: 'CKR_USER_PIN_NOT_INITIALIZED',
  0x103: 'CKR_USER_TYPE_INVALID',
  0x104: 'CKR_USER_ANOTHER_ALREADY_LOGGED_IN',
  0x105: 'CKR_USER_TOO_MANY_TYPES',
  0x110: 'CKR_WRAPPED_KEY_INVALID',
  0x112: 'CKR_WRAPPED_KEY_LEN_RANGE',
  0x113: 'CKR_WRAPPING_KEY_HANDLE_INVALID',
  0x114: 'CKR_WRAPPING_KEY_SIZE_RANGE',
  0x115: 'CKR_WRAPPING_KEY_TYPE_INCONSISTENT',
  0x120: 'CKR_RANDOM_SEED_NOT_SUPPORTED',
  0x121: 'CKR_RANDOM_NO_RNG',
  0x130: 'CKR_DOMAIN_PARAMS_INVALID',
  0x140: 'CKR_CURVE_NOT_SUPPORTED',
  0x150: 'CKR_BUFFER_TOO_SMALL',
  0x160: 'CKR_SAVED_STATE_INVALID',
  0x170: 'CKR_INFORMATION_SENSITIVE',
  0x180: 'CKR_STATE_UNSAVEABLE',
  0x190: 'CKR_CRYPTOKI_NOT_INITIALIZED',
  0x191: 'CKR_CRYPTOKI_ALREADY_INITIALIZED',
  0x1a0: 'CKR_MUTEX_BAD',
  0x1a1: 'CKR_MUTEX_NOT_LOCKED',
  0x1b0: 'CKR_NEW_PIN_MODE',
  0x1b1: 'CKR_NEXT_OTP',
  0x1b5: 'CKR_EXCEEDED_MAX_ITERATIONS',
  0x1b6: 'CKR_FIPS_SELF_TEST_FAILED',
  0x1b7: 'CKR_LIBRARY_LOAD_FAILED',
  0x1b8: 'CKR_PIN_TOO_WEAK',
  0x1b9: 'CKR_PUBLIC_KEY_INVALID',
  0x200: 'CKR_FUNCTION_REJECTED',
  0x201: 'CKR_TOKEN_RESOURCE_EXCEEDED',
  0x202: 'CKR_OPERATION_CANCEL_FAILED',
};

/** `CKR_PIN_INCORRECT`; `CK_RV 0x80000123` for what only its maker knows. */
export function nameOfResult(result: bigint): string {
  return names[Number(result)] ?? `CK_RV 0x${result.toString(16)}`;
}
