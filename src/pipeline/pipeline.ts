import type { CredentialPlan, CredentialRequest, CredentialTarget, PipelineContext } from './credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import { withIdentity } from '../identity/open-identity.ts';
import type { ChainMemory, PlanMemory } from './link-memory.ts';
import { createSession } from '../aws/create-session/create-session.ts';
import { resolveEndpoint } from '../aws/http/endpoint.ts';
import { openHttpTransport } from '../aws/http/open-transport.ts';
import { tellEnds } from '../aws/create-session/tell-ends.ts';

/**
 * The whole path, by the first target that serves.
 *
 * @param memory what a process that lives on, or the disk cache, knows from before: what works of it is used again
 */
export async function obtainPlanned(
  plan: CredentialPlan,
  context: PipelineContext,
  memory?: PlanMemory,
): Promise<Credentials> {
  const { targets } = plan;
  const obtain = ({ request }: CredentialTarget, at: number) => obtainCredentials(request, context, memory?.chain(at));
  if (targets.length === 1) return obtain(targets[0], 0);
  return (await import('./failover/failover.ts')).failover(plan, obtain, context, memory);
}

/** One target's path: open the identity, sign, ask, check what came back, assume the roles of the chain. */
export async function obtainCredentials(
  request: CredentialRequest,
  context: PipelineContext,
  memory?: ChainMemory,
): Promise<Credentials> {
  const session = () => obtainSession(request, context);
  if (!memory && !request.roleChain?.length) return session();
  return (await import('./renew-links.ts')).obtainByLinks(session, { request, context, memory });
}

/**
 * CreateSession, without the roles behind it.
 *
 * The connection is begun first: the key is read and the signature made while TCP and TLS are on their way.
 */
async function obtainSession(request: CredentialRequest, context: PipelineContext): Promise<Credentials> {
  const endpoint = await resolveEndpoint(request.endpoint);
  const transport = await openHttpTransport(request.network, endpoint, context);
  const connection = transport.connect(endpoint);
  const start = context.now().getTime();
  try {
    await connection.underway;
    return await withIdentity(request.identity, context, async (identity) => {
      const { serialNumber, notAfter } = identity.certificate;
      const [chainLength, elapsedMs] = [identity.chain.length, context.now().getTime() - start];
      context.trace?.({ kind: 'identity', serialNumber: String(serialNumber), notAfter, chainLength, elapsedMs });
      const wire = { endpoint, transport, connection, network: request.network };
      const credentials = await createSession(request.session, identity, wire, context);
      await tellEnds(
        { request: request.session, certificate: identity.certificate, credentials, now: context.now() },
        context,
      );
      return credentials;
    });
  } finally {
    connection.close();
  }
}
