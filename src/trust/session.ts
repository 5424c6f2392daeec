import type { DistinguishedName, JudgedCertificate } from './certificate.ts';

/** Seconds a session may last (API reference, CreateSession and AssumeRole). */
export const durationLimits = { least: 900, most: 43_200, fallback: 3600, chained: 3600 } as const;

/**
 * The lifetime of a Roles Anywhere session in seconds: the smaller of what is asked for and what the profile allows
 * (user guide, CreateSession). A role whose MaxSessionDuration is smaller makes the call fail; that is for the caller
 * to see, nothing is clamped to it.
 */
export function sessionDuration(profileSeconds: number, requestedSeconds: number | undefined): number {
  return Math.min(profileSeconds, requestedSeconds ?? profileSeconds);
}

/** What a source identity may hold (API reference, CreateSession, response). */
const longestIdentity = 64;
const identityPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u;

/**
 * The source identity of a session (user guide, trust model): `CN=` and the common name, the bare name where the
 * prefix does not fit, and `ID=` with the serial number where there is no name, or none that can be one.
 */
export function sourceIdentity(leaf: JudgedCertificate): string {
  const names = leaf.subject.attributes.filter(({ type }) => type === 'CN').map(({ value }) => value);
  const name = names.join('/');
  const wanted = name.length + 'CN='.length <= longestIdentity ? `CN=${name}` : name;
  const usable = name !== '' && wanted.length <= longestIdentity && identityPattern.test(wanted);
  return usable ? wanted : `ID=${evenHex(leaf.serialNumber)}`;
}

/**
 * The role session name when none is asked for: the serial number in lower-case hex (user guide, trust model). It is
 * padded to an even length, because STS takes no name of a single character.
 */
export function defaultSessionName(leaf: JudgedCertificate): string {
  return evenHex(leaf.serialNumber);
}

function evenHex(serialNumber: bigint): string {
  const hex = serialNumber.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}

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
