import { randomBytes } from 'node:crypto';
import { naming } from '../../../problem.ts';
import { type Entity, nullHandle } from './command.ts';
import type { LoadedObject } from './commands/create-primary.ts';
import { type SessionType, startAuthSession } from './commands/start-auth-session.ts';
import type { TpmConnection } from './connection.ts';
import { TpmRefusal } from './execute.ts';
import { kdfA } from './kdf.ts';
import { makeSalt, type Salt } from './salt.ts';
import { sessionHash, sessionHashSize, TpmSession } from './session.ts';

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
