import type { Certificate } from './certificate.ts';
import { equalBytes } from './der.ts';
import { isSignedBy } from './verify-signature.ts';

/** X-Amz-X509-Chain takes no more (user guide, "signature process", X-Amz-X509-Chain). */
export const maxChainLength = 5;

/**
 * Every certificate of the bag that really issued the leaf, or an issuer of it: issuer of the leaf first, then its
 * issuers, level by level. Both of two cross-signed issuers are among them; duplicates and the leaf are not.
 */
export async function findIssuers(leaf: Certificate, bag: readonly Certificate[]): Promise<readonly Certificate[]> {
  const issuers: Certificate[] = [];
  const candidates = withoutDuplicates(bag).filter((candidate) => !isSame(candidate, leaf));
  for (let child: Certificate | undefined = leaf, next = 0; child !== undefined; child = issuers[next++]) {
    for (const candidate of candidates) {
      if (!issuers.includes(candidate) && (await isIssuer(candidate, child))) issuers.push(candidate);
    }
  }
  return issuers;
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
    if (!(await isIssuer(issuer, issuer))) chain.push(issuer);
  }
  if (chain.length <= maxChainLength) return chain;
  const { explainLongChain } = await import('./explain-long-chain.ts');
  throw explainLongChain(chain.length, maxChainLength);
}

export function isSame(one: Certificate, other: Certificate): boolean {
  return equalBytes(one.der, other.der);
}

function withoutDuplicates(bag: readonly Certificate[]): readonly Certificate[] {
  return bag.filter((one, index) => bag.findIndex((other) => isSame(one, other)) === index);
}

/** RFC 5280, sections 6.1.3 and 4.2.1.1: names chain, key identifiers agree where both are there, signature fits. */
async function isIssuer(issuer: Certificate, child: Certificate): Promise<boolean> {
  if (!equalBytes(issuer.subject, child.issuer)) return false;
  const { subjectKeyIdentifier } = issuer;
  const { authorityKeyIdentifier } = child;
  if (
    subjectKeyIdentifier !== undefined &&
    authorityKeyIdentifier !== undefined &&
    !equalBytes(subjectKeyIdentifier, authorityKeyIdentifier)
  ) {
    return false;
  }
  return isSignedBy(child, issuer);
}
