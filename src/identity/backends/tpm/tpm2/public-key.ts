import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Problem } from '../../../problem.ts';
import { curveName, curves } from './algorithms.ts';
import type { AsymmetricPublic, EccPublic, RsaPublic } from './public-area.ts';

/** The public part of a TPM key for node:crypto. @throws Problem */
export function publicKeyOf(key: AsymmetricPublic): KeyObject {
  const jwk = key.type === 'RSA' ? rsaJwk(key) : eccJwk(key);
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (error) {
    throw invalidKey(error);
  }
}

/** DER of its SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7). @throws Problem */
export function publicKeyInfoOf(key: AsymmetricPublic): Uint8Array {
  return publicKeyOf(key).export({ type: 'spki', format: 'der' });
}

export function invalidKey(cause: unknown): Problem {
  return new Problem('has a public part that is no valid key', 'TPM_KEY_INVALID', { cause });
}

function rsaJwk({ modulus, exponent }: RsaPublic): JsonWebKey {
  const hex = exponent.toString(16);
  const e = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return { kty: 'RSA', n: base64url(modulus), e: base64url(e) };
}

function eccJwk({ curve, x, y }: EccPublic): JsonWebKey {
  const known = curves[curve];
  if (known === undefined) {
    throw new Problem(`is an EC key on ${curveName(curve)}, which is not supported`, 'TPM_KEY_UNSUPPORTED');
  }
  return { kty: 'EC', crv: known.name, x: base64url(padded(x, known.size)), y: base64url(padded(y, known.size)) };
}

/** Some TPMs leave out leading zeros. */
export function padded(coordinate: Uint8Array, size: number): Uint8Array {
  return Buffer.concat([Buffer.alloc(Math.max(0, size - coordinate.length)), coordinate]);
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
