import { generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { makeMlDsaKeyPair, type MlDsaName } from './ml-dsa-key-pair.ts';

/** The kinds of keys that Roles Anywhere takes. */
export const keyTypes = [
  'P-256',
  'P-384',
  'P-521',
  'RSA-2048',
  'RSA-3072',
  'RSA-4096',
  'ML-DSA-44',
  'ML-DSA-65',
  'ML-DSA-87',
] as const;

/** A kind of key that Roles Anywhere takes. */
export type KeyType = (typeof keyTypes)[number];

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
