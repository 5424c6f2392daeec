/** Requests signed by others: recorded from the official helper, published by other projects, made with openssl. */
import { readFileSync } from 'node:fs';
import { expect, describe, test } from 'vitest';
import type { ReceivedRequest } from '../../src/sandbox/received-request.ts';
import { ServiceRefusal } from '../../src/sandbox/refusal.ts';
import { checkX509Signature } from '../../src/sandbox/x509-signature.ts';

interface Published {
  readonly name: string;
  readonly algorithm: 'RSA' | 'ECDSA';
  readonly date: string;
  readonly region: string;
  readonly service?: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly leaf: string;
  readonly serial: string;
  readonly signature?: string;
}

interface Own {
  readonly name: string;
  readonly query?: string;
  readonly body: string;
  readonly headers: Record<string, string>;
  readonly authorization: string;
}

const readVectors = (name: string): string =>
  readFileSync(new URL(`../../certs-fixtures/vectors/${name}`, import.meta.url), 'utf8');
const published: { readonly signed: readonly Published[] } = JSON.parse(readVectors('published.json'));
const own: { readonly vectors: readonly Own[] } = JSON.parse(readVectors('sigv4-x509.json'));

function received(query: string, headers: Record<string, string>, body: string): ReceivedRequest {
  return {
    id: '',
    method: 'POST',
    path: '/sessions',
    query,
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    body: Buffer.from(body),
  };
}

function asReceived(vector: Published): ReceivedRequest {
  const stamp = vector.date.replaceAll(/[-:]/g, '');
  const scope = `${stamp.slice(0, 8)}/${vector.region}/rolesanywhere/aws4_request`;
  const signedHeaders = 'content-type;host;x-amz-date;x-amz-x509';
  const authorization = `AWS4-X509-${vector.algorithm}-SHA256 Credential=${vector.serial}/${scope}, SignedHeaders=${signedHeaders}, Signature=${vector.signature}`;
  const query = vector.query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return received(
    query,
    { ...vector.headers, 'x-amz-date': stamp, 'x-amz-x509': vector.leaf, authorization },
    vector.body,
  );
}

async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof ServiceRefusal)) throw new Error('it was not refused');
  return error.details.reason;
}

describe('requests that were signed elsewhere', () => {
  const complete = published.signed.filter(
    ({ signature, service }) => signature !== undefined && service === undefined,
  );

  test('there are recorded ones', () => {
    expect(complete.map(({ name }) => name)).toEqual(['A', 'C, RSA', 'C, P-384']);
  });

  test.each(complete)('$name', async (vector) => {
    const expected = { region: vector.region, now: new Date(vector.date) };
    const { leaf, chain } = await checkX509Signature(asReceived(vector), expected);
    expect(leaf.serialNumber.toString()).toBe(vector.serial);
    expect(chain).toEqual([]);
  });

  test.each(complete)('$name with one byte of its body changed', async (vector) => {
    const expected = { region: vector.region, now: new Date(vector.date) };
    const changed = asReceived({ ...vector, body: vector.body.replace('3600', '3601') });
    expect(await refusalOf(checkX509Signature(changed, expected))).toBe(
      'the signature does not fit the request and the leaf',
    );
  });

  test.each(own.vectors)('$name', async (vector) => {
    const headers = { ...vector.headers, authorization: vector.authorization };
    const request = received(vector.query ?? '', headers, vector.body);
    const now = new Date('2026-01-15T12:34:56Z');
    const { chain } = await checkX509Signature(request, { region: 'us-east-1', now });
    expect(chain.length).toBe(vector.name.endsWith('chain') ? 1 : 0);
  });
});
