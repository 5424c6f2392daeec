import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignatureV4 } from '@smithy/signature-v4';

/** A request whose signature was verified. */
export interface VerifiedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of the scope of the signature. */
  readonly service: string;
  readonly region: string;
}

export interface ServiceAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface AwsService {
  readonly url: string;
  /** Verified ones, in their order. */
  readonly requests: VerifiedRequest[];
  close(): Promise<void>;
}

/** The only keys that are known, for the environment of who asks. */
export const serviceKeys = {
  AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  AWS_SESSION_TOKEN: 'a session token',
} as const;

/** SHA-256 as the SDK takes it. */
class Sha256 {
  readonly #hash: { update(data: Uint8Array): unknown; digest(): Buffer };

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#hash = createHash('sha256');
    else this.#hash = createHmac('sha256', typeof secret === 'string' ? secret : bytesOf(secret));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(typeof data === 'string' ? Buffer.from(data) : bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(Uint8Array.from(this.#hash.digest()));
  }

  reset(): void {
    throw new Error('it is used once');
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

/**
 * An AWS service on this machine, which believes a request only where the SDK's own signer comes to the same signature; any
 * other gets 403, as from AWS.
 */
export async function startService(answer: (request: VerifiedRequest) => ServiceAnswer): Promise<AwsService> {
  const requests: VerifiedRequest[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await read(request);
      const verified = await verify(request, body);
      if (verified === undefined) {
        response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code><Message>not yours</Message></Error>');
        return;
      }
      requests.push(verified);
      const { status = 200, headers = {}, body: answered = '' } = answer(verified);
      response.writeHead(status, headers).end(answered);
    })();
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  return { url: `http://127.0.0.1:${portOf(server)}`, requests, close: () => closed(server) };
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo;
  return address.port;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((settle) => server.close(() => settle()));
}

async function read(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

async function verify(request: IncomingMessage, body: string): Promise<VerifiedRequest | undefined> {
  const authorization = request.headers.authorization ?? '';
  const [, id, date, region = '', service = '', names = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), /.exec(
      authorization,
    ) ?? [];
  if (id !== serviceKeys.AWS_ACCESS_KEY_ID || date === undefined) return undefined;
  const url = new URL(request.url ?? '', 'http://localhost');
  const rawPath = (request.url ?? '').split('?')[0] ?? '';
  const given = (name: string): string => String(request.headers[name] ?? '');
  const made = new Set(['x-amz-date', 'x-amz-security-token', ...(service === 's3' ? [] : ['x-amz-content-sha256'])]);
  const headers = Object.fromEntries(
    names
      .split(';')
      .filter((name) => !made.has(name))
      .map((name) => [name, given(name)]),
  );
  const query: Record<string, string> = Object.fromEntries(url.searchParams);
  const signer = new SignatureV4({
    service,
    region,
    sha256: Sha256,
    credentials: {
      accessKeyId: serviceKeys.AWS_ACCESS_KEY_ID,
      secretAccessKey: serviceKeys.AWS_SECRET_ACCESS_KEY,
      sessionToken: serviceKeys.AWS_SESSION_TOKEN,
    },
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });
  const stamp = given('x-amz-date').replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const method = request.method ?? '';
  const signed = await signer.sign(
    { method, protocol: 'http:', hostname: url.hostname, path: rawPath, query, headers, body },
    { signingDate: new Date(stamp) },
  );
  if (signed.headers['authorization'] !== authorization) return undefined;
  const all = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return { method, path: decodeURIComponent(rawPath), query: url.searchParams, headers: all, body, service, region };
}
