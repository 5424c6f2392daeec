/** One set-up after the other with one thing wrong: its cause is named, and no other. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificateAuthority } from '../../../src/sandbox/certificate-authority.ts';
import { decideSession, type SessionQuestion } from '../../../src/trust/session/decide-session.ts';
import { causesOfRefusal } from '../../../src/trust/session/causes-of-refusal.ts';
import type { JudgedCertificate } from '../../../src/trust/x509/certificate.ts';
import { describeCertificate } from '../../../src/trust/x509/describe-certificate.ts';
import { decodeCertificates } from '../../../src/trust/x509/read-certificate.ts';
import type { RevocationList } from '../../../src/trust/x509/revocation-list.ts';

const account = '111122223333';
const anchorArn = `arn:aws:rolesanywhere:us-east-1:${account}:trust-anchor/0a`;
const profileArn = `arn:aws:rolesanywhere:us-east-1:${account}:profile/0b`;
const roleArn = `arn:aws:iam::${account}:role/Worker`;
const actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];

interface Pki {
  readonly root: JudgedCertificate;
  readonly sub: JudgedCertificate;
  readonly leaf: JudgedCertificate;
  readonly expired: JudgedCertificate;
  readonly caLeaf: JudgedCertificate;
  readonly stranger: JudgedCertificate;
}
let pki: Pki;

const read = (pem: string): JudgedCertificate => {
  const [first] = decodeCertificates(pem);
  if (first === undefined) throw new Error('no certificate');
  return first;
};

beforeAll(async () => {
  const root = await createCertificateAuthority({ subject: 'CN=Root' });
  const sub = await root.issueIntermediate({ subject: 'CN=Issuing' });
  const other = await createCertificateAuthority({ subject: 'CN=Other' });
  const leaf = { subject: 'CN=worker' };
  pki = {
    root: read(root.certificate),
    sub: read(sub.certificate),
    leaf: read((await sub.issueLeaf(leaf)).certificate),
    expired: read((await sub.issueLeaf({ ...leaf, notBefore: new Date('2020-01-01'), days: 30 })).certificate),
    caLeaf: read((await sub.issueLeaf({ ...leaf, ca: true })).certificate),
    stranger: read(other.certificate),
  };
});

const trustPolicy = (condition: object = {}): object => ({
  Version: '2012-10-17',
  Statement: {
    Effect: 'Allow',
    Principal: { Service: 'rolesanywhere.amazonaws.com' },
    Action: actions,
    Condition: { ArnEquals: { 'aws:SourceArn': anchorArn }, ...condition },
  },
});

/** A set-up in which all is well and all is known. */
const good = (): SessionQuestion & {
  trustAnchor: NonNullable<SessionQuestion['trustAnchor']>;
  profile: NonNullable<SessionQuestion['profile']>;
  role: NonNullable<SessionQuestion['role']>;
} => ({
  asked: { trustAnchorArn: anchorArn, profileArn, roleArn },
  leaf: pki.leaf,
  chain: [pki.sub],
  now: new Date(),
  clockOffset: 2,
  keyFits: true,
  trustAnchor: { enabled: true, certificates: [pki.root] },
  profile: { enabled: true, roleArns: [roleArn], durationSeconds: 3600, acceptRoleSessionName: false },
  role: {
    trustPolicy: trustPolicy({ StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'worker' } }),
    maxSessionDuration: 3600,
  },
});

test('a healthy set-up has no cause, no warning, and shows the session', async () => {
  const decision = await decideSession(good());
  expect(decision).toMatchObject({ causes: [], policyWarnings: [], crlViolations: [], unknown: [] });
  expect(decision.preview).toMatchObject({ durationSeconds: 3600, sourceIdentity: 'CN=worker', dropped: [] });
  expect(decision.preview.sessionName).toMatch(/^[0-9a-f]+$/);
  expect(Object.fromEntries(decision.preview.tags)).toEqual({ 'x509Subject/CN': 'worker', 'x509Issuer/CN': 'Issuing' });
  expect(decision.policyDecisions.map(({ action, effect }) => `${action} ${effect}`)).toEqual(
    actions.map((action) => `${action} allow`),
  );
});

type Change = (question: ReturnType<typeof good>) => SessionQuestion;

describe('one thing wrong', () => {
  const unable = `Unable to assume role for ${roleArn}`;
  const cases: [string, string, string, RegExp, Change][] = [
    [
      'a slow clock',
      'Invalid signature',
      'clock',
      /^the clock is 1800 s behind that of the service$/,
      (q) => ({ ...q, clockOffset: -1800 }),
    ],
    [
      'a clock that is a bit fast',
      'Invalid signature',
      'clock',
      /301 s ahead of .* which may be too much$/,
      (q) => ({ ...q, clockOffset: 301 }),
    ],
    [
      'another key',
      'Invalid signature',
      'key',
      /^the private key is not that of the certificate$/,
      (q) => ({ ...q, keyFits: false }),
    ],
    [
      'another region',
      'Invalid or empty profile provided.',
      'arns',
      /of us-east-1, but the profile of eu-west-1$/,
      (q) => ({ ...q, asked: { ...q.asked, profileArn: profileArn.replace('us-east-1', 'eu-west-1') } }),
    ],
    [
      'a disabled anchor',
      "Specified Trust Anchor wasn't found.",
      'trust-anchor-disabled',
      /is disabled$/,
      (q) => ({ ...q, trustAnchor: { ...q.trustAnchor, enabled: false } }),
    ],
    [
      'a disabled profile',
      'Invalid or empty profile provided.',
      'profile-disabled',
      /is disabled$/,
      (q) => ({ ...q, profile: { ...q.profile, enabled: false } }),
    ],
    [
      'an empty profile',
      'Invalid or empty profile provided.',
      'profile-empty',
      /has no roles$/,
      (q) => ({ ...q, profile: { ...q.profile, roleArns: [] } }),
    ],
    [
      'a CA as leaf',
      'Untrusted certificate. Insufficient certificate',
      'certificate',
      /CA:TRUE/,
      (q) => ({ ...q, leaf: pki.caLeaf }),
    ],
    [
      'a missing intermediate',
      'Untrusted signing certificate',
      'path',
      /has the issuer of "CN=worker", which is "CN=Issuing"$/,
      (q) => ({ ...q, chain: [] }),
    ],
    [
      'another anchor',
      'Untrusted signing certificate',
      'path',
      /which is "CN=Root"$/,
      (q) => ({ ...q, trustAnchor: { certificates: [pki.stranger] } }),
    ],
    [
      'an expired leaf',
      'Untrusted signing certificate',
      'path',
      /expired at 2020-01-31/,
      (q) => ({ ...q, leaf: pki.expired }),
    ],
    [
      'a long chain',
      'Untrusted signing certificate',
      'path',
      /has 6 certificates; at most 5/,
      (q) => ({ ...q, chain: Array.from({ length: 6 }, () => pki.sub) }),
    ],
    [
      'a role that is not listed',
      "Requested Role isn't one of those listed in the Profile.",
      'role-not-in-profile',
      /lists arn:aws:iam::1:role\/X, not /,
      (q) => ({ ...q, profile: { ...q.profile, roleArns: ['arn:aws:iam::1:role/X'] } }),
    ],
    [
      'a session name',
      'Not authorized to set roleSessionName.',
      'session-name',
      /acceptRoleSessionName/,
      (q) => ({ ...q, asked: { ...q.asked, roleSessionName: 'mine' } }),
    ],
    [
      'a long session',
      `${unable}. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`,
      'duration',
      /^7200 s are more than .* 3600 s$/,
      (q) => ({ ...q, profile: { ...q.profile, durationSeconds: 7200 } }),
    ],
    [
      'a condition',
      unable,
      'trust-policy',
      /wants "other", the request has "worker"$/,
      (q) => ({
        ...q,
        role: { ...q.role, trustPolicy: trustPolicy({ StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'other' } }) },
      }),
    ],
    [
      'another anchor in the policy',
      unable,
      'trust-policy',
      /ArnEquals aws:SourceArn wants /,
      (q) => ({ ...q, asked: { ...q.asked, trustAnchorArn: `${anchorArn}x` } }),
    ],
    [
      'a mapping that leaves the tag out',
      unable,
      'trust-policy',
      /wants "worker", the request has none$/,
      (q) => ({ ...q, profile: { ...q.profile, attributeMappings: [] } }),
    ],
    [
      'much to pack',
      unable,
      'packed-size',
      /% of the space they share$/,
      (q) => ({ ...q, profile: { ...q.profile, sessionPolicy: 'x'.repeat(2048) } }),
    ],
  ];

  test.each(cases)('%s: %s', async (_name, message, cause, reason, change) => {
    const { causes, others, possible } = await causesOfRefusal(change(good()), { message });
    expect([...new Set(causes.map(({ name }) => name))]).toEqual([cause]);
    expect(causes[0]?.reason).toMatch(reason);
    expect(causes[0]?.hints).not.toEqual([]);
    expect({ others, possible }).toEqual({ others: [], possible: [] });
  });
});

test('a revoked intermediate', async () => {
  // The root's own signature stands for that of its list: it is signed by the same key.
  const { signedPart, signatureAlgorithm, signature, subject } = pki.root;
  const crl: RevocationList = {
    ...{
      signedPart,
      signatureAlgorithm,
      signature,
      issuer: subject,
      encoding: 'PEM',
      size: 1000,
      version: 2,
      number: 1n,
    },
    ...{ thisUpdate: new Date(0), nextUpdate: undefined, scopes: [], unknownCriticalExtensions: [] },
    revoked: new Map([[pki.sub.serialNumber, { revokedAt: new Date(0), reason: 'keyCompromise' }]]),
  };
  const question = { ...good(), trustAnchor: { certificates: [pki.root], crls: [crl] } };
  const { causes, decision } = await causesOfRefusal(question, { message: 'Certificate revoked' });
  expect(causes.map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
    `revoked: "CN=Issuing", serial number ${pki.sub.serialNumber}, was revoked at 1970-01-01T00:00:00.000Z (keyCompromise)`,
  ]);
  expect(decision.crlViolations).toEqual([]);
});

describe('what is not known', () => {
  test('is said, and what the message may mean', async () => {
    const { asked, leaf, chain, now } = good();
    const explained = await causesOfRefusal({ asked, leaf, chain, now }, { message: 'Untrusted signing certificate' });
    expect(explained.causes).toEqual([]);
    expect(explained.possible).toContain('an intermediate certificate was not sent along');
    expect(explained.decision.unknown).toEqual(['clock', 'trust anchor', 'profile', 'trust policy', 'role duration']);
  });

  test('an expired leaf is seen without an anchor', async () => {
    const { asked, chain, now } = good();
    const { causes } = await causesOfRefusal(
      { asked, leaf: pki.expired, chain, now },
      { message: 'Untrusted signing certificate' },
    );
    const { fingerprint } = describeCertificate(pki.expired, now);
    expect(causes).toMatchObject([{ name: 'path', rule: 'expired', fingerprint }]);
  });
});

test('a cause says which rule of which certificate is broken, and is plain data', async () => {
  const question = { ...good(), leaf: pki.sub, chain: [pki.root] };
  const { causes } = await causesOfRefusal(question, { message: 'Insufficient certificate' });
  const { fingerprint } = describeCertificate(pki.sub, question.now);
  expect(JSON.parse(JSON.stringify(causes))).toMatchObject([
    { name: 'certificate', rule: 'basic-constraints', fingerprint },
    { name: 'certificate', rule: 'key-usage', fingerprint },
  ]);
});

test('two things wrong: the one that the message means first, the other one as well', async () => {
  const question = { ...good(), clockOffset: 4000, chain: [] };
  const { causes, others } = await causesOfRefusal(question, { message: 'Invalid signature' });
  expect([causes, others].map((list) => list.map(({ name }) => name))).toEqual([['clock'], ['path']]);
});

test('a message that nobody saw before shows every cause that was found', async () => {
  const { causes } = await causesOfRefusal({ ...good(), chain: [] }, { message: 'Something else' });
  expect(causes.map(({ name }) => name)).toEqual(['path']);
});
