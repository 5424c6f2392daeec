/** STS by hand-made requests: what it refuses, and what a chain of sessions carries along. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { createSession, readSession, send, sessionBody } from './hand-made-request.ts';
import { callSts, element, type Keys, readKeys, signSts, type StsWishes } from './hand-made-sts.ts';

const workload = 'arn:aws:iam::444455556666:role/team/Workload';
let sandbox: Sandbox;
let keys: Keys;

beforeAll(async () => {
  sandbox = await startSandbox({
    roles: ['Worker', { name: workload, maxSessionDuration: 3600 }, { name: 'Guarded', externalId: 'secret-word' }],
  });
  const leaf = await sandbox.ca.issueLeaf({ subject: 'CN=worker, O=Example' });
  keys = readSession(await createSession(sandbox, leaf)).credentials;
});

afterAll(() => sandbox.close());

const assumption = (more: Record<string, string> = {}): Record<string, string> => ({
  Action: 'AssumeRole',
  RoleArn: workload,
  RoleSessionName: 'hop',
  ...more,
});

const assume = (more: Record<string, string> = {}, by: Keys = keys) => callSts(sandbox.endpoint, by, assumption(more));

/** What the client was told, with the log's reason. */
async function refusal(parameters: Record<string, string>, wishes: StsWishes = {}, by: Keys = keys) {
  const reply = await callSts(sandbox.endpoint, by, parameters, wishes);
  const record = sandbox.refusals.at(-1);
  expect(record).toMatchObject({ status: reply.status, code: element(reply, 'Code'), accepted: false });
  return {
    status: reply.status,
    code: element(reply, 'Code'),
    message: element(reply, 'Message'),
    reason: record?.reason,
  };
}

const tag = (index: number, key: string, value = 'v'): Record<string, string> => ({
  [`Tags.member.${index}.Key`]: key,
  [`Tags.member.${index}.Value`]: value,
});

const whoAmI = { Action: 'GetCallerIdentity' };

describe('the signature', () => {
  test.each([
    ['any region', { region: 'ap-southeast-2' }],
    ['a clock 14 minutes behind', { date: new Date(Date.now() - 14 * 60_000) }],
  ])('%s is taken', async (_name, wishes) => {
    expect((await callSts(sandbox.endpoint, keys, whoAmI, wishes)).status).toBe(200);
  });

  test('of another secret key', async () => {
    const forged = { ...keys, secretAccessKey: 'x'.repeat(40) };
    expect(await refusal(whoAmI, {}, forged)).toMatchObject({
      status: 403,
      code: 'SignatureDoesNotMatch',
      message: expect.stringMatching(
        /^The request signature we calculated does not match the signature you provided\./,
      ),
    });
    expect(sandbox.refusals.at(-1)?.stringToSign).toMatch(/^AWS4-HMAC-SHA256\n/);
  });

  test('of another body', async () => {
    const request = signSts(sandbox.endpoint, keys, whoAmI);
    const reply = await send(sandbox.endpoint, { ...request, body: `${request.body}&x=1` });
    expect(element(reply, 'Code')).toBe('SignatureDoesNotMatch');
  });

  const wrong: [string, StsWishes, string, RegExp][] = [
    ['for another service', { service: 's3' }, 'SignatureDoesNotMatch', /the service of the scope is "s3"/],
    ['for no region', { region: 'here' }, 'SignatureDoesNotMatch', /which is no region/],
    ['without the host', { unsigned: ['host'] }, 'SignatureDoesNotMatch', /the header host is not among/],
    ['without the token', { unsigned: ['x-amz-security-token'] }, 'SignatureDoesNotMatch', /x-amz-security-token/],
    ['of another algorithm', { algorithm: 'AWS4-X509-RSA-SHA256' }, 'IncompleteSignature', /not AWS4-HMAC-SHA256/],
    ['too old', { date: new Date(Date.now() - 16 * 60_000) }, 'SignatureDoesNotMatch', /behind the clock/],
    ['too new', { date: new Date(Date.now() + 16 * 60_000) }, 'SignatureDoesNotMatch', /ahead of the clock/],
    ['with no token sent', { withoutToken: true }, 'InvalidClientTokenId', /no X-Amz-Security-Token header/],
  ];

  test.each(wrong)('%s', async (_name, wishes, code, reason) => {
    expect(await refusal(whoAmI, wishes)).toMatchObject({ code, reason: expect.stringMatching(reason) });
  });

  test('too old is told with the times', async () => {
    const { message } = await refusal(whoAmI, { date: new Date(Date.now() - 16 * 60_000) });
    expect(message).toMatch(
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$/,
    );
  });

  test.each([
    ['unknown', { accessKeyId: 'ASIAIOSFODNN7EXAMPLE' }, /was not issued by this sandbox/],
    ['with the token of another session', { sessionToken: 'other' }, /the session token is not the one of/],
  ])('keys that are %s', async (_name, change, reason) => {
    expect(await refusal(whoAmI, {}, { ...keys, ...change })).toEqual({
      status: 403,
      code: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid.',
      reason: expect.stringMatching(reason),
    });
  });

  test('none at all', async () => {
    const { authorization: _, ...headers } = signSts(sandbox.endpoint, keys, whoAmI).headers;
    const reply = await send(sandbox.endpoint, { ...signSts(sandbox.endpoint, keys, whoAmI), headers });
    expect([reply.status, element(reply, 'Code')]).toEqual([403, 'MissingAuthenticationToken']);
  });

  test('of a session that is over', async () => {
    sandbox.setClockOffset(3600 + 5);
    const late = { date: new Date(Date.now() + 3605_000) };
    expect(await refusal(whoAmI, late)).toEqual({
      status: 403,
      code: 'ExpiredToken',
      message: 'The security token included in the request is expired',
      reason: expect.stringMatching(/^the session ended at/),
    });
    sandbox.setClockOffset(0);
  });
});

describe('AssumeRole', () => {
  test('makes a session of the role, an hour long', async () => {
    const reply = await assume();
    expect(reply.headers['content-type']).toBe('text/xml');
    expect(element(reply, 'Arn')).toBe('arn:aws:sts::444455556666:assumed-role/Workload/hop');
    expect(element(reply, 'AssumedRoleId')).toMatch(/^AROA[A-Z0-9]{17}:hop$/);
    expect(Date.parse(element(reply, 'Expiration') ?? '') - Date.now()).toBeGreaterThan(3590_000);
    const identity = await callSts(sandbox.endpoint, readKeys(reply), whoAmI);
    expect(element(identity, 'Account')).toBe('444455556666');
  });

  test('carries the tags and the source identity of the certificate along, hop after hop', async () => {
    const own = { 'Tags.member.1.Key': 'Stage', 'Tags.member.1.Value': 'test', 'TransitiveTagKeys.member.1': 'Stage' };
    const lost = { 'Tags.member.2.Key': 'Lost', 'Tags.member.2.Value': 'here' };
    const first = await assume({ ...own, ...lost });
    expect(element(first, 'SourceIdentity')).toBe('CN=worker');
    expect(Number(element(first, 'PackedPolicySize'))).toBeGreaterThan(0);
    const inherited = { 'x509Subject/CN': 'worker', 'x509Subject/O': 'Example', 'x509Issuer/CN': 'Sandbox CA' };
    expect(sandbox.requests.at(-1)?.session?.tags).toEqual({ ...inherited, Stage: 'test', Lost: 'here' });

    const back = { RoleArn: sandbox.addRole({ name: 'Third', trustPolicy: trust('arn:aws:iam::444455556666:root') }) };
    const second = await assume(back, readKeys(first));
    expect(element(second, 'SourceIdentity')).toBe('CN=worker');
    expect(sandbox.requests.at(-1)?.session).toMatchObject({
      tags: { ...inherited, Stage: 'test' },
      transitiveTagKeys: [...Object.keys(inherited), 'Stage'],
    });
    expect(sandbox.requests.at(-1)?.session?.tags).not.toHaveProperty('Lost');
  });

  test('has one hour for a chain, whatever the role allows', async () => {
    const RoleArn = sandbox.addRole({ name: 'Long', maxSessionDuration: 43_200 });
    expect((await assume({ RoleArn, DurationSeconds: '3600' })).status).toBe(200);
    expect(await refusal(assumption({ RoleArn, DurationSeconds: '3601' }))).toMatchObject({
      status: 400,
      code: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    });
  });

  test('wants the external id that the role asks for', async () => {
    const RoleArn = sandbox.roleArn.replace('Worker', 'Guarded');
    expect((await assume({ RoleArn, ExternalId: 'secret-word' })).status).toBe(200);
    const caller = element(await callSts(sandbox.endpoint, keys, whoAmI), 'Arn');
    for (const given of [{}, { ExternalId: 'other' }]) {
      expect(await refusal(assumption({ RoleArn, ...given }))).toMatchObject({
        status: 403,
        code: 'AccessDenied',
        message: `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
        reason: expect.stringContaining('StringEquals sts:ExternalId wants "secret-word"'),
      });
    }
  });

  test.each([
    ['sts:AssumeRole', []],
    ['sts:TagSession', ['sts:AssumeRole']],
    ['sts:SetSourceIdentity', ['sts:AssumeRole', 'sts:TagSession']],
  ])('is denied for want of %s', async (missing, allowed) => {
    const name = missing.replace(':', '-');
    const RoleArn = sandbox.addRole({ name, trustPolicy: trust(sandbox.roleArn, ['sts:None', ...allowed]) });
    const told = await refusal(assumption({ RoleArn }));
    expect(told).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(told.message).toMatch(new RegExp(`not authorized to perform: ${missing} on resource: ${RoleArn}$`));
  });

  test('keeps the source identity that is set', async () => {
    expect((await assume({ SourceIdentity: 'other' })).status).toBe(403);
    expect(sandbox.refusals.at(-1)?.reason).toBe('the source identity is "CN=worker" and cannot change');
  });

  test('does not know a role', async () => {
    const RoleArn = 'arn:aws:iam::111122223333:role/nobody';
    expect(await refusal(assumption({ RoleArn }))).toMatchObject({
      code: 'AccessDenied',
      reason: `there is no role ${RoleArn}`,
    });
  });

  const wrong: [string, Record<string, string>, string, RegExp][] = [
    [
      'an inherited tag given anew',
      tag(1, 'x509subject/cn'),
      'InvalidParameterValue',
      /conflicts with a transitive tag key/,
    ],
    ['the same tag twice', { ...tag(1, 'A'), ...tag(2, 'a') }, 'InvalidParameterValue', /Duplicate tag keys found/],
    [
      'a transitive key without tag',
      { 'TransitiveTagKeys.member.1': 'A' },
      'InvalidParameterValue',
      /must be included/,
    ],
    ['a tag value with brackets', tag(1, 'A', '(1)'), 'ValidationError', /'\(1\)' at 'tags.member.value'/],
    ['an empty tag key', tag(1, ''), 'ValidationError', /at 'tags.member.key'/],
    [
      '51 tags',
      Object.assign({}, ...Array.from({ length: 51 }, (_, i) => tag(i + 1, `k${i}`))),
      'ValidationError',
      /51 tags/,
    ],
    ['a short session name', { RoleSessionName: 'a' }, 'ValidationError', /length greater than or equal to 2/],
    ['a long session name', { RoleSessionName: 'a'.repeat(65) }, 'ValidationError', /length less than or equal to 64/],
    ['a session name with a slash', { RoleSessionName: 'a/b' }, 'ValidationError', /regular expression pattern/],
    ['a duration below 900', { DurationSeconds: '899' }, 'ValidationError', /greater than or equal to 900/],
    ['a duration above 43200', { DurationSeconds: '43201' }, 'ValidationError', /less than or equal to 43200/],
    ['a duration in words', { DurationSeconds: 'long' }, 'ValidationError', /is no whole number/],
    ['a policy that is no JSON', { Policy: '{' }, 'MalformedPolicyDocument', /Syntax errors in policy/],
    [
      'policy and tags above the limit that they share',
      { Policy: JSON.stringify({ Id: 'x'.repeat(2000) }), ...tag(1, 'A', 'b'.repeat(100)) },
      'PackedPolicyTooLarge',
      /^Packed policy consumes 104% of allotted space/,
    ],
    ['another operation', { Action: 'GetSessionToken' }, 'InvalidAction', /Could not find operation GetSessionToken/],
    ['another version', { Version: '2010-01-01' }, 'InvalidAction', /for version 2010-01-01/],
    ['a name that every object has', { Action: 'constructor' }, 'InvalidAction', /constructor/],
  ];

  test.each(wrong)('refuses %s', async (_name, more, code, message) => {
    const told = await refusal(assumption(more));
    expect(told).toMatchObject({ status: 400, code, message: expect.stringMatching(message) });
  });

  test.each(['RoleArn', 'RoleSessionName'])('refuses to do without %s', async (name) => {
    const { [name]: _, ...others } = assumption();
    expect(await refusal(others)).toMatchObject({
      code: 'ValidationError',
      message: expect.stringContaining('failed to satisfy constraint: Member must not be null'),
    });
  });

  test('counts policies, and does not evaluate them', async () => {
    const more = { Policy: '{"Statement":[]}', 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess' };
    const reply = await assume(more);
    expect(Number(element(reply, 'PackedPolicySize'))).toBeGreaterThan(0);
    expect(element(await assume(), 'PackedPolicySize')).toBeUndefined();
  });
});

test('XML is escaped', async () => {
  const reply = await callSts(sandbox.endpoint, keys, assumption({ RoleSessionName: '<&">' }));
  expect(reply.text).toContain('&lt;&amp;&quot;&gt;');
});

test('a session of the sandbox is not known to another', async () => {
  const other = await startSandbox();
  const reply = await callSts(other.endpoint, keys, whoAmI);
  expect(element(reply, 'Code')).toBe('InvalidClientTokenId');
  await other.close();
  expect(sessionBody(sandbox)).toContain(sandbox.trustAnchorArn);
});

function trust(principal: string, actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']): object {
  return { Statement: [{ Effect: 'Allow', Principal: { AWS: principal }, Action: actions }] };
}
