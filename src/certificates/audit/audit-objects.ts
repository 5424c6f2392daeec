import { callService, serviceRefusal, type ServiceCall, type ServiceCaller } from '../../aws/service/call-service.ts';
import { customEndpointOf, serviceEndpoint } from '../../aws/service/service-endpoint.ts';
import type { WireResponse } from '../../aws/http/transport.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { encodeRfc3986 } from '../../aws/sigv4-x509/canonical-request.ts';
import type { AuditBytes } from './read-audit-report.ts';

/** Where the bucket is looked for at first; S3 says where it is. */
export interface BucketContext {
  readonly caller: ServiceCaller;
  readonly partition: string;
  readonly region: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Bytes of an object that are asked for at a time: an answer is held in memory. */
const pieceSize = 1_000_000;

/** Answers of a thousand keys each. */
const mostPages = 100;

/**
 * The reports that a key or a prefix names: one object, or below a prefix the newest one of each folder, which is that of
 * each CA (`audit-report/<CA>/<report>.csv`).
 *
 * @throws RolesAnywhereError REFUSED_OTHER, NETWORK_*, SERVICE_*, FILE_FAILED where there is none
 */
export async function auditObjects(
  bucket: string,
  key: string,
  context: BucketContext,
): Promise<readonly AuditBytes[]> {
  const store = new Bucket(bucket, context);
  if (/\.(?:csv|json)$/i.test(key)) return [store.object(key)];
  const newest = new Map<string, ListedObject>();
  for await (const object of store.list(key)) {
    const folder = object.key.slice(0, object.key.lastIndexOf('/') + 1);
    const before = newest.get(folder);
    if (before === undefined || before.modified < object.modified) newest.set(folder, object);
  }
  if (newest.size > 0) return [...newest.values()].map((object) => store.object(object.key));
  throw new RolesAnywhereError('FILE_FAILED', `there is no audit report below s3://${bucket}/${key}`);
}

interface ListedObject {
  readonly key: string;
  /** ISO 8601: later ones are greater. */
  readonly modified: string;
}

/** GetObject and ListObjectsV2 (Amazon S3 API reference). */
class Bucket {
  readonly #name: string;
  readonly #context: BucketContext;
  #region: string;
  /** S3 has told once where the bucket is. */
  #isMoved = false;

  constructor(name: string, context: BucketContext) {
    this.#name = name;
    this.#context = context;
    this.#region = context.region;
  }

  object(key: string): AuditBytes {
    return { name: `s3://${this.#name}/${key}`, pieces: this.#pieces(key) };
  }

  /** In pieces of one version: an object that is replaced meanwhile is an error, and no mixture. */
  async *#pieces(key: string): AsyncGenerator<Uint8Array> {
    const path = `/${key.split('/').map(encodeRfc3986).join('/')}`;
    let version: Record<string, string> = {};
    for (let from = 0, size = 1; from < size;) {
      const range = `bytes=${from}-${from + pieceSize - 1}`;
      const answer = await this.#get(path, [], { range, ...version }, 'GetObject');
      // An object without a byte has no such range.
      if (answer.status === 416 && from === 0) return;
      from += answer.body.length;
      // Without a range it is all of the object.
      size = answer.status === 206 ? sizeOf(answer) : from;
      version = answer.headers['etag'] === undefined ? {} : { 'if-match': answer.headers['etag'] };
      yield answer.body;
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    let token: string | undefined;
    for (let page = 0; page < mostPages; page += 1) {
      const more: [string, string][] = token === undefined ? [] : [['continuation-token', token]];
      const answer = await this.#get(
        '/',
        [['list-type', '2'], ['prefix', prefix], ['encoding-type', 'url'], ...more],
        {},
        'ListObjectsV2',
      );
      const text = Buffer.from(answer.body).toString('utf8');
      for (const [, entry = ''] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) yield* reportIn(entry);
      token = elementOf(text, 'NextContinuationToken');
      if (token === undefined) return;
    }
    throw new RolesAnywhereError(
      'FILE_FAILED',
      `s3://${this.#name}/${prefix} has more than ${mostPages * 1000} objects`,
    );
  }

  async #get(
    path: string,
    query: readonly (readonly [string, string])[],
    headers: Readonly<Record<string, string>>,
    operation: string,
  ): Promise<WireResponse> {
    const call = this.#call(path, query, headers, operation);
    const answer = await callService(call, this.#context.caller);
    const region = answer.headers['x-amz-bucket-region'];
    if (answer.status >= 300 && region !== undefined && region !== this.#region && !this.#isMoved) {
      this.#region = region;
      this.#isMoved = true;
      return this.#get(path, query, headers, operation);
    }
    if (answer.status < 300 || answer.status === 416) return answer;
    throw serviceRefusal(call, answer);
  }

  #call(
    path: string,
    query: ServiceCall['query'] & {},
    headers: Readonly<Record<string, string>>,
    operation: string,
  ): ServiceCall {
    const { partition, env } = this.#context;
    const region = this.#region;
    const endpoint = serviceEndpoint({ service: 's3', variable: 'S3', partition, region }, env);
    // A name with dots is none that a certificate of S3 has.
    const isInPath = customEndpointOf('S3', env) !== undefined || this.#name.includes('.');
    if (!isInPath) endpoint.hostname = `${this.#name}.${endpoint.hostname}`;
    const place = isInPath ? `/${this.#name}${path}` : path;
    return {
      service: 's3',
      operation: `${operation} of S3`,
      region,
      endpoint,
      method: 'GET',
      path: place,
      query,
      headers,
    };
  }
}

/** @throws RolesAnywhereError RESPONSE_INVALID: where what is to come is not known, nothing is known of the whole */
function sizeOf({ headers, body }: WireResponse): number {
  const size = /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  if (size !== undefined && body.length > 0) return Number(size);
  throw new RolesAnywhereError('RESPONSE_INVALID', 'S3 answered with a part of an object, and not with which');
}

function* reportIn(entry: string): Iterable<ListedObject> {
  const key = decodeURIComponent((elementOf(entry, 'Key') ?? '').replaceAll('+', ' '));
  if (/\.(?:csv|json)$/i.test(key)) yield { key, modified: elementOf(entry, 'LastModified') ?? '' };
}

/** What S3 writes between tags is encoded, or never holds one of the five characters of XML but `&amp;`. */
function elementOf(xml: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml) ?? [];
  return text?.replaceAll('&amp;', '&');
}
