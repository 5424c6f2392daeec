import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { askImds, rolesPath } from '../support/ask-server.ts';
import { needsNode, root, runCommand } from '../support/command.ts';
import { asOwnRoot, namelessUid, namelessWrapper, needsRoot, needsUserNamespace } from '../support/fresh-user.ts';
import { type RunningCommand, startCommand } from '../support/running-command.ts';

const document = /^\{"Version":1,"AccessKeyId":"ASIA/;

describe('as a user that the system has no entry for, without HOME (as root)', needsRoot(), () => {
  let folder: string;
  let wrapper: readonly string[];
  let sandbox: Sandbox;
  /** Of the user. */
  let own: string;
  let env: Record<string, string>;
  let running: RunningCommand[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-nameless-'));
    chmodSync(folder, 0o755);
    wrapper = namelessWrapper(folder);
    sandbox = await startSandbox({ roles: ['first', 'second'] });
  });
  afterAll(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    own = mkdtempSync(join(folder, 'own-'));
    const [certificate, key, config] = ['tls.crt', 'tls.key', 'config'].map((name) => join(own, name));
    writeFileSync(certificate ?? '', sandbox.certificate);
    writeFileSync(key ?? '', sandbox.privateKey, { mode: 0o400 });
    writeFileSync(
      config ?? '',
      sandbox
        .configSection('on-prem')
        .replaceAll(/(private_key|certificate) = .*\//g, `$1 = ${own}/`)
        .replace('certificate.pem', 'tls.crt')
        .replace('private-key.pem', 'tls.key'),
    );
    for (const path of [own, certificate, key, config]) chownSync(path ?? '', namelessUid, namelessUid);
    env = {
      ...sandbox.environment,
      ROLES_ANYWHERE_CERTIFICATE: certificate ?? '',
      ROLES_ANYWHERE_PRIVATE_KEY: key ?? '',
      TMPDIR: own,
    };
    running = [];
  });
  afterEach(() => {
    for (const { child } of running) child.kill('SIGKILL');
  });

  const run = (args: readonly string[], more: Record<string, string> = {}) =>
    runCommand(args, { wrapper, env: { ...env, ...more } });
  const start = (args: readonly string[], more: Record<string, string> = {}): RunningCommand => {
    const command = startCommand(args, { wrapper, env: { ...env, ...more } });
    running.push(command);
    return command;
  };
  const inConfig = () => ({ AWS_CONFIG_FILE: join(own, 'config') });

  test.each([
    ['credential-process', [], document],
    ['credential-process', ['--assume-role', 'second'], document],
    ['export', ['--format', 'env'], /^export AWS_ACCESS_KEY_ID=ASIA/],
    ['sign-string', [], /^"[\da-f]+"$/],
    ['read-certificate-data', [], /^\{/],
    ['version', [], /^\d/],
    ['completion', ['bash'], /^complete /m],
    ['help', [], /^Usage: /],
  ])('%s %j', async (command, args, expected) => {
    const second = sandbox.roleArn.replace('first', 'second');
    const given = args.map((argument) => (argument === 'second' ? second : argument));
    const extra = command === 'read-certificate-data' ? ['--certificate', env['ROLES_ANYWHERE_CERTIFICATE'] ?? ''] : [];
    const { status, stdout, stderr } = await run([command, ...given, ...extra]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(expected);
  });

  describe.runIf(process.platform === 'linux')('memory of a process that lives on', () => {
    const program = ['--', 'sh', '-c', 'echo ready >&2; exec sleep 60'];
    const commands = [
      ['serve', ['serve', '--port', '0'], /listening on/],
      ['update', ['update'], /works until/],
      ['exec --server', ['exec', '--server', ...program], /ready/],
    ] as const;
    /** Whether another program of the same user can read it. */
    const isShown = (pid: number): boolean =>
      spawnSync('cat', [`/proc/${pid}/environ`], { uid: namelessUid, gid: namelessUid, stdio: 'ignore' }).status === 0;

    test.each(commands)('of %s is shown to nobody, that of its programs to whom it would be', async (_, args, isUp) => {
      const command = start(args, { AWS_SHARED_CREDENTIALS_FILE: join(own, 'credentials') });
      const { pid = 0 } = command.child;
      await command.said(isUp);
      expect(isShown(pid)).toBe(false);
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').match(/\d+/g) ?? [];
      expect(children.map((child) => isShown(Number(child)))).toEqual(args[0] === 'exec' ? [true] : []);
      expect(command.stderr()).not.toMatch(/warn/);
    });
  });

  test('credential-process --from-profile, and what there is to do where no file is named', async () => {
    expect(await run(['credential-process', '--from-profile', 'on-prem'], inConfig())).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(document) as string,
    });
    expect(await run(['credential-process', '--from-profile', 'on-prem'])).toEqual({
      status: 6,
      stdout: '',
      stderr:
        'roles-anywhere: ~/.aws/config cannot be found: this user has no home folder\n' +
        'hint: set HOME, or AWS_CONFIG_FILE to the path of the file\n',
    });
  });

  test('--cache', async () => {
    const cache = ['--cache-dir', join(own, 'cache')];
    for (const turn of [1, 2]) {
      const { status, stdout, stderr } = await run(['credential-process', '--cache', ...cache]);
      expect([turn, status, stderr]).toEqual([turn, 0, '']);
      expect(stdout).toMatch(document);
    }
    expect((await run(['cache', 'list', ...cache])).stdout).toContain(sandbox.roleArn);
    // What another user keeps to himself is no less refused for that.
    const [name = ''] = readdirSync(join(own, 'cache'));
    chownSync(join(own, 'cache', name), 65_534, 65_534);
    for (const args of [
      ['credential-process', '--cache'],
      ['cache', 'list'],
    ]) {
      const { status, stdout, stderr } = await run([...args, ...cache]);
      expect([status, stdout]).toEqual([6, '']);
      expect(stderr).toContain(`${join(own, 'cache', name)} belongs to user 65534, and this is user ${namelessUid}`);
    }
    chownSync(join(own, 'cache', name), namelessUid, namelessUid);
    expect(await run(['cache', 'clear', ...cache])).toEqual({ status: 0, stdout: 'removed 1 entry\n', stderr: '' });
    expect(await run(['credential-process', '--cache'])).toEqual({
      status: 6,
      stdout: '',
      stderr:
        'roles-anywhere: there is no place for the cache: this user has no home folder\n' +
        'hint: name a folder with --cache-dir, or set HOME\n',
    });
  });

  test.each([[[]], [['--server']], [['--from-profile', 'on-prem']]])('exec %j', async (args) => {
    const { status, stdout } = await run(['exec', ...args, '--', 'sh', '-c', 'env'], inConfig());
    expect(status).toBe(0);
    expect(stdout).toMatch(args[0] === '--server' ? /AWS_CONTAINER_CREDENTIALS_FULL_URI=/ : /AWS_ACCESS_KEY_ID=ASIA/);
  });

  test('update and serve in a folder of their own below one that is open to everybody, as a container’s emptyDir is', async () => {
    const shared = mkdtempSync(join(folder, 'empty-dir-'));
    chmodSync(shared, 0o777);
    const once = (file: string) => run(['update', '--once'], { AWS_SHARED_CREDENTIALS_FILE: file });
    expect(await once(join(shared, 'credentials'))).toEqual({
      status: 6,
      stdout: '',
      stderr:
        `roles-anywhere: the folder ${shared} may be written to by others (mode 0777)\n` +
        `hint: name a file in a folder of your own, such as ${shared}/roles-anywhere/credentials\n` +
        `hint: have its owner (uid 0) run chmod +t ${shared}\n`,
    });
    const file = join(shared, 'roles-anywhere', 'credentials');
    expect(await once(file)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\[default\]\naws_access_key_id = ASIA/);
    expect(lstatSync(file)).toMatchObject({ uid: namelessUid });
    chmodSync(shared, 0o1777);
    expect((await once(join(shared, 'credentials'))).status).toBe(0);
    chmodSync(shared, 0o777);
    const command = start(['serve', '--port', '0', '--token-file', join(shared, 'for-serve', 'token')]);
    await command.said(/listening on (http:\S+)/);
    expect(lstatSync(join(shared, 'for-serve', 'token'))).toMatchObject({ uid: namelessUid });
    expect(await command.stop()).toEqual({ status: 0, signal: null });
  });

  test.each([{}, { HOME: '/' }])('serve with a token file, %j', async (home) => {
    const command = start(['serve', '--port', '0', '--token-file', join(own, 'token')], home);
    const [, url = ''] = await command.said(/listening on (http:\S+)/);
    expect((await askImds(url, rolesPath)).body).toBe('first');
    expect(lstatSync(join(own, 'token'))).toMatchObject({ uid: namelessUid });
    expect(await command.stop()).toEqual({ status: 0, signal: null });
  });

  test('update through a symbolic link, once and until it is stopped', async () => {
    const file = join(own, 'credentials');
    symlinkSync('real', file);
    const at = { AWS_SHARED_CREDENTIALS_FILE: file };
    // The link is root's, which is as good as the user's own.
    expect(await run(['update', '--once'], at)).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(readFileSync(join(own, 'real'), 'utf8')).toMatch(/^\[default\]\naws_access_key_id = ASIA/);
    const command = start(['update'], at);
    await command.said(/works until/);
    expect(await command.stop()).toEqual({ status: 0, signal: null });
    expect(await run(['update', '--once'])).toEqual({
      status: 6,
      stdout: '',
      stderr:
        'roles-anywhere: ~/.aws/credentials cannot be found: this user has no home folder\n' +
        'hint: set HOME, or AWS_SHARED_CREDENTIALS_FILE to the path of the file\n',
    });
  });

  describe('in a user namespace, which has no number for root', needsUserNamespace(), () => {
    const inNamespace = (args: readonly string[]) =>
      runCommand(args, { wrapper: [...wrapper.slice(0, 4), ...asOwnRoot, ...wrapper.slice(4)], env });

    test('folders of root lead to the cache', async () => {
      const args = ['credential-process', '--cache', '--cache-dir', join(own, 'cache')];
      expect(await inNamespace(args)).toEqual({ status: 0, stdout: expect.stringMatching(document), stderr: '' });
      expect(readdirSync(join(own, 'cache'))).toHaveLength(1);
    });

    test('a link that anybody may have put into a shared folder does not', async () => {
      const shared = join(own, 'shared');
      mkdirSync(shared);
      chmodSync(shared, 0o1777);
      symlinkSync(own, join(shared, 'link'));
      lchownSync(join(shared, 'link'), 65_533, 65_533);
      const folder = join(shared, 'link', 'cache');
      const { status, stderr } = await inNamespace(['credential-process', '--cache', '--cache-dir', folder]);
      expect({ status, stderr }).toEqual({
        status: 6,
        stderr: expect.stringContaining('is a symbolic link of another user'),
      });
    });
  });

  test('sandbox', async () => {
    const command = start(['sandbox']);
    await command.said(/the sandbox listens on/);
    expect(await command.stop()).toEqual({ status: 0, signal: null });
    expect(command.stdout()).toContain('export ROLES_ANYWHERE_TRUST_ANCHOR_ARN=');
  });

  test('the provider, by options and by a profile', needsNode('the provider'), async () => {
    const program = join(own, 'program.cjs');
    buildSync({
      stdin: {
        contents:
          `
          import { fromRolesAnywhere } from './dist/lib/index.js';
          const ids = [];
          for (const init of [{}, { profile: 'on-prem' }]) ids.push((await fromRolesAnywhere(init)()).accessKeyId.slice(0, 4));
          process.stdout.write(ids.join());`.replace('const ids', 'void (async () => { const ids') + '})();',
        resolveDir: root,
      },
      outfile: program,
      bundle: true,
      platform: 'node',
      format: 'cjs',
    });
    const asProgram = wrapper.map((word) => (word.endsWith('.cjs') ? program : word));
    const result = await runCommand([], { wrapper: asProgram, env: { ...env, ...inConfig() } });
    expect(result).toMatchObject({ status: 0, stdout: 'ASIA,ASIA' });
  });
});
