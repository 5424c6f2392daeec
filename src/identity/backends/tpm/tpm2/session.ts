import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { naming, Problem } from '../../../problem.ts';
import { equalBytes } from '../../../x509/der.ts';
import { u32, u8 } from './codec.ts';
import {
  type Authorization,
  type AuthorizedCommand,
  type AuthResponse,
  type Entity,
  nullHandle,
  type PreparedCommand,
  sessionAttributes,
  TpmRefusal,
  writeAuthCommand,
} from './command.ts';
import { type LoadedObject, type SessionType, startAuthSession } from './commands.ts';
import type { TpmConnection } from './connection.ts';
import { kdfA } from './kdf.ts';
import { decryptFirst, encryptFirst, type ParameterCipher, type ParameterKey } from './parameter-encryption.ts';
import { makeSalt, type Salt } from './salt.ts';

/** All sessions here use SHA-256, which every TPM 2.0 of a PC has (PC Client Platform TPM Profile, section 4.6). */
const sessionHash = 'sha256';
const sessionHashSize = 32;

/** What is known of a session right after TPM2_StartAuthSession. */
export interface SessionStart {
  readonly handle: number;
  readonly nonceTpm: Uint8Array;
  /** Empty where the session is neither salted nor bound. */
  readonly sessionKey: Uint8Array;
  /** Name of the object that the session is bound to. */
  readonly boundTo: Uint8Array | undefined;
  readonly cipher: ParameterCipher;
}

/** Whether the TPM keeps the session after the command, or flushes it with it. */
export type AfterUse = 'keep' | 'end';

/** An HMAC or policy session (TPM 2.0 Library, part 1, chapter "Session-based authorizations"): nonces and a key. */
export class TpmSession {
  readonly handle: number;
  readonly #sessionKey: Uint8Array;
  readonly #boundTo: Uint8Array | undefined;
  readonly #cipher: ParameterCipher;
  #nonceTpm: Uint8Array;

  constructor({ handle, nonceTpm, sessionKey, boundTo, cipher }: SessionStart) {
    this.handle = handle;
    this.#nonceTpm = nonceTpm;
    this.#sessionKey = sessionKey;
    this.#boundTo = boundTo;
    this.#cipher = cipher;
  }

  /** Proves knowledge of `authValue` by an HMAC, and encrypts what can be encrypted. */
  byHmac(entity: Entity, authValue: Uint8Array, after: AfterUse): Authorization {
    const sessionValue = Buffer.concat([this.#sessionKey, authValue]);
    // The authValue of the object it is bound to is in the session's key already (part 1, "HMAC computation").
    const isBound = this.#boundTo !== undefined && equalBytes(this.#boundTo, entity.name);
    const hmacKey = isBound ? this.#sessionKey : sessionValue;
    return { prepare: (command) => this.#prepare(command, { hmacKey, sessionValue, after }) };
  }

  /** A policy session whose policy asks for no password: the HMAC is keyed by the session alone. */
  byPolicy(): Authorization {
    return { prepare: (command) => this.#prepare(command, { hmacKey: this.#sessionKey, after: 'end' }) };
  }

  #prepare(command: AuthorizedCommand, use: SessionUse): PreparedCommand {
    const nonceCaller = randomBytes(sessionHashSize);
    const nonceTpm = this.#nonceTpm;
    const attributes = this.#attributesFor(command, use);
    const isOn = (bit: number): boolean => (attributes & bit) !== 0;
    const cipherWith = (nonceNewer: Uint8Array, nonceOlder: Uint8Array): ParameterKey => ({
      cipher: this.#cipher,
      sessionValue: use.sessionValue ?? this.#sessionKey,
      nonceNewer,
      nonceOlder,
    });
    const parameters = isOn(sessionAttributes.decrypt)
      ? encryptFirst(command.parameters, cipherWith(nonceCaller, nonceTpm))
      : command.parameters;
    const cpHash = hash(u32(command.code), ...command.names, parameters);
    const hmac = hmacOf(use.hmacKey, cpHash, nonceCaller, nonceTpm, attributes);
    return {
      parameters,
      authCommand: writeAuthCommand(this.handle, nonceCaller, attributes, hmac),
      accept: (answer, response) => {
        const rpHash = hash(u32(0), u32(command.code), answer);
        checkHmac(response, hmacOf(use.hmacKey, rpHash, response.nonce, nonceCaller, response.attributes));
        this.#nonceTpm = Uint8Array.from(response.nonce);
        return isOn(sessionAttributes.encrypt) ? decryptFirst(answer, cipherWith(response.nonce, nonceCaller)) : answer;
      },
    };
  }

  #attributesFor({ encryptable }: AuthorizedCommand, { after, sessionValue }: SessionUse): number {
    const canEncrypt = this.#cipher !== 'none' && sessionValue !== undefined;
    return (
      (after === 'keep' ? sessionAttributes.continueSession : 0) |
      (canEncrypt && encryptable.command ? sessionAttributes.decrypt : 0) |
      (canEncrypt && encryptable.answer ? sessionAttributes.encrypt : 0)
    );
  }
}

interface SessionUse {
  readonly hmacKey: Uint8Array;
  /** Keys the encryption of parameters; undefined where they stay plain. */
  readonly sessionValue?: Uint8Array;
  readonly after: AfterUse;
}

function hash(...parts: readonly Uint8Array[]): Buffer {
  const digest = createHash(sessionHash);
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** Part 1, equation 22: the newer nonce first. */
function hmacOf(
  key: Uint8Array,
  parametersHash: Uint8Array,
  nonceNewer: Uint8Array,
  nonceOlder: Uint8Array,
  attributes: number,
): Buffer {
  const hmac = createHmac(sessionHash, key).update(parametersHash).update(nonceNewer).update(nonceOlder);
  return hmac.update(u8(attributes)).digest();
}

function checkHmac({ hmac }: AuthResponse, expected: Buffer): void {
  if (hmac.length === expected.length && timingSafeEqual(hmac, expected)) return;
  throw new Problem('has a wrong HMAC: it was not made by this TPM, or was changed on the way');
}

/** What makes the key of a session secret; with neither it is empty, and only the password keys the HMACs. */
export interface SessionSecrets {
  /** A key in the TPM that decrypts the salt. */
  readonly salt?: LoadedObject | undefined;
  /** An object whose password goes into the key. */
  readonly bind?: { readonly entity: Entity; readonly authValue: Uint8Array } | undefined;
}

const noSalt: Salt = { value: new Uint8Array(), encrypted: new Uint8Array() };

/** Starts a session (TPM 2.0 Library, part 1, chapter "Session-based authorizations"). @throws TpmRefusal */
export async function startSession(
  tpm: TpmConnection,
  type: SessionType,
  { salt: saltKey, bind }: SessionSecrets,
): Promise<TpmSession> {
  const salt = saltKey === undefined ? noSalt : await saltFor(tpm, saltKey);
  const nonceCaller = randomBytes(sessionHashSize);
  const { handle, nonceTpm } = await tpm.run(
    startAuthSession({
      type,
      tpmKey: saltKey?.handle ?? nullHandle,
      bind: bind?.entity.handle ?? nullHandle,
      nonceCaller,
      encryptedSalt: salt.encrypted,
      cipher: tpm.cipher,
    }),
  );
  const secret = Buffer.concat([bind?.authValue ?? new Uint8Array(), salt.value]);
  const derivation = { hash: sessionHash, label: 'ATH', partyU: nonceTpm, partyV: nonceCaller, size: sessionHashSize };
  // Neither salted nor bound: no key at all (part 1, "sessionKey creation").
  const isKeyed = saltKey !== undefined || bind !== undefined;
  const sessionKey = isKeyed ? kdfA(secret, derivation) : new Uint8Array();
  return new TpmSession({ handle, nonceTpm, sessionKey, boundTo: bind?.entity.name, cipher: tpm.cipher });
}

function saltFor(tpm: TpmConnection, { handle, area }: LoadedObject): Promise<Salt> {
  return naming(`${tpm.name}: the key at 0x${handle.toString(16)}`, 'TPM_FAILED', () => makeSalt(area));
}

/** Refusals that mean: no session here and now, but a password may do. */
const noSessions: ReadonlySet<string> = new Set(
  ['COMMAND_CODE', 'SESSION_MEMORY', 'SESSION_HANDLES', 'MODE', 'HASH', 'SYMMETRIC', 'KEY', 'SCHEME', 'ATTRIBUTES'].map(
    (name) => `TPM_RC_${name}`,
  ),
);

/** An HMAC session, or undefined where the TPM has none to give, which is told at debug level. */
export async function startHmacSession(tpm: TpmConnection, secrets: SessionSecrets): Promise<TpmSession | undefined> {
  try {
    return await startSession(tpm, 'hmac', secrets);
  } catch (error) {
    if (!(error instanceof TpmRefusal) || !noSessions.has(error.code.name)) throw error;
    tpm.debug(`no HMAC session (${error.code.name}): passwords go to the TPM as they are`);
    return undefined;
  }
}
