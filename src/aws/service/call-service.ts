import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';
import { openHttpTransport } from '../http/open-transport.ts';
import { isTransient, type Outcome, retry, type RetryContext } from '../http/retry.ts';
import { saidByService } from '../http/said-by-service.ts';
import type { WireResponse } from '../http/transport.ts';
import { signSigV4 } from '../sigv4/sign-request.ts';

/** What a request to an AWS service is signed with. */
export type ServiceKeys = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'> & {
  readonly sessionToken?: string | undefined;
};

/** One request to an AWS service, beside those that Roles Anywhere and STS get. */
export interface ServiceCall {
  /** As the scope of a signature has it: `sns`, `events`, `s3`. */
  readonly service: string;
  /** For messages: `Publish of SNS`. */
  readonly operation: string;
  readonly region: string;
  readonly endpoint: URL;
  readonly method: 'GET' | 'POST';
  /** Encoded, as it goes on the wire. */
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Who calls, and how the network is reached. */
export interface ServiceCaller extends RetryContext {
  readonly keys: ServiceKeys;
  readonly network: NetworkOptions;
  readonly userAgent: string;
  readonly now: () => Date;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends a signed request over our own transport: CA bundle, proxy, time-outs and bounds hold as for CreateSession. It is sent
 * again where that may help, so that a notice may come twice.
 *
 * @returns any answer but those of 429 and 5xx: `serviceRefusal` makes an error of one that is a refusal
 * @throws RolesAnywhereError NETWORK_*, SERVICE_*, RESPONSE_*
 */
export function callService(call: ServiceCall, caller: ServiceCaller): Promise<WireResponse> {
  return retry(caller.network.maxAttempts, () => attemptCall(call, caller), caller);
}

async function attemptCall(call: ServiceCall, caller: ServiceCaller): Promise<Outcome<WireResponse>> {
  try {
    const answer = await sendCall(call, caller);
    if (isThrottled(answer)) return { kind: 'transient', error: serviceRefusal(call, answer, 'SERVICE_THROTTLED') };
    if (answer.status >= 500) return { kind: 'transient', error: serviceRefusal(call, answer, 'SERVICE_UNAVAILABLE') };
    return { kind: 'done', value: answer };
  } catch (error) {
    if (isTransient(error)) return { kind: 'transient', error };
    throw error;
  }
}

async function sendCall(call: ServiceCall, { keys, network, userAgent, now, signal }: ServiceCaller) {
  const { method, path, query = [], endpoint, service, region } = call;
  const headers = { ...call.headers, host: endpoint.host };
  const body = Buffer.from(call.body ?? '');
  const signed = signSigV4({ method, path, query, headers, body }, keys, { service, region, date: now() });
  const transport = await openHttpTransport(network, endpoint, { signal });
  const connection = transport.connect(endpoint);
  try {
    return await connection.send({ ...signed, headers: { ...signed.headers, 'user-agent': userAgent } });
  } finally {
    connection.close();
  }
}

const throttles = /\b(?:Throttl\w+|TooManyRequests\w*|LimitExceeded\w*|SlowDown)\b/;

function isThrottled(answer: WireResponse): boolean {
  return answer.status === 429 || (answer.status >= 400 && throttles.test(textOf(answer)));
}

/** What a service said against a request, in one line: of XML and JSON the code and the message, up to where it quotes the request. */
export function serviceRefusal(
  { operation }: ServiceCall,
  answer: WireResponse,
  code: 'REFUSED_OTHER' | 'SERVICE_THROTTLED' | 'SERVICE_UNAVAILABLE' = 'REFUSED_OTHER',
): RolesAnywhereError {
  const text = textOf(answer);
  const [, name] = /<Code>([^<]*)<|"(?:__type|code)"\s*:\s*"(?:[^"]*#)?([^"]*)"/i.exec(text)?.filter(Boolean) ?? [];
  const [, message] = /<Message>([^<]*)<|"message"\s*:\s*"([^"]*)"/i.exec(text)?.filter(Boolean) ?? [];
  const said = [name, message].filter((part) => part !== undefined).join(': ');
  return new RolesAnywhereError(
    code,
    `${operation} was refused with ${answer.status}${said === '' ? '' : ` ${saidByService(said)}`}`,
  );
}

function textOf({ body }: WireResponse): string {
  return Buffer.from(body).toString('utf8');
}
