/** CreateSession where it has to succeed: every kind of key, both places of the ARNs, names, durations and tags. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type KeyType, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { createSession, readSession, type SessionAnswer, sessionBody, type Wishes } from './hand-made-request.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({
    region: 'eu-west-1',
    accountId: '444455556666',
    roles: ['team/Worker', { name: 'role=with=equals', maxSessionDuration: 43_200 }],
    profile: { acceptRoleSessionName: true, durationSeconds: 43_200 },
  });
});

afterAll(() => sandbox.close());

const body = (more: Record<string, unknown> = {}): string => sessionBody(sandbox, { durationSeconds: 3600, ...more });

const session = async (wishes: Wishes): Promise<SessionAnswer['credentialSet'][0]> =>
  readSession(await createSession(sandbox, { body: body(), ...wishes }));

const keyTypes: KeyType[] = ['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-3072', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];

describe('keys', () => {
  test.each(keyTypes)('%s', async (keyType) => {
    const leaf = await sandbox.ca.issueLeaf({ keyType, subject: `CN=${keyType}` });
    expect(await session(leaf)).toMatchObject({ sourceIdentity: `CN=${keyType}` });
  });

  test('a leaf with a chain of ML-DSA-87 certificates has room', async () => {
    let authority = sandbox.ca;
    for (const depth of [1, 2, 3, 4, 5]) {
      authority = await authority.issueIntermediate({ subject: `CN=Level ${depth}`, keyType: 'ML-DSA-87' });
    }
    const leaf = await authority.issueLeaf({ keyType: 'ML-DSA-87' });
    expect(leaf.chain.match(/BEGIN/g)?.length).toBe(5);
    expect(await session(leaf)).toMatchObject({ roleArn: sandbox.roleArn });
  });
});

const arns = (): [string, string][] => [
  ['profileArn', sandbox.profileArn],
  ['roleArn', sandbox.roleArn],
  ['trustAnchorArn', sandbox.trustAnchorArn],
];
const encoded = (parameters: readonly [string, string][]): string =>
  parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');

describe('where the ARNs are', () => {
  test('in the query, as the official helper sends them', async () => {
    expect(await session({ query: encoded(arns()), body: '{"durationSeconds":3600}' })).toMatchObject({
      roleArn: sandbox.roleArn,
    });
  });

  test('in the query in any order; only what is signed is sorted', async () => {
    const query = encoded(arns().reverse());
    expect(await session({ query, signedQuery: encoded(arns()), body: '{"durationSeconds":3600}' })).toMatchObject({
      roleArn: sandbox.roleArn,
    });
  });

  test('in the query with an empty body', async () => {
    const [profile, , anchor] = arns();
    const long = sandbox.roleArn.replace('team/Worker', 'role=with=equals');
    const query = encoded([profile ?? ['', ''], ['roleArn', long], anchor ?? ['', '']]);
    expect(await session({ query, body: '' })).toMatchObject({ roleArn: long });
  });

  test('in both places', async () => {
    expect(await session({ query: encoded(arns()) })).toMatchObject({ roleArn: sandbox.roleArn });
  });

  test.each([
    ['once', '%3D'],
    ['twice', '%253D'],
  ])('a role with = in its name, encoded %s when signed', async (_times, equals) => {
    const roleArn = sandbox.roleArn.replace('team/Worker', 'role=with=equals');
    const query = `roleArn=${encodeURIComponent(roleArn)}`;
    const given = { query, signedQuery: query.replaceAll('%3D', equals), body: body({ roleArn: undefined }) };
    expect(await session(given)).toMatchObject({ roleArn });
  });
});

describe('the answer', () => {
  test('names the session, its role without path, and the subject', async () => {
    const leaf = await sandbox.ca.issueLeaf({ serialNumber: 0x123n, subject: 'CN=worker, O=Example' });
    const reply = await createSession(sandbox, { ...leaf, body: body() });
    const answer: SessionAnswer = JSON.parse(reply.text);
    expect(answer.credentialSet[0].assumedRoleUser).toEqual({
      arn: 'arn:aws:sts::444455556666:assumed-role/Worker/0123',
      assumedRoleId: expect.stringMatching(/^AROA[A-Z0-9]{17}:0123$/),
    });
    expect(answer.credentialSet[0].packedPolicySize).toBeGreaterThan(0);
    expect(answer.subjectArn).toMatch(/^arn:aws:rolesanywhere:eu-west-1:444455556666:subject\/[0-9a-f-]{36}$/);
    const again: SessionAnswer = JSON.parse((await createSession(sandbox, { ...leaf, body: body() })).text);
    expect(again.subjectArn).toBe(answer.subjectArn);
    expect(again.credentialSet[0].credentials.accessKeyId).not.toBe(answer.credentialSet[0].credentials.accessKeyId);
  });

  test('marks the token as one of a sandbox', async () => {
    expect((await session({})).credentials.sessionToken).toMatch(/^RolesAnywhereSandbox\//);
  });

  test('takes a session name where the profile accepts one', async () => {
    const { assumedRoleUser } = await session({ body: body({ roleSessionName: 'a.b@c-1' }) });
    expect(assumedRoleUser.arn).toBe('arn:aws:sts::444455556666:assumed-role/Worker/a.b@c-1');
  });

  test('lasts as long as is asked for, and no longer than the profile allows', async () => {
    const roleArn = sandbox.roleArn.replace('team/Worker', 'role=with=equals');
    const hour = sandbox.addProfile({ name: 'hour', roleArns: [roleArn] });
    const lifetime = async (more: Record<string, unknown>): Promise<number> => {
      const { credentials } = await session({ body: body({ roleArn, ...more }) });
      return Math.round((Date.parse(credentials.expiration) - Date.now()) / 60_000) * 60;
    };
    expect(await lifetime({ durationSeconds: 900 })).toBe(900);
    expect(await lifetime({ durationSeconds: undefined })).toBe(43_200);
    expect(await lifetime({ durationSeconds: 43_200, profileArn: hour })).toBe(3600);
  });

  test('ignores members it does not know', async () => {
    const more = { sessionName: 'old', instanceProperties: { a: 'b' }, durationSeconds: null };
    expect((await session({ body: body({ ...more, durationSeconds: 3600 }) })).roleArn).toBe(sandbox.roleArn);
  });
});

describe('the session in the log', () => {
  test('has the tags of the certificate, all of them transitive', async () => {
    const leaf = await sandbox.ca.issueLeaf({
      subject: 'C=DE, O=Example, OU=One, OU=Two, CN=worker (1), 2.5.4.5=77',
      alternativeNames: [
        { type: 'dns', value: 'first.example' },
        { type: 'dns', value: 'second.example' },
        { type: 'url', value: 'spiffe://example/worker' },
        { type: 'dn', value: 'CN=inner, O=Inside' },
      ],
    });
    await session(leaf);
    const tags = {
      'x509Subject/C': 'DE',
      'x509Subject/O': 'Example',
      'x509Subject/OU': 'One/Two',
      'x509Subject/SERIALNUMBER': '77',
      'x509Issuer/CN': 'Sandbox CA',
      'x509SAN/DNS': 'first.example',
      'x509SAN/URI': 'spiffe://example/worker',
      'x509SAN/Name/CN': 'inner',
      'x509SAN/Name/O': 'Inside',
    };
    expect(sandbox.requests.at(-1)?.session).toMatchObject({
      tags,
      sourceIdentity: expect.stringMatching(/^ID=[0-9a-f]+$/),
    });
    expect(sandbox.requests.at(-1)?.session?.tags).toEqual(tags);
    expect(sandbox.requests.at(-1)?.session?.transitiveTagKeys).toEqual(Object.keys(tags));
  });
});

describe('headers that some clients send', () => {
  test.each([
    ['amz-sdk-invocation-id', 'f0e1'],
    ['x-amz-content-sha256', 'e3b0'],
    ['content-type', 'application/x-amz-json-1.0'],
    ['content-type', 'application/json; charset=utf-8'],
    ['x-name', 'J\u00fcrgen'],
  ])('%s: %s', async (name, value) => {
    // Node sends headers as latin1; the bytes of UTF-8 are what has to be signed.
    const bytes = Buffer.from(value).toString('latin1');
    const given = name === 'x-name' ? { unsigned: [name], headers: { [name]: bytes } } : { headers: { [name]: value } };
    expect((await session(given)).roleArn).toBe(sandbox.roleArn);
  });
});
