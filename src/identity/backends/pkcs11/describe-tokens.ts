import type { ProcessLife } from '../../../ffi/ffi.ts';
import { parsePkcs11Uri } from '../../pkcs11-uri.ts';
import type { KeySource, Pkcs11Settings } from '../../identity.ts';
import { explaining, tokenFlags } from './cryptoki.ts';
import { findTokens, type FoundToken, nameOfToken } from './find-token.ts';
import { pkcs11OptionsOf } from './open-pkcs11.ts';
import { openModule } from './open-module.ts';

/** A token, and what its flags say of the PIN. */
export interface TokenDescription {
  readonly name: string;
  readonly slot: string;
  readonly pin: 'not needed' | 'untried' | 'count low' | 'last try' | 'locked';
}

/**
 * The tokens that these URIs match, each once. Nobody logs in.
 *
 * @param life of this process, as IdentityContext has it
 * @throws RolesAnywhereError PKCS11_*, OPTION_*
 */
export async function describeTokens(
  sources: readonly (KeySource & { readonly kind: 'pkcs11' })[],
  settings: Pkcs11Settings | undefined,
  life: ProcessLife | undefined,
): Promise<{ readonly module: string; readonly tokens: readonly TokenDescription[] }> {
  const parsed = sources.map(({ option, uri }) => ({ option, uri: parsePkcs11Uri(uri, option) }));
  const module = await openModule(parsed, pkcs11OptionsOf(settings), life);
  try {
    const found = await explaining(
      () => 'looking at the tokens',
      async () => {
        const tokens: FoundToken[] = [];
        for (const source of parsed) tokens.push(...(await findTokens(module, source)));
        return tokens;
      },
    );
    const bySlot = new Map(found.map((token) => [token.slot.id, token]));
    return { module: module.path, tokens: [...bySlot.values()].map(describeToken) };
  } finally {
    await module.release();
  }
}

function describeToken({ slot, info }: FoundToken): TokenDescription {
  return { name: nameOfToken(info), slot: String(slot.id), pin: pinStateOf(info.flags) };
}

/** CKF_USER_PIN_* of CK_TOKEN_INFO (PKCS#11 v2.40, section 3.2). */
function pinStateOf(flags: number): TokenDescription['pin'] {
  if ((flags & tokenFlags.pinLocked) !== 0) return 'locked';
  if ((flags & tokenFlags.loginRequired) === 0) return 'not needed';
  if ((flags & tokenFlags.pinFinalTry) !== 0) return 'last try';
  return (flags & tokenFlags.pinCountLow) === 0 ? 'untried' : 'count low';
}
