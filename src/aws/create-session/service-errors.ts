import { RolesAnywhereError, type ErrorCode, type ErrorDetails } from '../../core/errors.ts';
import type { RefusedRequest } from './explain-refusal.ts';
import type { Outcome } from '../http/retry.ts';
import { saidByService } from '../http/said-by-service.ts';
import type { WireResponse } from '../http/transport.ts';

/** What an answer that is no success says of itself. Empty where it says nothing. */
interface ServiceError {
  readonly status: number;
  /** `AccessDeniedException`. */
  readonly type: string;
  readonly message: string;
}

/** The service's own words, in the order in which they are looked for, as users have seen them. */
const refusals: readonly (readonly [RegExp, ErrorCode])[] = [
  [/insufficient certificate/i, 'REFUSED_CERTIFICATE'],
  [/untrusted (?:signing )?certificate/i, 'REFUSED_UNTRUSTED'],
  [/invalid signature/i, 'REFUSED_SIGNATURE'],
  [/certificate revoked/i, 'REFUSED_REVOKED'],
  [/trust anchor wasn.?t found/i, 'REFUSED_TRUST_ANCHOR'],
  [/invalid or empty profile/i, 'REFUSED_PROFILE'],
  [/role isn.?t one of those listed in the profile/i, 'REFUSED_ROLE_NOT_IN_PROFILE'],
  [/not authorized to set roleSessionName/i, 'REFUSED_SESSION_NAME'],
  [/exceeds the MaxSessionDuration/i, 'REFUSED_DURATION'],
  [/unable to assume role/i, 'REFUSED_ROLE'],
];

/**
 * Says what an answer other than 2xx comes to.
 *
 * @returns what is worth another attempt
 * @throws RolesAnywhereError RESPONSE_REDIRECT, REFUSED_*: what is not
 */
export async function judgeRefusal(answer: WireResponse, request: RefusedRequest): Promise<Outcome<never>> {
  const said = readServiceError(answer);
  if (said.status < 400) throw redirected(answer);
  const retryAfter = retryAfterOf(answer.headers, request.now);
  if (isThrottled(said)) {
    return {
      kind: 'transient',
      retryAfter,
      error: errorOf('SERVICE_THROTTLED', 'the service is asked too often', answer, throttled),
    };
  }
  if (said.status >= 500 || said.status === 408) {
    return {
      kind: 'transient',
      retryAfter,
      error: errorOf('SERVICE_UNAVAILABLE', 'the service could not answer', answer),
    };
  }
  const code = refusalCode(said);
  const { explainSessionRefusal } = await import('./explain-refusal.ts');
  const { message } = said;
  const explanation = await explainSessionRefusal(
    { code, message, serviceDate: dateOf(answer.headers['date']) },
    request,
  );
  throw errorOf(code, 'the service refused the request', answer, explanation);
}

const throttled: ErrorDetails = {
  hints: [
    'the quota is 10 requests a second for each account and region unless it was raised; ask for credentials once and use them until they expire',
  ],
};

/** Code and text by REST-JSON's rules: the header or the body names the type, with a namespace before or a URL behind. */
function readServiceError(answer: WireResponse): ServiceError {
  const body = parseObject(answer.body);
  const type = answer.headers['x-amzn-errortype'] ?? textOf(body, ['__type', 'code', 'Code']);
  return {
    status: answer.status,
    type: saidByService(type.split(':')[0]?.split('#').at(-1) ?? ''),
    message: saidByService(textOf(body, ['message', 'Message'])),
  };
}

function parseObject(body: Uint8Array): object {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function textOf(container: object, names: readonly string[]): string {
  const values = names.map((name): unknown => Object.getOwnPropertyDescriptor(container, name)?.value);
  return values.find((value) => typeof value === 'string') ?? '';
}

/** AWS's usual names for it; those of this service are not documented. */
function isThrottled({ status, type, message }: ServiceError): boolean {
  if (status === 429) return true;
  if (status !== 400 && status !== 503) return false;
  return /throttl|TooManyRequests|RequestLimitExceeded|SlowDown/i.test(type) || /^rate exceeded/i.test(message);
}

function refusalCode({ type, message }: ServiceError): ErrorCode {
  const known = refusals.find(([pattern]) => pattern.test(message));
  if (known !== undefined) return known[1];
  return type === 'ValidationException' ? 'REFUSED_VALIDATION' : 'REFUSED_OTHER';
}

function errorOf(code: ErrorCode, what: string, answer: WireResponse, details: ErrorDetails = {}): RolesAnywhereError {
  const { status, type, message } = readServiceError(answer);
  const requestId = requestIdOf(answer);
  const facts = [
    `status ${status}`,
    ...(type === '' ? [] : [type]),
    ...(message === '' ? [describeBody(answer)] : []),
    ...(requestId === undefined ? [] : [`request id ${requestId}`]),
  ];
  const words = message === '' ? '' : `: ${message}`;
  return new RolesAnywhereError(code, `${what}${words} (${facts.join(', ')})`, {
    ...details,
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/** By which AWS finds a request in its logs. */
export function requestIdOf({ headers }: WireResponse): string | undefined {
  const id = headers['x-amzn-requestid'];
  return id === undefined ? undefined : saidByService(id);
}

function describeBody(answer: WireResponse): string {
  if (answer.body.length === 0) return 'without a body';
  return `with ${answer.body.length} bytes of ${saidByService(answer.headers['content-type'] ?? 'no content-type')} and no message`;
}

/** Not followed: the signature is for one host, and credentials come from no other. Only the host is told. */
function redirected(answer: WireResponse): RolesAnywhereError {
  const location = answer.headers['location'] ?? '';
  const target = URL.canParse(location) ? ` to ${new URL(location).host}` : '';
  return errorOf('RESPONSE_REDIRECT', `the service answers with a redirect${target}, which is not followed`, answer, {
    hints: ['check the endpoint, and whether a proxy or a login page of the network answers in its place'],
  });
}

/** Milliseconds that an answer asks to wait: seconds, or a date (RFC 9110, section 10.2.3) by the service's own clock. */
export function retryAfterOf(headers: Readonly<Record<string, string>>, now: Date): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = dateOf(value);
  if (date === undefined) return undefined;
  return Math.max(0, date.getTime() - (dateOf(headers['date']) ?? now).getTime());
}

/** RFC 9110, section 5.6.7. */
export function dateOf(text: string | undefined): Date | undefined {
  const time = text?.endsWith('GMT') === true ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}
