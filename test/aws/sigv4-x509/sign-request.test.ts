import { createPublicKey, verify } from 'node:crypto';

import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, it } from 'vitest';

import type { Signer } from '../../../src/identity/signer.ts';
import type { UnsignedRequest } from '../../../src/aws/sigv4-x509/request.ts';
import { signRequest, type SigningMaterial } from '../../../src/aws/sigv4-x509/sign-request.ts';

const request: UnsignedRequest = {
  method: 'POST',
  path: '/sessions',
  headers: { host: 'rolesanywhere.eu-west-1.amazonaws.com', 'content-type': 'application/json' },
  body: Buffer.from('{}'),
};
const scope = { region: 'eu-west-1', date: new Date('2026-02-27T23:59:59.999Z') };

function identityWith(serialNumber: bigint, chain: readonly string[] = []): SigningMaterial {
  return {
    certificate: { der: Buffer.from('leaf'), serialNumber },
    chain: chain.map((text) => ({ der: Buffer.from(text) })),
    signer: { algorithm: 'RSA', sign: async () => Buffer.from('c0ffee', 'hex') },
  };
}

describe('signRequest', () => {
  it.each([
    [0x0n, '0'],
    [0x123n, '291'],
    [0xf1e2d3c4b5a697887965b4c3d2e1f00aabbccddn, '86307824488284001628637092025106283348006522077'],
  ])('writes serial number %s in decimal', async (serial, decimal) => {
    const signed = await signRequest(request, identityWith(serial), scope);

    expect(signed.headers['authorization']).toContain(` Credential=${decimal}/20260227/`);
  });

  it('cuts the fraction of the second, never rounds it up into the next day', async () => {
    const signed = await signRequest(request, identityWith(1n), scope);

    expect(signed.headers['x-amz-date']).toBe('20260227T235959Z');
    expect(signed.stringToSign).toContain('\n20260227T235959Z\n20260227/eu-west-1/rolesanywhere/aws4_request\n');
  });

  it('sends the chain in its order, one base64 line each, and no chain header without a chain', async () => {
    const alone = await signRequest(request, identityWith(1n), scope);
    const chained = await signRequest(request, identityWith(1n, ['issuer', 'its issuer']), scope);

    expect(Object.keys(alone.headers)).not.toContain('x-amz-x509-chain');
    expect(chained.headers['x-amz-x509']).toBe('bGVhZg==');
    expect(chained.headers['x-amz-x509-chain']).toBe('aXNzdWVy,aXRzIGlzc3Vlcg==');
    expect(chained.headers['authorization']).toContain(
      'SignedHeaders=content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain,',
    );
  });

  it('makes its own four headers, whatever the request held under their names', async () => {
    const headers = {
      ...request.headers,
      Authorization: 'old',
      'X-Amz-Date': 'old',
      'X-AMZ-X509': 'old',
      'x-amz-x509-chain': 'old',
    };

    const signed = await signRequest({ ...request, headers }, identityWith(7n), scope);

    expect(signed).toEqual({
      ...(await signRequest(request, identityWith(7n), scope)),
    });
    expect(JSON.stringify(signed.headers)).not.toContain('old');
  });

  it('signs every other header, and joins a name given in two spellings', async () => {
    const headers = { ...request.headers, 'X-Extra': ' a   b ', 'x-extra': 'c', 'Content-Length': '2' };

    const signed = await signRequest({ ...request, headers }, identityWith(7n), scope);

    expect(signed.canonicalRequest).toContain('\nx-extra:a b ,c\n');
    expect(signed.headers['authorization']).toContain(
      'SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-x509;x-extra,',
    );
  });

  it('leaves the body and the query as they were', async () => {
    const query = [['b', '='] as const, ['a', '1'] as const];

    const signed = await signRequest({ ...request, query }, identityWith(7n), scope);

    expect(signed.body).toBe(request.body);
    expect(signed.query).toBe(query);
    expect(signed.canonicalRequest).toContain('\n/sessions\na=1&b=%253D\n');
  });

  it('passes on what the signer throws', async () => {
    const signer: Signer = { algorithm: 'RSA', sign: () => Promise.reject(new Error('token removed')) };

    await expect(signRequest(request, { ...identityWith(1n), signer }, scope)).rejects.toThrow('token removed');
  });
});

/** Of each parameter set: the arc of its name below 2.16.840.1.101.3.4.3, and the bytes of a signature (FIPS 204). */
const parameterSets = [
  { name: 'ML-DSA-44', set: ml_dsa44, arc: 17, signatureBytes: 2420 },
  { name: 'ML-DSA-65', set: ml_dsa65, arc: 18, signatureBytes: 3309 },
  { name: 'ML-DSA-87', set: ml_dsa87, arc: 19, signatureBytes: 4627 },
];

/** OpenSSL 3.5 judges where node:crypto has it (from 24.6 on), noble elsewhere. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const judge = major > 24 || (major === 24 && minor >= 6) ? opensslJudges : nobleJudges;

interface Claim {
  readonly set: typeof ml_dsa44;
  readonly arc: number;
  readonly publicKey: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

function nobleJudges({ set, signature, message, publicKey }: Claim): boolean {
  return set.verify(signature, message, publicKey);
}

function opensslJudges({ arc, signature, message, publicKey }: Claim): boolean {
  const key = createPublicKey({ key: publicKeyInfo(publicKey, arc), format: 'der', type: 'spki' });
  return verify(null, message, key, signature);
}

/** SubjectPublicKeyInfo of RFC 9881, sections 2 and 4: the algorithm without parameters, then the raw key. */
function publicKeyInfo(publicKey: Uint8Array, arc: number): Buffer {
  const algorithm = Buffer.from([0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, arc]);
  const keyLength = publicKey.length + 1;
  const bitString = Buffer.from([0x03, 0x82, keyLength >> 8, keyLength & 0xff, 0x00, ...publicKey]);
  const length = algorithm.length + bitString.length;
  return Buffer.concat([Buffer.from([0x30, 0x82, length >> 8, length & 0xff]), algorithm, bitString]);
}

describe('ML-DSA', () => {
  it.each(parameterSets)('$name signs the string to sign itself', async ({ set, arc, signatureBytes }) => {
    const { publicKey, secretKey } = set.keygen(new Uint8Array(32).fill(arc));
    const signer: Signer = { algorithm: 'ML-DSA', sign: async (message) => set.sign(message, secretKey) };

    const signed = await signRequest(request, { ...identityWith(5n), signer }, scope);

    const [before = '', hex = ''] = signed.headers['authorization']?.split(', Signature=') ?? [];
    expect(before).toBe(
      'AWS4-X509-MLDSA Credential=5/20260227/eu-west-1/rolesanywhere/aws4_request, ' +
        'SignedHeaders=content-type;host;x-amz-date;x-amz-x509',
    );
    expect(hex).toMatch(/^[0-9a-f]+$/);
    expect(signed.stringToSign).toMatch(/^AWS4-X509-MLDSA\n/);
    const signature = Buffer.from(hex, 'hex');
    expect(signature).toHaveLength(signatureBytes);
    expect(judge({ set, arc, publicKey, message: Buffer.from(signed.stringToSign), signature })).toBe(true);
    expect(judge({ set, arc, publicKey, message: Buffer.from(`${signed.stringToSign} `), signature })).toBe(false);
  });
});
