import { RolesAnywhereError } from '../../../core/errors.ts';
import type { WindowsStoreSource } from '../../identity.ts';
import { faultOf } from '../../x509/check-leaf.ts';
import { distinguishedName } from '../../x509/distinguished-name.ts';
import type { StoredCertificate } from './certificate-store.ts';

/** How many certificates a message names. */
const mostNamed = 10;

export interface Choice {
  readonly now: Date;
  readonly useLatestExpiring: boolean;
  /** What messages call the store: `--certificate: CurrentUser\MY`. */
  readonly place: string;
}

/**
 * The certificate that a source selects, of those of its store: one with a key, that Roles Anywhere takes.
 *
 * @throws RolesAnywhereError STORE_NOT_FOUND, which says what was there and why each did not match; STORE_AMBIGUOUS
 */
export function chooseCertificate(
  stored: readonly StoredCertificate[],
  source: WindowsStoreSource,
  { now, useLatestExpiring, place }: Choice,
): StoredCertificate {
  const judged = stored.map((one) => ({ one, why: mismatchOf(one, source) ?? faultIn(one, now) }));
  const matching = judged.filter(({ why }) => why === undefined).map(({ one }) => one);
  const [first, ...others] = matching.toSorted(byExpiry);
  if (first !== undefined && (others.length === 0 || useLatestExpiring)) return first;
  if (first === undefined) {
    throw new RolesAnywhereError('STORE_NOT_FOUND', `${place} has no certificate that matches`, {
      hints:
        judged.length === 0 ? ['the store is empty'] : shorten(judged.map(({ one, why }) => `${named(one)} ${why}`)),
    });
  }
  throw new RolesAnywhereError('STORE_AMBIGUOUS', `${place} has ${matching.length} certificates that match`, {
    hints: [...shorten(matching.map(named)), 'give a thumbprint, or --use-latest-expiring-certificate'],
  });
}

/** Those that a source selects, whatever is wrong with them. */
export function selectCertificates(
  stored: readonly StoredCertificate[],
  source: WindowsStoreSource,
): readonly StoredCertificate[] {
  return stored.filter((one) => mismatchOf(one, source) === undefined);
}

function byExpiry(one: StoredCertificate, other: StoredCertificate): number {
  return other.certificate.notAfter.getTime() - one.certificate.notAfter.getTime();
}

/** Why a certificate is not what the source selects, as the end of a sentence. */
function mismatchOf(
  { certificate, thumbprint, friendlyName }: StoredCertificate,
  source: WindowsStoreSource,
): string | undefined {
  if (source.thumbprint !== undefined && source.thumbprint !== thumbprint) return 'has another thumbprint';
  if (source.friendlyName !== undefined && source.friendlyName !== friendlyName) return 'has another friendly name';
  if (source.serial !== undefined && BigInt(`0x${source.serial}`) !== certificate.serialNumber)
    return 'has another serial number';
  if (source.subject !== undefined && !hasAttributes(certificate.subject, source.subject)) return 'has another subject';
  if (source.issuer !== undefined && !hasAttributes(certificate.issuer, source.issuer)) return 'has another issuer';
  return undefined;
}

function faultIn({ certificate, hasKey }: StoredCertificate, now: Date): string | undefined {
  if (!hasKey) return 'has no private key';
  const fault = faultOf(certificate, now);
  if (fault === undefined) return undefined;
  return reasons[fault] ?? 'is not a leaf that Roles Anywhere takes';
}

const reasons: Readonly<Record<string, string>> = {
  CERTIFICATE_EXPIRED: 'has expired',
  CERTIFICATE_NOT_YET_VALID: 'is not valid yet',
  CERTIFICATE_IS_CA: 'is that of a CA',
  CERTIFICATE_KEY_USAGE: 'has no key usage digitalSignature',
};

/** Whether a name has all attributes of a text, in any order; those of the name may be more. */
function hasAttributes(name: Uint8Array, text: string): boolean {
  const there = new Set(attributesIn(distinguishedName(name)));
  return attributesIn(text).every((attribute) => there.has(attribute));
}

/** `CN=leaf, O=Example` → `CN=leaf` and `O=Example`; types in any case, blanks around them do not count (RFC 4514). */
function attributesIn(text: string): readonly string[] {
  return text.split(/(?<!\\)[,+]/).map((part) => {
    const [type = '', ...value] = part.split('=');
    return `${type.trim().toUpperCase()}=${value.join('=').trim()}`;
  });
}

function named({ certificate, thumbprint }: StoredCertificate): string {
  return `${distinguishedName(certificate.subject)} (${thumbprint}, until ${certificate.notAfter.toISOString().slice(0, 10)})`;
}

function shorten(lines: readonly string[]): readonly string[] {
  const more = lines.length - mostNamed;
  return more > 0 ? [...lines.slice(0, mostNamed), `and ${more} more`] : lines;
}
