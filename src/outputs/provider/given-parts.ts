import type { CredentialTarget } from '../../pipeline/credential-plan.ts';
import type { IdentityContext } from '../../identity/identity.ts';
import { checkHop } from '../../aws/assume-role/check-hop.ts';
import type { NamedHop, RoleHop } from '../../aws/assume-role/role-hop.ts';
import { suppliedIdentity } from './supplied-identity.ts';
import type { RolesAnywhereTarget } from './init.ts';

/**
 * Puts into a target what the options, being text, cannot hold: key material itself, functions, an identity of the
 * caller's, roles with more than an ARN, the settings of an STS client.
 *
 * @throws RolesAnywhereError OPTION_INVALID, ARN_INVALID, ARN_MISMATCH
 */
export function withGivenParts(
  { name, request }: CredentialTarget,
  init: RolesAnywhereTarget,
  context: IdentityContext,
): CredentialTarget {
  const { fips, dualStack, partition } = request.endpoint;
  const { clientConfig, roleChain } = init;
  const hops = roleChain === undefined ? request.roleChain : withHops(request.roleChain ?? [], roleChain);
  // Of a fallback too: what is wrong with it is told before the day it is needed.
  for (const hop of hops ?? []) checkHop(hop, partition);
  return {
    name,
    request: {
      ...request,
      identity: suppliedIdentity(request.identity, init, context),
      ...(hops === undefined ? {} : { roleChain: hops }),
      ...(clientConfig === undefined ? {} : { sts: { fips, dualStack, ...request.sts, clientConfig } }),
    },
  };
}

/** The roles of the init stand at the end of the chain already, by their ARNs; those before are the profile's. */
function withHops(chain: readonly NamedHop[], given: readonly RoleHop[]): readonly NamedHop[] {
  const named = given.map((hop, at) => ({ ...hop, option: `roleChain[${at}]` }));
  return [...chain.slice(0, chain.length - given.length), ...named];
}
