import type { CredentialRequest } from '../../pipeline/credential-plan.ts';
import { KeyObject } from 'node:crypto';
import { openKeyObject } from '../../identity/backends/file/open-key-object.ts';
import type { IdentityContext, IdentitySource, KeptIdentity } from '../../identity/identity.ts';
import { keepIdentity } from '../../identity/keep-identity.ts';
import { bytesOf } from '../../identity/backends/sources.ts';
import { followSupply } from './follow-supply.ts';
import type { RolesAnywhereTarget } from './init.ts';
import { reopenedIdentity } from './reopened-identity.ts';
import { callFunctions, hasFunctions, type SuppliedKeys, suppliedKeys } from './supplied-keys.ts';
import { withSupplied } from './supplied-source.ts';

type Identity = CredentialRequest['identity'];

/**
 * Who signs: the identity of the init, or what the options say with the init's own key material in its place.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function suppliedIdentity(resolved: Identity, init: RolesAnywhereTarget, context: IdentityContext): Identity {
  if (init.identity !== undefined) return init.identity;
  // Options name places. What is open already comes from an init alone.
  if ('signer' in resolved || 'use' in resolved) return resolved;
  const keys = suppliedKeys(init);
  if (hasFunctions(keys)) {
    return followSupply(
      () => callFunctions(keys),
      (supplied) => keepSupplied(resolved, supplied, context),
      context,
    );
  }
  return keys.get('private-key') instanceof KeyObject
    ? keepSupplied(resolved, keys, context)
    : withSupplied(resolved, keys);
}

function keepSupplied(resolved: IdentitySource, keys: SuppliedKeys, context: IdentityContext): KeptIdentity {
  const key = keys.get('private-key');
  if (!(key instanceof KeyObject)) return keepIdentity(withSupplied(resolved, keys), context);
  const others = new Map([...keys].filter(([flag]) => flag !== 'private-key'));
  const { certificate, intermediates } = withSupplied(resolved, others);
  const source = { certificate: bytesOf(certificate), privateKey: { option: '--private-key', key }, intermediates };
  return reopenedIdentity(() => openKeyObject(source, context), context);
}
