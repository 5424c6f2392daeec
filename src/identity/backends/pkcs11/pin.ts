import { RolesAnywhereError } from '../../../core/errors.ts';
import { inTurn } from '../../../core/in-turn.ts';
import type { IdentityContext, SecretSource } from '../../identity.ts';
import { readSecret } from '../../read-source.ts';
import { locationOf } from '../sources.ts';
import {
  CryptokiError,
  type CryptokiSession,
  explainFailure,
  isResult,
  type LoginKind,
  tokenFlags,
} from './cryptoki.ts';
import { type FoundToken, nameOfToken } from './find-token.ts';

export interface PinSettings {
  /** Undefined: the person at the terminal is asked. */
  readonly source: SecretSource | undefined;
  /** Whether the PIN of the login also serves for each signature, where the key wants one. */
  readonly reuse: boolean;
  readonly context: IdentityContext;
}

/** A person may mistype once; the third wrong PIN locks many tokens. */
const maxQuestions = 2;

/** Gives one token its PIN, and no other token. */
export class Pin {
  readonly #settings: PinSettings;
  /** What logged in. It is needed again when the session is lost, and a person should not be asked again. */
  #accepted: string | undefined;

  constructor(settings: PinSettings) {
    this.#settings = settings;
  }

  /**
   * Logs the user in, if the token wants that.
   * @throws RolesAnywhereError PIN_MISSING, PIN_WRONG, PIN_LOCKED, PASSWORD_UNREADABLE, PKCS11_FAILED
   */
  async logIn(session: CryptokiSession, token: FoundToken): Promise<void> {
    if ((token.info.flags & tokenFlags.loginRequired) === 0 || (await session.isLoggedIn())) return;
    const login: Login = { session, token, kind: 'user' };
    const known = await this.#knownPin();
    if (known !== undefined) this.#accepted = await this.#presentKnown(login, known);
    else if (hasPinPad(token)) await presentAtPad(login);
    else this.#accepted = await this.#askAndPresent(login);
  }

  /**
   * Starts a signature of a key with CKA_ALWAYS_AUTHENTICATE and logs in for it (PKCS#11 v2.40, section 5.11).
   *
   * @param start C_SignInit
   * @throws RolesAnywhereError as logIn
   */
  async startSigning(session: CryptokiSession, token: FoundToken, start: () => Promise<void>): Promise<void> {
    const login: Login = { session, token, kind: 'context-specific', start };
    const known = this.#settings.reuse ? (this.#accepted ?? (await this.#knownPin())) : undefined;
    if (known !== undefined) await this.#presentKnown(login, known);
    else if (hasPinPad(token)) await presentAtPad(login);
    else await this.#askAndPresent(login);
  }

  /** A file is read again, as its PIN may have been changed; a descriptor gives its PIN once. */
  async #knownPin(): Promise<string | undefined> {
    const { source, context } = this.#settings;
    if (!isGiven(source) || (source.kind === 'fd' && this.#accepted !== undefined)) return this.#accepted;
    const bytes = await readSecret(source, context);
    if (bytes.length === 0)
      throw new RolesAnywhereError('PASSWORD_UNREADABLE', `${locationOf(source)} holds no PIN, and none is empty`);
    const pin = bytes.toString('utf8');
    bytes.fill(0);
    return pin;
  }

  async #presentKnown(login: Login, pin: string): Promise<string> {
    const origin = this.#settings.source?.option ?? 'the PIN that was typed';
    const keepLastTry = async (): Promise<void> => {
      if ((await triesLeft(login.token)) !== 'one') return;
      throw new RolesAnywhereError(
        'PIN_WRONG',
        `${origin}: ${nameOfToken(login.token.info)} has one try left before it locks, which is not spent without a person`,
        { hints: ['log in once by hand, which gives the tries back: pkcs11-tool --login --list-objects'] },
      );
    };
    if (await tryPin(login, pin, keepLastTry)) return pin;
    throw new RolesAnywhereError('PIN_WRONG', `${origin}: ${nameOfToken(login.token.info)} refused the PIN`, {
      hints: ['it was sent once, and this process does not send it again', ...(await triesHints(login.token))],
    });
  }

  async #askAndPresent(login: Login): Promise<string> {
    for (let question = 1; question <= maxQuestions; question += 1) {
      const pin = await this.#ask(login);
      if (await tryPin(login, pin)) return pin;
    }
    throw new RolesAnywhereError(
      'PIN_WRONG',
      `${nameOfToken(login.token.info)} refused the PIN ${maxQuestions} times`,
      {
        hints: ['you are not asked again, so that the token is not locked', ...(await triesHints(login.token))],
      },
    );
  }

  async #ask({ token, kind }: Login): Promise<string> {
    await refuseLocked(token);
    const purpose = kind === 'user' ? '' : ' for this signature';
    const warning = (await triesLeft(token)) === 'one' ? ', the last try before it locks' : '';
    const pin = await this.#settings.context.askSecret?.(`PIN of ${nameOfToken(token.info)}${purpose}${warning}`);
    if (pin !== undefined && pin !== '') return pin;
    throw new RolesAnywhereError(
      'PIN_MISSING',
      `${nameOfToken(token.info)} wants a PIN${purpose}, and none was given`,
      {
        hints: kind === 'user' ? pinHints : ['--reuse-pin sends the PIN of the token before each signature'],
      },
    );
  }
}

const pinHints = [
  'put it into a file and name that in the URI: ?pin-source=file:/run/secrets/pin',
  'or give it with --pkcs11-pin-file, --pkcs11-pin-fd or the variable ROLES_ANYWHERE_PKCS11_PIN',
];

/** An empty PIN by flag or variable is none. */
function isGiven(source: SecretSource | undefined): source is SecretSource {
  return source !== undefined && !(source.kind === 'value' && source.value === '');
}

function hasPinPad(token: FoundToken): boolean {
  return (token.info.flags & tokenFlags.protectedAuthenticationPath) !== 0;
}

/** The token asks by itself, on its own keys or its reader's: C_Login then gets no PIN. */
async function presentAtPad(login: Login): Promise<void> {
  if (await tryPin(login, '')) return;
  throw new RolesAnywhereError('PIN_WRONG', `${nameOfToken(login.token.info)} refused the PIN that was entered at it`, {
    hints: await triesHints(login.token),
  });
}

/** Nice to know; a token that does not answer now must not hide why it was asked. */
async function triesHints(token: FoundToken): Promise<readonly string[]> {
  try {
    const left = await triesLeft(token);
    return left === undefined ? [] : [triesMeaning[left]];
  } catch {
    return [];
  }
}

const triesMeaning = {
  none: 'the token is locked now: unlock it with its PUK or security officer PIN',
  one: 'one more wrong PIN locks the token',
  few: 'the token says that few tries are left',
} as const;

/** One C_Login. */
export interface Login {
  readonly session: CryptokiSession;
  readonly token: FoundToken;
  readonly kind: LoginKind;
  /** C_SignInit, where the login is for one signature: called when the PIN is at hand, and right before it is sent. */
  readonly start?: () => Promise<void>;
}

/** What this process knows of the logins of one kind to one token. */
interface LoginHistory {
  /**
   * PINs that the token refused. None is ever sent a second time, for each wrong one brings the token nearer to its lock:
   * not after a reconnection, and not by the next identity that is opened.
   */
  readonly refused: Set<string>;
  /** Nobody sends a PIN before it is known what became of the one before. */
  readonly inTurn: ReturnType<typeof inTurn>;
}

const histories = new Map<string, LoginHistory>();

/**
 * Sends a PIN to its token, unless that token has refused it before.
 *
 * @param check rejects when it must not be sent after all: asked in its turn, as the one before may have cost a try
 * @returns whether the token took it
 * @throws RolesAnywhereError PIN_LOCKED, PKCS11_FAILED
 */
function tryPin(login: Login, pin: string, check?: () => Promise<void>): Promise<boolean> {
  const history = historyOf(login);
  return history.inTurn(async () => {
    if (!history.refused.has(pin)) await check?.();
    return sendPin(login, pin, history.refused);
  });
}

async function sendPin(login: Login, pin: string, refused: Set<string>): Promise<boolean> {
  if (refused.has(pin)) return false;
  await refuseLocked(login.token);
  await login.start?.();
  try {
    await login.session.login(login.kind, pin);
  } catch (error) {
    if (isResult(error, 'CKR_USER_ALREADY_LOGGED_IN')) return true;
    if (login.start !== undefined) await login.session.giveUpSigning();
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
async function triesLeft(token: FoundToken): Promise<'none' | 'one' | 'few' | undefined> {
  const { flags } = await token.slot.token();
  if ((flags & tokenFlags.pinLocked) !== 0) return 'none';
  if ((flags & tokenFlags.pinFinalTry) !== 0) return 'one';
  return (flags & tokenFlags.pinCountLow) === 0 ? undefined : 'few';
}

/** @throws RolesAnywhereError PIN_LOCKED */
async function refuseLocked(token: FoundToken): Promise<void> {
  if ((await triesLeft(token)) === 'none') throw locked(token);
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

function historyOf({ token: { info }, kind }: Login): LoginHistory {
  const key = [kind, info.manufacturer, info.model, info.serial, info.label].join('\0');
  const history = histories.get(key) ?? { refused: new Set(), inTurn: inTurn() };
  histories.set(key, history);
  return history;
}
