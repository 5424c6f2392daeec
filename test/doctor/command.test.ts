/** The command as it is started: exit status, forms of the output, and that nothing but the report is on stdout. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { Lab } from './lab.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
});

afterAll(() => lab.close());

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runCommand(['doctor', ...args], { env: { ...lab.env(), PATH: '/nonexistent', ...env } });

describe('the exit status', () => {
  test('0: text, with a check a line, and that it may be shown', async () => {
    const { status, stdout, stderr } = await run([]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^PASS {2}options +trust-anchor-arn is "arn:/);
    expect(stdout).toMatch(/^PASS {2}create-session +arn:aws:sts::111122223333:assumed-role\/sandbox\//m);
    expect(stdout).toMatch(
      /\nno issues found, 16 passed, 6 skipped\nNothing above is secret: it can be pasted into a ticket\.\n$/,
    );
    expect(stdout).not.toContain('\u001b');
  });

  test('1: warnings; with --quiet they alone', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'example' };
    const { status, stdout } = await run(['--offline', '--quiet'], keys);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^WARN {2}aws-clients +AWS_ACCESS_KEY_ID and .*\n +-> unset them\n\n1 with warnings, /);
  });

  test('2: failures, and every check all the same', async () => {
    const { status, stdout } = await run(['--json', '--offline'], { ROLES_ANYWHERE_ROLE_ARN: 'nonsense' });
    expect(status).toBe(2);
    const report = JSON.parse(stdout) as { status: string; checks: { name: string; status: string }[] };
    expect(report.status).toBe('FAIL');
    expect(report.checks.filter(({ status: one }) => one === 'FAIL').map(({ name }) => name)).toEqual(['arns']);
    expect(report.checks).toHaveLength(22);
    expect(report.checks.find(({ name }) => name === 'private-key')?.status).toBe('PASS');
  });

  test('2: options that contradict each other, a broken configuration: as a finding', async () => {
    const twice = await run(['--offline', '--quiet', '--tpm-key-password', 'x', '--no-tpm-key-password']);
    expect(twice).toMatchObject({ status: 2, stderr: '' });
    expect(twice.stdout).toMatch(/^FAIL {2}options +--tpm-key-password and --no-tpm-key-password exclude each other\n/);
    const missing = await run(['--offline', '--quiet', '--from-profile', 'nowhere']);
    expect(missing.stdout).toMatch(/^FAIL {2}options +--from-profile needs .*config, which does not exist\n/);
  });

  test('2: a flag that there is not is a mistake of the line itself', async () => {
    const { status, stdout, stderr } = await run(['--offlin']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe('roles-anywhere: unknown option --offlin\nhint: did you mean --offline?\n');
  });
});

test('colours where they are asked for', async () => {
  const { stdout } = await run(['--offline'], { FORCE_COLOR: '1' });
  expect(stdout).toContain('\u001b[32mPASS\u001b[0m  options');
  expect((await run(['--offline'], { FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain('\u001b');
});

test('a document that cannot be read is a finding', async () => {
  const { status, stdout } = await run(['--offline', '--quiet', '--trust-policy', join(lab.folder, 'missing.json')]);
  expect(status).toBe(2);
  expect(stdout).toMatch(/^FAIL {2}trust +--trust-policy: .*missing\.json cannot be read: /);
});

test('the entry that credential-process has put into the cache', async () => {
  const cache = { ROLES_ANYWHERE_CACHE: 'true', ROLES_ANYWHERE_CACHE_DIR: join(lab.folder, 'cache') };
  const before = await run(['--offline'], cache);
  expect(before.stdout).toMatch(/^PASS {2}cache +\S+ is not there yet: the first call makes it$/m);
  const called = await runCommand(['credential-process'], { env: { ...lab.env(), ...cache } });
  expect({ status: called.status, stderr: called.stderr }).toEqual({ status: 0, stderr: '' });
  const { status, stdout } = await run(['--offline'], cache);
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^PASS {2}cache +\S+\.json, the entry of these options, expires at \S+: it is handed out until \S+, and renewed then$/m,
  );
});
