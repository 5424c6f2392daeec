import { createCipheriv, createDecipheriv } from 'node:crypto';
import { algorithms } from './algorithms.ts';
import { cursorOver, rest, sized, takeSized, u16 } from './codec.ts';
import { kdfA } from './kdf.ts';

/** How a session encrypts the first parameter (TPM 2.0 Library, part 1, chapter "Session-based encryption"). */
export type ParameterCipher = 'AES-128-CFB' | 'XOR' | 'none';

/** TPMT_SYM_DEF for TPM2_StartAuthSession (part 2, section 11.1.6). */
export function writeSymmetric(cipher: ParameterCipher): Uint8Array {
  if (cipher === 'none') return u16(algorithms.NULL);
  if (cipher === 'XOR') return Buffer.concat([u16(algorithms.XOR), u16(algorithms.SHA256)]);
  return Buffer.concat([u16(algorithms.AES), u16(128), u16(algorithms.CFB)]);
}

export interface ParameterKey {
  readonly cipher: ParameterCipher;
  /** sessionKey ‖ authValue of the entity that the session authorizes. */
  readonly sessionValue: Uint8Array;
  /** Of the one who encrypts. */
  readonly nonceNewer: Uint8Array;
  readonly nonceOlder: Uint8Array;
}

/** `parameters` begin with a TPM2B_…, whose contents are encrypted; its size and what follows stay. */
export function encryptFirst(parameters: Uint8Array, key: ParameterKey): Uint8Array {
  return transformFirst(parameters, (contents) => transform(contents, key, createCipheriv));
}

export function decryptFirst(parameters: Uint8Array, key: ParameterKey): Uint8Array {
  return transformFirst(parameters, (contents) => transform(contents, key, createDecipheriv));
}

function transformFirst(parameters: Uint8Array, change: (contents: Uint8Array) => Uint8Array): Uint8Array {
  const cursor = cursorOver(parameters);
  return Buffer.concat([sized(change(takeSized(cursor))), rest(cursor)]);
}

function transform(
  contents: Uint8Array,
  key: ParameterKey,
  make: typeof createCipheriv | typeof createDecipheriv,
): Uint8Array {
  if (key.cipher === 'none') return contents;
  if (key.cipher === 'XOR') {
    const mask = derive(key, 'XOR', contents.length);
    return contents.map((octet, index) => octet ^ (mask[index] ?? 0));
  }
  const secret = derive(key, 'CFB', 32);
  const cipher = make('aes-128-cfb', secret.subarray(0, 16), secret.subarray(16));
  return Buffer.concat([cipher.update(contents), cipher.final()]);
}

function derive({ sessionValue, nonceNewer, nonceOlder }: ParameterKey, label: string, size: number): Buffer {
  return kdfA(sessionValue, { hash: 'sha256', label, partyU: nonceNewer, partyV: nonceOlder, size });
}
