import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCertificateAuthority, describeRequest, startSandbox } from '../../src/sandbox/index.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';
import { createSession, readSession, send, signRequest } from './hand-made-request.ts';

describe('a sandbox without options', () => {
  test('has everything a client needs, and leaves nothing behind', async () => {
    const sandbox = await startSandbox();
    expect(sandbox.endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(sandbox.stsEndpoint).toBe(sandbox.endpoint);
    expect(sandbox.region).toBe('us-east-1');
    expect(sandbox.accountId).toBe('111122223333');
    expect(sandbox.roleArn).toBe('arn:aws:iam::111122223333:role/sandbox');
    expect(readFileSync(sandbox.certificatePath, 'utf8')).toBe(sandbox.certificate);
    expect(readFileSync(sandbox.privateKeyPath, 'utf8')).toBe(sandbox.privateKey);
    const folder = dirname(sandbox.certificatePath);
    const modes = [folder, sandbox.certificatePath, sandbox.privateKeyPath].map((path) => statSync(path).mode & 0o777);
    // Windows keeps no such modes; the folder is below the user's own temporary one.
    expect(process.platform === 'win32' ? [0o700, 0o600, 0o600] : modes).toEqual([0o700, 0o600, 0o600]);
    await sandbox.close();
    expect(existsSync(folder)).toBe(false);
    await expect(createSession(sandbox)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('has the same ARNs every time, so that a configuration lasts', async () => {
    const [one, other] = [await startSandbox(), await startSandbox()];
    expect(other.trustAnchorArn).toBe(one.trustAnchorArn);
    expect(other.profileArn).toBe(one.profileArn);
    expect(other.certificate).not.toBe(one.certificate);
    await Promise.all([one.close(), other.close()]);
  });

  test('can be closed twice, and while a client holds its connection', async () => {
    const sandbox = await startSandbox();
    await fetch(sandbox.endpoint);
    await sandbox.close();
    await expect(sandbox.close()).resolves.toBeUndefined();
  });
});

describe('what a client is told', () => {
  test('the environment', async () => {
    const sandbox = await startSandbox({ region: 'eu-west-1' });
    expect(sandbox.environment).toEqual({
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_STS: sandbox.endpoint,
      AWS_ENDPOINT_URL_ROLESANYWHERE: sandbox.endpoint,
      ROLES_ANYWHERE_TRUST_ANCHOR_ARN: sandbox.trustAnchorArn,
      ROLES_ANYWHERE_PROFILE_ARN: sandbox.profileArn,
      ROLES_ANYWHERE_ROLE_ARN: sandbox.roleArn,
      ROLES_ANYWHERE_CERTIFICATE: sandbox.certificatePath,
      ROLES_ANYWHERE_PRIVATE_KEY: sandbox.privateKeyPath,
      ROLES_ANYWHERE_ENDPOINT: sandbox.endpoint,
    });
    await sandbox.close();
  });

  test('with anchors of its own, the leaf is not made up', async () => {
    const ca = await createCertificateAuthority();
    const nameless = await startSandbox({ anchors: [ca.certificate] });
    expect(Object.keys(nameless.environment)).not.toContain('ROLES_ANYWHERE_CERTIFICATE');
    expect(nameless.configSection()).toContain('roles_anywhere_certificate = /path/to/certificate.pem\n');
    await nameless.close();

    const identity = { certificatePath: '/etc/pki/leaf.pem', privateKeyPath: '/etc/pki/leaf.key' };
    const named = await startSandbox({ anchors: [ca.certificate], identity });
    expect(named.environment['ROLES_ANYWHERE_CERTIFICATE']).toBe('/etc/pki/leaf.pem');
    expect(named.configSection('mine')).toMatch(
      /^\[profile mine\]\n[^]*roles_anywhere_private_key = \/etc\/pki\/leaf\.key\n/,
    );
    await named.close();
  });
});

test.each([
  ['cn-north-1', 'aws-cn'],
  ['us-gov-west-1', 'aws-us-gov'],
  ['eusc-de-east-1', 'aws-eusc'],
  ['us-isof-south-1', 'aws-iso-f'],
])('in %s the partition is %s', async (region, partition) => {
  const sandbox = await startSandbox({ region });
  expect(sandbox.trustAnchorArn).toMatch(
    new RegExp(`^arn:${partition}:rolesanywhere:${region}:111122223333:trust-anchor/`),
  );
  const { assumedRoleUser } = readSession(await createSession(sandbox));
  expect(assumedRoleUser.arn).toMatch(new RegExp(`^arn:${partition}:sts::111122223333:assumed-role/sandbox/`));
  await sandbox.close();
});

describe('https', () => {
  test('with a certificate for localhost', async () => {
    const folder = makeFolder();
    const ca = makeCa(folder, 'ca');
    const server = makeLeaf(folder, 'server', ca, { extensions: ['subjectAltName = DNS:localhost'] });
    const [cert, key, root] = [server.certificate, server.key, ca.certificate].map((path) =>
      readFileSync(path, 'utf8'),
    );
    const sandbox = await startSandbox({ host: 'localhost', tls: { cert: cert ?? '', key: key ?? '' } });
    expect(sandbox.endpoint).toMatch(/^https:\/\/localhost:\d+$/);
    expect((await send(sandbox.endpoint, signRequest(sandbox), root)).status).toBe(201);
    await sandbox.close();
    removeFolder(folder);
  });
});

describe('what cannot be started', () => {
  test.each([['0.0.0.0'], ['192.0.2.1'], ['example.com'], ['::']])('on %s', async (host) => {
    expect(await rejectionOf(startSandbox({ host }))).toMatchObject({
      code: 'OPTION_INVALID',
      message: `the sandbox listens on this machine only, not on "${host}"`,
    });
  });

  test('on a port that is taken', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const error = await rejectionOf(startSandbox({ port }));
    expect(error).toMatchObject({
      code: 'PORT_UNAVAILABLE',
      message: `the sandbox cannot listen on 127.0.0.1 port ${port}`,
    });
    await new Promise((resolve) => holder.close(resolve));
  });

  test('in a directory that is a file', async () => {
    const folder = makeFolder();
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const error = await rejectionOf(startSandbox({ directory: file }));
    expect(error.code).toBe('FILE_FAILED');
    expect(error.message).toContain(`the sandbox cannot make the folder ${file}: `);
    removeFolder(folder);
  });

  test('with anchors that are none', async () => {
    const ca = await createCertificateAuthority();
    const leaf = await ca.issueLeaf();
    const tooMany = await rejectionOf(startSandbox({ anchors: [ca.certificate, ca.certificate, ca.certificate] }));
    expect(tooMany).toMatchObject({
      code: 'OPTION_INVALID',
      message: 'a trust anchor has one or two certificates, not 3',
    });
    const notCa = await rejectionOf(startSandbox({ anchors: [leaf.certificate] }));
    expect(notCa).toMatchObject({
      code: 'OPTION_INVALID',
      message: expect.stringMatching(
        /^Incorrect basic constraints for CA certificate: "CN=sandbox.example" is not a CA/,
      ),
    });
    expect(await rejectionOf(startSandbox({ anchors: ['nothing'] }))).toMatchObject({ code: 'CERTIFICATE_INVALID' });
    expect(await rejectionOf(startSandbox({ anchors: [] }))).toMatchObject({ code: 'OPTION_INVALID' });
  });

  test.each([
    [{ accountId: '1' }, /^the account id "1" is not twelve digits$/],
    [{ region: 'Frankfurt' }, /^"Frankfurt" is no region such as eu-west-1$/],
    [{ throttle: 0 }, /^the throttle is 0 calls a second/],
    [{ roles: [] }, /^the sandbox needs a role$/],
    [{ roles: ['a b'] }, /^"a b" is no name of a role$/],
    [{ roles: [{ name: 'a', maxSessionDuration: 900 }] }, /from 3600 to 43200$/],
    [{ roles: [{ name: 'a', externalId: 'x', trustPolicy: {} }] }, /has an externalId and a trustPolicy/],
    [
      { profile: { durationSeconds: 60 } },
      /^durationSeconds of the profile is 60; it must be a whole number of seconds/,
    ],
  ])('%j', async (options, message) => {
    const error = await rejectionOf(startSandbox(options));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toMatch(message);
  });
});

test('what another one is about to put into the same directory is left alone', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'roles-anywhere-shared-'));
  writeFileSync(join(directory, 'certificate.pem.new'), 'on its way');
  const sandbox = await startSandbox({ directory });
  await sandbox.close();
  expect(readdirSync(directory)).toEqual(['certificate.pem.new']);
  rmSync(directory, { recursive: true });
});

test('a directory of your own is made, used and kept, without the files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-own-'));
  const directory = join(folder, 'deep', 'down');
  const sandbox = await startSandbox({ directory });
  expect(readdirSync(directory).toSorted()).toEqual(['certificate.pem', 'private-key.pem']);
  await sandbox.close();
  expect(readdirSync(directory)).toEqual([]);
  rmSync(folder, { recursive: true });
});

test('an ARN nobody has cannot be disabled, and nonsense not revoked', async () => {
  const sandbox = await startSandbox();
  expect(thrownBy(() => sandbox.disable('arn:aws:rolesanywhere:::trust-anchor/x')).code).toBe('OPTION_INVALID');
  expect(thrownBy(() => sandbox.revoke('nonsense')).code).toBe('CERTIFICATE_INVALID');
  await sandbox.close();
});

const now = (): Date => new Date('2026-01-15T12:34:56Z');

test('the log is told of every request, in one line each', async () => {
  const lines: string[] = [];
  const sandbox = await startSandbox({ now, log: (record) => lines.push(describeRequest(record)) });
  await createSession(sandbox, { date: now() });
  await createSession(sandbox, { date: now(), region: 'eu-west-1' });
  sandbox.failNext({ drop: 'at-once' });
  await createSession(sandbox, { date: now() }).catch(() => undefined);
  expect(lines).toEqual([
    expect.stringMatching(
      /^2026-01-15T12:34:56\.000Z CreateSession 201 accepted arn:aws:sts::111122223333:assumed-role\/sandbox\//,
    ),
    '2026-01-15T12:34:56.000Z CreateSession 403 AccessDeniedException "Invalid signature": the region of the scope is "eu-west-1", not us-east-1',
    '2026-01-15T12:34:56.000Z CreateSession dropped: told to drop the connection',
  ]);
  expect(sandbox.requests.map(({ accepted }) => accepted)).toEqual([true, false, false]);
  expect(sandbox.refusals).toHaveLength(2);
  await sandbox.close();
});

test('remembers a thousand requests', async () => {
  const sandbox = await startSandbox();
  for (let count = 0; count < 1001; count += 1) await fetch(`${sandbox.endpoint}/${count}`);
  expect(sandbox.requests).toHaveLength(1000);
  expect(sandbox.requests[0]?.reason).toContain('GET /1');
  await sandbox.close();
});

test('a body without end is cut off', async () => {
  const sandbox = await startSandbox();
  const request = { ...signRequest(sandbox), body: 'x'.repeat(1024 * 1024) };
  await expect(send(sandbox.endpoint, request)).rejects.toThrow(/ECONNRESET|EPIPE|socket hang up/);
  expect((await createSession(sandbox)).status).toBe(201);
  await sandbox.close();
});

describe('a session lifetime', () => {
  test('ends sessions before their time, with whole seconds, and changes nothing else', async () => {
    const now = new Date('2026-01-15T12:00:00.900Z');
    const sandbox = await startSandbox({ sessionLifetime: 5, now: () => now });
    const reply = await createSession(sandbox, { date: now });
    expect(reply.status).toBe(201);
    expect(reply.text).toContain('"expiration":"2026-01-15T12:00:05Z"');
    await sandbox.close();
  });

  test.each([0, -1, 1.5, Number.NaN])('of %s seconds is refused', async (sessionLifetime) => {
    const error = await rejectionOf(startSandbox({ sessionLifetime }));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toBe(
      `the session lifetime is ${sessionLifetime}; it must be a whole number of seconds, more than 0`,
    );
  });
});
