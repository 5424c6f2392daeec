import { randomUUID, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createCertificateAuthority, type SandboxOptions } from '../../src/sandbox/index.ts';
import type { Case } from './diagnose.ts';
import type { NameService } from '../../src/doctor/name-service.ts';
import { makeCa, makeLeaf } from '../support/openssl.ts';
import { type CrlOptions, makeCrl } from '../support/openssl-crl.ts';
import { type Lab, policyOf } from './lab.ts';

/** What a resolver says, and where somebody answers. */
export function names(
  answers: readonly string[] | { readonly code: string },
  faults: Readonly<Record<string, string>> = {},
): NameService {
  return {
    lookUp: () =>
      'code' in answers
        ? Promise.reject(Object.assign(new Error('getaddrinfo'), answers))
        : Promise.resolve(answers.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))),
    reach: (address) => Promise.resolve(faults[address]),
  };
}

/** The endpoint of the region itself, which nobody asks: its name leads nowhere. */
function ofRegion(lab: Lab, service: NameService, args: readonly string[] = []): Case {
  const { ROLES_ANYWHERE_ENDPOINT: _, AWS_ENDPOINT_URL_ROLESANYWHERE: __, ...env } = lab.env();
  return { env, args, context: { names: service } };
}

/** Something that goes wrong, as users meet it. */
export interface Trouble {
  /** What is seen: the words of the service, of the official helper, of the AWS CLI. */
  readonly seen: string;
  /** What it turns out to be. */
  readonly is: string;
  /** What `doctor` finds wrong, all of it: check and cause. */
  readonly wrong: readonly string[];
  readonly sandbox?: SandboxOptions;
  readonly make: (lab: Lab) => Case | Promise<Case>;
}

const untrusted = 'Untrusted signing certificate';
const insufficient = 'Untrusted certificate. Insufficient certificate';
const noProfile = 'Invalid or empty profile provided.';
const denied = 'Unable to assume role for arn:…';
const day = 86_400_000;

/** What the service would say itself, were it to refuse for a reason that the sandbox does not know. */
function told(lab: Lab, message: string): Case {
  lab.sandbox.failNext({ operation: 'CreateSession', status: 403, code: 'AccessDeniedException', message });
  return { env: lab.env() };
}

async function foreignLeaf(lab: Lab): Promise<Record<string, string>> {
  const other = await createCertificateAuthority({ subject: 'CN=Another CA' });
  return lab.identity(await other.issueLeaf());
}

const anchorFile = (lab: Lab) => ({ trustAnchorCertificates: [lab.file(lab.sandbox.ca.certificate)] });

/** A trust anchor of its own, with a CRL that should have been followed by a newer one yesterday. */
async function outdatedCrl(lab: Lab, revoked: CrlOptions['revoked'] = []): Promise<Case> {
  const ca = makeCa(lab.folder, 'listing');
  const { certificate, key } = makeLeaf(lab.folder, 'listed', ca, { serial: '2001' });
  const pem = readFileSync(ca.certificate, 'latin1');
  const trustAnchorArn = lab.sandbox.addTrustAnchor({ name: 'listing', certificates: [pem] });
  const dates = { lastUpdate: new Date(Date.now() - 9 * day), nextUpdate: new Date(Date.now() - day) };
  const crl = makeCrl(lab.folder, ca, { ...dates, revoked });
  await lab.sandbox.importCrl({ name: 'old', crl, trustAnchorArn });
  const env = { ROLES_ANYWHERE_TRUST_ANCHOR_ARN: trustAnchorArn };
  return {
    env: lab.env({ ...env, ROLES_ANYWHERE_CERTIFICATE: certificate, ROLES_ANYWHERE_PRIVATE_KEY: key }),
    account: { trustAnchorCertificates: [ca.certificate], crls: [lab.file(crl)] },
  };
}

function profileFile(lab: Lab, changes: object = {}) {
  const profile = { enabled: true, roleArns: [lab.sandbox.roleArn], durationSeconds: 3600, ...changes };
  return { profileDocument: lab.file({ profile }) };
}

/** Refusals of CreateSession. */
const session: readonly Trouble[] = [
  {
    seen: untrusted,
    is: 'another CA issued the certificate',
    wrong: ['create-session: path'],
    make: async (lab) => ({ env: lab.env(await foreignLeaf(lab)) }),
  },
  {
    seen: untrusted,
    is: 'another CA issued it, and the certificates of the trust anchor are at hand (`--trust-anchor-certificate`)',
    wrong: ['trust: path', 'create-session: path'],
    make: async (lab) => ({ env: lab.env(await foreignLeaf(lab)), account: anchorFile(lab) }),
  },
  {
    seen: untrusted,
    is: 'the CA was renewed with another key, and the trust anchor holds the certificate of before (`--trust-anchor-certificate`)',
    wrong: ['trust: path', 'create-session: path'],
    make: async (lab) => {
      const { subject } = new X509Certificate(lab.sandbox.ca.certificate);
      const renewed = await createCertificateAuthority({ subject });
      return { env: lab.env(lab.identity(await renewed.issueLeaf())), account: anchorFile(lab) };
    },
  },
  {
    seen: untrusted,
    is: 'an intermediate certificate is not sent along',
    wrong: ['create-session: path'],
    make: async (lab) => {
      const { certificate, privateKey } = await (await lab.sandbox.ca.issueIntermediate()).issueLeaf();
      return { env: lab.env(lab.identity({ certificate, privateKey })) };
    },
  },
  {
    seen: untrusted,
    is: 'the intermediates given are those of another CA',
    wrong: ['chain: chain-strangers', 'create-session: path'],
    make: async (lab) => {
      const { certificate, privateKey } = await (await lab.sandbox.ca.issueIntermediate()).issueLeaf();
      const other = await (await createCertificateAuthority()).issueIntermediate({ subject: 'CN=Stranger' });
      const env = { ROLES_ANYWHERE_INTERMEDIATES: lab.file(other.certificate) };
      return { env: lab.env({ ...lab.identity({ certificate, privateKey }), ...env }) };
    },
  },
  {
    seen: untrusted,
    is: 'the certificate has expired',
    wrong: ['expiry: CERTIFICATE_EXPIRED'],
    make: async (lab) => ({ env: lab.env(await lab.leaf({ notBefore: new Date(Date.now() - 9 * day), days: 3 })) }),
  },
  {
    seen: untrusted,
    is: 'the certificate is not valid yet, or the clock is behind',
    wrong: ['expiry: CERTIFICATE_NOT_YET_VALID'],
    make: async (lab) => ({ env: lab.env(await lab.leaf({ notBefore: new Date(Date.now() + day) })) }),
  },
  {
    seen: insufficient,
    is: 'a CA certificate was given for the leaf',
    wrong: ['certificate: CERTIFICATE_IS_CA'],
    make: async (lab) => ({ env: lab.env(await lab.leaf({ ca: true })) }),
  },
  {
    seen: insufficient,
    is: 'the certificate has no digitalSignature',
    wrong: ['certificate: CERTIFICATE_KEY_USAGE'],
    make: async (lab) => ({ env: lab.env(await lab.leaf({ keyUsages: ['keyEncipherment'] })) }),
  },
  {
    seen: insufficient,
    is: 'the certificate is signed with SHA-1',
    wrong: ['certificate: CERTIFICATE_HASH_WEAK'],
    make: async (lab) => ({ env: lab.env(await lab.leaf({ hash: 'SHA-1' })) }),
  },
  {
    seen: insufficient,
    is: 'the certificate has no subject',
    wrong: ['certificate: CERTIFICATE_INVALID'],
    make: async (lab) => {
      const leaf = await lab.leaf({ subject: '', alternativeNames: [{ type: 'dns', value: 'a.example' }] });
      return { env: lab.env(leaf) };
    },
  },
  {
    seen: insufficient,
    is: 'an intermediate is at fault, as the leaf is not',
    wrong: ['create-session: certificate'],
    make: (lab) => told(lab, insufficient),
  },
  {
    seen: 'Invalid signature',
    is: 'the clock is behind',
    wrong: ['clock: clock', 'create-session: clock'],
    sandbox: { clockOffset: 1800 },
    make: (lab) => ({ env: lab.env() }),
  },
  {
    seen: 'Invalid signature',
    is: 'the clock is ahead',
    wrong: ['clock: clock', 'create-session: clock'],
    sandbox: { clockOffset: -1800 },
    make: (lab) => ({ env: lab.env() }),
  },
  {
    seen: 'Invalid signature',
    is: 'the private key is that of another certificate',
    wrong: ['private-key: KEY_MISMATCH'],
    make: async (lab) => {
      const { privateKey } = await lab.sandbox.ca.issueLeaf();
      return { env: lab.env({ ROLES_ANYWHERE_PRIVATE_KEY: lab.file(privateKey) }) };
    },
  },
  {
    seen: 'Invalid signature',
    is: 'something on the way changes the request: clock and key are right',
    wrong: ['create-session: request'],
    make: (lab) => told(lab, 'Invalid signature'),
  },
  {
    seen: "Specified Trust Anchor wasn't found.",
    is: 'there is no such trust anchor in this account and region',
    wrong: ['create-session: trust-anchor'],
    make: (lab) => {
      const other = lab.sandbox.trustAnchorArn.replace(/[^/]+$/, randomUUID());
      return { env: lab.env({ ROLES_ANYWHERE_TRUST_ANCHOR_ARN: other }) };
    },
  },
  {
    seen: "Specified Trust Anchor wasn't found.",
    is: 'the trust anchor is disabled',
    wrong: ['create-session: trust-anchor'],
    make: (lab) => {
      lab.sandbox.disable(lab.sandbox.trustAnchorArn);
      return { env: lab.env() };
    },
  },
  {
    seen: noProfile,
    is: 'there is no such profile in this account and region',
    wrong: ['create-session: profile'],
    make: (lab) => {
      const other = lab.sandbox.profileArn.replace(/[^/]+$/, randomUUID());
      return { env: lab.env({ ROLES_ANYWHERE_PROFILE_ARN: other }) };
    },
  },
  {
    seen: noProfile,
    is: 'the profile is disabled, as its document says (`--profile-document`)',
    wrong: ['trust: profile-disabled', 'create-session: profile-disabled'],
    make: (lab) => {
      lab.sandbox.disable(lab.sandbox.profileArn);
      return { env: lab.env(), account: profileFile(lab, { enabled: false }) };
    },
  },
  {
    seen: noProfile,
    is: 'the profile has no roles, as its document says',
    wrong: ['trust: profile-empty', 'create-session: profile-empty'],
    make: (lab) => {
      const profileArn = lab.sandbox.addProfile({ name: 'empty', roleArns: [] });
      return { env: lab.env({ ROLES_ANYWHERE_PROFILE_ARN: profileArn }), account: profileFile(lab, { roleArns: [] }) };
    },
  },
  {
    seen: "Requested Role isn't one of those listed in the Profile.",
    is: 'the profile does not list the role',
    wrong: ['create-session: role-not-in-profile'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_ROLE_ARN: lab.sandbox.addRole('Other') }) }),
  },
  {
    seen: "Requested Role isn't one of those listed in the Profile.",
    is: 'the same, by the document of the profile',
    wrong: ['trust: role-not-in-profile', 'create-session: role-not-in-profile'],
    make: (lab) => ({
      env: lab.env({ ROLES_ANYWHERE_ROLE_ARN: lab.sandbox.addRole('Other') }),
      account: profileFile(lab),
    }),
  },
  {
    seen: 'Not authorized to set roleSessionName.',
    is: 'the profile does not have acceptRoleSessionName',
    wrong: ['create-session: session-name'],
    make: (lab) => ({ env: lab.env(), args: ['--role-session-name', 'worker'] }),
  },
  {
    seen: 'Certificate revoked',
    is: 'a CRL of the trust anchor has the certificate',
    wrong: ['create-session: revoked'],
    make: (lab) => {
      lab.sandbox.revoke(lab.sandbox.certificate);
      return { env: lab.env() };
    },
  },
  {
    seen: 'Certificate revoked',
    is: 'the CRL that has it is past its nextUpdate (`--crl`): no entry is taken back by that',
    wrong: ['trust: revoked', 'trust: crl', 'create-session: revoked'],
    make: (lab) => outdatedCrl(lab, [['2001', 'keyCompromise']]),
  },
  {
    seen: `${denied}. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`,
    is: "the session is to last longer than the role's sessions may",
    wrong: ['create-session: duration'],
    sandbox: { profile: { durationSeconds: 43_200 } },
    make: (lab) => ({ env: lab.env(), args: ['--session-duration', '7200'] }),
  },
  {
    seen: denied,
    is: 'the trust policy does not let Roles Anywhere in',
    wrong: ['create-session: trust-policy'],
    sandbox: { roles: [{ name: 'Closed', trustPolicy: closedPolicy() }] },
    make: (lab) => ({ env: lab.env() }),
  },
  {
    seen: denied,
    is: 'the role does not exist, though the profile lists it',
    wrong: ['create-session: trust-policy'],
    make: (lab) => {
      const nobody = lab.sandbox.roleArn.replace(/[^/]+$/, 'Nobody');
      const profileArn = lab.sandbox.addProfile({ name: 'outdated', roleArns: [nobody] });
      return { env: lab.env({ ROLES_ANYWHERE_PROFILE_ARN: profileArn, ROLES_ANYWHERE_ROLE_ARN: nobody }) };
    },
  },
  {
    seen: denied,
    is: 'sts:TagSession and sts:SetSourceIdentity are missing, as the trust policy says (`--trust-policy`)',
    wrong: ['trust: trust-policy', 'create-session: trust-policy'],
    sandbox: { roles: [{ name: 'Half', trustPolicy: closedPolicy('rolesanywhere.amazonaws.com') }] },
    make: (lab) => {
      const policy = policyOf(lab, { Action: 'sts:AssumeRole' });
      return { env: lab.env(), account: { trustPolicy: lab.file(policy) } };
    },
  },
  {
    seen: denied,
    is: 'a condition of the trust policy does not hold for this certificate',
    wrong: ['trust: trust-policy', 'create-session: trust-policy'],
    sandbox: { roles: [{ name: 'Closed', trustPolicy: closedPolicy() }] },
    make: (lab) => {
      const Condition = {
        ArnEquals: { 'aws:SourceArn': lab.sandbox.trustAnchorArn },
        StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'somebody else' },
      };
      return { env: lab.env(), account: { trustPolicy: lab.file(policyOf(lab, { Condition })) } };
    },
  },
  {
    seen: denied,
    is: 'a mapping was deleted that a condition of the trust policy needs (`--attribute-mapping`)',
    wrong: ['trust: trust-policy', 'create-session: trust-policy'],
    sandbox: { roles: [{ name: 'Closed', trustPolicy: closedPolicy() }] },
    make: (lab) => {
      const Condition = {
        ArnEquals: { 'aws:SourceArn': lab.sandbox.trustAnchorArn },
        StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'sandbox.example' },
      };
      const attributeMapping = lab.file([{ certificateField: 'x509Issuer', mappingRules: [{ specifier: '*' }] }]);
      return { env: lab.env(), account: { trustPolicy: lab.file(policyOf(lab, { Condition })), attributeMapping } };
    },
  },
  {
    seen: `${denied}. Some attributes failed to be mapped into session tags. … Subject: [ CN ]`,
    is: 'a value of the certificate holds `&`, parentheses or `*`, which no session tag may',
    wrong: ['trust: tag-value'],
    make: async (lab) => ({ env: lab.env(await lab.leaf({ subject: 'CN=worker (blue) & co' })) }),
  },
  {
    seen: '1 validation error detected: Value … failed to satisfy constraint',
    is: 'something that was asked for is out of range',
    wrong: ['create-session: parameter'],
    make: (lab) => {
      const message = "1 validation error detected: Value '1' at 'durationSeconds' failed to satisfy constraint";
      lab.sandbox.failNext({ operation: 'CreateSession', status: 400, code: 'ValidationException', message });
      return { env: lab.env() };
    },
  },
  {
    seen: 'any other AccessDeniedException',
    is: 'not known: the words of the service are shown',
    wrong: ['create-session: unknown'],
    make: (lab) => told(lab, 'Access denied for a reason of its own'),
  },
  {
    seen: 'Rate exceeded',
    is: 'more than ten calls a second: nothing keeps the credentials between calls (`--cache`)',
    wrong: ['create-session: SERVICE_THROTTLED'],
    make: (lab) => {
      lab.sandbox.failNext({ operation: 'CreateSession', status: 429, times: 3 });
      return { env: lab.env() };
    },
  },
  {
    seen: 'status 503',
    is: 'the service is not well',
    wrong: ['create-session: SERVICE_UNAVAILABLE'],
    make: (lab) => {
      lab.sandbox.failNext({ operation: 'CreateSession', status: 503, times: 3 });
      return { env: lab.env() };
    },
  },
];

function closedPolicy(service = 'ec2.amazonaws.com'): object {
  const Statement = [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }];
  return { Version: '2012-10-17', Statement };
}

const openPolicy = (lab: Lab, Condition: object) => ({ trustPolicy: lab.file(policyOf(lab, { Condition })) });

/** What is open, or will refuse one day. */
const policies: readonly Trouble[] = [
  {
    seen: 'nothing yet',
    is: 'every trust anchor of the account reaches the role',
    wrong: ['trust: policy-any-anchor'],
    make: (lab) => {
      const Condition = { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'sandbox.example' } };
      return { env: lab.env(), account: openPolicy(lab, Condition) };
    },
  },
  {
    seen: 'nothing yet',
    is: 'a condition of the trust policy holds for certificates that lack the attribute',
    wrong: ['trust: policy-missing-tag'],
    make: (lab) => {
      const Condition = {
        ArnEquals: { 'aws:SourceArn': lab.sandbox.trustAnchorArn },
        StringNotEquals: { 'aws:PrincipalTag/x509Subject/OU': 'test' },
      };
      return { env: lab.env(), account: openPolicy(lab, Condition) };
    },
  },
  {
    seen: denied,
    is: 'one statement for all three actions asks for sts:SourceIdentity, which sts:TagSession does not have',
    wrong: ['trust: policy-key-of-another-action'],
    make: (lab) => {
      const Condition = {
        ArnEquals: { 'aws:SourceArn': lab.sandbox.trustAnchorArn },
        StringEquals: { 'sts:SourceIdentity': 'CN=sandbox.example' },
      };
      return { env: lab.env(), account: openPolicy(lab, Condition) };
    },
  },
  {
    seen: 'PackedPolicyTooLarge',
    is: 'tags and session policies do not fit into the space that they share',
    wrong: ['trust: packed-size'],
    make: (lab) => ({ env: lab.env(), account: profileFile(lab, { sessionPolicy: 'x'.repeat(9000) }) }),
  },
  {
    seen: untrusted,
    is: 'more certificates than a trust anchor holds were meant to be in it',
    wrong: ['trust: anchor-certificates'],
    make: async (lab) => {
      const others = [await createCertificateAuthority(), await createCertificateAuthority()];
      const certificates = [lab.sandbox.ca, ...others].map(({ certificate }) => lab.file(certificate));
      return { env: lab.env(), account: { trustAnchorCertificates: certificates } };
    },
  },
  {
    seen: 'nothing, and what was revoked of late gets credentials',
    is: 'the CRL is past its nextUpdate (`--crl`). No document of AWS says what the service does then. `doctor` and the sandbox take what the list has for revoked, and accept what it has not',
    wrong: ['trust: crl'],
    make: (lab) => outdatedCrl(lab),
  },
];

const hopTo = (lab: Lab, role: Parameters<Lab['sandbox']['addRole']>[0]): readonly string[] => [
  '--assume-role',
  lab.sandbox.addRole(role),
];

function refusedHop(
  lab: Lab,
  fault: { readonly status: number; readonly code: string; readonly message: string },
): Case {
  lab.sandbox.failNext({ operation: 'AssumeRole', ...fault });
  return { env: lab.env(), args: hopTo(lab, 'Hop') };
}

const tooLong = 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.';

/** Refusals of AssumeRole. */
const chains: readonly Trouble[] = [
  {
    seen: 'is not authorized to perform: sts:AssumeRole',
    is: 'the trust policy of a role of the chain does not name the role before it',
    wrong: ['role-chain: trust-policy'],
    make: (lab) => ({ env: lab.env(), args: hopTo(lab, { name: 'Hop', trustPolicy: closedPolicy() }) }),
  },
  {
    seen: 'is not authorized to perform: sts:TagSession',
    is: 'the trust policy of a role of the chain has no sts:TagSession, and sessions of certificates carry tags',
    wrong: ['role-chain: trust-policy'],
    make: (lab) => {
      const Statement = [{ Effect: 'Allow', Principal: { AWS: lab.sandbox.accountId }, Action: 'sts:AssumeRole' }];
      return { env: lab.env(), args: hopTo(lab, { name: 'Hop', trustPolicy: { Version: '2012-10-17', Statement } }) };
    },
  },
  {
    seen: 'is not authorized to perform: sts:AssumeRole',
    is: 'the role of the chain asks for an external ID',
    wrong: ['role-chain: trust-policy'],
    make: (lab) => ({ env: lab.env(), args: hopTo(lab, { name: 'Hop', externalId: 'billing' }) }),
  },
  {
    seen: 'is not authorized to perform: sts:AssumeRole',
    is: 'the role of the chain does not exist',
    wrong: ['role-chain: trust-policy'],
    make: (lab) => ({ env: lab.env(), args: ['--assume-role', 'arn:aws:iam::111122223333:role/Nobody'] }),
  },
  ...(
    [
      [
        'ExpiredTokenException',
        400,
        'the credentials before the hop have expired, or the clock is wrong',
        'credentials',
      ],
      ['RegionDisabledException', 403, 'STS is not active in this region', 'region'],
      ['PackedPolicyTooLarge', 400, 'tags and policies of the hop do not fit', 'packed-size'],
      ['MalformedPolicyDocument', 400, 'the session policy is none', 'parameter'],
      ['SignatureDoesNotMatch', 403, 'something on the way to STS changes the request', 'request'],
      [
        'InvalidClientTokenId',
        403,
        'the account has not enabled the region of the hop, or STS of another partition was asked',
        'region',
      ],
      ['InvalidParameterValue', 400, 'session name, policies or external ID of the hop are none', 'parameter'],
      ['ValidationError', 400, 'the same', 'parameter'],
    ] as const
  ).map(([code, status, is, cause]) => ({
    seen: code,
    is,
    wrong: [`role-chain: ${cause}`],
    make: (lab: Lab) => refusedHop(lab, { status, code, message: 'told so' }),
  })),
  {
    seen: tooLong,
    is: "a session behind another one is to last longer than an hour, or than the role's sessions may",
    wrong: ['role-chain: duration'],
    make: (lab) => refusedHop(lab, { status: 400, code: 'ValidationError', message: tooLong }),
  },
];

/** What the official helper, or the command, says before anything is sent. */
const local: readonly Trouble[] = [
  {
    seen: "failed to parse trust anchor arn: 'arn: invalid prefix'",
    is: 'an option is missing, perhaps lost behind a line break',
    wrong: ['options: OPTION_MISSING'],
    make: (lab) => {
      const { ROLES_ANYWHERE_TRUST_ANCHOR_ARN: _, ...env } = lab.env();
      return { env };
    },
  },
  {
    seen: "trust anchor and profile regions don't match",
    is: 'the ARNs are of two regions',
    wrong: ['arns: ARN_MISMATCH'],
    make: (lab) => ({
      env: lab.env({ ROLES_ANYWHERE_PROFILE_ARN: lab.sandbox.profileArn.replace('us-east-1', 'eu-west-1') }),
    }),
  },
  {
    seen: 'the role is of another account',
    is: 'trust anchor, profile and role must be of one: a role of another is assumed behind the session (`--assume-role`)',
    wrong: ['arns: ARN_MISMATCH'],
    make: (lab) => ({
      env: lab.env({ ROLES_ANYWHERE_ROLE_ARN: lab.sandbox.roleArn.replace(lab.sandbox.accountId, '444455556666') }),
    }),
  },
  {
    seen: 'an ARN with `<account>` in it',
    is: 'a placeholder was left in a copied example',
    wrong: ['arns: ARN_INVALID'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_ROLE_ARN: 'arn:aws:iam::<account>:role/Example' }) }),
  },
  {
    seen: 'a session of another region is asked for',
    is: '--region names another region than that of the trust anchor',
    wrong: ['arns: arns', 'create-session: arns'],
    make: (lab) => ({ env: lab.env(), args: ['--region', 'eu-west-1'] }),
  },
  {
    seen: 'Invalid signature',
    is: '--endpoint names a host of another region than the one that is signed for',
    wrong: ['endpoint: region'],
    make: (lab) => ({
      env: lab.env({ ROLES_ANYWHERE_ENDPOINT: 'https://rolesanywhere.eu-west-1.amazonaws.com' }),
      context: { offline: true },
    }),
  },
  {
    seen: 'Credential should be scoped to a valid region',
    is: '--sts-endpoint names a host of another region than that of the roles that are assumed',
    wrong: ['endpoint: region'],
    make: (lab) => ({
      env: lab.env({ AWS_ENDPOINT_URL_STS: 'https://sts.eu-west-1.amazonaws.com' }),
      args: hopTo(lab, 'Hop'),
      context: { offline: true },
    }),
  },
  {
    seen: 'unable to find certificate',
    is: 'the file of the certificate is not there',
    wrong: ['certificate: CERTIFICATE_UNREADABLE'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_CERTIFICATE: `${lab.folder}/missing.pem` }) }),
  },
  {
    seen: 'could not parse certificate',
    is: 'the file holds something else than a certificate',
    wrong: ['certificate: CERTIFICATE_INVALID'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_CERTIFICATE: lab.file('hello') }) }),
  },
  {
    seen: 'unable to parse private key',
    is: 'the file holds something else than a key',
    wrong: ['private-key: KEY_INVALID'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_PRIVATE_KEY: lab.file('hello') }) }),
  },
  {
    seen: 'invalid certificate chain',
    is: 'the file of the intermediates holds no certificates',
    wrong: ['chain: CHAIN_INVALID'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_INTERMEDIATES: lab.file('hello') }) }),
  },
  {
    seen: untrusted,
    is: 'more than five intermediates lead to the trust anchor',
    wrong: ['chain: CHAIN_TOO_LONG'],
    make: async (lab) => {
      let issuer: Pick<typeof lab.sandbox.ca, 'issueIntermediate' | 'issueLeaf'> = lab.sandbox.ca;
      for (let depth = 1; depth <= 6; depth += 1)
        issuer = await issuer.issueIntermediate({ subject: `CN=CA ${depth}` });
      const leaf = await issuer.issueLeaf();
      return { env: lab.env({ ...lab.identity(leaf), ROLES_ANYWHERE_INTERMEDIATES: lab.file(leaf.chain) }) };
    },
  },
  {
    seen: 'a warning about permissions',
    is: 'others may read the private key',
    wrong: ['files: file-mode'],
    make: (lab) => {
      const key = lab.file(lab.sandbox.privateKey, 0o644);
      return { env: lab.env({ ROLES_ANYWHERE_PRIVATE_KEY: key }) };
    },
  },
  {
    seen: 'unable to use cert store signer on linux',
    is: 'a certificate of a store of Windows is named elsewhere',
    wrong: ['store: STORE_UNAVAILABLE'],
    make: (lab) => {
      const { ROLES_ANYWHERE_PRIVATE_KEY: _, ...env } = lab.env();
      return { env: { ...env, ROLES_ANYWHERE_CERTIFICATE: 'cert:\\CurrentUser\\My?subject=CN=leaf' } };
    },
  },
  {
    seen: 'the certificate expires',
    is: 'it has less than a third of its life left, or less than a month',
    wrong: ['expiry: expires-soon'],
    make: async (lab) => {
      const leaf = await lab.leaf({ notBefore: new Date(Date.now() - 25 * day), days: 30 });
      return { env: lab.env(leaf) };
    },
  },
];

const ours = 'credential_process = roles-anywhere credential-process --from-profile x';

/** What AWS clients make of it. */
const clients: readonly Trouble[] = [
  {
    seen: 'another identity than the one configured',
    is: 'keys in the environment go before every profile',
    wrong: ['aws-clients: environment-credentials'],
    make: (lab) => ({ env: lab.env({ AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' }) }),
  },
  {
    seen: 'another identity than the one configured',
    is: 'static keys of the same profile go before its credential_process',
    wrong: ['aws-clients: static-keys', 'aws-clients: process-program'],
    make: (lab) => {
      const credentials = '[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = example\n';
      return { env: lab.env(lab.awsFiles(`[default]\n${ours}\n`, credentials)) };
    },
  },
  {
    seen: 'the command runs without its options',
    is: 'the credential_process line is broken over several lines with backslashes',
    wrong: ['aws-clients: process-line-break'],
    make: (lab) => ({
      env: lab.env(
        lab.awsFiles(`[default]\ncredential_process = ${process.execPath} credential-process \\\n  --from-profile x\n`),
      ),
    }),
  },
  {
    seen: 'the credential_process fails',
    is: 'a placeholder was left in its line',
    wrong: ['aws-clients: process-placeholder'],
    make: (lab) => ({
      env: lab.env(lab.awsFiles(`[default]\ncredential_process = ${process.execPath} --region <region>\n`)),
    }),
  },
  {
    seen: 'No such file or directory',
    is: 'the program of the credential_process is not on the PATH of the client',
    wrong: ['aws-clients: process-program'],
    make: (lab) => ({ env: lab.env(lab.awsFiles(`[default]\n${ours}\n`)) }),
  },
  {
    seen: 'No such file or directory',
    is: '~ or a variable in the line, which no client expands',
    wrong: ['aws-clients: process-expansion'],
    make: (lab) => ({
      env: lab.env(lab.awsFiles('[default]\ncredential_process = ~/bin/roles-anywhere credential-process\n')),
    }),
  },
  {
    seen: 'the command is cut off',
    is: 'a PKCS#11 URI without quotes: the shell ends the command at its semicolon',
    wrong: ['aws-clients: process-quotes'],
    make: (lab) => ({
      env: lab.env(
        lab.awsFiles(`[default]\ncredential_process = ${process.execPath} --certificate pkcs11:token=a;object=b\n`),
      ),
    }),
  },
  {
    seen: 'secrets in a log',
    is: '--debug stands in the credential_process line',
    wrong: ['aws-clients: process-debug'],
    make: (lab) => ({ env: lab.env(lab.awsFiles(`[default]\ncredential_process = ${process.execPath} --debug\n`)) }),
  },
  {
    seen: 'The config profile (…) could not be found',
    is: 'AWS_PROFILE names a profile that is nowhere',
    wrong: ['aws-clients: profile-missing'],
    make: (lab) => ({ env: lab.env({ AWS_PROFILE: 'nowhere' }) }),
  },
];

/** What is on the way. */
const network: readonly Trouble[] = [
  {
    seen: 'connection refused',
    is: 'nothing listens at the endpoint',
    wrong: ['tls: NETWORK_UNREACHABLE'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_ENDPOINT: 'http://127.0.0.1:9' }) }),
  },
  {
    seen: 'ENOTFOUND',
    is: 'the service has no endpoint in this region',
    wrong: ['dns: dns'],
    make: (lab) => ofRegion(lab, names({ code: 'ENOTFOUND' })),
  },
  {
    seen: 'ENOTFOUND',
    is: 'it has one, and none of that kind',
    wrong: ['dns: dns'],
    make: (lab) => ofRegion(lab, names({ code: 'ENOTFOUND' }), ['--use-fips-endpoint']),
  },
  {
    seen: 'EAI_AGAIN',
    is: 'the name servers do not answer',
    wrong: ['dns: dns'],
    make: (lab) => ofRegion(lab, names({ code: 'EAI_AGAIN' })),
  },
  {
    seen: 'ENETUNREACH',
    is: 'the endpoint has IPv4 addresses alone, and this machine IPv6',
    wrong: ['dns: ip-family'],
    make: (lab) => ofRegion(lab, names(['192.0.2.1'], { '192.0.2.1': 'ENETUNREACH' })),
  },
  {
    seen: 'ENETUNREACH',
    is: 'the endpoint has IPv6 addresses alone, and this machine IPv4',
    wrong: ['dns: ip-family'],
    make: (lab) => ofRegion(lab, names(['2001:db8::1'], { '2001:db8::1': 'ENETUNREACH' })),
  },
  {
    seen: 'SOCKS',
    is: 'HTTPS_PROXY names a SOCKS proxy',
    wrong: ['proxy: OPTION_INVALID'],
    make: (lab) => ({
      env: lab.env({ ROLES_ANYWHERE_ENDPOINT: 'https://192.0.2.1', HTTPS_PROXY: 'socks5://127.0.0.1:9' }),
    }),
  },
  {
    seen: 'some programs go through another proxy',
    is: 'HTTPS_PROXY and https_proxy differ',
    wrong: ['proxy: proxy-spellings'],
    make: (lab) => ({
      env: lab.env({ HTTPS_PROXY: 'http://127.0.0.1:9', https_proxy: 'http://127.0.0.1:10', NO_PROXY: '127.0.0.1' }),
    }),
  },
  {
    seen: 'a URL of an endpoint is refused',
    is: 'plain HTTP to another machine',
    wrong: ['endpoint: ENDPOINT_INVALID'],
    make: (lab) => ({ env: lab.env({ ROLES_ANYWHERE_ENDPOINT: 'http://rolesanywhere.example' }) }),
  },
];

export const troubles: readonly (readonly [group: string, cases: readonly Trouble[]])[] = [
  ['CreateSession is refused', session],
  ['Trust anchor, trust policy and profile', policies],
  ['A role of the chain is refused', chains],
  ['Before anything is sent', local],
  ['What AWS clients make of it', clients],
  ['On the way to the service', network],
];
