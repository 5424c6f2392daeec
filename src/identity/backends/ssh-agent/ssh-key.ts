import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { onlyElement, sequenceOf } from '../../x509/der.ts';
import { describePublicKey, nameOfPublicKey, publicKeyBytes } from '../../x509/public-key.ts';
import { SshReader, sshString } from './ssh-wire.ts';

/** Names of the keys that agents can use for Roles Anywhere (RFC 4253, section 6.6; RFC 5656, section 3.1). */
const [rsa, p256, curve] = ['ssh-rsa', 'ecdsa-sha2-nistp256', 'nistp256'] as const;

const hashesByCurve = { 'P-384': 'SHA-384', 'P-521': 'SHA-512' } as const;

/**
 * Why no agent can sign with such a key as CreateSession wants it, by SHA-256; undefined where one can.
 *
 * @param publicKeyInfo DER SubjectPublicKeyInfo
 */
export function whyNoAgentCan(publicKeyInfo: Uint8Array): string | undefined {
  const description = describePublicKey(publicKeyInfo);
  if (description.family === 'RSA') return undefined;
  if (description.family !== 'EC') return `SSH has no keys of type ${nameOfPublicKey(description)}`;
  if (description.curve === 'P-256') return undefined;
  const hash = hashesByCurve[description.curve];
  return `SSH agents sign with EC ${description.curve} keys by ${hash} alone (RFC 5656), and CreateSession takes SHA-256`;
}

/**
 * The public key as agents list it.
 *
 * @param publicKeyInfo of a key that `whyNoAgentCan` has nothing against
 */
export function keyBlobOf(publicKeyInfo: Uint8Array): Buffer {
  const key = publicKeyBytes(publicKeyInfo);
  if (describePublicKey(publicKeyInfo).family === 'EC') {
    return Buffer.concat([p256, curve, key].map((part) => sshString(part)));
  }
  // Both have their integers in the shortest form, with a zero before a set top bit.
  const [modulus, exponent] = sequenceOf(onlyElement(key), 2).map(({ contents }) => contents);
  return Buffer.concat([rsa, exponent ?? Buffer.of(), modulus ?? Buffer.of()].map((part) => sshString(part)));
}

/**
 * DER SubjectPublicKeyInfo of a key that an agent lists; undefined for one that cannot sign for Roles Anywhere: other
 * algorithms and curves, keys of FIDO authenticators, certificates of SSH.
 */
export function publicKeyInfoOfBlob(blob: Uint8Array): Buffer | undefined {
  try {
    const key = jsonWebKeyOf(new SshReader(blob));
    return key && createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  } catch {
    // A damaged one can no more sign than one of another algorithm.
    return undefined;
  }
}

function jsonWebKeyOf(blob: SshReader): JsonWebKey | undefined {
  const type = blob.string().toString('latin1');
  if (type === rsa) {
    const [exponent, modulus] = [blob.string(), blob.string()];
    return { kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') };
  }
  if (type !== p256 || blob.string().toString('latin1') !== curve) return undefined;
  const point = blob.string();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  return { kty: 'EC', crv: 'P-256', x: x.toString('base64url'), y: y.toString('base64url') };
}

/** As `ssh-add -l` shows it: `SHA256:` and base64 without padding. */
export function fingerprintOf(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
