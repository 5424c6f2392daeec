import type { Credentials } from '../core/credentials.ts';
import { createSession } from '../aws/create-session/create-session.ts';
import { openHttpTransport } from '../aws/http/open-transport.ts';
import type { Connection, Transport } from '../aws/http/transport.ts';
import type { SigningIdentity } from '../identity/identity.ts';
import type { CredentialRequest } from '../pipeline/credential-plan.ts';
import type { Examination } from './examination.ts';

/** What CreateSession says besides credentials (API reference, CreateSession): nothing of it is secret. */
export interface ToldSession {
  readonly arn?: string | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly packedPolicySize?: number | undefined;
}

interface Asking {
  readonly request: CredentialRequest;
  readonly endpoint: URL;
  readonly identity: SigningIdentity;
}

/** CreateSession, and what its answer tells. @throws RolesAnywhereError */
export async function askSession(
  { context }: Examination,
  { request, endpoint, identity }: Asking,
): Promise<{ readonly credentials: Credentials; readonly told: ToldSession }> {
  let told: ToldSession = {};
  const inner = await openHttpTransport(request.network, endpoint, context);
  const transport: Transport = {
    proxy: inner.proxy,
    connect: (to) => listening(inner.connect(to), (one) => (told = one)),
  };
  const wire = { endpoint, transport, connection: transport.connect(endpoint), network: request.network };
  try {
    const credentials = await createSession(request.session, identity, wire, context);
    return { credentials, told };
  } finally {
    wire.connection.close();
  }
}

function listening(connection: Connection, tell: (told: ToldSession) => void): Connection {
  return {
    underway: connection.underway,
    async send(request) {
      const answer = await connection.send(request);
      tell(readTold(answer.body));
      return answer;
    },
    close: () => connection.close(),
  };
}

function readTold(body: Uint8Array): ToldSession {
  try {
    const document: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    const [entry] = listOf(member(document, 'credentialSet'));
    const [arn, sourceIdentity] = [member(member(entry, 'assumedRoleUser'), 'arn'), member(entry, 'sourceIdentity')];
    const packedPolicySize = member(entry, 'packedPolicySize');
    return {
      ...(typeof arn === 'string' ? { arn } : {}),
      ...(typeof sourceIdentity === 'string' ? { sourceIdentity } : {}),
      ...(typeof packedPolicySize === 'number' ? { packedPolicySize } : {}),
    };
  } catch {
    return {};
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function member(container: unknown, name: string): unknown {
  return typeof container === 'object' && container !== null
    ? Object.getOwnPropertyDescriptor(container, name)?.value
    : undefined;
}
