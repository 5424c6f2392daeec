import { generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyType } from './key-types.ts';

/** Hash of an issuer's signature. Roles Anywhere refuses SHA-1. */
export type CertificateHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/** A key that can stand in a certificate and sign others. */
export interface KeyPair {
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKeyInfo: Uint8Array;
  /** PKCS#8, not encrypted. */
  readonly privateKeyPem: string;
  /** Name and parameters of its signatures, as @peculiar/x509 wants them. */
  signingAlgorithm(hash: CertificateHash): { name: string; hash: string; namedCurve?: string };
  /** ECDSA gives `r` and `s` at full length, one after the other. */
  sign(message: Uint8Array, hash: CertificateHash): Uint8Array;
}

export async function makeKeyPair(type: KeyType): Promise<KeyPair> {
  if (isMlDsa(type)) return makeMlDsaKeyPair(type);
  if (type.startsWith('RSA-')) {
    const modulusLength = Number(type.slice('RSA-'.length));
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
    return describe(publicKey, privateKey, { name: 'RSASSA-PKCS1-v1_5' });
  }
  const { publicKey, privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: type });
  return describe(publicKey, privateKey, { name: 'ECDSA', namedCurve: type });
}

function isMlDsa(type: KeyType): type is MlDsaName {
  return type.startsWith('ML-DSA-');
}

function describe(
  publicKey: KeyObject,
  privateKey: KeyObject,
  algorithm: { name: string; namedCurve?: string },
): KeyPair {
  return {
    publicKeyInfo: publicKey.export({ format: 'der', type: 'spki' }),
    privateKeyPem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    signingAlgorithm: (hash) => ({ ...algorithm, hash }),
    sign: (message, hash) =>
      sign(hash.replace('-', '').toLowerCase(), message, { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

/** Last byte of the object identifiers 2.16.840.1.101.3.4.3.17 to 19 (RFC 9881, section 2). */
const algorithms = { 'ML-DSA-44': 17, 'ML-DSA-65': 18, 'ML-DSA-87': 19 } as const;

type MlDsaName = keyof typeof algorithms;

/**
 * An ML-DSA key (FIPS 204) by @noble/post-quantum, on every Node alike. Its PKCS#8 holds seed and expanded key, which
 * is what every reader takes (RFC 9881, section 6).
 */
async function makeMlDsaKeyPair(name: MlDsaName): Promise<KeyPair> {
  const { ml_dsa44, ml_dsa65, ml_dsa87 } = await import('@noble/post-quantum/ml-dsa.js');
  const implementation = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 }[name];
  const seed = randomBytes(32);
  const { publicKey, secretKey } = implementation.keygen(seed);
  const oid = Uint8Array.of(0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, algorithms[name]);
  const algorithm = der(sequence, der(0x06, oid));
  const privateKey = der(sequence, der(octetString, seed), der(octetString, secretKey));
  return {
    publicKeyInfo: der(sequence, algorithm, der(0x03, Uint8Array.of(0), publicKey)),
    privateKeyPem: pem(der(sequence, der(0x02, Uint8Array.of(0)), algorithm, der(octetString, privateKey))),
    signingAlgorithm: (hash) => ({ name, hash }),
    sign: (message) => implementation.sign(message, secretKey),
  };
}

const sequence = 0x30;
const octetString = 0x04;

/** Identifier, length and content (X.690, section 8.1). */
function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const octets = Buffer.from(content.length.toString(16).padStart(6, '0'), 'hex');
  // Three octets of length are more than any of these needs; DER wants no leading zero.
  const significant = octets.subarray(octets.findIndex((octet) => octet !== 0));
  const length = content.length < 0x80 ? [content.length] : [0x80 + significant.length, ...significant];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function pem(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}
