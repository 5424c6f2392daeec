import { randomBytes } from 'node:crypto';
import type { KeyPair } from './key-pair.ts';

/** Last byte of the object identifiers 2.16.840.1.101.3.4.3.17 to 19 (RFC 9881, section 2). */
const algorithms = { 'ML-DSA-44': 17, 'ML-DSA-65': 18, 'ML-DSA-87': 19 } as const;

export type MlDsaName = keyof typeof algorithms;

/**
 * An ML-DSA key (FIPS 204) by @noble/post-quantum, on every Node alike. Its PKCS#8 holds seed and expanded key, which
 * is what every reader takes (RFC 9881, section 6).
 */
export async function makeMlDsaKeyPair(name: MlDsaName): Promise<KeyPair> {
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
