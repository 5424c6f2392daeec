import { endianness } from 'node:os';
import { RolesAnywhereError } from '../../../core/errors.ts';

/**
 * The part of PKCS#11 (v2.40) that this package uses, in its own words. What is behind it only load-module.ts knows.
 *
 * Every function throws CryptokiError when the module answers something else than CKR_OK.
 */

export interface CryptokiModule {
  readonly library: LibraryInfo;
  /** Slots with a token in them, asked for anew at each call. */
  slots(): readonly CryptokiSlot[];
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
  describe(): SlotInfo;
  /** C_GetTokenInfo. */
  token(): TokenInfo;
  /** C_OpenSession: serial, read-only. */
  open(): CryptokiSession;
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
  isLoggedIn(): boolean;
  /** C_Login, on another thread, as the next one; the empty PIN where the token has a PIN pad of its own. */
  login(kind: LoginKind, pin: string): Promise<void>;
  /** C_FindObjects: objects that have all the attributes. */
  find(template: Template): readonly CryptokiObject[];
  /** C_SignInit. */
  startSigning(key: CryptokiObject, mechanism: number): void;
  /** C_Sign, on another thread: some tokens take a second, and some wait for a finger. */
  sign(data: Uint8Array): Promise<Uint8Array>;
  /** Ends what startSigning began, when no signature is wanted any more; never fails. */
  giveUpSigning(): Promise<void>;
  /** C_CloseSession; never fails. */
  close(): void;
}

export interface Template {
  readonly class: number;
  readonly id?: Uint8Array;
  readonly label?: string;
  readonly subject?: Uint8Array;
}

export interface CryptokiObject {
  /** C_GetAttributeValue; undefined where the object has no such attribute or does not show it. */
  read(attribute: number): Uint8Array | undefined;
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
