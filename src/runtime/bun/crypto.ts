/** The same as ../node/crypto.ts without node:crypto, which takes longer to load than all that is done with it. */
import type * as builtIn from 'node:crypto';
import type { GcmInput } from '../node/crypto.ts';

export function sha256(data: Uint8Array | string): Buffer {
  return new Bun.CryptoHasher('sha256').update(data).digest();
}

export function hashBy(name: string, data: Uint8Array): Buffer {
  return new Bun.CryptoHasher(name).update(data).digest();
}

export function hmacSha256(key: Uint8Array, data: Uint8Array): Buffer {
  return new Bun.CryptoHasher('sha256', key).update(data).digest();
}

export function randomBytes(length: number): Buffer<ArrayBuffer> {
  return crypto.getRandomValues(Buffer.alloc(length));
}

export async function sealGcm(content: Uint8Array, { key, nonce, clear }: GcmInput): Promise<Buffer> {
  const opened = await importKey(key, 'encrypt');
  return Buffer.from(await crypto.subtle.encrypt(parameters(nonce, clear), opened, content));
}

export async function openGcm(sealed: Uint8Array, { key, nonce, clear }: GcmInput): Promise<Buffer> {
  const opened = await importKey(key, 'decrypt');
  return Buffer.from(await crypto.subtle.decrypt(parameters(nonce, clear), opened, sealed));
}

function importKey(key: Uint8Array, use: 'encrypt' | 'decrypt'): Promise<builtIn.webcrypto.CryptoKey> {
  return crypto.subtle.importKey('raw', key, 'AES-GCM', false, [use]);
}

function parameters(iv: Uint8Array, additionalData: Uint8Array): builtIn.webcrypto.AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData };
}

export function uncompressedPoint(point: Uint8Array, curve: string): Buffer | undefined {
  const { ECDH } = nodeCrypto();
  try {
    return Buffer.from(ECDH.convertKey(point, curve, undefined, 'hex', 'uncompressed').toString(), 'hex');
  } catch {
    return undefined;
  }
}

/** Loaded when it is asked for, and at once. */
function nodeCrypto(): typeof builtIn {
  return process.getBuiltinModule('node:crypto');
}
