import { createHash, createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import type { SignatureAlgorithm } from '../../../src/identity/signer.ts';
import { canonicalPath, canonicalQuery, canonicalRequest } from '../../../src/aws/sigv4-x509/canonical-request.ts';
import type { SignedRequest, UnsignedRequest } from '../../../src/aws/sigv4-x509/request.ts';
import { signRequest, type SigningMaterial } from '../../../src/aws/sigv4-x509/sign-request.ts';
import { opensslVerifies } from '../../support/openssl-verify.ts';

const folder = new URL('../../../certs-fixtures/vectors/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What signing needs of a certificate, read by node:crypto so that no reader of ours is its own judge. */
function readCertificate(source: string | Buffer): SigningMaterial['certificate'] {
  const certificate = new X509Certificate(source);
  return { der: certificate.raw, serialNumber: BigInt(`0x${certificate.serialNumber}`) };
}

function signatureOf(authorization: string | undefined): string {
  return /Signature=([0-9a-f]+)$/.exec(authorization ?? '')?.[1] ?? '';
}

interface OwnVector {
  readonly name: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly chainFiles: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signedHeaders: string;
  readonly canonicalRequest: string;
  readonly stringToSign: string;
  readonly serialDecimal: string;
  readonly signature: string;
  readonly authorization: string;
}

const own: { region: string; vectors: readonly OwnVector[] } = JSON.parse(read('sigv4-x509.json'));

describe('vectors of our own, made by openssl', () => {
  it('are nine, three keys with three shapes of request', () => {
    expect(own.vectors).toHaveLength(9);
  });

  it.each(own.vectors)('$name', async (vector) => {
    const key = createPrivateKey(read(vector.keyFile));
    const algorithm: SignatureAlgorithm = key.asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA';
    const signed = await signRequest(
      {
        method: vector.method,
        path: vector.path,
        query: [...new URLSearchParams(vector.query)].reverse(),
        headers: { Host: vector.headers['host'] ?? '', 'Content-Type': vector.headers['content-type'] ?? '' },
        body: Buffer.from(vector.body),
      },
      {
        certificate: readCertificate(read(vector.certFile)),
        chain: vector.chainFiles.map((name) => readCertificate(read(name))),
        signer: { algorithm, sign: async (message) => sign('sha256', message, key) },
      },
      { region: own.region, date: new Date('2026-01-15T12:34:56.789Z') },
    );

    expect(signed.canonicalRequest).toBe(vector.canonicalRequest);
    expect(signed.stringToSign).toBe(vector.stringToSign);
    const { authorization, ...headers } = signed.headers;
    expect(headers).toEqual(vector.headers);
    const leaf = vector.headers['x-amz-x509'] ?? '';
    expect(opensslVerifies(leaf, signed.stringToSign, vector.signature)).toBe(true);
    expect(opensslVerifies(leaf, signed.stringToSign, signatureOf(authorization))).toBe(true);
    expect(opensslVerifies(leaf, `${signed.stringToSign} `, signatureOf(authorization))).toBe(false);
    // RSA repeats to the byte; an ECDSA signature is random.
    const upToSignature = (text: string | undefined): string | undefined =>
      algorithm === 'RSA' ? text : text?.replace(/[0-9a-f]+$/, '');
    expect(upToSignature(authorization)).toBe(upToSignature(vector.authorization));
  });
});

interface PublishedSigned {
  readonly name: string;
  readonly algorithm: SignatureAlgorithm;
  readonly date: string;
  readonly region: string;
  readonly service?: string;
  readonly path: string;
  readonly query: readonly [string, string][];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly leaf: string;
  readonly chain: readonly string[];
  readonly serial: string;
  readonly canonicalRequestSha256?: string;
  readonly stringToSignSha256?: string;
  readonly signature?: string;
}

interface PublishedCanonical {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly query: readonly [string, string][];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly canonicalPath: string;
  readonly canonicalQuery: string;
  readonly signedHeaders: string;
  readonly canonicalRequestSha256: string;
}

const published: { signed: readonly PublishedSigned[]; canonical: readonly PublishedCanonical[] } = JSON.parse(
  read('published.json'),
);

function unsignedRequest(vector: PublishedSigned | PublishedCanonical): UnsignedRequest {
  const { method, path, query, headers, body } = { method: 'POST', ...vector };
  return { method, path, query, headers, body: Buffer.from(body) };
}

/**
 * The private keys stay with their owners: the signer hands back the published signature. For RSA a signature that
 * verifies is the only one there is (PKCS#1 v1.5 has no randomness), so verifying it against our string to sign is as
 * good as making it anew.
 */
async function signAgain(vector: PublishedSigned): Promise<SignedRequest> {
  const identity: SigningMaterial = {
    certificate: readCertificate(Buffer.from(vector.leaf, 'base64')),
    chain: vector.chain.map((certificate) => readCertificate(Buffer.from(certificate, 'base64'))),
    signer: { algorithm: vector.algorithm, sign: async () => Buffer.from(vector.signature ?? '00', 'hex') },
  };
  const service = vector.service ?? 'rolesanywhere';
  return signRequest(unsignedRequest(vector), identity, {
    region: vector.region,
    service,
    date: new Date(vector.date),
  });
}

/** Cases A, B and C. The EC cases of B come without a signature, C without hashes. */
describe('signed requests that others have published', () => {
  const tokens = { RSA: 'AWS4-X509-RSA-SHA256', ECDSA: 'AWS4-X509-ECDSA-SHA256', 'ML-DSA': 'AWS4-X509-MLDSA' };

  it.each(published.signed)('$name: Authorization', async (vector) => {
    const signed = await signAgain(vector);

    const scope = `${vector.date.slice(0, 10).replaceAll('-', '')}/${vector.region}/${vector.service ?? 'rolesanywhere'}`;
    const chain = vector.chain.length > 0 ? ';x-amz-x509-chain' : '';
    expect(signed.headers['authorization']).toBe(
      `${tokens[vector.algorithm]} Credential=${vector.serial}/${scope}/aws4_request, ` +
        `SignedHeaders=content-type;host;x-amz-date;x-amz-x509${chain}, Signature=${vector.signature ?? '00'}`,
    );
  });

  it.each(published.signed.filter((vector) => vector.canonicalRequestSha256 !== undefined))(
    '$name: hash of the canonical request',
    async (vector) => {
      expect(sha256((await signAgain(vector)).canonicalRequest)).toBe(vector.canonicalRequestSha256);
    },
  );

  it.each(published.signed.filter((vector) => vector.stringToSignSha256 !== undefined))(
    '$name: hash of the string to sign',
    async (vector) => {
      expect(sha256((await signAgain(vector)).stringToSign)).toBe(vector.stringToSignSha256);
    },
  );

  it.each(published.signed.filter((vector) => vector.signature !== undefined))(
    '$name: signature, by openssl',
    async (vector) => {
      const { stringToSign } = await signAgain(vector);

      expect(opensslVerifies(vector.leaf, stringToSign, vector.signature ?? '')).toBe(true);
    },
  );
});

/** Case D: canonical requests without certificate and signature. D2's path is given here as the wire carries it. */
describe('canonical requests that others have published', () => {
  it.each(published.canonical)('$name', (vector) => {
    const canonical = canonicalRequest(unsignedRequest(vector));

    expect(canonicalPath(vector.path)).toBe(vector.canonicalPath);
    expect(canonicalQuery(vector.query)).toBe(vector.canonicalQuery);
    expect(canonical.signedHeaders).toBe(vector.signedHeaders);
    expect(sha256(canonical.text)).toBe(vector.canonicalRequestSha256);
  });
});
