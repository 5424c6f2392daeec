import type { CredentialPlan, CredentialRequest, PipelineContext } from './credential-plan.ts';
import type { Credentials } from '../core/credentials.ts';
import { withIdentity } from '../identity/with-identity.ts';
import type { Link } from './renew-links.ts';
import { createSession } from '../aws/create-session/create-session.ts';
import { resolveEndpoint } from '../aws/http/endpoint.ts';
import { openHttpTransport } from '../aws/http/open-transport.ts';
import { tellEnds } from '../aws/create-session/tell-ends.ts';

/** The whole path once, by the first target that serves. */
export async function obtainPlanned(plan: CredentialPlan, context: PipelineContext): Promise<Credentials> {
  const obtain = (request: CredentialRequest) => obtainCredentials(request, context);
  const [target, ...others] = plan.targets;
  if (others.length === 0) return obtain(target.request);
  const { failoverOnce } = await import('./failover/failover.ts');
  return failoverOnce(plan, obtain, context.random);
}

/** One target's path: open the identity, sign, ask, check what came back, assume the roles of the chain. */
export async function obtainCredentials(request: CredentialRequest, context: PipelineContext): Promise<Credentials> {
  const [createSession, ...assumeRoles] = await linksOf(request, context);
  let credentials = await createSession(undefined);
  for (const assumeRole of assumeRoles) credentials = await assumeRole(credentials);
  return credentials;
}

/** The same path as links. The chain is made first: what is wrong with it is said before anybody is asked for a session. */
export async function linksOf(
  request: CredentialRequest,
  context: PipelineContext,
): Promise<readonly [Link, ...Link[]]> {
  const session: Link = () => obtainSession(request, context);
  if (request.roleChain === undefined || request.roleChain.length === 0) return [session];
  const { roleLinks } = await import('../aws/assume-role/role-links.ts');
  return [session, ...roleLinks(request, context)];
}

/**
 * CreateSession, without the roles behind it.
 *
 * The connection is begun first: the key is read and the signature made while TCP and TLS are on their way.
 */
export async function obtainSession(request: CredentialRequest, context: PipelineContext): Promise<Credentials> {
  const endpoint = await resolveEndpoint(request.endpoint);
  const transport = await openHttpTransport(request.network, endpoint, context.warn);
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
        context.warn,
      );
      return credentials;
    });
  } finally {
    connection.close();
  }
}
