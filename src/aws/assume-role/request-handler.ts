import { RolesAnywhereError } from '../../core/errors.ts';
import { isLoopback } from '../http/endpoint.ts';
import { openHttpTransport } from '../http/open-transport.ts';
import type { NetworkOptions } from '../create-session/session-request.ts';

/** A request as the SDK hands it to a request handler (`HttpRequest` of @smithy/types). */
interface SdkRequest {
  readonly method: string;
  /** `https:`. */
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number | undefined;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What the SDK takes for an answer (`HttpResponse` of @smithy/types). It deletes and adds headers. */
interface SdkResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** The SDK's `HttpHandler`, without the parts for settings that nobody changes. */
export interface RequestHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(request: SdkRequest): Promise<{ response: SdkResponse }>;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/**
 * Carries the SDK's requests over our own transport, so that CA bundle, proxy, time-outs and the bound on the size of an
 * answer hold for STS as they do for CreateSession.
 *
 * @param onEndpoint is told of each connection
 */
export function requestHandler(
  network: NetworkOptions,
  signal: AbortSignal | undefined,
  onEndpoint: (endpoint: URL, proxy: string | undefined) => void,
): RequestHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request) => {
      const endpoint = endpointOf(request);
      const transport = await openHttpTransport(network, endpoint, { signal });
      onEndpoint(endpoint, transport.proxy);
      const connection = transport.connect(endpoint);
      try {
        const { method, path, headers } = request;
        const answer = await connection.send({ method, target: path, headers, body: bytesOf(request.body) });
        return { response: { statusCode: answer.status, headers: { ...answer.headers }, body: answer.body } };
      } finally {
        connection.close();
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

/** @throws RolesAnywhereError ENDPOINT_INVALID: the request carries a session token, which goes nowhere in the clear */
function endpointOf({ protocol, hostname, port }: SdkRequest): URL {
  const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
  if (url.protocol === 'https:' || isLoopback(url)) return url;
  throw new RolesAnywhereError('ENDPOINT_INVALID', `the endpoint of STS would be reached unencrypted at ${url.host}`, {
    hints: ['http is for the loopback interface only: begin the endpoint with https://'],
  });
}

/** AssumeRole is sent by POST: the query protocol has its parameters in the body. */
function bytesOf(body: unknown): Uint8Array {
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  if (body instanceof Uint8Array) return body;
  if (body === undefined) return new Uint8Array();
  throw new RolesAnywhereError('INTERNAL', 'a request to STS has a body that is neither text nor bytes');
}
