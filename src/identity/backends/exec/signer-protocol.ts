import { createHash } from 'node:crypto';
import { isObject } from '../../../core/given-shape.ts';
import { Problem } from '../../problem.ts';
import { type Digest, hashName } from '../../signer.ts';
import type { PublicKeyDescription } from '../../x509/public-key.ts';

/** What a program is asked: docs/backends/custom.md has it for whoever writes one. */
export interface SignerRequest {
  readonly version: 1;
  readonly id: number;
  readonly operation: 'sign';
  /** ECDSA signatures are DER, SEQUENCE { r, s }. */
  readonly algorithm: 'RSASSA-PKCS1-v1_5' | 'ECDSA' | 'ML-DSA';
  /** Not of ML-DSA, which hashes by itself. */
  readonly hash?: Digest;
  /** Base64. */
  readonly message: string;
  /** Base64: the hash of the message, for what signs hashes. Not of ML-DSA. */
  readonly digest?: string;
  /** Base64 of DER SubjectPublicKeyInfo: the key that is to sign. */
  readonly publicKey: string;
}

type Family = Exclude<PublicKeyDescription['family'], 'other'>;

const algorithms: Readonly<Record<Family, SignerRequest['algorithm']>> = {
  RSA: 'RSASSA-PKCS1-v1_5',
  EC: 'ECDSA',
  'ML-DSA': 'ML-DSA',
};

/** What is to be signed, and by which key. */
export interface SigningJob {
  readonly family: Family;
  readonly publicKeyInfo: Uint8Array;
  readonly message: Uint8Array;
  readonly hash: Digest;
}

export function signerRequest(id: number, { family, publicKeyInfo, message, hash }: SigningJob): SignerRequest {
  const digest = createHash(hashName(hash)).update(message).digest('base64');
  return {
    version: 1,
    id,
    operation: 'sign',
    algorithm: algorithms[family],
    ...(family === 'ML-DSA' ? {} : { hash, digest }),
    message: Buffer.from(message).toString('base64'),
    publicKey: Buffer.from(publicKeyInfo).toString('base64'),
  };
}

/** What a program answers: a signature, or why there is none, in words for whoever reads the error. */
export type SignerAnswer = { readonly signature: Uint8Array } | { readonly error: string };

/** @throws Problem for what is no answer to this request */
export function readSignerAnswer(line: string, id: number): SignerAnswer {
  const answer = parsed(line);
  if (!isObject(answer)) throw new Problem('is no JSON object');
  const { version, id: answered, signature, error }: Readonly<Record<string, unknown>> = { ...answer };
  if (version !== 1) throw new Problem('has no "version" 1');
  if (answered !== id) throw new Problem(`has not the "id" ${id} of the request`);
  if (typeof error === 'string') return { error };
  if (typeof signature === 'string' && base64.test(signature)) return { signature: Buffer.from(signature, 'base64') };
  throw new Problem('has neither a "signature" in base64 nor an "error"');
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** The line itself is never shown: whoever writes a program may print whatever it holds. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
