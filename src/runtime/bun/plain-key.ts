/** The same as ../node/plain-key.ts by WebCrypto, for RSA and EC keys that tell their public half. */
import type { webcrypto } from 'node:crypto';
import type { PemBlock } from '../../identity/backends/file/pem.ts';
import { cannotSign, type PrivateKey } from '../../identity/private-key.ts';
import type { Digest } from '../../identity/signer.ts';
import {
  bitStringOf,
  constructed,
  type Element,
  equalBytes,
  octetStringOf,
  onlyElement,
  sequenceOf,
  tags,
} from '../../identity/x509/der.ts';
import { encodeEcdsaSignature, encodeElement } from '../../identity/x509/der-writer.ts';
import { describeAlgorithm, publicKeyBytes } from '../../identity/x509/public-key.ts';
import { importParameters, type SubtleKey, useParameters } from './subtle.ts';

export async function openPlainKey(block: PemBlock): Promise<PrivateKey | undefined> {
  return (await openBySubtle(block)) ?? (await import('../node/plain-key.ts')).openPlainKey(block);
}

/** Undefined where somebody else has to look at it. */
async function openBySubtle({ label, body, isWhole }: PemBlock): Promise<PrivateKey | undefined> {
  const der = isWhole ? decodeBase64(body) : undefined;
  let pkcs8: Buffer | undefined;
  try {
    pkcs8 = der && asPkcs8(label, der);
    return pkcs8 && (await openPkcs8(pkcs8));
  } catch {
    return undefined;
  } finally {
    der?.fill(0);
    pkcs8?.fill(0);
  }
}

const base64Digits = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const [notDigit, beside] = [-1, -2];

/** Octet -> the value of its digit. A line's end and padding stand beside digits. */
function digitValues(): Int8Array {
  const values = new Int8Array(256).fill(notDigit);
  for (let value = 0; value < 64; value += 1) values[base64Digits[value] ?? 0] = value;
  for (const octet of [0x0a, 0x0d, 0x3d]) values[octet] = beside;
  return values;
}

/**
 * No string is made of it, as a string cannot be wiped. Undefined for what has headers, or is damaged. By index, and
 * with a length of its own: this is interpreted, and an iterator or a getter for each octet takes longer than all the rest.
 */
function decodeBase64(text: Buffer): Buffer | undefined {
  const values = digitValues();
  const { length: end } = text;
  const bytes = Buffer.from(new ArrayBuffer(Math.ceil(end * 0.75)));
  let [length, bits, width] = [0, 0, 0];
  for (let at = 0; at < end; at += 1) {
    const value = values[text[at] ?? 0] ?? notDigit;
    if (value === notDigit) return undefined;
    if (value === beside) continue;
    bits = ((bits << 6) | value) & 0xfff;
    width += 6;
    if (width < 8) continue;
    width -= 8;
    bytes[length++] = bits >> width;
  }
  return bytes.subarray(0, length);
}

const versionZero = Buffer.of(tags.integer, 1, 0);
const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex');
const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');

/** PrivateKeyInfo (RFC 5958, section 2) around RSAPrivateKey (RFC 8017, A.1.2) or ECPrivateKey (RFC 5915, section 3). */
function asPkcs8(label: string, der: Buffer): Buffer {
  if (label === 'PRIVATE KEY') return Buffer.from(der);
  const algorithm =
    label === 'RSA PRIVATE KEY'
      ? rsaEncryption
      : encodeElement(tags.sequence, ecPublicKey, fieldOf(onlyElement(der), 0)?.contents ?? Buffer.of());
  return encodeElement(tags.sequence, versionZero, algorithm, encodeElement(tags.octetString, der));
}

/** The field `[number]` of a sequence. */
function fieldOf(sequence: Element, number: number): Element | undefined {
  return sequenceOf(sequence).find(({ tag }) => tag === constructed(number));
}

async function openPkcs8(pkcs8: Buffer): Promise<PrivateKey | undefined> {
  const [version, algorithm, privateKey] = sequenceOf(onlyElement(pkcs8));
  const description = describeAlgorithm(algorithm);
  const isKnown = description.family === 'RSA' || description.family === 'EC';
  if (!isKnown || algorithm === undefined || !equalBytes(version?.encoded ?? Buffer.of(), versionZero))
    return undefined;
  const publicKey = publicHalf(description, onlyElement(octetStringOf(privateKey)));
  if (publicKey === undefined) return undefined;
  const key = await subtleKey(pkcs8, description);
  const publicKeyInfo = encodeElement(
    tags.sequence,
    algorithm.encoded,
    encodeElement(tags.bitString, Buffer.of(0), publicKey),
  );
  return {
    signer: {
      algorithm: description.family === 'RSA' ? 'RSA' : 'ECDSA',
      sign: (message, digest) => key(message, digest),
    },
    publicKeyInfo: () => publicKeyInfo,
    fits: (certificate) => equalBytes(publicKeyBytes(certificate.publicKeyInfo), publicKey),
  };
}

const uncompressed = 0x04;

/** RSAPublicKey, or the point `04 ‖ X ‖ Y`; undefined for an EC key that does not tell it so. */
function publicHalf({ family }: SubtleKey, key: Element): Uint8Array | undefined {
  if (family === 'RSA') {
    const [, modulus, exponent] = sequenceOf(key);
    return modulus && exponent && encodeElement(tags.sequence, modulus.encoded, exponent.encoded);
  }
  const field = fieldOf(key, 1);
  const point = field && bitStringOf(onlyElement(field.contents)).bytes;
  // A copy, as the key's bytes are wiped.
  return point?.[0] === uncompressed ? Buffer.from(point) : undefined;
}

/** What signs. RSA keys of WebCrypto are for one hash each: for another than SHA-256 the key is imported once more. */
async function subtleKey(
  pkcs8: Buffer,
  description: SubtleKey,
): Promise<(message: Uint8Array, digest?: Digest) => Promise<Uint8Array>> {
  const importFor = (bytes: webcrypto.BufferSource, digest: Digest): Promise<webcrypto.CryptoKey> =>
    crypto.subtle.importKey('pkcs8', bytes, importParameters(description, digest), true, ['sign']);
  const key = await importFor(pkcs8, 'SHA-256');
  return async (message, digest = 'SHA-256') => {
    try {
      const isFor = description.family === 'EC' || digest === 'SHA-256';
      const own = isFor ? key : await importFor(await crypto.subtle.exportKey('pkcs8', key), digest);
      const signature = Buffer.from(await crypto.subtle.sign(useParameters(description, digest), own, message));
      const half = signature.length / 2;
      return description.family === 'RSA'
        ? signature
        : encodeEcdsaSignature(signature.subarray(0, half), signature.subarray(half));
    } catch (cause) {
      throw cannotSign(cause);
    }
  };
}
