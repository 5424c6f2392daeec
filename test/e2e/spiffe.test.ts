import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { fromRolesAnywhere } from '../../src/outputs/provider/from-roles-anywhere.ts';
import { root, runCommand } from '../support/command.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';
import { givenSvid, startWorkloadApi, type WorkloadApi } from '../support/workload-api.ts';

/** X.509-SVIDs from a Workload API, by the built command, before a role that only their SPIFFE ID may assume. */

const id = 'spiffe://example.org/on-prem';
const folder = makeFolder();
let ca: Issued;
let sandbox: Sandbox;
let api: WorkloadApi;
const leaves = new Map<string, Issued>();

beforeAll(async () => {
  ca = makeCa(folder, 'ca');
  const extensions = (uri: string) => [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    `subjectAltName = URI:${uri}`,
  ];
  for (const name of ['first', 'second']) leaves.set(name, makeLeaf(folder, name, ca, { extensions: extensions(id) }));
  leaves.set('other', makeLeaf(folder, 'other', ca, { extensions: extensions('spiffe://example.org/other') }));
  const trustPolicy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'rolesanywhere.amazonaws.com' },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        Condition: { StringEquals: { 'aws:PrincipalTag/x509SAN/URI': id } },
      },
    ],
  };
  const roles = [{ name: 'OnPrem', trustPolicy }];
  sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')], roles });
});
afterAll(async () => {
  await sandbox.close();
  removeFolder(folder);
});
beforeEach(async () => {
  api = await startWorkloadApi(folder, `api-${Math.random()}`);
});
afterEach(() => api.stop());

const svid = (name: string, spiffeId = id) => givenSvid(spiffeId, leaves.get(name) ?? expect.unreachable(name));
const env = () => ({ SPIFFE_ENDPOINT_SOCKET: api.endpoint, HOME: folder, AWS_CONFIG_FILE: join(folder, 'none') });
const target = (): string[] => {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const arns = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  return [...arns, '--endpoint', endpoint, '--certificate', 'spiffe:'];
};
/** Common name of the certificate that the last session is of. */
const lastSubject = () => sandbox.requests.at(-1)?.session?.tags['x509Subject/CN'];

describe('credential-process', () => {
  test('gets credentials of the role that trusts the SPIFFE ID, and no others', async () => {
    api.give([svid('first')]);
    const { status, stdout, stderr } = await runCommand(['credential-process', ...target()], { env: env() });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
    api.give([svid('other', 'spiffe://example.org/other')]);
    const refused = await runCommand(['credential-process', ...target()], { env: env() });
    expect(refused).toMatchObject({ status: 4, stdout: '' });
  });

  test('without an identity ends with status 3', async () => {
    api.give(undefined);
    const { status, stderr } = await runCommand(['credential-process', '--debug', ...target()], { env: env() });
    expect(status).toBe(3);
    expect(stderr).toContain('debug: code SPIFFE_DENIED');
    expect(stderr).toContain('has no identity for this process: no identity issued');
  });

  test('an entry of the disk cache is for one SVID: that of another process is not handed out', async () => {
    const cached = [...target(), '--cache', '--cache-dir', join(folder, 'cache')];
    const run = async () => {
      const { status, stdout } = await runCommand(['credential-process', ...cached], { env: env() });
      return { status, id: (JSON.parse(stdout || '{}') as { AccessKeyId?: string }).AccessKeyId };
    };
    api.give([svid('first')]);
    const first = await run();
    expect(await run()).toEqual(first);
    api.give([svid('other', 'spiffe://example.org/other')]);
    expect(await run()).toEqual({ status: 4, id: undefined });
  });
});

describe('on a push', () => {
  let running: RunningCommand | undefined;
  afterEach(async () => void (await running?.stop()));

  test('serve waits for its first SVID, and renews with each new one', async () => {
    api.give(undefined);
    running = startCommand(['serve', '--wait', '--port', '0', ...target()], { env: env() });
    await running.said(/code=SPIFFE_DENIED/);
    api.give([svid('first')]);
    await running.said(/info {2}credentials renewed/);
    expect(lastSubject()).toBe('first');
    api.give([svid('second')]);
    await running.said(/credentials renewed[^]*credentials renewed/);
    expect(lastSubject()).toBe('second');
    expect(await running.stop()).toEqual({ status: 0, signal: null });
  });

  test('update writes credentials of the new one', async () => {
    api.give([svid('first')]);
    const file = join(folder, 'credentials');
    const into = { ...env(), AWS_SHARED_CREDENTIALS_FILE: file };
    running = startCommand(['update', '--profile', 'default', ...target()], { env: into });
    await expect.poll(() => existsSync(file)).toBe(true);
    const before = readFileSync(file, 'utf8');
    api.give([svid('second')]);
    await expect.poll(() => readFileSync(file, 'utf8')).not.toBe(before);
    expect(lastSubject()).toBe('second');
  });

  test('the provider signs with the new one', async () => {
    api.give([svid('first')]);
    const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
    const certificate = `spiffe:?socket=${api.endpoint}`;
    const provider = fromRolesAnywhere({ trustAnchorArn, profileArn, roleArn, endpoint, certificate });
    await provider();
    expect(lastSubject()).toBe('first');
    api.give([svid('second')]);
    // What was pushed may be on its way yet.
    await expect
      .poll(() => provider({ forceRefresh: true }).then(lastSubject), { timeout: 20_000, interval: 1000 })
      .toBe('second');
    await provider.close();
    await expect.poll(() => api.calls.size).toBe(0);
  });

  test('a program that does not close its provider ends all the same', async () => {
    api.give([svid('first')]);
    const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
    const certificate = `spiffe:?socket=${api.endpoint}`;
    const init = JSON.stringify({ trustAnchorArn, profileArn, roleArn, endpoint, certificate });
    const program = `import { fromRolesAnywhere } from 'roles-anywhere';
      console.log((await fromRolesAnywhere(${init})()).accessKeyId);`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, timeout: 60_000 });
    expect(stdout).toMatch(/^ASIA/);
  });
});
