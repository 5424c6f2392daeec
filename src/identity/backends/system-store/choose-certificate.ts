import { RolesAnywhereError } from '../../../core/errors.ts';
import type { CertificateSelection } from '../../identity.ts';
import { faultOf } from '../../x509/check-leaf.ts';
import { distinguishedName } from '../../x509/distinguished-name.ts';
import { describePublicKey } from '../../x509/public-key.ts';
import { isNamedInFull, mismatchOf } from './match-certificate.ts';
import type { StoredCertificate } from './system-store.ts';

/** How many certificates a message names. */
const mostNamed = 10;

export interface Choice {
  readonly now: Date;
  readonly useLatestExpiring: boolean;
  /** What messages call the store: `--certificate: the store CurrentUser\MY`. */
  readonly place: string;
}

/**
 * The certificate that is selected among those of a store: one with a key, that Roles Anywhere takes.
 *
 * @throws RolesAnywhereError STORE_NOT_FOUND, which says what was there and why each did not match; STORE_AMBIGUOUS
 */
export function chooseCertificate(
  stored: readonly StoredCertificate[],
  selection: CertificateSelection,
  { now, useLatestExpiring, place }: Choice,
): StoredCertificate {
  const selected = selectCertificates(stored, selection);
  const matching = selected.filter((one) => faultIn(one, now) === undefined).toSorted(byExpiry);
  const [first, ...others] = matching;
  if (first !== undefined && (others.length === 0 || useLatestExpiring)) return first;
  if (first === undefined) {
    throw new RolesAnywhereError('STORE_NOT_FOUND', `${place} has no certificate that matches`, {
      hints:
        stored.length === 0 ? ['it has no certificates at all'] : shorten(refusals(stored, selected, selection, now)),
    });
  }
  throw new RolesAnywhereError('STORE_AMBIGUOUS', `${place} has ${matching.length} certificates that match`, {
    hints: [...shorten(matching.map(named)), 'select by thumbprint, or give --use-latest-expiring-certificate'],
  });
}

/**
 * Those that are selected, whatever is wrong with them. Where a name is the whole name of some, those that have more in
 * theirs are not meant: what the official helper takes, which knows whole names alone, is taken here, too.
 */
export function selectCertificates(
  stored: readonly StoredCertificate[],
  selection: CertificateSelection,
): readonly StoredCertificate[] {
  const matching = stored.filter((one) => mismatchOf(one, selection) === undefined);
  const inFull = matching.filter((one) => isNamedInFull(one, selection));
  return inFull.length > 0 ? inFull : matching;
}

function byExpiry(one: StoredCertificate, other: StoredCertificate): number {
  return other.certificate.notAfter.getTime() - one.certificate.notAfter.getTime();
}

/** Those that are nearly right first. */
function refusals(
  stored: readonly StoredCertificate[],
  selected: readonly StoredCertificate[],
  selection: CertificateSelection,
  now: Date,
): readonly string[] {
  const others = stored.filter((one) => !selected.includes(one));
  return [
    ...selected.map((one) => `${named(one)} ${faultIn(one, now) ?? ''}`),
    ...others.map((one) => `${named(one)} ${mismatchOf(one, selection) ?? 'has more attributes in its name'}`),
  ];
}

function faultIn({ certificate, hasKey }: StoredCertificate, now: Date): string | undefined {
  if (!hasKey) return 'has no private key';
  if (describePublicKey(certificate.publicKeyInfo).family === 'ML-DSA') {
    return 'has an ML-DSA key, with which stores of the operating system do not sign';
  }
  const fault = faultOf(certificate, now);
  if (fault === undefined) return undefined;
  return reasons[fault] ?? 'is not a leaf that Roles Anywhere takes';
}

const reasons: Readonly<Record<string, string>> = {
  CERTIFICATE_EXPIRED: 'has expired',
  CERTIFICATE_NOT_YET_VALID: 'is not valid yet',
  CERTIFICATE_IS_CA: 'is that of a CA',
  CERTIFICATE_KEY_USAGE: 'has no key usage digitalSignature',
  CERTIFICATE_KEY_UNSUPPORTED: 'has a key that Roles Anywhere does not take',
};

function named({ certificate, thumbprint }: StoredCertificate): string {
  return `${distinguishedName(certificate.subject)} (${thumbprint}, until ${certificate.notAfter.toISOString().slice(0, 10)})`;
}

function shorten(lines: readonly string[]): readonly string[] {
  const more = lines.length - mostNamed;
  return more > 0 ? [...lines.slice(0, mostNamed), `and ${more} more`] : lines;
}
