import { RolesAnywhereError } from '../../../errors.ts';
import type { Digest } from '../../signer.ts';
import { type CryptokiSession, isResult } from './cryptoki.ts';
import { type FoundToken, nameOfToken } from './find-token.ts';
import type { Pin } from './pin.ts';
import { signingWays, type SigningWay, wireForm } from './signing-input.ts';
import type { TokenKey } from './token-objects.ts';

/** A token with which a session is open and the user logged in. */
export interface LoggedIn {
  readonly session: CryptokiSession;
  readonly token: FoundToken;
  readonly pin: Pin;
}

export interface MessageToSign {
  readonly message: Uint8Array;
  readonly digest: Digest;
  /** C_Sign on this thread, for tokens that are faster than the way to another thread. */
  readonly here: boolean;
}

/**
 * One signature, in wire form.
 *
 * @throws CryptokiError
 * @throws RolesAnywhereError PIN_*, PKCS11_FAILED
 */
export async function signWithKey(login: LoggedIn, key: TokenKey, toSign: MessageToSign): Promise<Uint8Array> {
  for (const way of signingWays(key, toSign.digest)) {
    try {
      await start(login, key, way);
    } catch (error) {
      if (isResult(error, 'CKR_MECHANISM_INVALID')) continue;
      throw error;
    }
    const input = way.input(toSign.message);
    return wireForm(key, toSign.here ? login.session.signHere(input) : await login.session.sign(input));
  }
  throw new RolesAnywhereError(
    'PKCS11_FAILED',
    `${nameOfToken(login.token.info)} has no mechanism for ${key.algorithm} signatures with ${toSign.digest}`,
    { hints: ['pkcs11-tool --list-mechanisms shows what it has'] },
  );
}

async function start(login: LoggedIn, key: TokenKey, { mechanism }: SigningWay): Promise<void> {
  const { session, token, pin } = login;
  const startSigning = (): void => session.startSigning(key.object, mechanism);
  if (key.alwaysAuthenticate) await pin.startSigning(session, token, startSigning);
  else startSigning();
}
