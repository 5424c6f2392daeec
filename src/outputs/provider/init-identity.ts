import type { CredentialRequest } from '../../pipeline/credential-plan.ts';
import { KeyObject } from 'node:crypto';
import { openKeyObject } from '../../identity/backends/file/open-key-object.ts';
import type { IdentityContext, IdentitySource, ReloadingIdentity, SigningIdentity } from '../../identity/identity.ts';
import { reloadingIdentity } from '../../identity/reloading-identity.ts';
import { bytesOf } from '../../identity/backends/sources.ts';
import { functionIdentity } from './function-identity.ts';
import type { RolesAnywhereTarget } from './init.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import { callFunctions, hasFunctions, type KeyMaterials, keyMaterialsOf, withMaterials } from './key-material.ts';
import { describeError } from '../../core/describe-error.ts';

type Identity = CredentialRequest['identity'];

/** What opens identities, and what bounds the time that functions take. */
export type ClockedContext = IdentityContext & { readonly clock: Clock };

/**
 * Who signs: the identity of the init, or what the options say with the init's own key material in its place.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function initIdentity(resolved: Identity, init: RolesAnywhereTarget, context: ClockedContext): Identity {
  if (init.identity !== undefined) return init.identity;
  // Options name places. What is open already comes from an init alone.
  if ('signer' in resolved || 'use' in resolved) return resolved;
  const keys = keyMaterialsOf(init);
  if (hasFunctions(keys)) {
    return functionIdentity(
      () => callFunctions(keys, context.clock),
      (given) => openMaterials(resolved, given, context),
      context,
    );
  }
  return keys.get('private-key') instanceof KeyObject
    ? openMaterials(resolved, keys, context)
    : withMaterials(resolved, keys);
}

function openMaterials(resolved: IdentitySource, keys: KeyMaterials, context: IdentityContext): ReloadingIdentity {
  const key = keys.get('private-key');
  if (!(key instanceof KeyObject)) return reloadingIdentity(withMaterials(resolved, keys), context);
  const others = new Map([...keys].filter(([flag]) => flag !== 'private-key'));
  const { certificate, intermediates } = withMaterials(resolved, others);
  const source = { certificate: bytesOf(certificate), privateKey: { option: '--private-key', key }, intermediates };
  return reopeningIdentity(() => openKeyObject(source, context), context);
}

/**
 * An identity that holds nothing open and is opened anew at each use. When that fails, the one before stays, with a
 * warning, until its certificate expires.
 *
 * @param open a checked pair
 */
export function reopeningIdentity(open: () => Promise<SigningIdentity>, context: IdentityContext): ReloadingIdentity {
  let newest: SigningIdentity | undefined;

  async function reopen(): Promise<SigningIdentity> {
    try {
      newest = await open();
    } catch (error) {
      if (newest === undefined || newest.certificate.notAfter <= context.now()) throw error;
      context.warn(
        `the certificate that is there now cannot be used, the one before is kept: ${describeError(error).message}`,
      );
    }
    return newest;
  }

  return {
    use: async (action) => action(await reopen()),
    reload: () => undefined,
    onChange: () => () => undefined,
    close: () => Promise.resolve(),
  };
}
