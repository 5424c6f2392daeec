import { describeError } from '../../core/describe-error.ts';
import { type ErrorCode, type ErrorDetails, RolesAnywhereError } from '../../core/errors.ts';
import { retryAfterOf } from '../create-session/service-errors.ts';
import { isTransient } from '../http/retry.ts';
import { quotesRequest, saidByService } from '../http/said-by-service.ts';
import { explainStsRefusal, type StsRefusal } from './explain-refusal.ts';
import type { RoleCall } from './role-hop.ts';

/** What a failed AssumeRole comes to: whether another attempt is worth it. */
export type Judged =
  | { readonly kind: 'transient'; readonly error: RolesAnywhereError; readonly retryAfter?: number | undefined }
  | { readonly kind: 'permanent'; readonly error: RolesAnywhereError };

/**
 * Makes of what the SDK threw an error that names the hop and, where STS refused, the likely causes.
 *
 * @throws what is none of STS, of the network or of ours: a defect
 */
export function judgeFailure(thrown: unknown, call: RoleCall, now: Date): Judged {
  const error = thrown instanceof RolesAnywhereError ? ofHop(thrown, call) : fromSdk(thrown, call, now);
  if (!isTransient(error)) return { kind: 'permanent', error };
  return { kind: 'transient', error, retryAfter: retryAfterOf(headersOf(thrown), now) };
}

/** `roleChain[1] (hop 2 of 3, arn:aws:iam::444455556666:role/Workload)`. */
function nameOf({ hop, position, hops }: RoleCall): string {
  return `${hop.option} (hop ${position} of ${hops}, ${hop.roleArn})`;
}

function ofHop(error: RolesAnywhereError, call: RoleCall): RolesAnywhereError {
  const { code, message, cause, hints, requestId, causeName } = error;
  const details = { cause, hints, causeName, ...(requestId === undefined ? {} : { requestId }) };
  return new RolesAnywhereError(code, `${message}, for ${nameOf(call)}`, details);
}

function fromSdk(thrown: unknown, call: RoleCall, now: Date): RolesAnywhereError {
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'CredentialsProviderError') {
    return ofHop(new RolesAnywhereError('RESPONSE_EMPTY', 'the answer of STS holds no credentials'), call);
  }
  if (name === 'EndpointError') {
    const message = `there is no endpoint of STS: ${saidByService(thrown instanceof Error ? thrown.message : '')}`;
    return ofHop(new RolesAnywhereError('ENDPOINT_INVALID', message), call);
  }
  const refusal = readRefusal(thrown);
  if (refusal === undefined) return ofHop(fromNetwork(thrown), call);
  return fromAnswer(refusal, thrown, call, now);
}

/** What a request handler of the caller's own throws. Ours throws errors of ours. */
function fromNetwork(thrown: unknown): RolesAnywhereError {
  const code = memberOf(thrown, 'code');
  const isTimeout = memberOf(thrown, 'name') === 'TimeoutError' || code === 'ETIMEDOUT';
  if (!isTimeout && typeof code !== 'string') throw thrown;
  const reason = describeError(thrown).message;
  return isTimeout
    ? new RolesAnywhereError('NETWORK_TIMEOUT', `STS did not answer in time: ${reason}`, { cause: thrown })
    : new RolesAnywhereError('NETWORK_UNREACHABLE', `STS cannot be reached: ${reason}`, { cause: thrown });
}

function fromAnswer(refusal: StsRefusal, thrown: unknown, call: RoleCall, now: Date): RolesAnywhereError {
  const { status, type, requestId } = refusal;
  const fail = (code: ErrorCode, what: string, details: ErrorDetails = {}): RolesAnywhereError => {
    const words = refusal.message === '' ? '' : `: ${refusal.message}`;
    const facts = [`status ${status}`, type, requestId === undefined ? '' : `request id ${requestId}`];
    const message = `${what}${words} (${facts.filter((fact) => fact !== '').join(', ')})`;
    return new RolesAnywhereError(code, message, { ...details, ...(requestId === undefined ? {} : { requestId }) });
  };
  // Without the cause: what the SDK could not read of a success holds credentials.
  if (status < 300) return fail('RESPONSE_INVALID', `the answer of STS for ${nameOf(call)} cannot be read`);
  if (status < 400) {
    return fail('RESPONSE_REDIRECT', `STS answers with a redirect for ${nameOf(call)}, which is not followed`, {
      hints: ['check the endpoint, and whether a proxy or a login page of the network answers in its place'],
    });
  }
  // An error that is about what could not be read says nothing more, and one that quotes the request holds its token.
  const cause = type === '' || quotesRequest(String(memberOf(thrown, 'message'))) ? {} : { cause: thrown };
  if (isThrottled(refusal)) return fail('SERVICE_THROTTLED', `STS is asked too often, for ${nameOf(call)}`, cause);
  if (status >= 500 || status === 408) {
    return fail('SERVICE_UNAVAILABLE', `STS could not answer, for ${nameOf(call)}`, cause);
  }
  const explanation = explainStsRefusal(refusal, call, now);
  return fail('REFUSED_ASSUME_ROLE', `STS refused ${nameOf(call)}`, { ...cause, ...explanation });
}

/** The names that AWS's SDKs take for it too. */
function isThrottled({ status, type }: StsRefusal): boolean {
  return status === 429 || /throttl|TooManyRequests|RequestLimitExceeded|SlowDown|BandwidthLimit/i.test(type);
}

/** Undefined where there was no answer. */
function readRefusal(thrown: unknown): StsRefusal | undefined {
  const metadata = memberOf(thrown, '$metadata');
  const status = memberOf(metadata, 'httpStatusCode') ?? memberOf(memberOf(thrown, '$response'), 'statusCode');
  if (typeof status !== 'number') return undefined;
  const requestId = memberOf(metadata, 'requestId');
  // Only an error that STS named holds words of STS; the others are about what could not be read.
  const isNamed = memberOf(thrown, '$fault') !== undefined;
  const said = (member: string): string => {
    const text = isNamed ? memberOf(thrown, member) : undefined;
    return typeof text === 'string' && !/^unknown(error)?$/i.test(text) ? saidByService(text) : '';
  };
  return {
    status,
    // The SDK's name for a code of STS may be a longer one.
    type: said('Code') || said('name'),
    message: said('message'),
    requestId: typeof requestId === 'string' ? saidByService(requestId) : undefined,
    headers: headersOf(thrown),
  };
}

function headersOf(thrown: unknown): Readonly<Record<string, string>> {
  const headers = memberOf(memberOf(thrown, '$response'), 'headers');
  if (typeof headers !== 'object' || headers === null) return {};
  const entries: [string, unknown][] = Object.entries(headers);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

function memberOf(container: unknown, name: string): unknown {
  return typeof container === 'object' && container !== null ? Reflect.get(container, name) : undefined;
}
