import * as fc from '../../support/fast-check.ts';
import { describe, expect, it } from 'vitest';

import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { explainSession } from '../../../src/aws/create-session/explain-session.ts';
import { readSession } from '../../../src/aws/create-session/read-session.ts';
import type { SessionRequest } from '../../../src/aws/create-session/session-request.ts';
import { outcomeOf, thrownBy } from '../../support/thrown.ts';

const request: SessionRequest = {
  trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/a',
  profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/p',
  roleArn: 'arn:aws:iam::111122223333:role/path/to/Example',
  region: 'eu-west-1',
};
const now = new Date('2026-01-15T12:00:00Z');
const secret = 'wJalrXUtnFEMI/K7MDENG';

const credentials: Record<string, unknown> = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: secret,
  sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE//',
  expiration: '2026-01-15T13:00:00Z',
};
const entry: Record<string, unknown> = {
  assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/Example/session', assumedRoleId: 'AROA:session' },
  credentials,
  packedPolicySize: 10,
  roleArn: request.roleArn,
  sourceIdentity: 'CN=leaf',
};

function read(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = { status: 201, headers, body: Buffer.from(text) };
  const session = readSession(answer.body, request, now);
  if ('kind' in session) throw explainSession(session, answer, request, now);
  return session;
}

function withCredentials(changes: Record<string, unknown>): unknown {
  return { credentialSet: [{ ...entry, credentials: { ...credentials, ...changes } }] };
}

function withEntry(changes: Record<string, unknown>): unknown {
  return { credentialSet: [{ ...entry, ...changes }] };
}

describe('credentials', () => {
  it('come out as they are, with the account of the role', () => {
    expect(read({ credentialSet: [entry], subjectArn: 'arn:aws:rolesanywhere:…', unknown: [1] })).toEqual({
      accessKeyId: 'ASIAEXAMPLE',
      secretAccessKey: secret,
      sessionToken: 'IQoJb3JpZ2luX2VjEXAMPLE//',
      expiration: new Date('2026-01-15T13:00:00Z'),
      accountId: '111122223333',
    });
  });

  it.each([
    ['2026-01-15T13:00:00.123Z', '2026-01-15T13:00:00.123Z'],
    ['2026-01-15T13:00:00.123456789Z', '2026-01-15T13:00:00.123Z'],
    ['2026-01-15T14:00:00+01:00', '2026-01-15T13:00:00.000Z'],
    ['2026-01-15T11:30:00-0130', '2026-01-15T13:00:00.000Z'],
    ['2026-01-15T13:00:00', '2026-01-15T13:00:00.000Z'],
    ['2026-01-15T13:00Z', '2026-01-15T13:00:00.000Z'],
    [1768482000, '2026-01-15T13:00:00.000Z'],
    [1768482000.5, '2026-01-15T13:00:00.500Z'],
  ])('may expire at %s', (expiration, iso) => {
    expect(read(withCredentials({ expiration })).expiration.toISOString()).toBe(iso);
  });

  it('need no session name', () => {
    const arn = 'arn:aws:sts::111122223333:assumed-role/Example';
    expect(read(withEntry({ assumedRoleUser: { arn } })).accessKeyId).toBe('ASIAEXAMPLE');
  });

  it('need no assumedRoleUser', () => {
    expect(read(withEntry({ assumedRoleUser: undefined })).accessKeyId).toBe('ASIAEXAMPLE');
  });
});

describe('an answer that cannot be used', () => {
  it.each([
    ['no JSON', 'not json', 'RESPONSE_INVALID', 'the answer of the service is no JSON object but 8 bytes of no type'],
    ['nothing', '', 'RESPONSE_INVALID', 'the answer of the service is no JSON object but 0 bytes of no type'],
    ['a list', [], 'RESPONSE_INVALID', 'the answer of the service is no JSON object but 2 bytes of no type'],
    ['null', null, 'RESPONSE_INVALID', 'the answer of the service is no JSON object but 4 bytes of no type'],
    ['no set', {}, 'RESPONSE_EMPTY', 'credentialSet is missing or empty in the answer of the service'],
    [
      'a null set',
      { credentialSet: null },
      'RESPONSE_EMPTY',
      'credentialSet is missing or empty in the answer of the service',
    ],
    [
      'an empty set',
      { credentialSet: [] },
      'RESPONSE_EMPTY',
      'credentialSet is missing or empty in the answer of the service',
    ],
    [
      'a set that is none',
      { credentialSet: entry },
      'RESPONSE_INVALID',
      'credentialSet in the answer of the service is not what it should be',
    ],
    [
      'a set of nothing',
      { credentialSet: [7] },
      'RESPONSE_INVALID',
      'credentialSet in the answer of the service is not what it should be',
    ],
    [
      'no credentials',
      withEntry({ credentials: undefined }),
      'RESPONSE_EMPTY',
      'credentials is missing or empty in the answer of the service',
    ],
    [
      'no roleArn',
      withEntry({ roleArn: undefined }),
      'RESPONSE_INVALID',
      'roleArn in the answer of the service is not what it should be',
    ],
    [
      'no expiration',
      withCredentials({ expiration: undefined }),
      'RESPONSE_EMPTY',
      'expiration is missing or empty in the answer of the service',
    ],
    [
      'an expiration that is none',
      withCredentials({ expiration: 'tomorrow' }),
      'RESPONSE_INVALID',
      'expiration in the answer of the service is not what it should be',
    ],
    [
      'an impossible date',
      withCredentials({ expiration: '2026-13-45T00:00:00Z' }),
      'RESPONSE_INVALID',
      'expiration in the answer of the service is not what it should be',
    ],
    [
      'a time in milliseconds, as if it were seconds',
      withCredentials({ expiration: Date.parse('2026-01-15T13:00:00Z') }),
      'RESPONSE_INVALID',
      'expiration in the answer of the service is not what it should be',
    ],
    [
      'a time beyond all',
      withCredentials({ expiration: 1e300 }),
      'RESPONSE_INVALID',
      'expiration in the answer of the service is not what it should be',
    ],
  ])('%s', (_, body, code, message) => {
    const error = thrownBy(() => read(body));

    expect({ code: error.code, message: error.message }).toEqual({ code, message });
  });

  it.each(['accessKeyId', 'secretAccessKey', 'sessionToken'])('without %s', (name) => {
    for (const value of [undefined, null, '']) {
      expect(thrownBy(() => read(withCredentials({ [name]: value })))).toMatchObject({
        code: 'RESPONSE_EMPTY',
        message: `${name} is missing or empty in the answer of the service`,
      });
    }
  });

  it.each([7, {}, [], true, `${secret}\n`, `two ${secret}`, `${secret}é`])('with a member that is %j', (value) => {
    for (const name of ['accessKeyId', 'secretAccessKey', 'sessionToken']) {
      expect(thrownBy(() => read(withCredentials({ [name]: value })))).toMatchObject({
        code: 'RESPONSE_INVALID',
        message: `${name} in the answer of the service is not what it should be`,
      });
    }
  });

  it.each(['2026-01-15T12:00:00Z', '2026-01-15T11:59:59.999Z', '2022-07-27T04:36:55Z'])(
    'expired at %s',
    (expiration) => {
      const error = thrownBy(() =>
        read(withCredentials({ expiration }), { date: 'Thu, 15 Jan 2026 10:00:00 GMT', 'x-amzn-requestid': 'id-7' }),
      );

      expect(error).toMatchObject({
        code: 'RESPONSE_EXPIRED',
        message: `the credentials of the service expired at ${new Date(expiration).toISOString()}`,
        hints: [
          'check the clock of this machine: it says 2026-01-15T12:00:00.000Z, the service says Thu, 15 Jan 2026 10:00:00 GMT',
        ],
        requestId: 'id-7',
      });
    },
  );

  it.each([
    [{ roleArn: 'arn:aws:iam::111122223333:role/Example' }, 'credentials of arn:aws:iam::111122223333:role/Example'],
    [
      { roleArn: 'arn:aws:iam::444455556666:role/path/to/Example' },
      'credentials of arn:aws:iam::444455556666:role/path/to/Example',
    ],
    [{ roleArn: 'x\nhint: y' }, 'credentials of x?hint: y'],
    [
      { assumedRoleUser: { arn: 'arn:aws:sts::444455556666:assumed-role/Example/s' } },
      'credentials of arn:aws:sts::444455556666:assumed-role/Example/s',
    ],
    [
      { assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/Example2' } },
      'credentials of arn:aws:sts::111122223333:assumed-role/Example2',
    ],
    [
      { assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/Other/s' } },
      'credentials of arn:aws:sts::111122223333:assumed-role/Other/s',
    ],
  ])('of another role: %j', (changes, given) => {
    expect(thrownBy(() => read(withEntry(changes)))).toMatchObject({
      code: 'RESPONSE_OTHER_ROLE',
      message: `the service gave ${given}, but asked was ${request.roleArn}`,
    });
  });

  it('never shows a secret, wherever the answer is broken', () => {
    const whole = JSON.stringify({ credentialSet: [entry] });
    const damage = fc.tuple(fc.nat(whole.length - 1), fc.nat(20), fc.string({ maxLength: 3 }));

    fc.assert(
      fc.property(damage, ([at, removed, added]) => {
        const outcome = outcomeOf(() => read(whole.slice(0, at) + added + whole.slice(at + removed)));
        fc.pre(outcome instanceof RolesAnywhereError);
        const shown = `${outcome.stack} ${outcome.hints.join(' ')} ${String(outcome.cause)}`;
        for (const part of ['wJalrXUtn', 'K7MDENG', 'IQoJb3JpZ2']) expect(shown).not.toContain(part);
      }),
    );
  });
});
