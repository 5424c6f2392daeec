/** The twelve cases every implementation of the service has to get right, by hand-made requests. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCertificateAuthority, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { createSession, readSession, seen, send, sessionBody, signRequest } from './hand-made-request.ts';
import { callSts } from './hand-made-sts.ts';

const sanPolicy = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Service: 'rolesanywhere.amazonaws.com' },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      Condition: { StringEquals: { 'aws:PrincipalTag/x509SAN/DNS': 'allowed.example' } },
    },
  ],
};

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['Worker', { name: 'ByName', trustPolicy: sanPolicy }] });
});

afterAll(() => sandbox.close());

const denied = (message: string) => ({ status: 403, code: 'AccessDeniedException', message });
const lastReason = (): string | undefined => sandbox.refusals.at(-1)?.reason;

describe('the acceptance list', () => {
  test('1 valid', async () => {
    const before = Date.now();
    const reply = await createSession(sandbox);
    const session = readSession(reply);
    expect(reply.headers['content-type']).toBe('application/json');
    expect(session.roleArn).toBe(sandbox.roleArn);
    expect(session.credentials.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(session.credentials.secretAccessKey).toMatch(/^[A-Za-z0-9/+]{40}$/);
    expect(session.credentials.expiration).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const lifetime = Date.parse(session.credentials.expiration) - before;
    expect(lifetime).toBeGreaterThan(3595_000);
    expect(lifetime).toBeLessThan(3605_000);
    expect(session.sourceIdentity).toBe('CN=sandbox.example');
    expect(sandbox.requests.at(-1)).toMatchObject({ operation: 'CreateSession', accepted: true, status: 201 });
  });

  test('2 expired', async () => {
    const leaf = await sandbox.ca.issueLeaf({ notBefore: new Date(Date.now() - 3 * 86_400_000), days: 2 });
    expect(seen(await createSession(sandbox, leaf))).toEqual(denied('Untrusted signing certificate'));
    expect(lastReason()).toContain('expired at');
  });

  test('3 wrong CA', async () => {
    const stranger = await createCertificateAuthority({ subject: 'CN=Stranger' });
    const leaf = await stranger.issueLeaf();
    expect(seen(await createSession(sandbox, leaf))).toEqual(denied('Untrusted signing certificate'));
    expect(lastReason()).toContain('which is "CN=Stranger"');
  });

  test('3 wrong CA with the name of the right one', async () => {
    const impostor = await createCertificateAuthority();
    const leaf = await impostor.issueLeaf();
    expect(seen(await createSession(sandbox, leaf))).toEqual(denied('Untrusted signing certificate'));
    expect(lastReason()).toContain('did not sign');
  });

  test('4 wrong anchor', async () => {
    const stranger = await createCertificateAuthority({ subject: 'CN=Stranger' });
    const other = sandbox.addTrustAnchor({ name: 'other', certificates: [stranger.certificate] });
    const elsewhere = sessionBody(sandbox, { trustAnchorArn: other });
    expect(seen(await createSession(sandbox, { body: elsewhere }))).toEqual(denied('Untrusted signing certificate'));

    const nowhere = sessionBody(sandbox, { trustAnchorArn: `${sandbox.trustAnchorArn}0` });
    expect(seen(await createSession(sandbox, { body: nowhere }))).toEqual(
      denied("Specified Trust Anchor wasn't found."),
    );
  });

  test('5 wrong profile', async () => {
    const body = sessionBody(sandbox, { profileArn: `${sandbox.profileArn}0` });
    expect(seen(await createSession(sandbox, { body }))).toEqual(denied('Invalid or empty profile provided.'));
  });

  test('6 wrong role', async () => {
    const body = sessionBody(sandbox, { roleArn: sandbox.addRole('NotInProfile') });
    const message = "Requested Role isn't one of those listed in the Profile.";
    expect(seen(await createSession(sandbox, { body }))).toEqual(denied(message));
  });

  test('7 modified body', async () => {
    const request = signRequest(sandbox);
    const body = sessionBody(sandbox, { durationSeconds: 43_200 });
    expect(seen(await send(sandbox.endpoint, { ...request, body }))).toEqual(denied('Invalid signature'));
    expect(sandbox.refusals.at(-1)?.canonicalRequest).toMatch(/^POST\n\/sessions\n/);
  });

  test.each(['content-type', 'x-amz-date', 'host'])('8 modified header %s', async (name) => {
    const request = signRequest(sandbox);
    const changed = { 'content-type': 'application/json; charset=utf-8', 'x-amz-date': later(), host: 'elsewhere' }[
      name
    ];
    const headers = { ...request.headers, [name]: changed ?? '' };
    expect(seen(await send(sandbox.endpoint, { ...request, headers }))).toEqual(denied('Invalid signature'));
    expect(lastReason()).toBe('the signature does not fit the request and the leaf');
  });

  test('8 modified certificate header', async () => {
    const request = signRequest(sandbox);
    const other = await sandbox.ca.issueLeaf();
    const headers = { ...request.headers, 'x-amz-x509': signRequest(sandbox, other).headers['x-amz-x509'] ?? '' };
    expect(seen(await send(sandbox.endpoint, { ...request, headers }))).toEqual(denied('Invalid signature'));
  });

  describe('9 by a clock that stands still', () => {
    const now = new Date(Math.floor(Date.now() / 1000) * 1000);
    const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
    let still: Sandbox;
    beforeAll(async () => {
      still = await startSandbox({ now: () => now });
    });
    afterAll(() => still.close());

    test.each([
      ['behind', -901],
      ['ahead of', 901],
    ])('stale time, %s the clock', async (direction, seconds) => {
      expect(seen(await createSession(still, { date: later(seconds) }))).toEqual(denied('Invalid signature'));
      expect(still.refusals.at(-1)?.reason).toContain(`s ${direction} the clock of the service`);
    });

    test.each([-900, 900])('within the window: %s s', async (seconds) => {
      expect((await createSession(still, { date: later(seconds) })).status).toBe(201);
    });
  });

  test('10 SAN not allowed', async () => {
    const roleArn = sandbox.roleArn.replace('Worker', 'ByName');
    const body = sessionBody(sandbox, { roleArn });
    const issue = (value: string) => sandbox.ca.issueLeaf({ alternativeNames: [{ type: 'dns', value }] });
    expect((await createSession(sandbox, { ...(await issue('allowed.example')), body })).status).toBe(201);
    const reply = await createSession(sandbox, { ...(await issue('other.example')), body });
    expect(seen(reply)).toEqual(denied(`Unable to assume role for ${roleArn}`));
    expect(lastReason()).toContain('wants "allowed.example", the request has "other.example"');
  });

  test('11 GetCallerIdentity', async () => {
    const session = readSession(await createSession(sandbox));
    const reply = await callSts(sandbox.endpoint, session.credentials, { Action: 'GetCallerIdentity' });
    expect(reply.status).toBe(200);
    expect(reply.text).toContain(`<Arn>${session.assumedRoleUser.arn}</Arn>`);
    expect(reply.text).toContain(`<UserId>${session.assumedRoleUser.assumedRoleId}</UserId>`);
    expect(reply.text).toContain(`<Account>${sandbox.accountId}</Account>`);
  });

  test('12 disabled anchor', async () => {
    sandbox.disable(sandbox.trustAnchorArn);
    expect(seen(await createSession(sandbox))).toEqual(denied("Specified Trust Anchor wasn't found."));
    expect(lastReason()).toContain('is disabled');
    sandbox.enable(sandbox.trustAnchorArn);
    expect((await createSession(sandbox)).status).toBe(201);
  });
});

/** A minute later is still within the window, and not what was signed. */
function later(): string {
  return new Date(Date.now() + 60_000).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}
