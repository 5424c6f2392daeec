import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { needsAwsCli, runAws } from '../support/aws-clients.ts';
import { type CommandSettings, runCommand } from '../support/command.ts';
import { needsMounts, needsPython } from '../support/programs.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';
import { readByBotocore, readByJavaScript } from '../support/shared-credentials.ts';
import { startSilentService } from '../support/silent-service.ts';
import { type ShortSessions, shortSessions } from '../support/short-sessions.ts';

let sandbox: Sandbox;
let home: string;
let file: string;
let children: RunningCommand[];
beforeAll(async () => {
  sandbox = await startSandbox({ roles: ['first', 'second'] });
});
afterAll(() => sandbox.close());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'roles-anywhere-update-'));
  file = join(home, '.aws', 'credentials');
  children = [];
});
afterEach(() => {
  for (const { child } of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

const environment = (of: Sandbox = sandbox) => ({ ...of.environment, HOME: home });
const update = (args: readonly string[] = [], settings: CommandSettings = {}) =>
  runCommand(['update', ...args], { ...settings, env: { ...environment(), ...settings.env } });
const updateOnce = (args: readonly string[] = [], settings: CommandSettings = {}) =>
  update(['--once', ...args], settings);

function given(text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode: 0o600 });
}
const content = () => readFileSync(file, 'latin1');
const old = 'aws_access_key_id = OLD\naws_secret_access_key = old\naws_session_token = old\n';
const done = { status: 0, stdout: '', stderr: '' };

/** The text of a file with the values of the sandbox taken out. */
const masked = () =>
  content()
    .replaceAll(/ASIA\w{16}/g, 'ID')
    .replaceAll(/(aws_secret_access_key *= *)[\w/+=]{40}/g, '$1SECRET')
    .replaceAll(/RolesAnywhereSandbox\/[\w/+=]+/g, 'TOKEN');
const block = 'aws_access_key_id = ID\naws_secret_access_key = SECRET\naws_session_token = TOKEN\n';

/** Starts `update` to run on. */
function start(args: readonly string[], env: Readonly<Record<string, string>>): RunningCommand {
  const running = startCommand(['update', ...args], { env });
  children.push(running);
  return running;
}
/** SIGTERM ends it, and it takes that for success. */
const endedWell = { status: 0, signal: null };

describe('--once', () => {
  test('says nothing, and makes file and folder for their owner alone', async () => {
    expect(await updateOnce()).toEqual(done);
    expect(masked()).toBe(`[default]\n${block}`);
    expect([statSync(file).mode & 0o777, statSync(dirname(file)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(readdirSync(dirname(file))).toEqual(['credentials']);
  });

  test('writes the file of AWS_SHARED_CREDENTIALS_FILE and the profile of --profile', async () => {
    file = join(home, 'elsewhere', 'file');
    expect(await updateOnce(['--profile', 'other'], { env: { AWS_SHARED_CREDENTIALS_FILE: file } })).toEqual(done);
    expect(masked()).toBe(`[other]\n${block}`);
    expect(readdirSync(home)).toEqual(['elsewhere']);
  });

  test('two at a time lose neither', async () => {
    const names = ['a', 'b', 'c', 'd'];
    expect(await Promise.all(names.map((name) => updateOnce(['--profile', name])))).toEqual(names.map(() => done));
    expect(
      masked()
        .match(/^\[\w\]$/gm)
        ?.sort((one, other) => one.localeCompare(other)),
    ).toEqual(['[a]', '[b]', '[c]', '[d]']);
  });
});

function needsClients(): { skip: boolean } {
  return [needsAwsCli(), needsPython('botocore')].find(({ skip }) => skip) ?? { skip: false };
}

/** What the official helper 1.8.0 does wrong. */
describe('what the official helper does to a file does not happen', needsClients(), () => {
  const long = `note = ${'x'.repeat(70_000)}\n`;
  test.each([
    [
      'a last line that is no key of ours is dropped',
      `[default]\n${old}region = eu-west-1`,
      `[default]\n${block}region = eu-west-1`,
    ],
    ['a header as the last line is written twice', '[a]\nx = 1\n[default]', `[a]\nx = 1\n[default]\n${block}`],
    ['[ default ] is not recognised', `[ default ]\n${old}`, `[default]\n${block}`],
    [
      'indented keys are appended a second time',
      `[default]\n${old.replaceAll(/^/gm, '  ').trimEnd()}\n`,
      `[default]\n${block.replaceAll(/^/gm, '  ').trimEnd()}\n`,
    ],
    [
      'a line over 64 KiB and all behind it is deleted',
      `[default]\n${long}${old}[b]\n${old}`,
      `[default]\n${long}${block}[b]\n${old}`,
    ],
  ])('%s', async (_, before, after) => {
    given(before);
    expect(await updateOnce()).toEqual(done);
    expect(masked()).toBe(after);
    expect(await updateOnce()).toEqual(done);
    expect(masked()).toBe(after);
    const [read] = readByBotocore([[file, 'default']]);
    expect(read?.[0]).toMatch(/^ASIA/);
    expect(await readByJavaScript(file, 'default')).toEqual(read);
    const identity = await runAws(
      ['sts', 'get-caller-identity', '--endpoint-url', sandbox.stsEndpoint, '--output', 'json'],
      { PATH: process.env['PATH'], HOME: home, AWS_DEFAULT_REGION: sandbox.region },
    );
    expect(JSON.parse(identity)).toMatchObject({ Account: sandbox.accountId });
  });
});

describe('several profiles', () => {
  const withConfig = () => {
    const config = join(home, 'config');
    writeFileSync(config, `${sandbox.configSection('one')}\n${sandbox.configSection('two')}`);
    return { env: { HOME: home, AWS_CONFIG_FILE: config } };
  };
  const once = (args: readonly string[]) => runCommand(['update', '--once', ...args], withConfig());

  test('of --from-profile have their own names', async () => {
    expect(await once(['--from-profile', 'one,two'])).toEqual(done);
    expect(masked()).toBe(`[one]\n${block}\n[two]\n${block}`);
  });

  test('have the names of --profile, in order', async () => {
    expect(await once(['--from-profile', 'one,two', '--profile', 'x,default'])).toEqual(done);
    expect(masked()).toBe(`[x]\n${block}\n[default]\n${block}`);
  });

  test('a single one is the default profile', async () => {
    expect(await once(['--from-profile', 'one'])).toEqual(done);
    expect(masked()).toBe(`[default]\n${block}`);
  });

  test.each([
    [['--profile', 'x'], '--profile names 1 profiles for 2 of --from-profile'],
    [['--profile', 'x,x'], '--profile names profile x twice'],
    [['--profile', 'x,a]b'], '--profile: "a]b" cannot be a name in a credentials file'],
  ])('%j is refused', async (args, message) => {
    const { status, stderr } = await once(['--from-profile', 'one,two', ...args]);
    expect([status, stderr.split('\n')[0]]).toEqual([2, `roles-anywhere: ${message}`]);
  });

  test('one that is refused does not keep the other from being written', async () => {
    const config = withConfig();
    const arn = sandbox.roleArn.replace(/[^/]+$/, 'stranger');
    const other = sandbox.configSection('two').replace(sandbox.roleArn, arn);
    writeFileSync(config.env.AWS_CONFIG_FILE, `${sandbox.configSection('one')}\n${other}`);
    const { status } = await runCommand(['update', '--once', '--from-profile', 'one,two'], config);
    expect([status, masked()]).toEqual([4, `[one]\n${block}`]);
  });
});

describe('what cannot be done leaves the file as it is', () => {
  const before = `# ${'filling '.repeat(2000)}\n[default]\n${old}`;
  const unprivileged = process.getuid?.() === 0 ? ['setpriv', '--inh-caps=-all', '--bounding-set=-all'] : [];

  test('SIGHUP before the first set is there is not forgotten', async () => {
    const silent = await startSilentService();
    try {
      const config = join(home, 'config');
      const section = sandbox.configSection('mine');
      writeFileSync(config, section.replaceAll(sandbox.endpoint, silent.url));
      const asked = silent.asked();
      const args = ['--from-profile', 'mine', '--max-attempts', '1'];
      const updating = start(args, { HOME: home, AWS_CONFIG_FILE: config });
      const socket = await asked;
      writeFileSync(config, section);
      updating.child.kill('SIGHUP');
      socket.destroy();
      await updating.said(/works until/);
      expect(await updating.stop()).toEqual(endedWell);
    } finally {
      silent.close();
    }
  });

  test.each([
    ['a refusal', { status: 403 }, 4],
    ['an empty answer', { status: 500, times: 3 }, 5],
  ])('%s', async (_, fault, status) => {
    given(before);
    sandbox.failNext(fault);
    expect((await updateOnce()).status).toBe(status);
    expect([content(), readdirSync(dirname(file))]).toEqual([before, ['credentials']]);
  });

  test('an expired set', async () => {
    given(before);
    sandbox.setClockOffset(-86_400);
    try {
      expect((await updateOnce()).status).toBe(4);
    } finally {
      sandbox.setClockOffset(0);
    }
    expect(content()).toBe(before);
  });

  test('a folder that is read-only', async () => {
    given(before);
    execFileSync('chmod', ['500', dirname(file)]);
    const { status, stderr } = await updateOnce([], { wrapper: unprivileged });
    execFileSync('chmod', ['700', dirname(file)]);
    expect([status, stderr]).toEqual([
      6,
      `roles-anywhere: cannot write ${file}: EACCES\nhint: its folder must be writable: the file is replaced, not overwritten\n`,
    ]);
    expect(content()).toBe(before);
  });

  test('a limit on the size of files, as a full disk', async () => {
    given(before);
    const { status, stderr } = await updateOnce([], { wrapper: ['bash', '-c', 'ulimit -f 4; exec "$@"', 'bash'] });
    expect([status, stderr.split('\n')[0]]).toEqual([6, `roles-anywhere: cannot write ${file}: EFBIG`]);
    expect([content(), readdirSync(dirname(file))]).toEqual([before, ['credentials']]);
  });

  test('a file that others may write to', async () => {
    given(before);
    execFileSync('chmod', ['664', file]);
    const { status, stderr } = await updateOnce();
    expect([status, stderr]).toEqual([
      6,
      `roles-anywhere: ${file} may be written to by others (mode 0664)\nhint: run chmod go-w ${file}\n`,
    ]);
    expect(content()).toBe(before);
  });
});

describe('a file system', needsMounts(), () => {
  const before = `# ${'filling '.repeat(1200)}\n[default]\n${old}`;
  /** Runs the command in a namespace where `~/.aws` is a file system of 16 KiB, and compares what is there afterwards. */
  const onSmallDisk = (prepare: string) => {
    const script = `
      mount -t tmpfs -o size=16k,mode=700 none "$HOME/.aws" && cp "$HOME/before" "$HOME/.aws/credentials" || exit 99
      chmod 600 "$HOME/.aws/credentials" && ${prepare} || exit 98
      "$@"; status=$?
      cmp "$HOME/before" "$HOME/.aws/credentials" && ls -A "$HOME/.aws" && exit $status`;
    return updateOnce([], { wrapper: ['unshare', '-rm', 'sh', '-c', script, 'sh'] });
  };

  test.each([
    ['full', 'true', 'ENOSPC', 'the disk is full; what the file held before is still there'],
    // The mount alone: who is root in the namespace only may not change the file system itself.
    ['read-only', 'mount -o remount,bind,ro "$HOME/.aws"', 'EROFS', 'the file system is read-only'],
  ])('that is %s', async (_, prepare, code, hint) => {
    mkdirSync(dirname(file));
    writeFileSync(join(home, 'before'), before);
    expect(await onSmallDisk(prepare)).toEqual({
      status: 6,
      stdout: 'credentials\n',
      stderr: `roles-anywhere: cannot write ${file}: ${code}\nhint: ${hint}\n`,
    });
  });
});

describe('without --once', () => {
  let service: ShortSessions;
  beforeEach(async () => {
    service = await shortSessions(sandbox.endpoint, 6);
  });
  afterEach(() => service.close().catch(() => undefined));
  const running = (args: readonly string[] = []) =>
    start(args, { ...environment(), ROLES_ANYWHERE_ENDPOINT: service.endpoint, ROLES_ANYWHERE_MAX_ATTEMPTS: '1' });
  const keyId = () => /ASIA\w+/.exec(content())?.[0];

  test.each(['SIGTERM', 'SIGINT'] as const)('renews until %s, which ends it with status 0', async (signal) => {
    const updating = running();
    await updating.said(/(works until[^]*){3}/);
    const times = [...updating.stderr().matchAll(/until (\S+)/g)].map(([, time = '']) => Date.parse(time));
    expect(times).toEqual([...times].sort((one, other) => one - other));
    // What lives for six seconds is renewed with half of that left at the latest: it does not spin.
    expect(service.calls()).toBeLessThan(8);
    expect(await updating.stop(signal)).toEqual(endedWell);
    expect(masked()).toBe(`[default]\n${block}`);
    expect(readdirSync(dirname(file))).toEqual(['credentials']);
  });

  test('waits for a service that is not there yet, and lives through one that goes away', async () => {
    await service.close();
    // What is left at a renewal, a quarter at the least, has to outlast a machine that is busy with other things.
    service = await shortSessions(sandbox.endpoint, 16);
    await service.close();
    const updating = running();
    await updating.said(/warning: profile default: [^\n]*it is tried again\n/);
    await service.open();
    await updating.said(/works until/);
    const first = keyId();
    await service.close();
    await updating.said(/the file is still good, next attempt in \d+ s\n/);
    expect(keyId()).toMatch(/^ASIA/);
    await service.open();
    await expect.poll(() => keyId()).not.toBe(first);
    expect(await updating.stop()).toEqual(endedWell);
  });

  test('a file that cannot be written for a while is written later', async () => {
    const updating = running();
    await updating.said(/works until/);
    const first = keyId();
    chmodSync(file, 0o666);
    await updating.said(/may be written to by others [^\n]*; next attempt in \d+ s\n/);
    expect(keyId()).toBe(first);
    chmodSync(file, 0o600);
    await expect.poll(() => keyId()).not.toBe(first);
    expect(await updating.stop()).toEqual(endedWell);
  });

  test('SIGHUP reads certificate, key and profiles again; what is broken changes nothing', async () => {
    const config = join(home, 'config');
    const section = sandbox.configSection('mine');
    writeFileSync(config, section);
    const updating = start(['--from-profile', 'mine'], { HOME: home, AWS_CONFIG_FILE: config });
    await updating.said(/works until/);
    const first = keyId();

    writeFileSync(config, section.replace(/roles_anywhere_role_arn.*\n/, ''));
    updating.child.kill('SIGHUP');
    await updating.said(/warning: reload failed, all stays as it was: [^\n]*role-arn/);
    writeFileSync(config, section.replace(/roles_anywhere_role_arn = .*\//, '$&no-'));
    updating.child.kill('SIGHUP');
    await updating.said(/warning: profile default: [^\n]*; all stays as it was/);
    expect(keyId()).toBe(first);

    writeFileSync(config, section.replace(sandbox.roleArn, sandbox.roleArn.replace(/[^/]+$/, 'second')));
    updating.child.kill('SIGHUP');
    await expect.poll(() => keyId()).not.toBe(first);
    const second = keyId();
    updating.child.kill('SIGHUP');
    await expect.poll(() => keyId()).not.toBe(second);
    expect(await updating.stop()).toEqual(endedWell);
  });

  test.each([
    ['a refusal', { status: 403 }, 4],
    ['a file that is unsafe', undefined, 6],
  ])('%s at the start ends it', async (_, fault, status) => {
    given('');
    if (fault === undefined) chmodSync(file, 0o666);
    else sandbox.failNext(fault);
    expect(await running().ended).toEqual({ status, signal: null });
  });

  test('SIGTERM ends it also while it waits for the first set', async () => {
    await service.close();
    const updating = running();
    await updating.said(/it is tried again\n/);
    expect(await updating.stop()).toEqual(endedWell);
  });

  test('SIGKILL at any point leaves the set before or the one after', async () => {
    given(`# mine\n[default]\n${old}`);
    for (let round = 0; round < 12; round += 1) {
      const { child, ended } = running(['--once']);
      await new Promise((settle) => setTimeout(settle, 60 + round * 8));
      child.kill('SIGKILL');
      await ended;
      expect([`# mine\n[default]\n${old}`, `# mine\n[default]\n${block}`]).toContain(masked());
    }
    expect(await updateOnce()).toEqual(done);
    expect(readdirSync(dirname(file))).toEqual(['credentials']);
  });
});
