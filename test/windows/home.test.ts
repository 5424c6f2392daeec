import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { runCommand } from '../support/command.ts';

let sandbox: Sandbox;
let folder: string;
let home: string;
let other: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles anywhere home-'));
  sandbox = await startSandbox();
  home = writeHome('home', sandbox.configSection('on-prem'));
  other = writeHome('other', '[profile elsewhere]\nregion = us-east-1\n');
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

function writeHome(name: string, config: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '.aws'), { recursive: true });
  writeFileSync(join(path, '.aws', 'config'), config);
  return path;
}

const obtain = async (env: Readonly<Record<string, string>>) => {
  const { status, stderr } = await runCommand(['credential-process', '--from-profile', 'on-prem'], { env });
  return [status, stderr];
};

describe('the home folder', () => {
  test('is that of USERPROFILE, as for the AWS CLI, whatever HOME says', async () => {
    expect(await obtain({ USERPROFILE: home, HOME: other })).toEqual([0, '']);
  });

  test('without it HOMEDRIVE and HOMEPATH have it, and after them HOME', async () => {
    const [drive, path] = [home.slice(0, 2), home.slice(2)];
    expect(await obtain({ USERPROFILE: '', HOMEDRIVE: drive, HOMEPATH: path, HOME: other })).toEqual([0, '']);
    expect(await obtain({ USERPROFILE: '', HOMEDRIVE: '', HOMEPATH: '', HOME: home })).toEqual([0, '']);
  });

  test('that nothing names is no defect', async () => {
    const env = { USERPROFILE: '', HOMEDRIVE: '', HOMEPATH: '', HOME: '' };
    const [status, stderr] = await obtain(env);
    expect(status).toBe(6);
    expect(stderr).toContain(
      'cannot be found: this user has no home folder\nhint: set USERPROFILE, or AWS_CONFIG_FILE',
    );
  });

  test.each(['~\\.aws\\config', '~/.aws/config', '~\\.aws/config'])('%s begins there', async (path) => {
    expect(await obtain({ USERPROFILE: home, AWS_CONFIG_FILE: path })).toEqual([0, '']);
  });

  test('has the cache', async () => {
    const env = { ...sandbox.environment, USERPROFILE: home, HOME: other };
    const { status } = await runCommand(['credential-process', '--cache'], { env });
    const list = await runCommand(['cache', 'list'], { env });
    expect([status, list.status]).toEqual([0, 0]);
    expect(list.stdout).toContain(sandbox.roleArn);
  });
});
