import { X509Certificate } from 'node:crypto';
import { RolesAnywhereError } from '../core/errors.ts';
import { isObject, whatIs } from '../core/given-shape.ts';
import type { SignatureAlgorithm } from './signer.ts';
import { describePublicKey } from './x509/public-key.ts';

const families: Readonly<Record<SignatureAlgorithm, true>> = { RSA: true, ECDSA: true, 'ML-DSA': true };

/**
 * What is wrong with an identity of a caller's own, as far as can be seen without using it.
 *
 * @param place what messages call it: `identity`
 */
export function identityFault(identity: unknown, place: string): RolesAnywhereError | undefined {
  if (!isObject(identity)) {
    return fault(`${place} must be an object with certificate, chain, signer and close, not ${whatIs(identity)}`);
  }
  const { certificate, chain, signer }: { certificate?: unknown; chain?: unknown; signer?: unknown } = identity;
  if (!Array.isArray(chain))
    return fault(`${place}.chain must be a list of certificates, not ${whatIs(chain)}`, [noChain]);
  return (
    certificateFault(certificate, `${place}.certificate`) ??
    chain.map((one, at) => certificateFault(one, `${place}.chain[${at}]`)).find((found) => found !== undefined) ??
    signerFault(signer, `${place}.signer`) ??
    familyFault(signer, certificate, place)
  );
}

const noChain = 'it is [] where nothing stands between the leaf and the trust anchor';

function certificateFault(certificate: unknown, place: string): RolesAnywhereError | undefined {
  if (isObject(certificate) && 'der' in certificate) return undefined;
  const what = `${place} must be what parseCertificate() returns, not ${whatIs(certificate)}`;
  if (certificate instanceof X509Certificate)
    return fault(what, ['parseCertificate(certificate.raw) makes it of an X509Certificate']);
  return fault(what, [
    'parseCertificate() takes the DER of a certificate; new X509Certificate(pem).raw of node:crypto is that',
  ]);
}

function signerFault(signer: unknown, place: string): RolesAnywhereError | undefined {
  if (!isObject(signer) || !('sign' in signer) || typeof signer.sign !== 'function') {
    return fault(`${place} must be an object with algorithm and a function sign, not ${whatIs(signer)}`);
  }
  const algorithm = algorithmOf(signer);
  if (typeof algorithm === 'string' && Object.hasOwn(families, algorithm)) return undefined;
  return fault(`${place}.algorithm must be 'RSA', 'ECDSA' or 'ML-DSA'`, [
    'it is the family of the key; the hash is SHA-256 for RSA and ECDSA',
  ]);
}

function familyFault(signer: unknown, certificate: unknown, place: string): RolesAnywhereError | undefined {
  const algorithm = algorithmOf(signer);
  const family = familyOf(certificate);
  if (family === undefined || family === algorithm) return undefined;
  return fault(`${place}.signer.algorithm is ${String(algorithm)}, and the key of the certificate is ${family}`);
}

function algorithmOf(signer: unknown): unknown {
  return isObject(signer) && 'algorithm' in signer ? signer.algorithm : undefined;
}

function familyOf(certificate: unknown): string | undefined {
  if (!isObject(certificate) || !('publicKeyInfo' in certificate)) return undefined;
  const { publicKeyInfo } = certificate;
  if (!(publicKeyInfo instanceof Uint8Array)) return undefined;
  const { family } = describePublicKey(publicKeyInfo);
  return family === 'EC' ? 'ECDSA' : family;
}

function fault(message: string, hints: readonly string[] = []): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', message, { hints });
}
