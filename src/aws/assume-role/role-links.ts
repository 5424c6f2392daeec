import type { CredentialRequest } from '../../pipeline/credential-plan.ts';
import type { SessionContext } from '../create-session/create-session.ts';
import { checkHop } from './check-hop.ts';
import type { Link } from '../../pipeline/link-memory.ts';

/**
 * The chain of a request as links, in order. The SDK behind them is loaded when the first of them is used.
 *
 * @throws RolesAnywhereError OPTION_INVALID, ARN_INVALID, ARN_MISMATCH; a link throws REFUSED_ASSUME_ROLE, RESPONSE_*,
 *   NETWORK_*, SERVICE_* and ENDPOINT_INVALID
 */
export function roleLinks(request: CredentialRequest, context: SessionContext): readonly Link[] {
  const { roleChain = [], session, endpoint, network } = request;
  const { partition, region } = endpoint;
  const sts = request.sts ?? { fips: endpoint.fips, dualStack: endpoint.dualStack };
  for (const hop of roleChain) checkHop(hop, partition);
  return roleChain.map((hop, at) => {
    const callerArn = roleChain[at - 1]?.roleArn ?? session.roleArn;
    const call = { hop, position: at + 1, hops: roleChain.length, callerArn, partition, region, sts, network };
    return async (previous) => {
      if (previous === undefined) throw new TypeError('a role is assumed with the credentials of the link before');
      const { assumeRole } = await import('./assume-role.ts');
      return assumeRole(call, previous, context);
    };
  });
}
