import { createCipheriv, createDecipheriv, createHash, createHmac, ECDH, randomBytes } from 'node:crypto';

export { randomBytes };

export function sha256(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest();
}

/** @param name as `hashName` gives it: `sha384` */
export function hashBy(name: string, data: Uint8Array): Buffer {
  return createHash(name).update(data).digest();
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

/** What AES-256-GCM takes besides the text (NIST SP 800-38D). */
export interface GcmInput {
  readonly key: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** What is not encrypted, and bound to what is. */
  readonly clear: Uint8Array;
}

const cipher = 'aes-256-gcm';
const tagLength = 16;

/** Ciphertext ‖ tag. */
// eslint-disable-next-line typescript/require-await -- it is asynchronous in Bun
export async function sealGcm(content: Uint8Array, { key, nonce, clear }: GcmInput): Promise<Buffer> {
  const gcm = createCipheriv(cipher, key, nonce).setAAD(clear);
  return Buffer.concat([gcm.update(content), gcm.final(), gcm.getAuthTag()]);
}

/** What `sealGcm` made. @throws whatever, for what it did not make */
// eslint-disable-next-line typescript/require-await -- it is asynchronous in Bun
export async function openGcm(sealed: Uint8Array, { key, nonce, clear }: GcmInput): Promise<Buffer> {
  const end = sealed.length - tagLength;
  const gcm = createDecipheriv(cipher, key, nonce, { authTagLength: tagLength });
  gcm.setAAD(clear).setAuthTag(sealed.subarray(end));
  return Buffer.concat([gcm.update(sealed.subarray(0, end)), gcm.final()]);
}

/** The point `04 ‖ X ‖ Y`, out of that or of its compressed form; undefined for what is no point of the curve. */
export function uncompressedPoint(point: Uint8Array, curve: string): Buffer | undefined {
  try {
    return Buffer.from(ECDH.convertKey(point, curve, undefined, 'hex', 'uncompressed').toString(), 'hex');
  } catch {
    return undefined;
  }
}
