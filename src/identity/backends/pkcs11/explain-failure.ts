import { RolesAnywhereError } from '../../../errors.ts';
import { CryptokiError } from './cryptoki.ts';

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

/** @param what the place and what was tried: `--private-key: signing with the token "hsm"` */
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
