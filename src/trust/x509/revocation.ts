import type { JudgedCertificate } from './certificate.ts';
import { isKnownSignedByKeyOf, weakSignature } from './certificate-signature.ts';
import { isSameName } from './distinguished-name.ts';
import type { CrlScope, RevocationList, RevokedEntry } from './revocation-list.ts';
import { withVerifiers } from './verify-signature.ts';

/** Bytes of a CRL, and CRLs of one trust anchor (API reference, ImportCrl; quotas of Roles Anywhere). */
export const crlLimits = { bytes: 300_000, perAnchor: 2 } as const;

/**
 * A rule for CRLs (RFC 5280, sections 5 and 6.3; API reference, ImportCrl):
 *
 * - `encoding`, `size`: what ImportCrl takes.
 * - `count`: the trust anchor has as many CRLs as it can.
 * - `issuer`: nobody given has the issuer's name. `signature`, `hash`: it is not signed by that issuer, or too weakly.
 * - `crl-sign`: the issuer's key usage is without cRLSign.
 * - `scope`: it is an indirect or delta CRL, or covers a part of what its issuer revoked.
 * - `number`: its CRL number is longer than 20 octets. None at all is no fault: old programs write CRLs without.
 * - `expired`, `not-yet-valid`: by its nextUpdate and thisUpdate.
 * - `critical-extension`: of the list, or of one of its entries.
 */
export type CrlRule =
  | 'encoding'
  | 'size'
  | 'count'
  | 'issuer'
  | 'signature'
  | 'hash'
  | 'crl-sign'
  | 'scope'
  | 'number'
  | 'expired'
  | 'not-yet-valid'
  | 'critical-extension';

/** One rule that a CRL breaks. */
export interface CrlViolation {
  readonly rule: CrlRule;
  readonly crl: RevocationList;
  /** In the words of an error message: lower case, no full stop. */
  readonly reason: string;
}

/** What CRLs are judged by. */
export interface CrlJudgement {
  /** Who may have issued it: the certificates of the trust anchor. */
  readonly issuers: readonly JudgedCertificate[];
  readonly now: Date;
}

/**
 * Everything that ImportCrl or a path would hold against a CRL; empty when there is nothing. What the service itself
 * checks at the import is not published: here everything is looked at that would keep the list from having an effect.
 */
export async function crlViolations(crl: RevocationList, judgement: CrlJudgement): Promise<CrlViolation[]> {
  return withVerifiers(() => [...importViolations(crl), ...useViolations(crl, judgement)]);
}

/**
 * The same for all the CRLs of a trust anchor, in the order of their import: it takes two (quotas of Roles Anywhere), so
 * that there can be no third.
 */
export async function anchorCrlViolations(
  crls: readonly RevocationList[],
  judgement: CrlJudgement,
): Promise<CrlViolation[]> {
  const each = await Promise.all(crls.map((crl) => crlViolations(crl, judgement)));
  const beyond = crls.slice(crlLimits.perAnchor).flatMap((crl) => violations(crl, [['count', beyondCount(crl)]]));
  return [...each.flat(), ...beyond];
}

function beyondCount(crl: RevocationList): string {
  return `${named(crl)} is one too many: a trust anchor has ${crlLimits.perAnchor} CRLs at the most`;
}

type Found = readonly (readonly [CrlRule, string | undefined])[];

function violations(crl: RevocationList, found: Found): CrlViolation[] {
  return found.flatMap(([rule, reason]) => (reason === undefined ? [] : [{ rule, crl, reason }]));
}

function importViolations(crl: RevocationList): CrlViolation[] {
  return violations(crl, [
    ['encoding', crl.encoding === 'PEM' ? undefined : `${named(crl)} is DER; ImportCrl takes PEM only`],
    [
      'size',
      crl.size <= crlLimits.bytes
        ? undefined
        : `${named(crl)} has ${crl.size} bytes; ImportCrl takes ${crlLimits.bytes} at the most`,
    ],
    [
      'number',
      crl.number === undefined || (crl.number >= 0n && crl.number < 1n << 159n)
        ? undefined
        : `the number ${crl.number} of ${named(crl)} is not one of 20 octets`,
    ],
  ]);
}

const scopeNames: Readonly<Record<CrlScope, string>> = {
  delta: 'a delta CRL, which holds only what changed since another',
  indirect: 'an indirect CRL, which holds certificates of other issuers',
  'user-certificates': 'about end-entity certificates only',
  'ca-certificates': 'about CA certificates only',
  'attribute-certificates': 'about attribute certificates only',
  'some-reasons': 'about some reasons of revocation only',
  'distribution-point': 'about one distribution point only',
};

/** What keeps a CRL from being relied on, wherever it comes from. */
function useViolations(crl: RevocationList, { issuers, now }: CrlJudgement): CrlViolation[] {
  const [unknown] = crl.unknownCriticalExtensions;
  const { nextUpdate } = crl;
  return [
    ...violations(crl, [
      ...crl.scopes.map((scope) => ['scope', `${named(crl)} is ${scopeNames[scope]}`] as const),
      [
        'critical-extension',
        unknown === undefined ? undefined : `${named(crl)} has the critical extension ${unknown}, which is not known`,
      ],
      ['hash', weakCrl(crl)],
      [
        'not-yet-valid',
        now < crl.thisUpdate ? `${named(crl)} is not valid before ${crl.thisUpdate.toISOString()}` : undefined,
      ],
      [
        'expired',
        nextUpdate !== undefined && now > nextUpdate
          ? `${named(crl)} should have been followed by a newer one at ${nextUpdate.toISOString()}`
          : undefined,
      ],
    ]),
    ...issuerViolation(crl, issuers),
  ];
}

function weakCrl(crl: RevocationList): string | undefined {
  const weak = weakSignature(crl);
  return weak === undefined ? undefined : `${named(crl)} cannot be relied on: ${weak}`;
}

/** Somebody of the issuer's name has signed it, and may sign CRLs (RFC 5280, section 6.3.3 f and g). */
function issuerViolation(crl: RevocationList, issuers: readonly JudgedCertificate[]): CrlViolation[] {
  const candidates = issuers.filter(({ subject }) => isSameName(subject, crl.issuer));
  if (candidates.length === 0) {
    const known = issuers.map(({ subject }) => `"${subject.text}"`).join(' and ');
    return violations(crl, [['issuer', `${named(crl)} is not issued by ${known}`]]);
  }
  const signers = candidates.filter((candidate) => isKnownSignedByKeyOf(crl, candidate));
  if (signers.length === 0) {
    return violations(crl, [
      ['signature', `${named(crl)} is not signed by the key of its issuer, though the names match`],
    ]);
  }
  return signers.some(({ keyUsage }) => keyUsage?.cRLSign !== false)
    ? []
    : violations(crl, [['crl-sign', `its issuer must not sign ${named(crl)}: it has a key usage without cRLSign`]]);
}

function named(crl: RevocationList): string {
  const number = crl.number === undefined ? '' : ` number ${crl.number}`;
  return `the CRL${number} of "${crl.issuer.text}"`;
}

/** A certificate that is revoked, by which entry of which list. */
export interface RevokedCertificate extends RevokedEntry {
  readonly certificate: JudgedCertificate;
  readonly crl: RevocationList;
  /** Why the list could not say of others that they are not revoked: that it is out of date takes no entry back. */
  readonly doubts: readonly CrlViolation[];
}

/** What the CRLs say of a path. */
export interface RevocationResult {
  /** The first certificate, from the leaf up, that a CRL has as revoked; undefined when there is none. */
  readonly revoked: RevokedCertificate | undefined;
  /** Certificates, the anchor aside, whose issuer's CRL was not given. Roles Anywhere is content with that. */
  readonly unchecked: readonly JudgedCertificate[];
  /** Why CRLs could not be used where there is no other of their issuer: whether something is revoked is not known. */
  readonly violations: readonly CrlViolation[];
}

/** What revocation is looked for in. */
export interface RevocationRequest {
  /** As `findPath` has it: the leaf first, the anchor last. */
  readonly path: readonly JudgedCertificate[];
  readonly crls: readonly RevocationList[];
  readonly now: Date;
}

/** A list, and all that keeps it from being relied on. */
interface JudgedList {
  readonly crl: RevocationList;
  readonly violations: readonly CrlViolation[];
}

/**
 * Looks each certificate of a path up in the CRLs of its issuer (RFC 5280, section 6.3.3). CRLs are those that were
 * imported for the trust anchor: nothing is fetched, as the service fetches nothing (user guide, revocation).
 *
 * That a serial number is not listed says something in a list without faults only. That it is listed counts in every list
 * that its issuer signed, out of date or not: the service refuses a number of an imported list, a CA does not take entries
 * back (RFC 5280, section 3.3), and whoever cannot process a critical extension must take what is listed for revoked
 * (NIST PKITS, 4.4.8). Only what provably is no entry of this certificate does not count: a list that its issuer did not
 * sign, one about other kinds of certificates, an entry of another issuer, or `removeFromCRL`.
 *
 * @example
 * ```ts
 * import { checkRevocation, decodeCrl, findPath, type PathRequest } from 'roles-anywhere/trust';
 *
 * export async function isRevoked(request: PathRequest, crl: string): Promise<boolean> {
 *   const result = await findPath(request);
 *   if (!('path' in result)) throw new Error(result.problem);
 *   const { revoked } = await checkRevocation({ path: result.path, crls: [decodeCrl(crl)], now: request.now });
 *   return revoked !== undefined;
 * }
 * ```
 */
export async function checkRevocation(request: RevocationRequest): Promise<RevocationResult> {
  return withVerifiers(() => lookUp(request));
}

function lookUp({ path, crls, now }: RevocationRequest): RevocationResult {
  const unchecked: JudgedCertificate[] = [];
  const unusable: CrlViolation[] = [];
  // A CA that changed its key has several certificates of its name on the path, and any of these keys may have signed.
  const issuers = path.slice(1);
  for (const certificate of path.slice(0, -1)) {
    const ofIssuer = crls.filter(({ issuer }) => isSameName(issuer, certificate.issuer));
    const judged = ofIssuer.map((crl) => ({ crl, violations: useViolations(crl, { issuers, now }) }));
    const revoked = entryOf(certificate, judged);
    if (revoked !== undefined) return { revoked, unchecked, violations: unusable };
    if (ofIssuer.length === 0) unchecked.push(certificate);
    else if (judged.every(({ violations: found }) => found.length > 0)) {
      unusable.push(...judged.flatMap((one) => one.violations));
    }
  }
  return { revoked: undefined, unchecked, violations: unusable };
}

function entryOf(certificate: JudgedCertificate, judged: readonly JudgedList[]): RevokedCertificate | undefined {
  for (const { crl, violations: doubts } of judged) {
    const entry = crl.revoked.get(certificate.serialNumber);
    if (entry === undefined || entry.reason === 'removeFromCRL' || !mayBeAbout(certificate, crl, doubts)) continue;
    return { certificate, crl, doubts, ...entry };
  }
  return undefined;
}

function mayBeAbout(
  { basicConstraints }: JudgedCertificate,
  { scopes }: RevocationList,
  doubts: readonly CrlViolation[],
): boolean {
  const otherKind: CrlScope = basicConstraints?.ca === true ? 'user-certificates' : 'ca-certificates';
  const isOfOthers = scopes.includes(otherKind) || scopes.includes('attribute-certificates');
  return !isOfOthers && !doubts.some(({ rule }) => rule === 'signature' || rule === 'issuer');
}
