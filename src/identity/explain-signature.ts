import { constants, createHash, type KeyObject, verify } from 'node:crypto';
import { RolesAnywhereError } from '../core/errors.ts';
import { whatIs } from '../core/given-shape.ts';
import { type Digest, hashName } from './signer.ts';
import { openPublicKey } from './x509/open-key.ts';

/** What was asked of a signer, and what it gave. */
export interface FaultySignature {
  readonly message: Uint8Array;
  readonly signature: unknown;
  readonly digest: Digest;
}

/**
 * Why a signature is not what `Signer.sign` promises. What signers of somebody's own often give instead is recognised
 * by trying it.
 *
 * @param publicKeyInfo DER SubjectPublicKeyInfo of the certificate
 */
export function explainSignature(publicKeyInfo: Uint8Array, faulty: FaultySignature): RolesAnywhereError {
  const key = openPublicKey(publicKeyInfo);
  const likely =
    key === undefined ? undefined : bytesOf(faulty.signature).flatMap((bytes) => likeness(key, bytes, faulty));
  if (faulty.signature instanceof Uint8Array) {
    return invalid('the signature that the private key made does not fit the certificate', [
      likely?.[0] ?? 'the key is of another certificate, or it, its token or its driver is damaged',
    ]);
  }
  return invalid(`sign() of the signer gave ${whatIs(faulty.signature)}, where a Uint8Array belongs`, [
    'expected are the bytes of the signature; of ECDSA they are DER, SEQUENCE { r, s }',
    ...(likely ?? []).slice(0, 1),
  ]);
}

/** The bytes that somebody may have meant. */
function bytesOf(signature: unknown): readonly Uint8Array[] {
  if (signature instanceof Uint8Array) return [signature];
  if (signature instanceof ArrayBuffer) return [new Uint8Array(signature)];
  if (typeof signature !== 'string' || signature.length > 20_000) return [];
  return [Buffer.from(signature, 'base64'), Buffer.from(signature, 'hex')];
}

function likeness(key: KeyObject, signature: Uint8Array, { message, digest }: FaultySignature): readonly string[] {
  const fits = (scheme: object = {}, hash: Digest | 'SHA-1' = digest, data = message): boolean => {
    try {
      return verify(hashName(hash), data, { key, ...scheme }, signature);
    } catch {
      return false;
    }
  };
  if (key.asymmetricKeyType === 'ec' && fits({ dsaEncoding: 'ieee-p1363' })) {
    return [
      "it has the form of IEEE P1363, r and s one after the other, as Web Crypto makes it; expected is DER, SEQUENCE { r, s }, which node:crypto makes by dsaEncoding: 'der'",
    ];
  }
  if (key.asymmetricKeyType === 'rsa' && fits({ padding: constants.RSA_PKCS1_PSS_PADDING })) {
    return ['it is one of RSASSA-PSS; expected is RSASSA-PKCS1-v1_5'];
  }
  if (fits({}, digest, createHash(hashName(digest)).update(message).digest())) {
    return ['the message was hashed twice: sign() is given the message, and signs its hash'];
  }
  const other = (['SHA-1', 'SHA-256', 'SHA-384', 'SHA-512'] as const).find((hash) => hash !== digest && fits({}, hash));
  return other === undefined ? [] : [`it was made with ${other}; sign() was asked for ${digest}`];
}

function invalid(message: string, hints: readonly string[]): RolesAnywhereError {
  return new RolesAnywhereError('SIGNATURE_INVALID', message, { hints });
}
