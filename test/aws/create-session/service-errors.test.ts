import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { RolesAnywhereError } from '../../../src/core/errors.ts';
import type { SigningIdentity } from '../../../src/identity/identity.ts';
import type { RefusedRequest } from '../../../src/aws/create-session/explain-refusal.ts';
import { judgeRefusal } from '../../../src/aws/create-session/service-errors.ts';
import type { SessionRequest } from '../../../src/aws/create-session/session-request.ts';
import type { WireResponse } from '../../../src/aws/http/transport.ts';
import { signRequest } from '../../../src/aws/sigv4-x509/sign-request.ts';
import {
  makeCa,
  makeFolder,
  makeKey,
  makeLeaf,
  removeFolder,
  type CertificateOptions,
  type Issued,
} from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { identityOf } from './test-identity.ts';

const request: SessionRequest = {
  trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a',
  profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p',
  roleArn: 'arn:aws:iam::111122223333:role/Example',
  region: 'eu-west-1',
  durationSeconds: 3600,
};
const now = new Date('2026-06-01T12:00:00Z');
const validity: CertificateOptions = {
  notBefore: new Date('2026-01-01T00:00:00Z'),
  notAfter: new Date('2027-01-01T00:00:00Z'),
};

let folder: string;
let root: Issued;
let sub: Issued;
let leaf: Issued;
let identity: SigningIdentity;

beforeAll(() => {
  folder = makeFolder();
  root = makeCa(folder, 'root', { ...validity, subject: '/O=Example/CN=Root' });
  sub = makeCa(folder, 'sub', { ...validity, issuer: root, subject: '/CN=Sub' });
  leaf = makeLeaf(folder, 'leaf', sub, { ...validity, subject: '/CN=leaf', serial: '0A1B' });
  identity = identityOf(leaf, [sub]);
});
afterAll(() => removeFolder(folder));

interface Circumstances {
  readonly who?: SigningIdentity;
  readonly asked?: Partial<SessionRequest>;
  readonly host?: string;
}

async function refusedRequest({
  who = identity,
  asked = {},
  host = 'service.test',
}: Circumstances = {}): Promise<RefusedRequest> {
  const unsigned = { method: 'POST', path: '/sessions', headers: { host }, body: Buffer.from('{}') };
  const signed = await signRequest(unsigned, who, { region: 'eu-west-1', date: now });
  return { request: { ...request, ...asked }, identity: who, signed, now };
}

function answerOf(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return { status, headers, body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
}

const atNoon = { date: 'Mon, 01 Jun 2026 12:00:03 GMT' };

/** The error for an AccessDeniedException with these words. */
async function refusal(message: string, circumstances?: Circumstances, headers = atNoon): Promise<RolesAnywhereError> {
  const all = { ...headers, 'x-amzn-errortype': 'AccessDeniedException', 'x-amzn-requestid': 'id-1' };
  return rejectionOf(judgeRefusal(answerOf(403, { message }, all), await refusedRequest(circumstances)));
}

async function outcomeOf(answer: WireResponse) {
  return judgeRefusal(answer, await refusedRequest());
}

describe('the code of a refusal', () => {
  it.each([
    ['Untrusted signing certificate', 'REFUSED_UNTRUSTED'],
    ['Untrusted certificate. Insufficient certificate', 'REFUSED_CERTIFICATE'],
    ['Invalid signature', 'REFUSED_SIGNATURE'],
    ["Specified Trust Anchor wasn't found.", 'REFUSED_TRUST_ANCHOR'],
    ['Specified Trust Anchor wasn’t found.', 'REFUSED_TRUST_ANCHOR'],
    ['Invalid or empty profile provided.', 'REFUSED_PROFILE'],
    ["Requested Role isn't one of those listed in the Profile.", 'REFUSED_ROLE_NOT_IN_PROFILE'],
    ['Not authorized to set roleSessionName.', 'REFUSED_SESSION_NAME'],
    ['Certificate revoked', 'REFUSED_REVOKED'],
    ['Unable to assume role for arn:aws:iam::111122223333:role/Example', 'REFUSED_ROLE'],
    [
      'Unable to assume role for arn:aws:iam::111122223333:role/Example; The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
      'REFUSED_DURATION',
    ],
    ['Something new', 'REFUSED_OTHER'],
  ])('%s', async (message, code) => {
    expect(await refusal(message)).toMatchObject({
      code,
      message: `the service refused the request: ${message} (status 403, AccessDeniedException, request id id-1)`,
      requestId: 'id-1',
      tryNextLink: false,
    });
  });

  it('of a parameter that is out of its range', async () => {
    const message = "1 validation error detected: Value '5' at 'durationSeconds' failed to satisfy constraint: …";
    const error = await rejectionOf(outcomeOf(answerOf(400, { __type: 'ns#ValidationException', message })));

    expect(error).toMatchObject({
      code: 'REFUSED_VALIDATION',
      message: `the service refused the request: ${message} (status 400, ValidationException)`,
    });
  });
});

describe('the type and the words of an answer', () => {
  it.each([
    [
      { 'x-amzn-errortype': 'ValidationException:http://internal.example/' },
      { Message: 'm' },
      'm (status 400, ValidationException)',
    ],
    [
      { 'x-amzn-errortype': 'AccessDeniedException' },
      { __type: 'Other', message: 'm' },
      'm (status 400, AccessDeniedException)',
    ],
    [{}, { __type: 'com.amazon#AccessDeniedException', message: 'm' }, 'm (status 400, AccessDeniedException)'],
    [{}, { code: 'AccessDeniedException', message: 'm' }, 'm (status 400, AccessDeniedException)'],
    [{}, { message: 'two\nlines\u0007' }, 'two lines (status 400)'],
    [{}, { message: 'x'.repeat(600) }, `${'x'.repeat(500)} (status 400)`],
  ])('%j %j', async (headers, body, words) => {
    const error = await rejectionOf(outcomeOf(answerOf(400, body, headers)));

    expect(error.message).toBe(`the service refused the request: ${words}`);
  });

  it.each([
    ['<html>hunter2</html>', { 'content-type': 'text/html' }, 'with 20 bytes of text/html and no message'],
    ['[]', { 'content-type': '\x9b2Jtext/html' }, 'with 2 bytes of 2Jtext/html and no message'],
    ['', {}, 'without a body'],
    ['[1]', {}, 'with 3 bytes of no content-type and no message'],
    ['{"message":7}', {}, 'with 13 bytes of no content-type and no message'],
  ])('%s is described, not shown', async (body, headers, words) => {
    const error = await rejectionOf(outcomeOf(answerOf(403, body, headers)));

    expect(error).toMatchObject({
      code: 'REFUSED_OTHER',
      message: `the service refused the request (status 403, ${words})`,
    });
  });
});

it('the request id is one line, too', async () => {
  const error = await rejectionOf(outcomeOf(answerOf(403, {}, { 'x-amzn-requestid': `\x9b2J${'x'.repeat(600)}` })));

  expect(error.requestId).toBe(`2J${'x'.repeat(498)}`);
  expect(error.message).not.toContain('\x9b');
});

describe('what is worth another attempt', () => {
  it.each([
    [429, {}, {}],
    [429, 'not json', {}],
    [400, { message: 'Rate exceeded' }, {}],
    [400, { __type: 'ThrottlingException', message: 'slow down' }, {}],
    [400, {}, { 'x-amzn-errortype': 'TooManyRequestsException' }],
    [503, { __type: 'RequestLimitExceeded' }, {}],
  ])('throttling: %s %j %j', async (status, body, headers) => {
    expect(await outcomeOf(answerOf(status, body, headers))).toMatchObject({
      kind: 'transient',
      error: { code: 'SERVICE_THROTTLED', message: expect.stringMatching(/^the service is asked too often/) },
      retryAfter: undefined,
    });
  });

  it.each([500, 502, 503, 504, 501, 599, 408])('status %s', async (status) => {
    expect(await outcomeOf(answerOf(status, { message: 'broken' }))).toMatchObject({
      kind: 'transient',
      error: { code: 'SERVICE_UNAVAILABLE', message: `the service could not answer: broken (status ${status})` },
    });
  });

  it.each([
    [400, { message: 'x' }],
    [403, { message: 'Rate exceeded' }],
    [403, { __type: 'ThrottlingException' }],
    [404, { __type: 'ResourceNotFoundException', message: 'x' }],
    [401, {}],
    [418, {}],
  ])('but never %s %j', async (status, body) => {
    expect((await rejectionOf(outcomeOf(answerOf(status, body)))).code).toBe('REFUSED_OTHER');
  });

  it.each([
    ['7', {}, 7000],
    ['0', {}, 0],
    ['Mon, 01 Jun 2026 12:00:30 GMT', {}, 30_000],
    ['Mon, 01 Jun 2026 12:00:30 GMT', { date: 'Mon, 01 Jun 2026 12:00:20 GMT' }, 10_000],
    ['Mon, 01 Jun 2026 11:00:00 GMT', {}, 0],
    ['-1', {}, undefined],
    ['soon', {}, undefined],
    ['2026-06-01', {}, undefined],
  ])('Retry-After %s is understood', async (value, headers, milliseconds) => {
    const outcome = await outcomeOf(answerOf(503, {}, { ...headers, 'retry-after': value }));

    expect(outcome).toMatchObject({ kind: 'transient', retryAfter: milliseconds });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308, 304])('%s is not followed', async (status) => {
    const error = await rejectionOf(outcomeOf(answerOf(status, '', { location: 'https://login.test/?token=hunter2' })));

    expect(error).toMatchObject({
      code: 'RESPONSE_REDIRECT',
      message: `the service answers with a redirect to login.test, which is not followed (status ${status}, without a body)`,
      hints: ['check the endpoint, and whether a proxy or a login page of the network answers in its place'],
    });
  });

  it('may lead nowhere', async () => {
    const error = await rejectionOf(outcomeOf(answerOf(302, '', { location: '/hunter2' })));

    expect(error.message).toBe(
      'the service answers with a redirect, which is not followed (status 302, without a body)',
    );
  });
});

describe('the hints', () => {
  it('for an untrusted certificate: the top of the chain', async () => {
    expect((await refusal('Untrusted signing certificate')).hints).toEqual([
      "the chain ends with 'CN=Sub': the trust anchor must hold that certificate, or the one of 'O=Example, CN=Root', which issued it",
      'check that arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a is the trust anchor of this CA',
      'a trust anchor does not follow when the certificate of its CA is renewed: update it',
    ]);
  });

  it('for an untrusted certificate without a chain: the issuer', async () => {
    expect((await refusal('Untrusted signing certificate', { who: identityOf(leaf) })).hints).toEqual([
      "the trust anchor must hold the certificate of 'CN=Sub', which issued the leaf",
      'no intermediate certificate was sent: give those there are with --intermediates',
      'check that arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a is the trust anchor of this CA',
      'a trust anchor does not follow when the certificate of its CA is renewed: update it',
    ]);
  });

  it('for an untrusted certificate: a name missing in the chain', async () => {
    expect((await refusal('Untrusted signing certificate', { who: identityOf(leaf, [root]) })).hints).toEqual([
      "the chain has a gap: 'CN=leaf' was issued by 'CN=Sub', and what follows it is 'O=Example, CN=Root'",
      'give the certificates between leaf and trust anchor with --intermediates',
    ]);
  });

  it('for an untrusted certificate: a CA renewed with another key', async () => {
    const renewed = makeCa(folder, 'renewed', { ...validity, issuer: root, subject: '/CN=Sub' });

    expect((await refusal('Untrusted signing certificate', { who: identityOf(leaf, [renewed]) })).hints[0]).toBe(
      "the chain has a gap: 'CN=leaf' was issued by 'CN=Sub', but with another key than that of the certificate that follows it",
    );
  });

  it('for an untrusted certificate: one in the chain that is no CA', async () => {
    const noCa = makeLeaf(folder, 'no-ca', root, { ...validity, subject: '/CN=NoCa' });
    const below = makeLeaf(folder, 'below', noCa, validity);

    expect((await refusal('Untrusted signing certificate', { who: identityOf(below, [noCa]) })).hints[0]).toBe(
      "'CN=NoCa' in the chain is no CA",
    );
  });

  it('for an untrusted certificate: dates, by the clock of the service', async () => {
    const old = makeCa(folder, 'old', {
      ...validity,
      issuer: root,
      subject: '/CN=Old',
      notAfter: new Date('2026-05-31T00:00:00Z'),
    });
    const below = makeLeaf(folder, 'below-old', old, { ...validity, notAfter: new Date('2026-06-01T11:00:00Z') });
    const who = identityOf(below, [old]);

    expect((await refusal('Untrusted signing certificate', { who })).hints).toEqual([
      '"CN=below-old" expired at 2026-06-01T11:00:00.000Z',
      '"CN=Old" expired at 2026-05-31T00:00:00.000Z',
      'renew it; an anchor of AWS Private CA needs UpdateTrustAnchor after that',
    ]);
    const before = { date: 'Mon, 01 Dec 2025 00:00:00 GMT' };
    expect((await refusal('Untrusted signing certificate', undefined, before)).hints).toEqual([
      '"CN=leaf" is not valid before 2026-01-01T00:00:00.000Z',
      '"CN=Sub" is not valid before 2026-01-01T00:00:00.000Z',
      'wait until then, or have the clock of the CA set',
    ]);
  });

  const another = 'have the CA issue a certificate that Roles Anywhere takes';

  it('for an insufficient certificate: what it lacks', async () => {
    const extensions = ['basicConstraints = CA:TRUE', 'keyUsage = keyEncipherment'];
    const bad = makeLeaf(folder, 'bad', sub, { ...validity, extensions, hash: 'sha1' });
    const old = makeLeaf(folder, 'old-version', sub, { ...validity, extensions: [] });

    expect((await refusal('Insufficient certificate', { who: identityOf(bad, [sub]) })).hints).toEqual([
      'the leaf is a CA certificate (CA:TRUE)',
      'the leaf has no digitalSignature key usage',
      'the leaf cannot be relied on: it is signed with SHA-1; SHA-256 or stronger is needed',
      another,
    ]);
    expect((await refusal('Insufficient certificate', { who: identityOf(old, [sub]) })).hints).toEqual([
      'the leaf is X.509 v1; v3 is needed',
      'the leaf has no digitalSignature key usage',
      another,
    ]);
  });

  it('for an insufficient certificate: everything that is checked before a request, too', async () => {
    const rsaRoot = makeCa(folder, 'rsa-root', { ...validity, keyType: 'rsa:2048' });
    const other = makeLeaf(folder, 'sha224', rsaRoot, { ...validity, hash: 'sha224' });
    const pss = makeLeaf(folder, 'pss-sha1', rsaRoot, { ...validity, hash: 'sha1', pss: true });
    const late = makeLeaf(folder, 'late', sub, { ...validity, notAfter: new Date('2026-06-01T11:00:00Z') });
    const hintsOf = async (issued: Issued): Promise<readonly string[]> =>
      (await refusal('Insufficient certificate', { who: identityOf(issued, []) })).hints;

    expect(await hintsOf(other)).toEqual([
      'the leaf cannot be relied on: it is signed with SHA-224; SHA-256 or stronger is needed',
      another,
    ]);
    expect(await hintsOf(pss)).toEqual([
      'the leaf cannot be relied on: it is signed with SHA-1; SHA-256 or stronger is needed',
      another,
    ]);
    expect(await hintsOf(late)).toEqual([
      '"CN=late" expired at 2026-06-01T11:00:00.000Z',
      'renew it; an anchor of AWS Private CA needs UpdateTrustAnchor after that',
    ]);
  });

  it('for an insufficient certificate that lacks nothing: what remains', async () => {
    expect((await refusal('Insufficient certificate')).hints).toEqual([
      'the leaf certificate is of X.509 version 3, no CA, with digitalSignature, SHA-256 or better and valid: that is not it',
      'check the same of the certificates of the chain, which must be CAs, and try a leaf with the extended key usage clientAuth',
    ]);
  });

  it.each([
    ['Mon, 01 Jun 2026 11:29:26 GMT', 'the clock is 1834 s ahead of that of the service'],
    ['Mon, 01 Jun 2026 12:05:00 GMT', 'the clock is 300 s behind that of the service, which may be too much'],
  ])('for an invalid signature: the clock alone, when the service says %s', async (date, hint) => {
    expect((await refusal('Invalid signature', undefined, { date })).hints).toEqual([
      hint,
      'set the clock, by NTP for one: a signature carries its time',
    ]);
  });

  it('for an invalid signature: neither clock nor key, and what remains', async () => {
    expect((await refusal('Invalid signature')).hints).toEqual([
      'the clock of this machine is within 60 seconds of the service, so it is not the clock',
      'the signature fits the certificate, so it is not the private key',
      'what remains is a proxy that changes headers or body, or an endpoint of another region than eu-west-1',
    ]);
  });

  it('for an invalid signature: a clock that may be the cause, and one that cannot be compared', async () => {
    const near = await refusal('Invalid signature', undefined, { date: 'Mon, 01 Jun 2026 12:02:00 GMT' });
    const none = await rejectionOf(outcomeOf(answerOf(403, { message: 'Invalid signature' }, { date: 'today' })));

    expect(near.hints[0]).toBe(
      'the clock of this machine is 120 seconds behind the service: set it, that may be enough',
    );
    expect(none.hints[0]).toBe('check the clock of this machine: the answer tells no time to compare it with');
  });

  it('for an invalid signature: an endpoint of another region', async () => {
    expect(await refusal('Invalid signature', { host: 'rolesanywhere.us-east-1.amazonaws.com:443' })).toMatchObject({
      causeName: 'region',
      hints: [
        'rolesanywhere.us-east-1.amazonaws.com is of the region us-east-1, and requests are signed for eu-west-1',
      ],
    });
  });

  it('for an invalid signature: the key', async () => {
    const who = identityOf(leaf, [sub], makeKey(folder, 'other-key'));

    expect((await refusal('Invalid signature', { who })).hints).toEqual([
      'the private key is not that of the certificate',
      'give the key that the certificate was issued for',
    ]);
  });

  it.each(['leaf', 'chain'])(
    'clock, key and ARNs, also of a request with a certificate that trust cannot read: %s',
    async (which) => {
      const extensions = ['keyUsage = critical, digitalSignature', 'nameConstraints = DER:0500'];
      const odd = makeLeaf(folder, `odd-${which}`, sub, { ...validity, extensions });
      const [first, ...others] = which === 'leaf' ? [odd, sub] : [leaf, odd];
      const who = identityOf(first, others);
      const date = 'Mon, 01 Jun 2026 11:30:00 GMT';
      const asked = { profileArn: 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/p' };

      expect(await refusal('Invalid signature', { who }, { date })).toMatchObject({
        causeName: 'clock',
        hints: [expect.stringContaining('the clock is 1800 s ahead'), expect.stringContaining('set the clock')],
      });
      expect(await refusal('Invalid signature', { who, asked })).toMatchObject({ causeName: 'arns' });
      expect(await refusal('Untrusted certificate', { who, asked })).toMatchObject({ causeName: 'path' });
      expect((await refusal('Insufficient certificate', { who })).hints).toEqual([
        expect.stringMatching(/^a certificate that is sent cannot be read: the DER of the certificate is malformed: /),
        'have the CA issue another certificate',
      ]);
      const foreign = identityOf(first, others, makeKey(folder, `foreign-${which}`));
      expect(await refusal('Invalid signature', { who: foreign })).toMatchObject({ causeName: 'key' });
    },
  );

  it('for an invalid signature: a key that this runtime does not know', async () => {
    const { certificate } = identity;
    // A SubjectPublicKeyInfo of the algorithm 1.2.3, which nobody has.
    const publicKeyInfo = Buffer.from('300a300406022a0303020001', 'hex');
    const who = { ...identity, certificate: { ...certificate, publicKeyInfo } };

    expect((await refusal('Invalid signature', { who })).hints[1]).toBe(
      'whether the private key is the one of the leaf cannot be checked by this version of Node.js',
    );
  });

  it('for a trust anchor and a profile that are not found: where to look', async () => {
    expect((await refusal("Specified Trust Anchor wasn't found.")).hints).toEqual([
      'check in the console that account 111122223333 has this trust anchor in eu-west-1, and that it is enabled',
    ]);
    expect((await refusal('Invalid or empty profile provided.')).hints).toEqual([
      'check in the console that account 111122223333 has this profile in eu-west-1, and that it is enabled',
    ]);
  });

  it.each([
    [{ region: 'us-east-1' }, 'requests go to us-east-1, but the trust anchor is of eu-west-1'],
    [
      { profileArn: 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/p' },
      'the trust anchor is of eu-west-1, but the profile of us-east-1',
    ],
    [
      { trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:444455556666:trust-anchor/a' },
      'the trust anchor is of account 444455556666, but the profile of 111122223333',
    ],
    [
      { roleArn: 'arn:aws:iam::444455556666:role/Example' },
      'the profile is of account 111122223333, but the role of 444455556666: both must be in one',
    ],
    [{ roleArn: 'arn:aws-cn:iam::111122223333:role/Example' }, 'the ARNs are of the partitions aws, aws and aws-cn'],
  ])('for ARNs that do not go together: %j', async (asked, hint) => {
    for (const message of [
      "Specified Trust Anchor wasn't found.",
      'Invalid or empty profile',
      'Unable to assume role',
      'New',
    ]) {
      expect((await refusal(message, { asked })).hints).toContain(hint);
    }
    expect((await refusal("Role isn't one of those listed in the Profile", { asked })).hints).toContain(hint);
    // Who says that has found the trust anchor.
    expect((await refusal('Untrusted signing certificate', { asked })).hints).not.toContain(hint);
  });

  it('for a role that is not in the profile', async () => {
    expect((await refusal("Requested Role isn't one of those listed in the Profile.")).hints).toEqual([
      'add arn:aws:iam::111122223333:role/Example to the roles of arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p',
    ]);
  });

  it('for a session name', async () => {
    expect((await refusal('Not authorized to set roleSessionName.')).hints).toEqual([
      'leave --role-session-name out, or let the profile accept it (acceptRoleSessionName)',
      'the profile is arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p',
    ]);
  });

  it('for a revoked certificate: its serial number as both sides write it', async () => {
    expect((await refusal('Certificate revoked')).hints).toEqual([
      'serial number 2587 (hexadecimal a1b) is in a CRL imported for the trust anchor',
      'get a new certificate, or correct the CRL if that was a mistake',
    ]);
  });

  it('for a role that cannot be assumed', async () => {
    expect((await refusal('Unable to assume role for arn:…')).hints).toEqual([
      'the trust policy of the role must allow sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity to rolesanywhere.amazonaws.com',
      'its conditions must hold: aws:SourceArn would be arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a, and aws:PrincipalTag/x509Subject/CN and its like come from the leaf',
      'what remains is a role that does not exist, an SCP of the organization, or a region that the account has disabled',
    ]);
  });

  it('for a duration, asked for or not', async () => {
    const message = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    const { durationSeconds: _, ...without } = request;
    const unasked = { ...(await refusedRequest()), request: without };

    expect((await refusal(message)).hints).toEqual([
      "the duration asked for is 3600 seconds, or the profile's own if that is less",
      "ask for less with --session-duration, or raise the role's maximum session duration",
    ]);
    expect((await rejectionOf(judgeRefusal(answerOf(403, { message }), unasked))).hints[0]).toBe(
      "the duration is the profile's own",
    );
  });

  it('for a parameter', async () => {
    const asked = { durationSeconds: 5, roleSessionName: 'x' };
    const answer = answerOf(400, { __type: 'ValidationException', message: '1 validation error detected' });

    expect((await rejectionOf(judgeRefusal(answer, await refusedRequest({ asked })))).hints).toEqual([
      'durationSeconds is 5, and may be 900 to 43200',
      'roleSessionName has 2 to 64 letters, digits or characters out of _+=,.@-',
      'the ARNs must be those of a trust anchor, a profile and a role',
    ]);
  });

  it('for anything else: clock and dates where they are wrong', async () => {
    expect((await refusal('New')).hints).toEqual([
      'check that it is the service that answers at the endpoint, and no proxy',
    ]);
    expect((await refusal('New', undefined, { date: 'Fri, 01 Jan 2027 12:00:00 GMT' })).hints).toEqual([
      'the clock is 18489600 s behind that of the service',
      '"CN=leaf" expired at 2027-01-01T00:00:00.000Z',
      '"CN=Sub" expired at 2027-01-01T00:00:00.000Z',
      'set the clock, by NTP for one: a signature carries its time',
      'renew it; an anchor of AWS Private CA needs UpdateTrustAnchor after that',
    ]);
  });

  it('are one sentence each: lower case, no full stop', async () => {
    for (const message of ['Untrusted signing certificate', 'Invalid signature', 'Unable to assume role', 'New']) {
      for (const hint of (await refusal(message)).hints) expect(hint).toMatch(/^[a-z'].*[^.]$/);
    }
  });
});
