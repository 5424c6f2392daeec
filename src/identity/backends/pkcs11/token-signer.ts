import { inTurn } from '../../../core/in-turn.ts';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Digest, Signer } from '../../signer.ts';
import { equalBytes } from '../../x509/der.ts';
import { type CryptokiSession, explaining, isResult } from './cryptoki.ts';
import { findTokens, type FoundToken, isSameToken, nameOfToken } from './find-token.ts';
import type { OpenModule } from './open-module.ts';
import { type LoggedIn, signWithKey } from './sign-with-key.ts';
import { filterOf, findKeys, type TokenKey } from './token-objects.ts';

export interface TokenSignerParts {
  readonly module: OpenModule;
  readonly login: LoggedIn;
  readonly key: TokenKey;
  /** What messages call the option that names the key. */
  readonly option: string;
}

/**
 * A private key on a token, with a session of its own that stays open. Before each signature the session is checked;
 * when it was lost, or the token pulled and put back, it is opened anew, with the PIN that is known.
 *
 * It owns the session and the module, and gives them back with `close`.
 */
export class TokenSigner implements Signer {
  readonly algorithm: 'RSA' | 'ECDSA';
  readonly #module: OpenModule;
  readonly #option: string;
  #login: LoggedIn;
  #key: TokenKey;
  #isLost = false;
  #closed = false;
  /** A session signs one thing at a time (PKCS#11 v2.40, section 5.11): signatures wait for one another. */
  readonly #inTurn = inTurn();

  constructor({ module, login, key, option }: TokenSignerParts) {
    this.algorithm = key.algorithm;
    this.#module = module;
    this.#login = login;
    this.#key = key;
    this.#option = option;
  }

  /** @throws RolesAnywhereError PIN_*, PKCS11_NO_TOKEN, PKCS11_NOT_FOUND, PKCS11_FAILED */
  sign(message: Uint8Array, digest: Digest = 'SHA-256'): Promise<Uint8Array> {
    return this.#inTurn(() => {
      if (this.#closed) throw new RolesAnywhereError('PKCS11_FAILED', `${this.#option}: the key was closed`);
      const what = (): string => `${this.#option}: signing with ${nameOfToken(this.#login.token.info)}`;
      return explaining(what, () => this.#signReopening(message, digest));
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed) return;
      this.#closed = true;
      if (!this.#isLost) await this.#login.session.close();
      await this.#module.release();
    });
  }

  async #signReopening(message: Uint8Array, digest: Digest): Promise<Uint8Array> {
    if (!this.#isLost) {
      try {
        const { session, token, pin } = this.#login;
        // Fails when the session is gone, and logs in when another part of the process has logged out.
        await pin.logIn(session, token);
        return await this.#sign(message, digest);
      } catch (error) {
        if (!isResult(error, ...lost)) throw error;
      }
    }
    await this.#reopen();
    return this.#sign(message, digest);
  }

  #sign(message: Uint8Array, digest: Digest): Promise<Uint8Array> {
    return signWithKey(this.#login, this.#key, { message, digest });
  }

  async #reopen(): Promise<void> {
    const { session: lostSession, token: lostToken, pin } = this.#login;
    // Its handle may soon be the handle of another session: it is not used again, even if what follows fails.
    if (!this.#isLost) await lostSession.close();
    this.#isLost = true;
    const token = await this.#findAgain(lostToken);
    const session = await token.slot.open();
    try {
      await pin.logIn(session, token);
      this.#key = await this.#findKeyAgain(session, token);
    } catch (error) {
      await session.close();
      throw error;
    }
    this.#login = { session, token, pin };
    this.#isLost = false;
  }

  async #findAgain(lostToken: FoundToken): Promise<FoundToken> {
    const source = { option: this.#option, uri: {} };
    const isIt = ({ info }: FoundToken): boolean => isSameToken(info, lostToken.info);
    const found = (await listed(() => findTokens(this.#module, source))).find(isIt);
    if (found !== undefined) return found;
    // Some modules see a token that came back only after they were started anew.
    await this.#module.restart();
    const foundNow = (await listed(() => findTokens(this.#module, source))).find(isIt);
    if (foundNow !== undefined) return foundNow;
    throw new RolesAnywhereError(
      'PKCS11_NO_TOKEN',
      `${this.#option}: ${nameOfToken(lostToken.info)} is not there any more`,
      {
        hints: ['put it back: the next signature looks for it again'],
      },
    );
  }

  async #findKeyAgain(session: CryptokiSession, token: FoundToken): Promise<TokenKey> {
    const { uri, publicKeyInfo, algorithm } = this.#key;
    const { keys } = await findKeys(session, token, filterOf(uri));
    const found = keys.find(
      (key) =>
        key.algorithm === algorithm &&
        (key.publicKeyInfo === undefined ||
          publicKeyInfo === undefined ||
          equalBytes(key.publicKeyInfo, publicKeyInfo)),
    );
    if (found !== undefined) return found;
    throw new RolesAnywhereError(
      'PKCS11_NOT_FOUND',
      `${this.#option}: the key is not on ${nameOfToken(token.info)} any more`,
    );
  }
}

async function listed(find: () => Promise<readonly FoundToken[]>): Promise<readonly FoundToken[]> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof RolesAnywhereError && error.code === 'PKCS11_NO_TOKEN') return [];
    throw error;
  }
}

/** Session, token or module went away, or the objects of the token did. */
const lost = [
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
  'CKR_SLOT_ID_INVALID',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_OPERATION_ACTIVE',
  'CKR_GENERAL_ERROR',
];
