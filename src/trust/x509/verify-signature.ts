import type * as MlDsa from '@noble/post-quantum/ml-dsa.js';
import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { KeyFamily, PublicKey } from './public-key.ts';

export type HashName = 'MD5' | 'SHA-1' | 'SHA-224' | 'SHA-256' | 'SHA-384' | 'SHA-512';

type HashedKind = 'RSA-PKCS1' | 'RSA-PSS' | 'ECDSA';

/** How a signature was made. */
export type VerificationScheme = { readonly kind: HashedKind; readonly hash: HashName } | { readonly kind: 'ML-DSA' };

export interface MessageToVerify {
  readonly scheme: VerificationScheme;
  readonly message: Uint8Array;
  /** RSA: as long as the modulus. ECDSA: DER. ML-DSA: raw, over the message itself with an empty context. */
  readonly signature: Uint8Array;
}

/** As OpenSSL names them. */
const digestNames: Readonly<Record<HashName, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_AUTO } = constants;

const ways = {
  /** Node's own default, too. */
  'RSA-PKCS1': { family: 'RSA', options: undefined },
  'RSA-PSS': { family: 'RSA', options: { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_AUTO } },
  /** DER, which is Node's own default. */
  ECDSA: { family: 'ECDSA', options: undefined },
} as const satisfies Record<HashedKind, { family: KeyFamily; options: object | undefined }>;

/**
 * Runs work that verifies signatures. Waiting for each of them would cost a path a twentieth of its time: only where the
 * work meets ML-DSA, and this Node does not know it, is something loaded, and the work run again from its beginning.
 */
export async function withVerifiers<T>(work: () => T): Promise<T> {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MlDsaNotLoaded)) throw error;
    mlDsa = await import('@noble/post-quantum/ml-dsa.js');
    return work();
  }
}

let mlDsa: typeof MlDsa | undefined;

class MlDsaNotLoaded extends Error {}

/**
 * Whether the key made the signature; false also for a key of another family or a signature that cannot be read. To be
 * called in `withVerifiers`.
 */
export function verifyWithKey(key: PublicKey, signed: MessageToVerify): boolean {
  const { scheme, message, signature } = signed;
  try {
    if (scheme.kind === 'ML-DSA') return key.family === 'ML-DSA' && verifyMlDsa(key, message, signature);
    const { family, options } = ways[scheme.kind];
    if (key.family !== family) return false;
    const known = importKey(key);
    const verifying = options === undefined ? known : { key: known, ...options };
    return verify(digestNames[scheme.hash], message, verifying, signature);
  } catch (error) {
    if (error instanceof MlDsaNotLoaded) throw error;
    return false;
  }
}

/** Reading a key takes OpenSSL as long as half a verification, and the key of a CA verifies many times. */
const imported = new WeakMap<PublicKey, KeyObject>();

function importKey(key: PublicKey): KeyObject {
  const known = imported.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey({ key: Buffer.from(key.info), format: 'der', type: 'spki' });
  imported.set(key, made);
  return made;
}

/** Node knows ML-DSA from 24.6 on; before that the key is either not read or has no type. */
function verifyMlDsa(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const native = nativeMlDsaKey(key);
  if (native !== undefined) return verify(undefined, message, native, signature);
  if (mlDsa === undefined) throw new MlDsaNotLoaded();
  const { ml_dsa44, ml_dsa65, ml_dsa87 } = mlDsa;
  const algorithm = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 }[key.name];
  return algorithm?.verify(signature, message, key.bits) ?? false;
}

function nativeMlDsaKey(key: PublicKey): KeyObject | undefined {
  try {
    const native = importKey(key);
    return String(native.asymmetricKeyType).startsWith('ml-dsa') ? native : undefined;
  } catch {
    return undefined;
  }
}
