import type { GeneralNames, JudgedCertificate, NameConstraints } from './certificate.ts';
import { isSameName, isWithin } from './distinguished-name.ts';

/** The certificate's subject and its issuer are one name, as in a rollover of keys (RFC 5280, section 3.2). */
export function isSelfIssued(certificate: JudgedCertificate): boolean {
  return isSameName(certificate.subject, certificate.issuer);
}

/**
 * The first name that an issuer does not allow below it (RFC 5280, sections 4.2.1.10 and 6.1.3); undefined when there is
 * none. The constraints of the anchor count like any other's, as in OpenSSL.
 *
 * @param below the path below the issuer, the leaf first
 */
export function forbiddenName(issuer: JudgedCertificate, below: readonly JudgedCertificate[]): string | undefined {
  const constraints = issuer.nameConstraints;
  if (constraints === undefined) return undefined;
  // Of self-issued certificates only the last of a path counts.
  const concerned = below.filter((member, index) => index === 0 || !isSelfIssued(member));
  const names = concerned.reduce((sum, member) => sum + countOf(namesOf(member)), 0);
  if (names * (countOf(constraints.permitted) + countOf(constraints.excluded)) > mostComparisons) {
    return 'there are too many names to compare';
  }
  return concerned.flatMap((member) => forbiddenOf(namesOf(member), constraints) ?? []).at(0);
}

/** All names of a certificate: its subject, the addresses in that where no other is given, and the alternative ones. */
function namesOf({ subject, alternativeNames }: JudgedCertificate): GeneralNames {
  const addresses = subject.attributes.filter(({ type }) => type === 'E').map(({ value }) => value);
  return {
    ...alternativeNames,
    directory: [...(subject.comparable.length === 0 ? [] : [subject]), ...alternativeNames.directory],
    email: alternativeNames.email.length > 0 ? alternativeNames.email : addresses,
  };
}

/** As in OpenSSL: a certificate of 200 kB may have ten thousands of either. */
const mostComparisons = 1 << 20;

function countOf({ dns, uri, directory, email, ip, others }: GeneralNames): number {
  return dns.length + uri.length + directory.length + email.length + ip.length + others.length;
}

const quoted = (name: string): string => `"${name}"`;

function forbiddenOf(names: GeneralNames, constraints: NameConstraints): string | undefined {
  const compared = { names, ...constraints };
  return (
    forbiddenOfKind(compared, {
      pick: ({ directory }) => directory,
      isBelow: isWithin,
      show: ({ text }) => quoted(text),
    }) ??
    forbiddenOfKind(compared, { pick: ({ dns }) => dns, isBelow: isHostWithin, show: quoted }) ??
    forbiddenOfKind(compared, { pick: ({ uri }) => uri, isBelow: isUriWithin, show: quoted }) ??
    forbiddenOfKind(compared, { pick: ({ email }) => email, isBelow: isAddressWithin, show: quoted }) ??
    forbiddenOfKind(compared, {
      pick: ({ ip }) => ip,
      isBelow: isNetworkOf,
      show: (ip) => `the address ${ip.join('.')}`,
    }) ??
    // A constraint on a kind that nobody here knows: every name of that kind breaks it.
    forbiddenOfKind(compared, {
      pick: ({ others }) => others,
      isBelow: (name, base) => (name === base ? undefined : false),
      show: () => 'a name of a kind that is not known',
    })
  );
}

interface Compared extends NameConstraints {
  readonly names: GeneralNames;
}

interface KindOfName<T> {
  readonly pick: (names: GeneralNames) => readonly T[];
  /** Whether a name is in the tree of a constraint; undefined where they cannot be compared. */
  readonly isBelow: (name: T, base: T) => boolean | undefined;
  readonly show: (name: T) => string;
}

function forbiddenOfKind<T>({ names, permitted, excluded }: Compared, kind: KindOfName<T>): string | undefined {
  const [given, within, without] = [names, permitted, excluded].map(kind.pick);
  for (const name of given ?? []) {
    const isPermitted = within?.length === 0 || within?.some((base) => kind.isBelow(name, base) === true);
    if (isPermitted !== true) return `${kind.show(name)} is not within what it permits`;
    // A name that cannot be compared may be one that is excluded.
    const isExcluded = without?.some((base) => kind.isBelow(name, base) !== false);
    if (isExcluded === true) return `${kind.show(name)} is within what it excludes`;
  }
  return undefined;
}

/** A host is within a domain when that is what it ends in, after a dot; a domain that begins with one has subdomains only. */
function isHostWithin(host: string, domain: string): boolean {
  const [name, base] = [host.toLowerCase(), domain.toLowerCase()];
  if (base === '') return true;
  return name === base || name.endsWith(base.startsWith('.') ? base : `.${base}`);
}

/** One host, or with a dot before it all hosts within: what URIs and mail addresses are confined to. */
function isHostOf(host: string, base: string): boolean {
  return base.startsWith('.') ? isHostWithin(host, base) : host.toLowerCase() === base.toLowerCase();
}

/** A URI without a host name cannot be confined, so it has to be refused (RFC 5280, section 4.2.1.10). */
function isUriWithin(uri: string, base: string): boolean | undefined {
  const [, host] = /^[a-z][a-z\d+.-]*:\/\/(?:[^@/?#]*@)?([^:/?#@[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri) ?? [];
  return host === undefined || /^[\d.]+$/.test(host) ? undefined : isHostOf(host, base);
}

/** One mailbox, all of a host, or all of a domain. The part before the @ has a case of its own. */
function isAddressWithin(address: string, base: string): boolean | undefined {
  const at = address.lastIndexOf('@');
  if (at < 1) return undefined;
  const [mailbox, host] = [address.slice(0, at), address.slice(at + 1)];
  const baseAt = base.lastIndexOf('@');
  if (baseAt === -1) return isHostOf(host, base);
  return mailbox === base.slice(0, baseAt) && host.toLowerCase() === base.slice(baseAt + 1).toLowerCase();
}

/** An address of the same family, equal to the constraint's first half in all bits of its second half. */
function isNetworkOf(address: Uint8Array, base: Uint8Array): boolean | undefined {
  if (![4, 16].includes(address.length) || ![8, 32].includes(base.length)) return undefined;
  if (base.length !== 2 * address.length) return false;
  return address.every((octet, index) => {
    const mask = base[address.length + index] ?? 0;
    return (octet & mask) === ((base[index] ?? 0) & mask);
  });
}
