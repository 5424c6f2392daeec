import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Problem } from '../../../problem.ts';
import { damaged } from '../../../x509/der.ts';
import { algorithmName, algorithms, curveName, curves, tpmHashName } from './algorithms.ts';
import { type Cursor, cursorOver, expectEnd, sized, takeSized, takeU16, takeU32, u16 } from './codec.ts';

/** Bits of TPMA_OBJECT (TPM 2.0 Library, part 2, section 8.3). */
export const objectAttributes = {
  fixedTPM: 1 << 1,
  fixedParent: 1 << 4,
  sensitiveDataOrigin: 1 << 5,
  userWithAuth: 1 << 6,
  noDA: 1 << 10,
  restricted: 1 << 16,
  decrypt: 1 << 17,
  sign: 1 << 18,
  x509sign: 1 << 19,
} as const;

/** A scheme a key is bound to; `scheme` is TPM_ALG_NULL for a key that takes any, which has no hash then. */
interface Scheme {
  readonly scheme: number;
  readonly hash: number | undefined;
}

/** TPMS_RSA_PARMS and the modulus (part 2, sections 12.2.3.5 and 11.2.4.5). */
export interface RsaPublic {
  readonly type: 'RSA';
  readonly scheme: Scheme;
  readonly keyBits: number;
  readonly exponent: number;
  readonly modulus: Uint8Array;
}

/** TPMS_ECC_PARMS and the point (part 2, sections 12.2.3.6 and 11.2.5.2). */
export interface EccPublic {
  readonly type: 'ECC';
  readonly scheme: Scheme;
  readonly curve: number;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

export type AsymmetricPublic = RsaPublic | EccPublic;

/** A symmetric key, an HMAC key or data; as a parent it is good. */
interface OtherPublic {
  readonly type: 'other';
  /** TPMI_ALG_PUBLIC */
  readonly algorithm: number;
}

/** TPMT_PUBLIC (part 2, section 12.2.4). */
export interface PublicArea {
  readonly nameAlg: number;
  readonly attributes: number;
  readonly authPolicy: Uint8Array;
  readonly key: AsymmetricPublic | OtherPublic;
  /** TPMT_PUBLIC as it was read. */
  readonly encoded: Uint8Array;
}

/** @throws Problem */
export function readPublicArea(encoded: Uint8Array): PublicArea {
  const cursor = cursorOver(encoded);
  const type = takeU16(cursor);
  const nameAlg = takeU16(cursor);
  const attributes = takeU32(cursor);
  const authPolicy = takeSized(cursor);
  const key = readKey(cursor, type);
  if (key.type !== 'other') expectEnd(cursor);
  return { nameAlg, attributes, authPolicy, key, encoded };
}

function readKey(cursor: Cursor, type: number): AsymmetricPublic | OtherPublic {
  switch (type) {
    case algorithms.RSA:
      return readRsa(cursor);
    case algorithms.ECC:
      return readEcc(cursor);
    default:
      return { type: 'other', algorithm: type };
  }
}

function readRsa(cursor: Cursor): RsaPublic {
  skipSymmetric(cursor);
  const scheme = readScheme(cursor);
  const keyBits = takeU16(cursor);
  const exponent = takeU32(cursor);
  const modulus = takeSized(cursor);
  // Zero stands for the usual one (part 2, table 215).
  return { type: 'RSA', scheme, keyBits, exponent: exponent === 0 ? 65537 : exponent, modulus };
}

function readEcc(cursor: Cursor): EccPublic {
  skipSymmetric(cursor);
  const scheme = readScheme(cursor);
  const curve = takeU16(cursor);
  readScheme(cursor); // TPMT_KDF_SCHEME has the same form, and no use (part 2, section 11.2.3.3)
  return { type: 'ECC', scheme, curve, x: takeSized(cursor), y: takeSized(cursor) };
}

/** TPMT_SYM_DEF_OBJECT (part 2, section 11.1.7): only parents have one. */
function skipSymmetric(cursor: Cursor): void {
  const algorithm = takeU16(cursor);
  if (algorithm === algorithms.NULL) return;
  takeU16(cursor);
  takeU16(cursor);
}

/** TPMT_RSA_SCHEME, TPMT_ECC_SCHEME (part 2, sections 11.2.4.2 and 11.2.5.6). */
function readScheme(cursor: Cursor): Scheme {
  const scheme = takeU16(cursor);
  if (scheme === algorithms.NULL || scheme === algorithms.RSAES) return { scheme, hash: undefined };
  const hash = takeU16(cursor);
  if (scheme === algorithms.ECDAA) takeU16(cursor);
  return { scheme, hash };
}

/** The contents of a TPM2B_PUBLIC, which must fill `bytes`. @throws Problem */
export function readSizedPublic(bytes: Uint8Array): PublicArea {
  const cursor = cursorOver(bytes);
  const encoded = takeSized(cursor);
  expectEnd(cursor);
  return readPublicArea(encoded);
}

/** Name of an object: its nameAlg and the hash of its public area (part 1, chapter "Names"). @throws Problem */
export function objectName(area: PublicArea): Uint8Array {
  const hash = tpmHashName(area.nameAlg);
  if (hash === undefined) {
    throw new Problem(`has its name by ${algorithmName(area.nameAlg)}, which is not known`, 'TPM_KEY_UNSUPPORTED');
  }
  return Buffer.concat([u16(area.nameAlg), createHash(hash).update(area.encoded).digest()]);
}

/** Whether any bit of `mask` is set. */
export function has(area: PublicArea, mask: number): boolean {
  return (area.attributes & mask) !== 0;
}

/** A public area as it came, with its size: TPM2B_PUBLIC. */
export function sizedPublic(area: PublicArea): Uint8Array {
  if (area.encoded.length > 0xffff) throw damaged('it is too large');
  return sized(area.encoded);
}

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
