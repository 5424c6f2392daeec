import type { Credentials } from '../../core/credentials.ts';
import { hmacSha256 } from '../../runtime/node/crypto.ts';
import { canonicalRequest, encodeRfc3986, sha256Hex } from '../sigv4-x509/canonical-request.ts';
import type { UnsignedRequest } from '../sigv4-x509/request.ts';
import type { WireRequest } from '../http/transport.ts';

/** For which service and when (IAM user guide, "Create a signed AWS API request"). */
export interface SigV4Scope {
  /** As the credential scope has it: `sts`. */
  readonly service: string;
  readonly region: string;
  readonly date: Date;
}

type Keys = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'> & { readonly sessionToken?: string | undefined };

/** Signs a request with AWS4-HMAC-SHA256: what a service is asked with credentials of a role. Every header is signed. */
export function signSigV4(request: UnsignedRequest, keys: Keys, { service, region, date }: SigV4Scope): WireRequest {
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [time.slice(0, 8), region, service, 'aws4_request'];
  const { sessionToken } = keys;
  const query = queryOf(request);
  const headers = {
    ...request.headers,
    'x-amz-date': time,
    ...(service === 's3' ? { 'x-amz-content-sha256': sha256Hex(request.body) } : {}),
    ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const { text, signedHeaders } = canonicalRequest({ ...request, query: [], headers });
  const [method, path = '', , ...others] = text.split('\n');
  // S3 alone takes the path as it is on the wire, dots and empty segments included.
  const canonical = [method, service === 's3' ? request.path : path, query, ...others].join('\n');
  const stringToSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256Hex(canonical)].join('\n');
  let key: Uint8Array = Buffer.from(`AWS4${keys.secretAccessKey}`);
  for (const part of scope) key = hmacSha256(key, Buffer.from(part));
  const signature = hmacSha256(key, Buffer.from(stringToSign)).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope.join('/')}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return {
    method: request.method,
    target: query === '' ? request.path : `${request.path}?${query}`,
    headers: { ...headers, authorization },
    body: request.body,
  };
}

/** Sent as it is signed: sorted, and encoded once, where the canonical request of Roles Anywhere encodes `=` twice. */
function queryOf({ query = [] }: UnsignedRequest): string {
  const pairs = query.map(([name, value]) => [encodeRfc3986(name), encodeRfc3986(value)] as const);
  pairs.sort(([one, first], [other, second]) => (one === other ? (first < second ? -1 : 1) : one < other ? -1 : 1));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}
