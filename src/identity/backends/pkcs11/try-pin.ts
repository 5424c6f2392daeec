import { RolesAnywhereError } from '../../../errors.ts';
import { CryptokiError, type CryptokiSession, isResult, type LoginKind, tokenFlags } from './cryptoki.ts';
import { explainFailure } from './explain-failure.ts';
import { type FoundToken, nameOfToken } from './find-token.ts';

/** One C_Login. */
export interface Login {
  readonly session: CryptokiSession;
  readonly token: FoundToken;
  readonly kind: LoginKind;
  /** C_SignInit, where the login is for one signature: called when the PIN is at hand, and right before it is sent. */
  readonly start?: () => void;
}

/**
 * PINs that tokens refused in this process, by token and kind of login. None is ever sent a second time, for each wrong
 * one brings the token nearer to its lock: not after a reconnection, and not by the next identity that is opened.
 */
const refusedPins = new Map<string, Set<string>>();

/**
 * Sends a PIN to its token, unless that token has refused it before.
 *
 * @returns whether the token took it
 * @throws RolesAnywhereError PIN_LOCKED, PKCS11_FAILED
 */
export function tryPin(login: Login, pin: string): boolean {
  const refused = refusedBy(login);
  if (refused.has(pin)) return false;
  refuseLocked(login.token);
  login.start?.();
  try {
    login.session.login(login.kind, pin);
  } catch (error) {
    if (isResult(error, 'CKR_USER_ALREADY_LOGGED_IN')) return true;
    if (login.start !== undefined) login.session.giveUpSigning();
    if (isResult(error, 'CKR_PIN_LOCKED')) throw locked(login.token, error);
    if (!isResult(error, 'CKR_PIN_INCORRECT', 'CKR_PIN_INVALID', 'CKR_PIN_LEN_RANGE')) {
      throw error instanceof CryptokiError
        ? explainFailure(error, `logging in to ${nameOfToken(login.token.info)}`)
        : error;
    }
    refused.add(pin);
    return false;
  }
  refused.clear();
  return true;
}

/** What the token tells about the tries that are left; undefined when it tells nothing. */
export function triesLeft(token: FoundToken): 'none' | 'one' | 'few' | undefined {
  const { flags } = token.slot.token();
  if ((flags & tokenFlags.pinLocked) !== 0) return 'none';
  if ((flags & tokenFlags.pinFinalTry) !== 0) return 'one';
  return (flags & tokenFlags.pinCountLow) === 0 ? undefined : 'few';
}

/** @throws RolesAnywhereError PIN_LOCKED */
export function refuseLocked(token: FoundToken): void {
  if (triesLeft(token) === 'none') throw locked(token);
}

function locked(token: FoundToken, cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError(
    'PIN_LOCKED',
    `the PIN of ${nameOfToken(token.info)} is locked after too many wrong ones`,
    {
      cause,
      hints: [
        'unlock it with its PUK or security officer PIN and the tool of the token, such as ykman piv or pkcs11-tool --init-pin',
      ],
    },
  );
}

function refusedBy({ token: { info }, kind }: Login): Set<string> {
  const key = [kind, info.manufacturer, info.model, info.serial, info.label].join('\0');
  const refused = refusedPins.get(key) ?? new Set();
  refusedPins.set(key, refused);
  return refused;
}
