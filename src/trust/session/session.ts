import type { JudgedCertificate } from '../x509/certificate.ts';

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

/** A role session name (API reference, AssumeRole). A profile has to accept one that is asked for. */
export const sessionNamePattern = /^[\w+=,.@-]{2,64}$/;

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
