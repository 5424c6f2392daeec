import type { Certificate } from './certificate.ts';
import { equalBytes, toHex } from './der.ts';
import { isSignedBy } from './verify-signature.ts';

/** X-Amz-X509-Chain takes no more (user guide, "signature process", X-Amz-X509-Chain). */
export const maxChainLength = 5;

/** Signatures that are looked at, of certificates whose names and key identifiers fit: keeps a hostile bag from taking long. */
const maxTries = 500;

/**
 * Every certificate of the bag that really issued the leaf, or an issuer of it: issuer of the leaf first, then its
 * issuers, level by level. Both of two cross-signed issuers are among them; duplicates and the leaf are not.
 */
export async function findIssuers(leaf: Certificate, bag: readonly Certificate[]): Promise<readonly Certificate[]> {
  const found = new Set([leaf]);
  const candidates = bySubject(bag, leaf);
  let tries = 0;
  // A set that grows gives what was added, too.
  for (const child of found) {
    for (const candidate of candidates.get(toHex(child.issuer)) ?? []) {
      if (found.has(candidate) || !keyIdentifiersAgree(candidate, child) || ++tries > maxTries) continue;
      if (await isSignedBy(child, candidate)) found.add(candidate);
    }
  }
  found.delete(leaf);
  return [...found];
}

/**
 * What goes into X-Amz-X509-Chain: the issuers without self-signed roots, which the service has as trust anchors or
 * would not believe.
 *
 * @throws Problem CHAIN_TOO_LONG
 */
export async function chainOf(issuers: readonly Certificate[]): Promise<readonly Certificate[]> {
  const chain: Certificate[] = [];
  for (const issuer of issuers) {
    if (!(await isSelfSigned(issuer))) chain.push(issuer);
  }
  if (chain.length <= maxChainLength) return chain;
  const { explainLongChain } = await import('./explain-leaf.ts');
  throw explainLongChain(chain.length, maxChainLength);
}

export function isSame(one: Certificate, other: Certificate): boolean {
  return equalBytes(one.der, other.der);
}

/** Each certificate once, the leaf not. */
function bySubject(bag: readonly Certificate[], leaf: Certificate): ReadonlyMap<string, readonly Certificate[]> {
  const seen = new Set([toHex(leaf.der)]);
  const found = new Map<string, Certificate[]>();
  for (const certificate of bag) {
    const [der, subject] = [toHex(certificate.der), toHex(certificate.subject)];
    if (seen.has(der)) continue;
    seen.add(der);
    const others = found.get(subject);
    if (others === undefined) found.set(subject, [certificate]);
    else others.push(certificate);
  }
  return found;
}

/** RFC 5280, section 4.2.1.1: they do where either has none. */
function keyIdentifiersAgree({ subjectKeyIdentifier }: Certificate, { authorityKeyIdentifier }: Certificate): boolean {
  if (subjectKeyIdentifier === undefined || authorityKeyIdentifier === undefined) return true;
  return equalBytes(subjectKeyIdentifier, authorityKeyIdentifier);
}

async function isSelfSigned(certificate: Certificate): Promise<boolean> {
  const { issuer, subject } = certificate;
  return (
    equalBytes(issuer, subject) &&
    keyIdentifiersAgree(certificate, certificate) &&
    (await isSignedBy(certificate, certificate))
  );
}
