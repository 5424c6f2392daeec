/** What STS refuses or fails to answer: the code, the hop that is named, the likely cause, and how often it is tried. */
import { inspect } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { RolesAnywhereError } from '../../../src/core/errors.ts';
import type { Credentials } from '../../../src/core/credentials.ts';
import { obtainCredentials } from '../../../src/pipeline/pipeline.ts';
import { roleLinks } from '../../../src/aws/assume-role/role-links.ts';
import type { RoleHop } from '../../../src/aws/assume-role/role-hop.ts';
import { type Fault, type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import type { NetworkOptions } from '../../../src/aws/create-session/session-request.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { chainRequest, type ChainWorld, chainWorld } from './chain-request.ts';

let sandbox: Sandbox;
let session: Credentials;
let open: string;

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['Worker'] });
  open = sandbox.addRole('Open');
  session = await obtainCredentials(chainRequest(sandbox, { hops: [] }), chainWorld().context);
});

afterAll(() => sandbox.close());

/** Assumes the roles behind the session. */
async function walk(
  hops: readonly RoleHop[],
  network: Partial<NetworkOptions> = {},
  world: ChainWorld = chainWorld(),
): Promise<Credentials> {
  let credentials = session;
  for (const assume of roleLinks(chainRequest(sandbox, { hops, network }), world.context)) {
    credentials = await assume(credentials);
  }
  return credentials;
}

/** The failure, which holds no secret however closely it is looked at. */
async function refusal(
  hops: readonly RoleHop[],
  network: Partial<NetworkOptions> = {},
  world?: ChainWorld,
): Promise<RolesAnywhereError> {
  const failure = await rejectionOf(walk(hops, network, world));
  const seen = inspect(failure, { depth: Infinity, showHidden: true });
  expect(seen).not.toContain(session.secretAccessKey);
  expect(seen).not.toContain(session.sessionToken);
  return failure;
}

function afterFault(fault: Fault, network: Partial<NetworkOptions> = {}, world?: ChainWorld) {
  sandbox.failNext({ operation: 'AssumeRole', ...fault });
  return refusal([{ roleArn: open }], network, world);
}

it('the request that STS quotes is told by nobody: it holds the token of the session before', async () => {
  const message = `no match. The Canonical String should have been 'POST x-amz-security-token:${session.sessionToken}'`;
  const failure = await afterFault({ status: 403, code: 'SignatureDoesNotMatch', message });
  expect(failure.message).toMatch(/: no match\. \(status 403, SignatureDoesNotMatch/);
});

describe('a trust policy', () => {
  const every = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
  it.each([
    ['sts:TagSession', /must allow sts:TagSession beside sts:AssumeRole: credentials .* carry session tags/],
    ['sts:SetSourceIdentity', /must allow sts:SetSourceIdentity beside sts:AssumeRole: credentials .* source identity/],
    ['sts:AssumeRole', /must allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity: /],
  ])('without %s is named as the cause, first of all', async (missing, hint) => {
    const role = sandbox.addRole({
      name: missing.replace(':', '-'),
      trustPolicy: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: open },
            Action: every.filter((action) => action !== missing).concat('sts:None'),
          },
        ],
      },
    });
    const failure = await refusal([{ roleArn: open }, { roleArn: role }]);
    const { requestId } = sandbox.refusals.at(-1) ?? {};
    expect(failure).toMatchObject({ code: 'REFUSED_ASSUME_ROLE', requestId, tryNextLink: false });
    expect(failure.message).toContain(`STS refused roleChain[1] (hop 2 of 2, ${role}): User: arn:aws:sts::`);
    expect(failure.message).toMatch(new RegExp(`perform: ${missing} on resource: .* \\(status 403, AccessDenied, `));
    expect(failure.hints[0]).toMatch(hint);
    expect(failure.hints[0]).toContain(`the trust policy of ${role} `);
    expect(failure.hints[1]).toBe(
      `its principal must be ${open} or the account of that role, and the policies of that role must allow the same actions on ${role}`,
    );
  });

  it('that wants an external id: whether one was given is said, and not which', async () => {
    const role = sandbox.addRole({ name: 'Guarded', externalId: 'right-word' });
    const without = await refusal([{ roleArn: role }]);
    expect(without.hints).toContain('no external id was given: the trust policy may ask for one (sts:ExternalId)');
    const wrong = await refusal([{ roleArn: role, externalId: 'wrong-word', tags: { Stage: 'x' } }]);
    expect(wrong.hints).toContain(
      'the external id that was given must be the one of the trust policy (sts:ExternalId)',
    );
    expect(wrong.hints.join()).toContain('aws:RequestTag');
    expect(inspect(wrong, { depth: Infinity })).not.toContain('wrong-word');
  });

  it('is no cause when there is no such role', async () => {
    const failure = await refusal([{ roleArn: 'arn:aws:iam::111122223333:role/Nobody' }]);
    expect(failure.hints.at(-1)).toMatch(/a role that does not exist, or an SCP/);
    expect(failure.hints[1]).toContain(sandbox.roleArn);
  });
});

describe('other refusals say their cause', () => {
  const refused: [string, Fault, RegExp][] = [
    ['ExpiredTokenException', { status: 400 }, /^the credentials of .*role\/Worker have expired: check the clock/],
    ['RegionDisabledException', { status: 403 }, /^activate STS in us-east-1 .* or name another region for this hop/],
    ['InvalidClientTokenId', { status: 403 }, /may not have enabled the region us-east-1/],
    ['MalformedPolicyDocument', { status: 400 }, /^policy must be an IAM policy document/],
    ['PackedPolicyTooLarge', { status: 400, message: 'Packed policy consumes 127% of it' }, /and are 127% of it/],
    ['InvalidParameterValue', { status: 400 }, /^check the session name/],
    ['ValidationError', { status: 400, message: 'DurationSeconds exceeds the 1 hour limit' }, /one hour at the most/],
    ['ValidationError', { status: 400, message: 'Member must not be null' }, /^check the session name/],
    ['SignatureDoesNotMatch', { status: 403 }, /^check the clock of this machine/],
    ['SomethingNew', { status: 400 }, /^check that it is STS that answers/],
  ];
  it.each(refused)('%s', async (code, fault, hint) => {
    const failure = await afterFault({ ...fault, code });
    expect(failure.code).toBe('REFUSED_ASSUME_ROLE');
    expect(failure.message).toMatch(new RegExp(`^STS refused roleChain\\[0\\] .*\\(status ${fault.status}, ${code}, `));
    expect(failure.hints[0]).toMatch(hint);
    expect(failure.cause).toMatchObject({ Code: code });
  });

  it('a duration above what the role allows', async () => {
    const short = { status: 400, code: 'ValidationError', message: 'exceeds the MaxSessionDuration set for this role' };
    sandbox.failNext({ operation: 'AssumeRole', ...short });
    const failure = await refusal([{ roleArn: open, durationSeconds: 1800 }]);
    expect(failure.hints[0]).toMatch(/^asked for were 1800 seconds: .* its own maximum session duration$/);
  });

  it('a tag that the certificate has set', async () => {
    const failure = await refusal([{ roleArn: open, tags: { 'x509Subject/CN': 'somebody' } }]);
    expect(failure).toMatchObject({ code: 'REFUSED_ASSUME_ROLE' });
    expect(failure.hints[0]).toMatch(/^a tag that came along .* begin with x509Subject/);
  });

  it('policy and tags that are too much together', async () => {
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [], Id: 'x'.repeat(1900) });
    const failure = await refusal([{ roleArn: open, policy, tags: { Long: 'v'.repeat(256) } }]);
    expect(failure.message).toContain('PackedPolicyTooLarge');
    expect(failure.hints[1]).toMatch(/attribute mappings/);
  });

  it('a clock that is wrong', async () => {
    const start = Date.now();
    const date = new Date(start + 20 * 60_000).toUTCString();
    const failure = await afterFault({ status: 403, code: 'SignatureDoesNotMatch', headers: { date } });
    const told = /^the clock of this machine is (\d+) seconds behind STS: set it$/.exec(failure.hints[0] ?? '');
    expect(Number(told?.[1])).toBeLessThanOrEqual(1200);
    expect(Number(told?.[1])).toBeGreaterThanOrEqual(1198 - (Date.now() - start) / 1000);
  });

  it('a page of somebody else', async () => {
    const failure = await afterFault({ status: 403, body: '<html><body>Log in, please' });
    expect([failure.code, failure.cause]).toEqual(['REFUSED_ASSUME_ROLE', undefined]);
    expect(failure.message).toMatch(/^STS refused roleChain\[0\] \(hop 1 of 1, .*\) \(status 403, request id /);
    expect(failure.hints).toEqual(['check that it is STS that answers at the endpoint, and no proxy']);
  });

  it('a redirect is not followed', async () => {
    const failure = await afterFault({ status: 302, headers: { location: 'https://login.example/' }, body: '' });
    expect(failure.code).toBe('RESPONSE_REDIRECT');
  });
});

describe('what may go better', () => {
  it.each([
    ['SERVICE_THROTTLED', { status: 400, code: 'Throttling' }],
    ['SERVICE_THROTTLED', { status: 429, body: 'slow down' }],
    ['SERVICE_UNAVAILABLE', { status: 503 }],
    ['SERVICE_UNAVAILABLE', { status: 500, body: '<html>' }],
    ['NETWORK_UNREACHABLE', { drop: 'at-once' }],
    ['NETWORK_UNREACHABLE', { drop: 'in-body' }],
  ] as const)('%s is tried as often as asked for, and then told', async (code, fault) => {
    const world = chainWorld();
    const failure = await afterFault({ ...fault, times: 3 }, { maxAttempts: 3 }, world);
    expect(failure).toMatchObject({ code, tryNextLink: true });
    expect(failure.message).toMatch(/roleChain\[0\] \(hop 1 of 1, .*, at the last of 3 attempts$/);
    expect(world.waits).toEqual(code === 'SERVICE_THROTTLED' ? [250, 500] : [50, 100]);
    const failed = world.traced.filter((event) => event.kind === 'failed');
    expect(failed.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    await walk([{ roleArn: open }]);
  });

  it('is over when an attempt succeeds', async () => {
    const world = chainWorld();
    sandbox.failNext({ operation: 'AssumeRole', status: 503, headers: { 'retry-after': '2' } });
    await walk([{ roleArn: open }], { maxAttempts: 2 }, world);
    expect(world.waits).toEqual([2000]);
    expect(world.traced.at(-1)).toMatchObject({ kind: 'assumed', attempt: 2 });
  });

  it('NETWORK_TIMEOUT comes after the time for a request', async () => {
    const failure = await afterFault({ delay: 3000 }, { requestTimeout: 100 });
    expect(failure.code).toBe('NETWORK_TIMEOUT');
    expect(failure.message).toMatch(/within 100 ms, for roleChain\[0\]/);
  });

  it('a refusal is not tried again', async () => {
    const world = chainWorld();
    await afterFault({ status: 403, code: 'AccessDenied' }, { maxAttempts: 3 }, world);
    expect(world.waits).toEqual([]);
  });
});

describe('credentials in an answer that cannot be used', () => {
  const good = {
    AccessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    SecretAccessKey: 'hunter2-secret',
    SessionToken: 'hunter2-token',
    Expiration: new Date(Date.now() + 3600_000).toISOString(),
  };
  const answerOf = (members: object, user = 'arn:aws:sts::111122223333:assumed-role/Open/x'): string => {
    const xml = Object.entries(members).map(([name, value]) => `<${name}>${value}</${name}>`);
    const result = `<AssumedRoleUser><Arn>${user}</Arn></AssumedRoleUser><Credentials>${xml.join('')}</Credentials>`;
    return `<AssumeRoleResponse><AssumeRoleResult>${result}</AssumeRoleResult></AssumeRoleResponse>`;
  };
  const unusable: [string, string, string, RegExp][] = [
    ['nothing at all', '', 'RESPONSE_EMPTY', /holds no credentials/],
    ['no credentials', '<AssumeRoleResponse/>', 'RESPONSE_EMPTY', /holds no credentials/],
    ['no secret key', answerOf({ ...good, SecretAccessKey: '' }), 'RESPONSE_EMPTY', /holds no credentials/],
    ['no session token', answerOf({ ...good, SessionToken: '' }), 'RESPONSE_EMPTY', /^sessionToken is missing/],
    ['a line break', answerOf({ ...good, SessionToken: 'hunter2&#10;x' }), 'RESPONSE_INVALID', /^sessionToken in/],
    ['no expiration', answerOf({ ...good, Expiration: undefined }).replace(/<Exp.*ion>/, ''), 'RESPONSE_EMPTY', /^exp/],
    ['no date', answerOf({ ...good, Expiration: 'soon' }), 'RESPONSE_INVALID', /cannot be read \(status 200/],
    ['a date in another unit', answerOf({ ...good, Expiration: '9999-01-01T00:00:00Z' }), 'RESPONSE_INVALID', /^exp/],
    ['an hour ago', answerOf({ ...good, Expiration: '2020-01-01T00:00:00Z' }), 'RESPONSE_EXPIRED', /2020-01-01T00/],
    [
      'another role',
      answerOf(good, 'arn:aws:sts::111122223333:assumed-role/Other/x'),
      'RESPONSE_OTHER_ROLE',
      /^STS gave credentials of arn:aws:sts::111122223333:assumed-role\/Other\/x, but asked was /,
    ],
    [
      'nobody whose they are',
      answerOf(good).replace(/<AssumedRoleUser>.*<\/AssumedRoleUser>/, ''),
      'RESPONSE_EMPTY',
      /^AssumedRoleUser is missing in the answer of STS/,
    ],
    [
      'a user without an ARN',
      answerOf(good).replace(/<Arn>.*<\/Arn>/, ''),
      'RESPONSE_EMPTY',
      /^AssumedRoleUser is missing in the answer of STS/,
    ],
    ['no XML', JSON.stringify(good), 'RESPONSE_INVALID', /cannot be read \(status 200/],
    ['half an answer', answerOf(good).slice(0, -40), 'RESPONSE_INVALID', /cannot be read \(status 200/],
    [
      'an entity of its own',
      `<!DOCTYPE x [<!ENTITY a "hunter2">]>${answerOf({ ...good, SessionToken: '&a;' })}`,
      'RESPONSE_EMPTY',
      /^sessionToken is missing/,
    ],
    ['two megabytes', answerOf({ ...good, SessionToken: 'x'.repeat(2 ** 21) }), 'RESPONSE_TOO_LARGE', /./],
  ];
  it.each(unusable)('%s', async (_name, body, code, message) => {
    const failure = await afterFault({ status: 200, body }, { maxAttempts: 3 });
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
    expect(failure.message).toContain('roleChain[0] (hop 1 of 1');
    expect(inspect(failure, { depth: Infinity, showHidden: true })).not.toContain('hunter2');
  });
});
