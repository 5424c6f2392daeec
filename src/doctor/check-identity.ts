import { RolesAnywhereError } from '../core/errors.ts';
import { chainGap } from '../aws/create-session/local-checks.ts';
import type { Certificate } from '../identity/x509/certificate.ts';
import { dateFaultOf, faultsOf } from '../identity/x509/check-leaf.ts';
import { describeFault, explainLeaf, subjectOf } from '../identity/x509/explain-leaf.ts';
import { describeCertificate, certificateFingerprint } from '../trust/x509/describe-certificate.ts';
import type { JudgedCertificate } from '../trust/x509/certificate.ts';
import { decodeCertificate } from '../trust/x509/read-certificate.ts';
import { fail, failed, pass, skip, warn } from './finding.ts';
import type { Check, Examination } from './examination.ts';
import { openSubject } from './open-subject.ts';
import type { Finding } from './report.ts';

const noIdentity = skip('the options name no certificate that could be opened');

/** The rules for an end-entity certificate, but for its dates. */
export const checkCertificate: Check = {
  name: 'certificate',
  async run(examination) {
    const { subject, context, facts } = examination;
    if (subject.identity === undefined) return [noIdentity];
    const { leaf, leafError, identityError } = await openSubject(examination);
    facts.leaf = leaf;
    if (leaf === undefined) return [withoutLeaf(leafError ?? identityError, facts.noLogin)];
    const now = context.now();
    const faults = faultsOf(leaf, now).filter((code) => !isOfDates(code));
    if (faults.length === 0) return [pass(summaryOf(leaf, now))];
    return faults.map((code) => {
      const { details } = explainLeaf(leaf, code, now);
      return fail(
        code,
        `the certificate of ${subjectOf(leaf)} ${describeFault(leaf, code, now)}`,
        ...(details.hints ?? []),
      );
    });
  },
};

/** Only a key store gives certificate and key together: why it does not is told for the key. */
function withoutLeaf(error: unknown, noLogin: string | undefined): Finding {
  if (noLogin !== undefined) return skip(`it is read together with the key: ${noLogin}`);
  if (error instanceof RolesAnywhereError && !error.code.startsWith('CERTIFICATE_')) {
    return skip('it is had together with the key, which cannot be opened');
  }
  return failed(error);
}

const isOfDates = (code: string): boolean => code === 'CERTIFICATE_EXPIRED' || code === 'CERTIFICATE_NOT_YET_VALID';

function summaryOf(leaf: Certificate, now: Date): string {
  const { subject, serialNumber, serialNumberHex, key } = describeCertificate(decodeCertificate(leaf.der), now);
  return `${subject}, serial number ${serialNumber} (hexadecimal ${serialNumberHex}), ${key}`;
}

/** Whether the key is there, and that of the certificate: by a signature. */
export const checkPrivateKey: Check = {
  name: 'private-key',
  async run(examination) {
    const { subject, facts } = examination;
    if (subject.identity === undefined) return [noIdentity];
    if (facts.noLogin !== undefined) return [skip(facts.noLogin)];
    const { signer, keyError, leaf } = await openSubject(examination);
    if (signer === undefined) {
      if (codeOf(keyError) === 'KEY_MISMATCH') facts.keyFits = false;
      return [
        codeOf(keyError).startsWith('CERTIFICATE_')
          ? skip('there is no certificate to hold it against')
          : failed(keyError),
      ];
    }
    await signer.sign(Buffer.from('roles-anywhere doctor'));
    facts.keyFits = leaf === undefined ? undefined : true;
    const whose = leaf === undefined ? 'it signs' : 'it is that of the certificate: a signature was made and verified';
    return [pass(`${signer.algorithm}: ${whose}`)];
  },
};

const codeOf = (error: unknown): string => (error instanceof RolesAnywhereError ? error.code : '');

/** What would be sent along, and whether it holds together. */
export const checkChain: Check = {
  name: 'chain',
  async run(examination) {
    const { subject, facts } = examination;
    if (subject.identity === undefined) return [noIdentity];
    const { identity, identityError, leaf } = await openSubject(examination);
    const warnings = await strangersIn(facts.warnings);
    if (identity === undefined) {
      return codeOf(identityError).startsWith('CHAIN_')
        ? [failed(identityError)]
        : [skip('the identity cannot be opened')];
    }
    facts.chain = identity.chain;
    facts.identity = identity;
    const gap = chainGap(identity);
    if (gap !== undefined) return [fail('path', gap, 'give the certificates between leaf and trust anchor')];
    return [...warnings, pass(sentAlong(identity.chain, leaf))];
  },
};

async function strangersIn(warnings: readonly string[]): Promise<readonly Finding[]> {
  if (warnings.length === 0) return [];
  const { isOfStrangers } = await import('../identity/backends/file/explain-file.ts');
  const found = warnings.filter(isOfStrangers);
  return found.map((message) => warn('chain-strangers', message, 'give the certificates of the issuers'));
}

function sentAlong(chain: readonly Certificate[], leaf: Certificate | undefined): string {
  if (chain.length > 0) {
    const names = chain.map((certificate) => describeCertificate(decodeCertificate(certificate.der), new Date(0)));
    const top = names.at(-1)?.issuer ?? '';
    return `sent along: ${names.map(({ subject }) => subject).join('; ')}; the trust anchor must hold the last, or ${top}`;
  }
  const issuer = leaf === undefined ? 'the issuer' : decodeCertificate(leaf.der).issuer.text;
  return `nothing is sent along: the trust anchor must hold ${issuer}`;
}

const [hour, day] = [3_600_000, 86_400_000] as const;

/** Of leaf, intermediates and, where they are known, anchors. */
export const checkExpiry: Check = {
  name: 'expiry',
  async run(examination) {
    const { subject, context, facts, account } = examination;
    const { leaf, identity } = subject.identity === undefined ? {} : await openSubject(examination);
    const found = [
      ...(leaf === undefined ? [] : [{ whose: 'the leaf', certificate: leaf }]),
      ...(identity?.chain ?? facts.chain ?? []).map((certificate) => ({ whose: 'the intermediate', certificate })),
    ];
    if (found.length === 0) return [skip('no certificate could be read')];
    const now = context.now();
    const dated = [
      ...found.map(({ whose, certificate }) => ({ certificate, finding: ofDates(whose, certificate, now) })),
      ...ofAnchors(account.trustAnchor?.certificates ?? [], now),
    ];
    facts.toldExpiry = dated
      .filter(({ finding }) => finding.status === 'FAIL')
      .map(({ certificate }) => ({
        rule: certificate.notBefore > now ? 'not-yet-valid' : 'expired',
        fingerprint: certificateFingerprint(certificate),
      }));
    return dated.map(({ finding }) => finding);
  },
};

/** What is said of the dates of a certificate. */
interface Dated {
  readonly certificate: Pick<JudgedCertificate, 'der' | 'notBefore'>;
  readonly finding: Finding;
}

/** One of two certificates that has expired, or is not valid yet, is what a rotation of the anchor looks like. */
function ofAnchors(anchors: readonly JudgedCertificate[], now: Date): readonly Dated[] {
  const isInTime = ({ notBefore, notAfter }: JudgedCertificate): boolean => notBefore <= now && now <= notAfter;
  const hasGood = anchors.some(isInTime);
  return anchors.map((anchor) => {
    const name = `the trust anchor ${anchor.subject.text}`;
    const finding = spanFinding(name, anchor, now);
    if (!hasGood || isInTime(anchor)) return { certificate: anchor, finding };
    return { certificate: anchor, finding: pass(`${finding.message}: what its other certificate issued is taken`) };
  });
}

function ofDates(whose: string, certificate: Certificate, now: Date): Finding {
  const name = `${whose} ${subjectOf(certificate)}`;
  const fault = dateFaultOf(certificate, now);
  if (fault === undefined) return spanFinding(name, certificate, now);
  const { details } = explainLeaf(certificate, fault, now);
  return fail(fault, `${name} ${describeFault(certificate, fault, now)}`, ...(details.hints ?? []));
}

/** A month, or of a short life a third: by then whoever renews it should have. */
function spanFinding(
  name: string,
  { notBefore, notAfter }: Pick<Certificate, 'notBefore' | 'notAfter'>,
  now: Date,
): Finding {
  const left = notAfter.getTime() - now.getTime();
  const margin = Math.min(30 * day, (notAfter.getTime() - notBefore.getTime()) / 3);
  const message = `${name} expires at ${notAfter.toISOString()}, in ${spanText(left)}`;
  if (notBefore > now) {
    return fail('path', `${name} is not valid before ${notBefore.toISOString()}`, 'wait, or update the trust anchor');
  }
  if (left < 0) return fail('path', `${name} expired at ${notAfter.toISOString()}`, 'update the trust anchor');
  return left < margin ? warn('expires-soon', message, 'renew it') : pass(message);
}

function spanText(milliseconds: number): string {
  return milliseconds < 2 * day ? `${Math.floor(milliseconds / hour)} hours` : `${Math.floor(milliseconds / day)} days`;
}

/** Shared with the checks that need a signature of the identity. */
export async function identityOf(examination: Examination): Promise<Examination['facts']['identity']> {
  return examination.subject.identity === undefined ? undefined : (await openSubject(examination)).identity;
}
