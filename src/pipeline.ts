import type { Credentials } from './credentials.ts';
import type { IdentityContext, IdentitySource, SigningIdentity } from './identity/identity.ts';
import { openIdentity } from './identity/open-identity.ts';
import { verifiedSigner } from './identity/verified-signer.ts';
import { createSession, type SessionContext } from './session/create-session.ts';
import { resolveEndpoint } from './session/endpoint.ts';
import { openTransport } from './session/open-transport.ts';
import type { EndpointOptions, NetworkOptions, SessionRequest } from './session/session-request.ts';

/** What was asked for, all of it checked: what options give, and everything else takes. */
export interface CredentialRequest {
  /** Sources to open, or an identity of the caller's own, which the caller closes. */
  readonly identity: IdentitySource | SigningIdentity;
  readonly session: SessionRequest;
  readonly endpoint: EndpointOptions;
  readonly network: NetworkOptions;
}

/** The world around: clock, chance, the person at the terminal, somebody who reads warnings and traces. */
export type PipelineContext = IdentityContext & SessionContext;

/**
 * The whole path once: open the identity, sign, ask, and check what came back.
 *
 * The connection is begun first: the key is read and the signature made while TCP and TLS are on their way.
 */
export async function obtainCredentials(request: CredentialRequest, context: PipelineContext): Promise<Credentials> {
  const endpoint = resolveEndpoint(request.endpoint);
  const transport = await openTransport(request.network, endpoint);
  const connection = transport.connect(endpoint);
  try {
    await connection.underway;
    return await withIdentity(request.identity, context, (identity) =>
      createSession(request.session, identity, { endpoint, transport, connection, network: request.network }, context),
    );
  } finally {
    connection.close();
  }
}

/** An identity of the caller's own has its signatures checked before they are sent like any other. */
async function withIdentity<T>(
  given: IdentitySource | SigningIdentity,
  context: PipelineContext,
  use: (identity: SigningIdentity) => Promise<T>,
): Promise<T> {
  if ('signer' in given) {
    return use({ ...given, signer: verifiedSigner(given.signer, given.certificate.publicKeyInfo) });
  }
  const start = context.now().getTime();
  const identity = await openIdentity(given, context);
  const [serialNumber, elapsedMs] = [String(identity.certificate.serialNumber), context.now().getTime() - start];
  context.trace?.({ kind: 'identity', serialNumber, chainLength: identity.chain.length, elapsedMs });
  try {
    return await use(identity);
  } finally {
    await identity.close();
  }
}
