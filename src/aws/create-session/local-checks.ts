import { createPublicKey, verify, X509Certificate } from 'node:crypto';

import type { SigningIdentity } from '../../identity/identity.ts';
import type { Certificate } from '../../identity/x509/certificate.ts';
import type { SignedRequest } from '../sigv4-x509/request.ts';

/** What can be found out about a refused request without asking anybody. Findings are in the words of a hint. */

/** Seconds by which this machine is ahead of the service; negative: behind. */
export function clockSkew(now: Date, serviceDate: Date): number {
  return Math.round((now.getTime() - serviceDate.getTime()) / 1000);
}

/** The first place where the chain does not hold together; undefined when it leads from the leaf to its top. */
export function chainGap(identity: SigningIdentity): string | undefined {
  const path = [identity.certificate, ...identity.chain];
  for (const [index, issuer] of path.slice(1).entries()) {
    const child = path[index] ?? issuer;
    const gap = gapBetween(child, issuer);
    if (gap !== undefined) return gap;
  }
  return undefined;
}

function gapBetween(child: Certificate, issuer: Certificate): string | undefined {
  const names = `${certificateNameOf(child, 'subject')} was issued by ${certificateNameOf(child, 'issuer')}`;
  if (!Buffer.from(child.issuer).equals(issuer.subject)) {
    return `the chain has a gap: ${names}, and what follows it is ${certificateNameOf(issuer, 'subject')}`;
  }
  if (isSignedBy(child, issuer) === false) {
    return `the chain has a gap: ${names}, but with another key than that of the certificate that follows it`;
  }
  if (issuer.basicConstraints?.ca !== true) return `${certificateNameOf(issuer, 'subject')} in the chain is no CA`;
  return undefined;
}

/** Undefined where this version of node:crypto does not know the algorithm. */
function isSignedBy(child: Certificate, issuer: Certificate): boolean | undefined {
  try {
    return new X509Certificate(child.der).verify(new X509Certificate(issuer.der).publicKey);
  } catch {
    return undefined;
  }
}

/** Whether the signature that was sent fits the leaf; undefined where node:crypto does not know its kind of key. */
export function signatureFits(signed: SignedRequest, { certificate, signer }: SigningIdentity): boolean | undefined {
  const signature = /Signature=([0-9a-f]*)$/.exec(signed.headers['authorization'] ?? '')?.[1] ?? '';
  try {
    const key = createPublicKey({ key: Buffer.from(certificate.publicKeyInfo), format: 'der', type: 'spki' });
    const digest = signer.algorithm === 'ML-DSA' ? undefined : 'sha256';
    return verify(digest, Buffer.from(signed.stringToSign), key, Buffer.from(signature, 'hex'));
  } catch {
    return undefined;
  }
}

/** `'CN=leaf, O=Example'`, or the serial number of a certificate that cannot be read here or has no such name. */
export function certificateNameOf(certificate: Certificate, whose: 'subject' | 'issuer'): string {
  const name = readName(certificate, whose)?.trim().split('\n').join(', ');
  if (name !== undefined && name !== '') return `'${name}'`;
  return whose === 'subject' ? `serial number ${certificate.serialNumber}` : 'an issuer without a name';
}

function readName(certificate: Certificate, whose: 'subject' | 'issuer'): string | undefined {
  try {
    return new X509Certificate(certificate.der)[whose];
  } catch {
    return undefined;
  }
}
