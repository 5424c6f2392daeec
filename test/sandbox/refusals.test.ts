/** Every refusal of CreateSession beyond the acceptance list: what the client is told, and what the log says. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LeafOptions, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { encodeElement } from '../../src/identity/x509/der-writer.ts';
import { joinCertificate, splitCertificate } from '../support/crafted-certificates.ts';
import { certificateDer, type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { createSession, readSession, seen, send, sessionBody, signRequest, type Wishes } from './hand-made-request.ts';

let sandbox: Sandbox;
let folder: string;
let ca: Issued;
let withOpenssl: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  withOpenssl = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
});

afterAll(async () => {
  await sandbox.close();
  await withOpenssl.close();
  removeFolder(folder);
});

const denied = (message: string) => ({ status: 403, code: 'AccessDeniedException', message });

const invalid = (message: string) => ({ status: 400, code: 'ValidationException', message });

/** What the client was told, which the log must have too, and the reason in the log. */
async function refusal(wishes: Wishes) {
  const told = seen(await createSession(sandbox, wishes));
  const record = sandbox.refusals.at(-1);
  expect(record).toMatchObject({ operation: 'CreateSession', accepted: false, ...told });
  return { ...told, reason: record?.reason };
}

describe('the signature', () => {
  const wrong: [string, Wishes, RegExp][] = [
    ['the serial number in hex', { serial: 'hex' }, /in decimal; it was given in hex$/],
    ['another serial number', { serial: '1' }, /^the Credential 1 is not the serial number/],
    ['another region', { region: 'eu-west-1' }, /region of the scope is "eu-west-1", not us-east-1/],
    ['another service', { service: 'sts' }, /service of the scope is "sts"/],
    ['another terminator', { terminator: 'aws4' }, /is not <id>\/<date>\/<region>\/<service>\/aws4_request/],
    ['another day in the scope', { scopeDate: '20200101' }, /the date 20200101 of the scope is not the day/],
    ['a scope without a day', { scopeDate: '2020-1-1' }, /is not YYYYMMDD/],
    ['host unsigned', { unsigned: ['host'] }, /the header host is not among the signed headers/],
    ['content-type unsigned', { unsigned: ['content-type'] }, /the header content-type is not among/],
    ['x-amz-x509 unsigned', { unsigned: ['x-amz-x509'] }, /the header x-amz-x509 is not among/],
    ['x-amz-date unsigned', { unsigned: ['x-amz-date'] }, /the header x-amz-date is not among/],
    ['the token of another kind of key', { algorithm: 'AWS4-X509-RSA-SHA256' }, /does not fit the leaf's key, P-256/],
    ['an unknown algorithm', { algorithm: 'AWS4-HMAC-SHA256' }, /the algorithm "AWS4-HMAC-SHA256" is not known/],
    ['a signature of zeros', { sign: () => new Uint8Array(70) }, /the signature does not fit/],
    ['an empty signature', { sign: () => new Uint8Array() }, /the Signature is not in lower-case hex/],
    ['a query that was not signed', { query: 'a=1', signedQuery: '' }, /the signature does not fit/],
    ['a query that is not percent-encoded', { query: 'a=%zz' }, /the signature does not fit/],
  ];

  test.each(wrong)('%s', async (_name, wishes, reason) => {
    const hex = BigInt(readSerial()).toString(16);
    const given = wishes.serial === 'hex' ? { ...wishes, serial: hex } : wishes;
    expect(await refusal(given)).toEqual({ ...denied('Invalid signature'), reason: expect.stringMatching(reason) });
  });

  test('the chain unsigned', async () => {
    const chain = (await sandbox.ca.issueIntermediate()).certificate;
    const wishes = { chain, unsigned: ['x-amz-x509-chain'] };
    expect(await refusal(wishes)).toEqual({
      ...denied('Invalid signature'),
      reason: expect.stringMatching(/x-amz-x509-chain is not among/),
    });
  });

  const mangled: [string, (headers: Record<string, string>) => Record<string, string | undefined>, RegExp][] = [
    ['no Authorization', () => ({ authorization: undefined }), /there is no Authorization header/],
    ['an Authorization of one word', () => ({ authorization: 'Bearer' }), /SignedHeaders "" is not a sorted list/],
    [
      'signed headers with commas',
      replace('authorization', /;/g, ','),
      /the header host is not among the signed headers/,
    ],
    ['signed headers in upper case', replace('authorization', 'host;', 'Host;'), /is not a sorted list in lower case/],
    [
      'signed headers out of order',
      replace('authorization', 'content-type;host', 'host;content-type'),
      /not a sorted list/,
    ],
    ['a signature in upper case', upperSignature, /the Signature is not in lower-case hex/],
    ['no X-Amz-Date', () => ({ 'x-amz-date': undefined }), /the signed header x-amz-date was not sent/],
    ['a date with dashes', () => ({ 'x-amz-date': new Date().toISOString() }), /is not YYYYMMDD'T'HHMMSS'Z'/],
    ['the 31st of February', () => ({ 'x-amz-date': '20260231T250000Z' }), /is not YYYYMMDD'T'HHMMSS'Z'/],
  ];

  test.each(mangled)('%s', async (_name, change, reason) => {
    const request = signRequest(sandbox);
    const entries = Object.entries({ ...request.headers, ...change(request.headers) });
    const headers = Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
    expect(seen(await send(sandbox.endpoint, { ...request, headers }))).toEqual(denied('Invalid signature'));
    expect(sandbox.refusals.at(-1)?.reason).toMatch(reason);
  });
});

describe('the certificate header', () => {
  const wrong: [string, string | undefined, RegExp][] = [
    ['missing', undefined, /there is no X-Amz-X509 header/],
    ['not base64', '*', /X-Amz-X509 is not standard base64/],
    ['URL-safe base64', 'Zm9v_w', /X-Amz-X509 is not standard base64/],
    ['not a certificate', 'Zm9v', /X-Amz-X509 holds no certificate/],
  ];

  test.each(wrong)('%s', async (_name, value, reason) => {
    const { 'x-amz-x509': _, ...others } = signRequest(sandbox).headers;
    const headers = value === undefined ? others : { ...others, 'x-amz-x509': value };
    const reply = await send(sandbox.endpoint, { ...signRequest(sandbox), headers });
    expect(seen(reply)).toEqual(denied('Untrusted certificate. Insufficient certificate'));
    expect(sandbox.refusals.at(-1)?.reason).toMatch(reason);
  });

  test('a chain with blanks', async () => {
    const { certificate } = await sandbox.ca.issueIntermediate();
    const request = signRequest(sandbox, { chain: `${certificate}${certificate}` });
    const headers = {
      ...request.headers,
      'x-amz-x509-chain': request.headers['x-amz-x509-chain']?.replace(',', ', ') ?? '',
    };
    expect(seen(await send(sandbox.endpoint, { ...request, headers }))).toEqual(
      denied('Untrusted certificate. Insufficient certificate'),
    );
    expect(sandbox.refusals.at(-1)?.reason).toContain('X-Amz-X509-Chain is not standard base64');
  });

  test.each([
    ['in the place of a hash', 'a002 0500'],
    ['that end too early', 'a004 0202 05'],
    ['with a negative salt', 'a203 0201ff'],
  ])('a chain with RSASSA-PSS parameters %s', async (_, parameters) => {
    const told = await refusal({ chain: pemOf(signedBy(certificateDer(ca.certificate), parameters)) });
    expect(told).toMatchObject({ ...denied('Untrusted certificate. Insufficient certificate') });
    expect(told.reason).toMatch(/^X-Amz-X509-Chain holds no certificate: the DER of the certificate is malformed/);
  });
});

/** The same certificate, but that it is signed with RSASSA-PSS, it says, of such parameters. */
function signedBy(der: Buffer, parameters: string): Buffer {
  const fields = [
    Buffer.from('2a864886f70d01010a', 'hex'),
    Buffer.from(parameters.replaceAll(' ', ''), 'hex'),
  ] as const;
  const algorithm = encodeElement(0x30, encodeElement(0x06, fields[0]), encodeElement(0x30, fields[1]));
  return joinCertificate({ ...splitCertificate(der), innerAlgorithm: algorithm, outerAlgorithm: algorithm });
}

const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;

describe('the constraints on a leaf', () => {
  const wrong: [string, LeafOptions, RegExp][] = [
    ['CA:TRUE', { ca: true }, /the leaf is a CA certificate/],
    ['no digitalSignature', { keyUsages: ['keyEncipherment'] }, /has no digitalSignature/],
    ['no key usage at all', { keyUsages: [] }, /has no digitalSignature/],
    ['an empty subject', { subject: '', alternativeNames: [{ type: 'dns', value: 'a.example' }] }, /empty subject/],
    ['SHA-1', { hash: 'SHA-1' }, /it is signed with SHA-1/],
    ['everything at once', { ca: true, keyUsages: [], hash: 'SHA-1' }, /CA certificate.*digitalSignature.*SHA-1/],
  ];

  test.each(wrong)('%s', async (_name, options, reason) => {
    const leaf = await sandbox.ca.issueLeaf(options);
    expect(await refusal(leaf)).toEqual({
      ...denied('Untrusted certificate. Insufficient certificate'),
      reason: expect.stringMatching(reason),
    });
  });

  test.each([
    ['version 1', { extensions: [] }, /the leaf is X.509 v1/],
    ['a curve that is not taken', { keyType: 'secp256k1' }, /the curve 1.3.132.0.10 is not taken/],
    ['an RSA key of 1024 bits', { keyType: 'rsa:1024' }, /an RSA key of 1024 bits is not taken/],
  ] as const)('%s, by openssl', async (name, options, reason) => {
    const leaf = makeLeaf(folder, name.replaceAll(' ', '-'), ca, options);
    const [certificate, privateKey] = [leaf.certificate, leaf.key].map((path) => readFileSync(path, 'utf8'));
    const reply = await createSession(withOpenssl, { certificate: certificate ?? '', privateKey: privateKey ?? '' });
    expect(seen(reply)).toEqual(denied('Untrusted certificate. Insufficient certificate'));
    expect(withOpenssl.refusals.at(-1)?.reason).toMatch(reason);
  });

  test('not valid yet', async () => {
    const leaf = await sandbox.ca.issueLeaf({ notBefore: new Date(Date.now() + 3_600_000) });
    expect(await refusal(leaf)).toEqual({
      ...denied('Untrusted signing certificate'),
      reason: expect.stringMatching(/is not valid before/),
    });
  });

  test("a leaf of the sandbox's own CA, where the anchor is another", async () => {
    expect(seen(await createSession(withOpenssl))).toEqual(denied('Untrusted signing certificate'));
  });
});

describe('revocation', () => {
  test('by certificate', async () => {
    const leaf = await sandbox.ca.issueLeaf();
    expect((await createSession(sandbox, leaf)).status).toBe(201);
    sandbox.revoke(leaf.certificate);
    expect(await refusal(leaf)).toEqual({
      ...denied('Certificate revoked'),
      reason: expect.stringMatching(new RegExp(`serial number ${leaf.serialNumber}, is revoked`)),
    });
  });

  test('by serial number, of an intermediate too', async () => {
    const intermediate = await sandbox.ca.issueIntermediate();
    const leaf = await intermediate.issueLeaf();
    sandbox.revoke(intermediate.certificate);
    expect(await refusal(leaf)).toEqual({
      ...denied('Certificate revoked'),
      reason: expect.stringMatching(/"CN=Sandbox Intermediate CA"/),
    });
    const other = await sandbox.ca.issueLeaf({ serialNumber: 291n });
    sandbox.revoke('291');
    expect(await refusal(other)).toEqual({
      ...denied('Certificate revoked'),
      reason: expect.stringMatching(/serial number 291/),
    });
  });
});

describe('the parameters', () => {
  const constraint = 'failed to satisfy constraint: Member must';
  const wrong: [string, Record<string, unknown>, string][] = [
    [
      'a duration below 900',
      { durationSeconds: 899 },
      `1 validation error detected: Value '899' at 'durationSeconds' ${constraint} have value greater than or equal to 900`,
    ],
    [
      'a duration above 43200',
      { durationSeconds: 43_201 },
      `1 validation error detected: Value '43201' at 'durationSeconds' ${constraint} have value less than or equal to 43200`,
    ],
    [
      'no trust anchor and no role',
      { trustAnchorArn: undefined, roleArn: null },
      `2 validation errors detected: Value null at 'trustAnchorArn' ${constraint} not be null; Value null at 'roleArn' ${constraint} not be null`,
    ],
    [
      'a profile that is no profile',
      { profileArn: 'arn:aws:iam::1:role/a' },
      `1 validation error detected: Value 'arn:aws:iam::1:role/a' at 'profileArn' ${constraint} satisfy regular expression pattern: ^arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:profile.*)$`,
    ],
    [
      'a session name of one character',
      { roleSessionName: 'a' },
      `1 validation error detected: Value 'a' at 'roleSessionName' ${constraint} satisfy regular expression pattern: ^[\\w+=,.@-]{2,64}$`,
    ],
  ];

  test.each(wrong)('%s', async (_name, more, message) => {
    expect(await refusal({ body: sessionBody(sandbox, more) })).toEqual({
      ...invalid(message),
      reason: expect.stringMatching(/^invalid input/),
    });
  });

  test('other ARNs in the query than in the body', async () => {
    const query = `roleArn=${encodeURIComponent('arn:aws:iam::111122223333:role/other')}`;
    const reply = await createSession(sandbox, { query });
    expect(seen(reply)).toMatchObject({ status: 400, code: 'ValidationException' });
    expect(seen(reply).message).toContain('Member must be the same in query and body');
  });

  const unreadable: [string, string, RegExp][] = [
    ['a body that is no JSON', '{', /the body is not JSON/],
    ['a body that is a list', '[]', /the body is no JSON object/],
    ['a duration in words', '{"durationSeconds":"3600"}', /durationSeconds is no whole number/],
    ['half a second', '{"durationSeconds":3600.5}', /durationSeconds is no whole number/],
    ['an ARN that is a number', '{"roleArn":1}', /roleArn is no string/],
    ['a session name that is a number', '{"roleSessionName":1}', /roleSessionName is no string/],
  ];

  test.each(unreadable)('%s', async (_name, body, reason) => {
    const told = { status: 400, code: 'SerializationException', message: 'Unable to parse the request' };
    expect(await refusal({ body })).toEqual({ ...told, reason: expect.stringMatching(reason) });
  });
});

describe('what the profile and the role allow', () => {
  test('a session name without acceptRoleSessionName', async () => {
    const body = sessionBody(sandbox, { roleSessionName: 'mine' });
    expect(await refusal({ body })).toEqual({
      ...denied('Not authorized to set roleSessionName.'),
      reason: expect.stringMatching(/acceptRoleSessionName/),
    });
  });

  test('a disabled profile, and one without roles', async () => {
    const empty = sandbox.addProfile({ name: 'empty' });
    const body = sessionBody(sandbox, { profileArn: empty });
    expect(await refusal({ body })).toEqual({
      ...denied('Invalid or empty profile provided.'),
      reason: expect.stringMatching(/has no roles/),
    });
    sandbox.disable(sandbox.profileArn);
    expect(await refusal({})).toEqual({
      ...denied('Invalid or empty profile provided.'),
      reason: expect.stringMatching(/is disabled/),
    });
    sandbox.enable(sandbox.profileArn);
    expect((await createSession(sandbox)).status).toBe(201);
  });

  test("more than the role's MaxSessionDuration", async () => {
    const long = sandbox.addProfile({ name: 'long', roleArns: [sandbox.roleArn], durationSeconds: 7200 });
    const message = `Unable to assume role for ${sandbox.roleArn}. The requested DurationSeconds exceeds the MaxSessionDuration set for this role.`;
    // Nobody asks for 7200 s, and the call fails all the same: the profile's value counts.
    const body = sessionBody(sandbox, { profileArn: long });
    expect(await refusal({ body })).toEqual({
      ...denied(message),
      reason: expect.stringMatching(/7200 s are more than .* of 3600 s/),
    });
    const shorter = sessionBody(sandbox, { profileArn: long, durationSeconds: 3600 });
    expect((await createSession(sandbox, { body: shorter })).status).toBe(201);
  });

  test('a role that is listed and does not exist, or is of another account', async () => {
    const ghost = 'arn:aws:iam::111122223333:role/ghost';
    const foreign = sandbox.addRole('arn:aws:iam::444455556666:role/foreign');
    const profileArn = sandbox.addProfile({ name: 'odd', roleArns: [ghost, foreign] });
    const ask = (roleArn: string): Wishes => ({ body: sessionBody(sandbox, { profileArn, roleArn }) });
    expect(await refusal(ask(ghost))).toEqual({
      ...denied(`Unable to assume role for ${ghost}`),
      reason: expect.stringMatching(/there is no role/),
    });
    expect(await refusal(ask(foreign))).toEqual({
      ...denied(`Unable to assume role for ${foreign}`),
      reason: expect.stringMatching(/not in the account 111122223333/),
    });
  });

  test.each(['sts:TagSession', 'sts:SetSourceIdentity'])('a trust policy without %s', async (action) => {
    const actions = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'].filter((one) => one !== action);
    const roleArn = sandbox.addRole({ name: action.replace(':', '-'), trustPolicy: policy(actions, {}) });
    const profileArn = sandbox.addProfile({ name: action, roleArns: [roleArn] });
    const body = sessionBody(sandbox, { profileArn, roleArn });
    expect(await refusal({ body })).toEqual({
      ...denied(`Unable to assume role for ${roleArn}`),
      reason: expect.stringMatching(new RegExp(`allows ${action} to rolesany`)),
    });
  });

  test('a trust policy for another trust anchor', async () => {
    const condition = { ArnEquals: { 'aws:SourceArn': `${sandbox.trustAnchorArn}0` } };
    const roleArn = sandbox.addRole({ name: 'Anchored', trustPolicy: policy(['sts:*'], condition) });
    const profileArn = sandbox.addProfile({ name: 'anchored', roleArns: [roleArn] });
    const body = sessionBody(sandbox, { profileArn, roleArn });
    expect(await refusal({ body })).toEqual({
      ...denied(`Unable to assume role for ${roleArn}`),
      reason: expect.stringMatching(/ArnEquals aws:SourceArn wants/),
    });
  });
});

test('what is no operation', async () => {
  const request = signRequest(sandbox);
  for (const target of ['/sessions/', '/session', '/x']) {
    expect(seen(await send(sandbox.endpoint, { ...request, target }))).toMatchObject({ status: 404 });
    expect(sandbox.refusals.at(-1)).toMatchObject({ operation: 'unknown', code: 'UnknownOperationException' });
  }
  expect((await send(sandbox.endpoint, { ...request, method: 'PUT' })).status).toBe(404);
});

test('every refusal has a request id and a date, and shows no secret', async () => {
  const reply = await createSession(sandbox, { serial: '1' });
  expect(reply.headers['x-amzn-requestid']).toBe(sandbox.refusals.at(-1)?.requestId);
  expect(Math.abs(Date.parse(String(reply.headers['date'])) - Date.now())).toBeLessThan(5000);
  const issued = readSession(await createSession(sandbox)).credentials;
  const log = JSON.stringify(sandbox.requests);
  expect(log).not.toContain(issued.secretAccessKey);
  expect(log).not.toContain(issued.sessionToken);
});

function policy(actions: string[], condition: object): object {
  const principal = { Service: 'rolesanywhere.amazonaws.com' };
  return { Statement: { Effect: 'Allow', Principal: principal, Action: actions, Condition: condition } };
}

function replace(name: string, from: string | RegExp, to: string) {
  return (headers: Record<string, string>) => ({ [name]: headers[name]?.replace(from, to) });
}

function upperSignature({ authorization = '' }: Record<string, string>): Record<string, string> {
  return {
    authorization: authorization.replace(/Signature=.*/, (match) =>
      match.replace(/[a-f]/g, (digit) => digit.toUpperCase()),
    ),
  };
}

function readSerial(): string {
  const [, serial = ''] = /Credential=(\d+)\//.exec(signRequest(sandbox).headers['authorization'] ?? '') ?? [];
  return serial;
}
