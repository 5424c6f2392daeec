import { Problem } from '../../problem.ts';
import { damaged } from '../../x509/der.ts';
import { algorithmName } from './tpm2/algorithms.ts';
import { cursorOver, expectEnd, takeBytes, takeSized, takeU16, takeU32, takeU8 } from './tpm2/codec.ts';
import { type Authorization, passwordAuthorization, TpmRefusal } from './tpm2/command.ts';
import { policyCommandName, policyCommands, type LoadedObject, policyCommand, readPublic } from './tpm2/commands.ts';
import type { TpmConnection } from './tpm2/connection.ts';
import { has, objectAttributes, type PublicArea } from './tpm2/public-area.ts';
import { canSalt } from './tpm2/salt.ts';
import { type AfterUse, type SessionSecrets, startHmacSession, startSession, type TpmSession } from './tpm2/session.ts';
import type { LoadedKey } from './load-key.ts';
import type { PolicyStep } from './tss2-key.ts';

/** How the use of a key is authorized. */
export type KeyPolicy =
  /** By its password alone. */
  | { readonly kind: 'password' }
  /** By commands that a session carries out first. */
  | { readonly kind: 'policy'; readonly steps: readonly PolicyStep[]; readonly needsPassword: boolean };

const password: KeyPolicy = { kind: 'password' };

/**
 * Decides how a key is to be authorized. A policy in the file comes before the password.
 *
 * @throws Problem TPM_POLICY_UNSUPPORTED, TPM_KEY_INVALID
 */
export function keyPolicyOf(area: PublicArea, steps: readonly PolicyStep[]): KeyPolicy {
  const takesPassword = has(area, objectAttributes.userWithAuth);
  if (steps.length === 0) {
    if (takesPassword) return password;
    throw new Problem('can be used by its policy alone, and that policy is not known', 'TPM_POLICY_UNSUPPORTED', {
      hints: ['only a TSS2 PRIVATE KEY file can tell the policy; a key with the attribute userwithauth needs none'],
    });
  }
  const unknown = steps.find(({ code }) => !Object.values<number>(policyCommands).includes(code));
  if (unknown === undefined) return { kind: 'policy', ...understand(steps) };
  if (takesPassword) return password;
  const name = policyCommandName(unknown.code);
  throw new Problem(`has a policy with ${name}, which is not supported`, 'TPM_POLICY_UNSUPPORTED', {
    hints: ['policies may be made of TPM2_PolicyPassword, TPM2_PolicyAuthValue and TPM2_PolicyPCR'],
  });
}

function understand(steps: readonly PolicyStep[]): { steps: readonly PolicyStep[]; needsPassword: boolean } {
  let needsPassword = false;
  const understood = steps.map((step) => {
    if (step.code === policyCommands.policyPcr) {
      pcrsOf(step.parameters);
      return step;
    }
    if (step.parameters.length > 0) throw invalid(`${policyCommandName(step.code)} takes no parameters`);
    needsPassword = true;
    // Both make the same policy digest, so that one does for the other (TPM 2.0 Library, part 3, sections 23.17 and
    // 23.18); with TPM2_PolicyAuthValue the password itself stays here.
    return { code: policyCommands.policyAuthValue, parameters: step.parameters };
  });
  return { steps: understood, needsPassword };
}

/**
 * The PCRs of a TPM2_PolicyPCR, as tpm2-tools writes them: `sha256:0,7`.
 *
 * @param parameters TPM2B_DIGEST pcrDigest and TPML_PCR_SELECTION pcrs (part 2, section 10.9.7)
 * @throws Problem TPM_KEY_INVALID
 */
export function pcrsOf(parameters: Uint8Array): string {
  try {
    const cursor = cursorOver(parameters);
    takeSized(cursor);
    const count = takeU32(cursor);
    if (count > 16) throw damaged('it selects from too many banks');
    const banks = Array.from({ length: count }, () => {
      const bank = algorithmName(takeU16(cursor)).toLowerCase();
      return `${bank}:${selected(takeBytes(cursor, takeU8(cursor))).join(',')}`;
    });
    expectEnd(cursor);
    return banks.join('+');
  } catch (error) {
    throw error instanceof Problem ? invalid('TPM2_PolicyPCR is malformed') : error;
  }
}

/** Bit n of byte m stands for PCR 8m + n. */
function selected(bitmap: Uint8Array): number[] {
  return [...bitmap].flatMap((octet, index) =>
    Array.from({ length: 8 }, (_, bit) => bit)
      .filter((bit) => (octet >> bit) & 1)
      .map((bit) => index * 8 + bit),
  );
}

function invalid(what: string): Problem {
  return new Problem(`is damaged: ${what}`, 'TPM_KEY_INVALID');
}

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
