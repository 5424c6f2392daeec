/** `--inspect`: the account is read by requests whose SigV4 a service on this machine verifies. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type AwsService,
  type ServiceAnswer,
  serviceKeys,
  startService,
  type VerifiedRequest,
} from '../support/aws-service.ts';
import { runCommand } from '../support/command.ts';
import { type IssuedChain, useIssuedChain } from '../support/issued-chain.ts';
import { makeCrl } from '../support/openssl-crl.ts';
import type { DoctorReport } from '../../src/doctor/report.ts';
import { wrongIn } from './diagnose.ts';
import { Lab, policyOf } from './lab.ts';

let lab: Lab;
let service: AwsService;
let issued: IssuedChain;
useIssuedChain((made) => (issued = made));
/** What the account says, by method and path; a test changes it. */
let account: Map<string, unknown>;

beforeAll(async () => {
  lab = await Lab.open();
  service = await startService(answer);
});

afterAll(async () => {
  await service.close();
  await lab.close();
});

const idOf = (arn: string): string => arn.split('/').at(-1) ?? '';

beforeEach(() => {
  const { trustAnchorArn, profileArn, roleArn, ca } = lab.sandbox;
  const source = { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: ca.certificate } };
  account = new Map<string, unknown>([
    [`/trustanchor/${idOf(trustAnchorArn)}`, { trustAnchor: { trustAnchorArn, enabled: true, source } }],
    [
      `/profile/${idOf(profileArn)}`,
      { profile: { profileArn, enabled: true, roleArns: [roleArn], durationSeconds: 3600 } },
    ],
    ['/crls', { crls: [{ trustAnchorArn: 'of another', enabled: true, crlData: 'AAAA' }], nextToken: 'more' }],
    ['/crls?more', { crls: [] }],
    ['/', policyOf(lab)],
    ['role ARN', roleArn],
  ]);
});

afterEach(() => void service.requests.splice(0));

function answer({ path, query, body, service: of }: VerifiedRequest): ServiceAnswer {
  const token = query.get('nextToken');
  const found = account.get(token === null ? path : `${path}?${token}`);
  if (found === undefined) return { status: 403, body: JSON.stringify({ message: 'User is not authorized' }) };
  if (of !== 'iam') return { body: JSON.stringify(found) };
  expect(body).toBe('Action=GetRole&Version=2010-05-08&RoleName=sandbox');
  const policy = encodeURIComponent(JSON.stringify(found));
  const role = `<AssumeRolePolicyDocument>${policy}</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration>`;
  return {
    body: `<GetRoleResponse><GetRoleResult><Role><Arn>${account.get('role ARN') as string}</Arn>${role}</Role></GetRoleResult></GetRoleResponse>`,
  };
}

async function inspect(args: readonly string[] = []): Promise<DoctorReport> {
  const env = lab.env({
    ...serviceKeys,
    PATH: '/nonexistent',
    AWS_ENDPOINT_URL_ROLESANYWHERE: service.url,
    AWS_ENDPOINT_URL_IAM: service.url,
  });
  const { stdout } = await runCommand(['doctor', '--inspect', '--json', ...args], { env });
  return JSON.parse(stdout) as DoctorReport;
}

describe('an account', () => {
  test('that is in order: four operations, each signed for its service', async () => {
    const report = await inspect();
    expect(wrongIn(report)).toEqual([]);
    const asked = service.requests.map(({ service: of, region, method, path }) => [
      of,
      region,
      method,
      path.split('/')[1],
    ]);
    expect(asked).toEqual([
      ['rolesanywhere', 'us-east-1', 'GET', 'trustanchor'],
      ['rolesanywhere', 'us-east-1', 'GET', 'crls'],
      ['rolesanywhere', 'us-east-1', 'GET', 'crls'],
      ['rolesanywhere', 'us-east-1', 'GET', 'profile'],
      ['iam', 'us-east-1', 'POST', ''],
    ]);
    const trust = report.checks.find(({ name }) => name === 'trust');
    expect(trust?.findings.at(-1)?.message).not.toContain('not judged');
  });

  test('whose profile is disabled, and whose trust policy is open', async () => {
    const { profileArn } = lab.sandbox;
    account.set(`/profile/${idOf(profileArn)}`, {
      profile: { profileArn, enabled: false, roleArns: [lab.sandbox.roleArn] },
    });
    account.set('/', policyOf(lab, { Condition: {} }));
    expect(wrongIn(await inspect())).toEqual(['trust: profile-disabled', 'trust: policy-any-anchor']);
  });

  test('that may not be read in part: a warning for that part alone', async () => {
    account.delete('/');
    const report = await inspect();
    expect(wrongIn(report)).toEqual(['trust: inspect']);
    const trust = report.checks.find(({ name }) => name === 'trust');
    expect(trust?.findings[0]?.message).toBe('GetRole of IAM was refused with 403 User is not authorized');
  });

  test('whose CA is with AWS Private CA', async () => {
    const { trustAnchorArn } = lab.sandbox;
    const source = {
      sourceType: 'AWS_ACM_PCA',
      sourceData: { acmPcaArn: 'arn:aws:acm-pca:us-east-1:111122223333:certificate-authority/a' },
    };
    account.set(`/trustanchor/${idOf(trustAnchorArn)}`, { trustAnchor: { enabled: true, source } });
    expect(wrongIn(await inspect())).toEqual(['trust: inspect']);
  });

  test('of somebody else, with a role of the same name: its trust policy is not judged', async () => {
    account.set('role ARN', 'arn:aws:iam::444455556666:role/sandbox');
    account.set('/', policyOf(lab, { Condition: {} }));
    expect(wrongIn(await inspect())).toEqual(['trust: inspect']);
  });

  test('with a CRL that cannot be read beside one that revokes what is sent', async () => {
    const { folder, root, sub, leaf } = issued;
    const { trustAnchorArn } = lab.sandbox;
    const serial = new X509Certificate(readFileSync(sub.certificate)).serialNumber;
    const pem = makeCrl(folder, root, { revoked: [[serial]] });
    const crl = (data: string) => ({ trustAnchorArn, enabled: true, crlData: Buffer.from(data).toString('base64') });
    account.set('/crls', { crls: [crl('damaged'), crl(pem)] });
    const identity = ['--certificate', leaf.certificate, '--private-key', leaf.key, '--intermediates', sub.certificate];
    // The trust anchor is of AWS Private CA: only a file has its certificate, and only the account its CRLs.
    account.set(`/trustanchor/${idOf(trustAnchorArn)}`, { trustAnchor: { enabled: true, source: {} } });
    const report = await inspect([...identity, '--trust-anchor-certificate', root.certificate]);
    const wrong = wrongIn(report).filter((name) => name.startsWith('trust'));
    expect(wrong).toEqual(['trust: inspect', 'trust: revoked']);
    const told = report.checks
      .find(({ name }) => name === 'trust')
      ?.findings.filter(({ cause }) => cause === 'inspect');
    expect(told?.map(({ message }) => message)).toEqual([
      expect.stringContaining('CRL'),
      expect.stringContaining('is with AWS Private CA'),
    ]);
  });

  test('and what files say instead', async () => {
    account.set('/', policyOf(lab, { Condition: {} }));
    expect(wrongIn(await inspect(['--trust-policy', lab.file(policyOf(lab))]))).toEqual([]);
  });
});

test('without credentials it says what to set', async () => {
  const { status, stdout, stderr } = await runCommand(['doctor', '--inspect'], { env: lab.env() });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(
    /^roles-anywhere: --inspect asks AWS, and there are no credentials for it\nhint: set AWS_ACCESS_KEY_ID/,
  );
});
