import type { KeyPolicy } from './key-policy.ts';
import type { LoadedKey } from './load-key.ts';
import { type Authorization, passwordAuthorization, TpmRefusal } from './tpm2/command.ts';
import { type LoadedObject, policyCommand, readPublic } from './tpm2/commands.ts';
import type { TpmConnection } from './tpm2/connection.ts';
import { canSalt } from './tpm2/salt.ts';
import { type AfterUse, type SessionSecrets, startHmacSession, startSession, type TpmSession } from './tpm2/session.ts';

/** An authorization of the key for one command, and the session that the TPM ends with that command. */
export interface KeyAuthorization {
  readonly authorization: Authorization;
  readonly ending: TpmSession | undefined;
}

/** Prepares what `policy` asks for, with the password of the key. @throws TpmRefusal, RolesAnywhereError */
export function authorizeKey(
  tpm: TpmConnection,
  key: LoadedKey,
  { policy, authValue }: { readonly policy: KeyPolicy; readonly authValue: Uint8Array },
): Promise<KeyAuthorization> {
  return policy.kind === 'password' ? byPassword(tpm, key, authValue) : byPolicy(tpm, key, { policy, authValue });
}

/** Where the key stays loaded, its session stays open as well. */
async function byPassword(tpm: TpmConnection, key: LoadedKey, authValue: Uint8Array): Promise<KeyAuthorization> {
  key.session ??= await startHmacSession(tpm, await secretsFor(tpm, key, authValue));
  const { session } = key;
  if (session === undefined) return { authorization: passwordAuthorization(authValue), ending: undefined };
  const after: AfterUse = tpm.managed ? 'keep' : 'end';
  const authorization = session.byHmac(key.object, authValue, after);
  return { authorization, ending: after === 'end' ? session : undefined };
}

/**
 * A session is salted where there is a key to send a salt to, so that a listener on the bus cannot try out passwords.
 * Else the password itself makes the session's key. Without a password there is nothing to protect.
 */
async function secretsFor(
  tpm: TpmConnection,
  { object, salt }: LoadedKey,
  authValue: Uint8Array,
): Promise<SessionSecrets> {
  if (salt !== undefined) return { salt };
  if (authValue.length === 0) return {};
  const storageKey = await findStorageKey(tpm);
  return storageKey === undefined ? { bind: { entity: object, authValue } } : { salt: storageKey };
}

/** Where TCG's provisioning guidance puts the storage root key (TPM v2.0 Provisioning Guidance, section 7.8). */
const storageRootKey = 0x8100_0001;

async function findStorageKey(tpm: TpmConnection): Promise<LoadedObject | undefined> {
  try {
    const found = await tpm.run(readPublic(storageRootKey));
    return canSalt(found.area) ? found : undefined;
  } catch (error) {
    if (error instanceof TpmRefusal) return undefined;
    throw error;
  }
}

/** A policy session can be used once, and is made anew for every signature. */
async function byPolicy(
  tpm: TpmConnection,
  key: LoadedKey,
  { policy, authValue }: { readonly policy: KeyPolicy & { kind: 'policy' }; readonly authValue: Uint8Array },
): Promise<KeyAuthorization> {
  const session = await startSession(tpm, 'policy', { salt: key.salt });
  for (const { code, parameters } of policy.steps) await tpm.run(policyCommand(session.handle, code, parameters));
  const authorization = policy.needsPassword ? session.byHmac(key.object, authValue, 'end') : session.byPolicy();
  return { authorization, ending: session };
}
