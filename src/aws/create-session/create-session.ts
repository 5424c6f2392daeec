import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { SigningIdentity } from '../../identity/identity.ts';
import type { SignedRequest, UnsignedRequest } from '../sigv4-x509/request.ts';
import { signRequest } from '../sigv4-x509/sign-request.ts';
import { readSession } from './read-session.ts';
import { isTransient, retry, type Outcome } from '../http/retry.ts';
import type { NetworkOptions, SessionRequest } from './session-request.ts';
import type { Trace } from './trace.ts';
import type { Connection, Transport, WireRequest, WireResponse } from '../http/transport.ts';

/** What asking for a session needs of the world around it. */
export interface SessionContext {
  readonly now: () => Date;
  /** From 0 up to, not including, 1: spreads the waits between attempts. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Sent, but not signed: proxies may change it. */
  readonly userAgent: string;
  readonly trace?: Trace | undefined;
  /** Drops connections as soon as it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/** How the service is reached. `connection` is used for the first attempt. */
export interface SessionWire {
  readonly endpoint: URL;
  readonly transport: Transport;
  readonly connection: Connection;
  readonly network: Pick<NetworkOptions, 'maxAttempts'>;
}

/** One attempt and what it is made of. */
interface Attempt {
  readonly number: number;
  readonly request: SessionRequest;
  readonly identity: SigningIdentity;
  readonly wire: SessionWire;
  readonly context: SessionContext;
}

/**
 * Asks for credentials (API reference, CreateSession), again where that may help, signing each attempt anew.
 *
 * @throws RolesAnywhereError REFUSED_*, RESPONSE_*, NETWORK_*, SERVICE_*, and what the signer throws
 */
export async function createSession(
  request: SessionRequest,
  identity: SigningIdentity,
  wire: SessionWire,
  context: SessionContext,
): Promise<Credentials> {
  context.trace?.({ kind: 'endpoint', url: wire.endpoint.href, proxy: wire.transport.proxy });
  return retry(wire.network.maxAttempts, (number) => tracedAttempt({ number, request, identity, wire, context }), {
    random: context.random,
    sleep: context.sleep,
    onWait: (attempt, delayMs) => context.trace?.({ kind: 'waiting', attempt, delayMs }),
  });
}

async function tracedAttempt(attempt: Attempt): Promise<Outcome<Credentials>> {
  const stopwatch = startStopwatch(attempt.context);
  const outcome = await attemptOnce(attempt, stopwatch).catch(failed);
  if (outcome.kind !== 'done' && outcome.error instanceof RolesAnywhereError) {
    const { code, message } = outcome.error;
    attempt.context.trace?.({ kind: 'failed', attempt: attempt.number, code, message, elapsedMs: stopwatch() });
  }
  if (outcome.kind === 'permanent') throw outcome.error;
  return outcome;
}

type Failure =
  | { readonly kind: 'transient'; readonly error: RolesAnywhereError }
  | { readonly kind: 'permanent'; readonly error: unknown };

function failed(error: unknown): Failure {
  return isTransient(error) ? { kind: 'transient', error } : { kind: 'permanent', error };
}

async function attemptOnce(attempt: Attempt, stopwatch: Stopwatch): Promise<Outcome<Credentials>> {
  const { number, request, identity, wire, context } = attempt;
  const connection = number === 1 ? wire.connection : wire.transport.connect(wire.endpoint);
  try {
    const signed = await signRequest(unsignedRequest(request, wire.endpoint), identity, {
      region: request.region,
      date: context.now(),
    });
    const { canonicalRequest, stringToSign } = signed;
    context.trace?.({ kind: 'signed', attempt: number, canonicalRequest, stringToSign });
    const answer = await connection.send(wireRequest(signed, context.userAgent));
    const requestId = answer.headers['x-amzn-requestid'];
    context.trace?.({ kind: 'answered', attempt: number, status: answer.status, requestId, elapsedMs: stopwatch() });
    if (answer.status >= 200 && answer.status < 300) {
      return { kind: 'done', value: await credentialsOf(answer, request, context.now()) };
    }
    // What it means that the service refuses is no part of the way that goes well.
    const { judgeRefusal } = await import('./service-errors.ts');
    return await judgeRefusal(answer, { request, identity, signed, now: context.now() });
  } finally {
    connection.close();
  }
}

/** @throws RolesAnywhereError RESPONSE_* */
async function credentialsOf(answer: WireResponse, request: SessionRequest, now: Date): Promise<Credentials> {
  const session = readSession(answer.body, request, now);
  if (!('kind' in session)) return session;
  const { explainSession } = await import('./explain-session.ts');
  throw explainSession(session, answer, request, now);
}

type Stopwatch = () => number;

/** Milliseconds since now. */
function startStopwatch({ now }: SessionContext): Stopwatch {
  const start = now().getTime();
  return () => now().getTime() - start;
}

/**
 * The ARNs go into the body: both places are documented, and in a body nothing depends on how a query is encoded.
 */
function unsignedRequest(request: SessionRequest, endpoint: URL): UnsignedRequest {
  const { trustAnchorArn, profileArn, roleArn, durationSeconds, roleSessionName } = request;
  return {
    method: 'POST',
    path: `${endpoint.pathname.replace(/\/+$/, '')}/sessions`,
    headers: { host: endpoint.host, 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ trustAnchorArn, profileArn, roleArn, durationSeconds, roleSessionName })),
  };
}

function wireRequest(signed: SignedRequest, userAgent: string): WireRequest {
  const { method, path, headers, body } = signed;
  return { method, target: path, headers: { ...headers, 'user-agent': userAgent }, body };
}
