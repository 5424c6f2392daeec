import type { JudgedCertificate, DistinguishedName } from './certificate.ts';

/** STS limits on session tags (API reference, AssumeRole, Tags). */
export const tagLimits = { key: 128, value: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u } as const;

/**
 * The session tags Roles Anywhere makes of a leaf with the default attribute mapping (user guide, attribute mapping):
 * every attribute of subject and issuer, and the first DNS name, URI and directory name. Values that are no tags are
 * left out without a word.
 */
export function sessionTags(leaf: JudgedCertificate): ReadonlyMap<string, string> {
  const { dns, uri, directory } = leaf.alternativeNames;
  const candidates: readonly (readonly [string, string | undefined])[] = [
    ...nameTags('x509Subject', leaf.subject),
    ...nameTags('x509Issuer', leaf.issuer),
    ['x509SAN/DNS', dns[0]],
    ['x509SAN/URI', uri[0]],
    ...nameTags('x509SAN/Name', directory[0]),
  ];
  const tags = new Map<string, string>();
  for (const [key, value] of candidates) if (value !== undefined && isTag(key, value)) tags.set(key, value);
  return tags;
}

/** Several values of one attribute are joined with `/`, in the order of the certificate. */
function nameTags(prefix: string, name: DistinguishedName | undefined): [string, string][] {
  const values = new Map<string, string[]>();
  for (const { type, value } of name?.attributes ?? []) {
    // An attribute without a short name has no tag.
    if (!/^\d/.test(type)) values.set(type, [...(values.get(type) ?? []), value]);
  }
  return [...values].map(([type, all]) => [`${prefix}/${type}`, all.join('/')]);
}

function isTag(key: string, value: string): boolean {
  return key.length <= tagLimits.key && value.length <= tagLimits.value && tagLimits.pattern.test(value);
}
