import { setTimeout as wait } from 'node:timers/promises';
import { performCreateSession } from './create-session.ts';
import type { CredentialStore } from './credential-store.ts';
import { type Fault, faultRefusal, type FaultQueue } from './faults.ts';
import type { ReceivedRequest } from './received-request.ts';
import { ServiceRefusal, type RefusalDetails } from './refusal.ts';
import type { Registry } from './registry.ts';
import { describeSession, type RequestRecord } from './request-log.ts';
import type { Accepted, Service } from './service.ts';
import { callSts, readForm } from './sts.ts';
import { renderError } from './sts-xml.ts';
import type { Throttle } from './throttle.ts';

/** What goes back over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Where the connection breaks; nowhere when not given. */
  readonly drop: Fault['drop'];
}

export interface Answered {
  readonly reply: Reply;
  readonly record: RequestRecord;
}

/** The two services, and what may befall a request on its way to them. */
export interface Backstage {
  readonly registry: Registry;
  readonly credentials: CredentialStore;
  readonly faults: FaultQueue;
  readonly throttle: Throttle | undefined;
  readonly sessionLifetime: number | undefined;
  /** The sandbox's clock. */
  readonly now: () => Date;
  /** Aborts when the sandbox closes. */
  readonly closing: AbortSignal;
}

/** Looks at a request as the services would. Never throws for anything a client may send. */
export async function answerAsService(request: ReceivedRequest, backstage: Backstage): Promise<Answered> {
  const operation = operationOf(request);
  const fault = backstage.faults.take(operation) ?? {};
  // A delay that the end of the sandbox cuts short is no failure: there is nobody left to answer.
  await wait(fault.delay ?? 0, undefined, { signal: backstage.closing }).catch(() => undefined);
  const visit = { request, operation, fault, time: new Date(backstage.now().getTime() + (fault.clock ?? 0) * 1000) };
  try {
    return reportAccepted(visit, await perform(visit, backstage));
  } catch (error) {
    return reportRefused(visit, error instanceof ServiceRefusal ? error.details : defect(error));
  }
}

interface Visit {
  readonly request: ReceivedRequest;
  readonly operation: RequestRecord['operation'];
  readonly fault: Fault;
  /** The sandbox's time for this request. */
  readonly time: Date;
}

function operationOf(request: ReceivedRequest): RequestRecord['operation'] {
  if (request.method !== 'POST') return 'unknown';
  if (request.path === '/sessions') return 'CreateSession';
  const action = request.path === '/' ? readForm(request).get('Action') : null;
  return action === 'AssumeRole' || action === 'GetCallerIdentity' ? action : 'unknown';
}

async function perform({ request, operation, fault, time }: Visit, backstage: Backstage): Promise<Accepted> {
  const planned = faultRefusal(fault);
  if (planned !== undefined) throw new ServiceRefusal(planned);
  const { registry, credentials, sessionLifetime } = backstage;
  const service: Service = { registry, credentials, now: time, sessionLifetime };
  if (operation === 'CreateSession') {
    checkThrottle(backstage.throttle, time);
    return performCreateSession(request, service);
  }
  if (request.path === '/' && request.method === 'POST') return callSts(request, service);
  throw new ServiceRefusal({
    status: 404,
    code: 'UnknownOperationException',
    message: 'The requested operation does not exist',
    reason: `the sandbox answers POST /sessions and POST /, not ${request.method} ${request.path}`,
  });
}

/** The default quota is 10 a second, in each account and region (general reference, endpoints and quotas). */
function checkThrottle(throttle: Throttle | undefined, time: Date): void {
  const busy = throttle?.take(time);
  if (busy === undefined) return;
  throw new ServiceRefusal({
    status: 429,
    code: 'ThrottlingException',
    message: 'Rate exceeded',
    reason: `more CreateSession calls than the rate allows; the next is free in ${busy.retryAfter.toFixed(3)} s`,
    headers: { 'retry-after': String(Math.ceil(busy.retryAfter)) },
  });
}

/** Nothing a client sends should come here; if it does, it is seen in the log. */
function defect(error: unknown): RefusalDetails {
  const reason = `the sandbox failed: ${error instanceof Error ? error.message : String(error)}`;
  return { status: 500, code: 'InternalFailure', message: 'Internal failure', reason };
}

function reportAccepted(visit: Visit, { status, body, session }: Accepted): Answered {
  const { drop } = visit.fault;
  const reply = { status, headers: headersOf(visit), body, drop };
  const seen = { ...baseRecord(visit), session: describeSession(session) };
  return drop === undefined
    ? { reply, record: { ...seen, accepted: true, status } }
    : { reply, record: { ...seen, accepted: false, status: undefined, reason: 'told to drop the connection' } };
}

function reportRefused(visit: Visit, details: RefusalDetails): Answered {
  const { status, code, message, reason, evidence } = details;
  const { drop } = visit.fault;
  const isXml = visit.request.path === '/';
  const document = isXml ? renderError({ code, message }, status, visit.request.id) : JSON.stringify({ message });
  const errorType = isXml
    ? {}
    : { 'x-amzn-errortype': `${code}:http://internal.amazon.com/coral/com.amazonaws.rolesanywhere/` };
  const headers = { ...headersOf(visit), ...errorType, ...details.headers };
  return {
    reply: { status, headers, body: details.body ?? document, drop },
    record: {
      ...baseRecord(visit),
      accepted: false,
      status: drop === undefined ? status : undefined,
      code,
      message,
      reason,
      ...evidence,
    },
  };
}

function baseRecord({ request, operation, time }: Visit): Pick<RequestRecord, 'time' | 'requestId' | 'operation'> {
  return { time, requestId: request.id, operation };
}

function headersOf({ request, time }: Visit): Record<string, string> {
  const contentType = request.path === '/' ? 'text/xml' : 'application/json';
  return { 'content-type': contentType, 'x-amzn-requestid': request.id, date: time.toUTCString() };
}
