/** The cache as doctor sees it: the entry is that which a call with the same options has really put there. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { credentialProcess } from '../../src/cli/commands/credential-process/credential-process.ts';
import { parseFlags } from '../../src/options/parse/parse-flags.ts';
import { readValues } from '../../src/options/parse/read-values.ts';
import { resolvePlan } from '../../src/options/resolve/resolve-plan.ts';
import type { CacheFolder } from '../../src/pipeline/disk-cache/cache-folder.ts';
import { obtainCached } from '../../src/pipeline/pipeline-cached.ts';
import { type Case, diagnose, findingsOf, world, wrongIn } from './diagnose.ts';
import { Lab } from './lab.ts';

const [minute, hour] = [60_000, 3_600_000] as const;

let lab: Lab;
let folder: CacheFolder;
let folders = 0;

beforeAll(async () => {
  lab = await Lab.open();
});

afterAll(() => lab.close());

beforeEach(() => {
  folders += 1;
  folder = { path: join(lab.folder, `cache-${folders}`), option: '--cache-dir', userId: process.geteuid?.() };
});

/** What `credential-process --cache` does. */
async function fill({ args = [], env = {} }: Case): Promise<void> {
  const flags = parseFlags(args, credentialProcess.options, false);
  const values = await readValues(credentialProcess, flags, { HOME: lab.folder, ...env });
  const thisProcess = { pid: process.pid, isRunning: () => true };
  const context = { ...world, environment: env };
  await obtainCached(await resolvePlan(values, env), { folder, process: thisProcess }, context);
}

/** What is found of the cache some time later, with nothing sent. */
async function later(milliseconds: number, given: Case, changes: Partial<CacheFolder> = {}) {
  const now = (): Date => new Date(Date.now() + milliseconds);
  const cache = { folder: { ...folder, ...changes }, isUsed: true };
  const report = await diagnose({ ...given, context: { offline: true, now, cache } });
  const wrong = wrongIn(report).filter((one) => one.startsWith('cache'));
  return {
    wrong,
    text: findingsOf(report, 'cache')
      .map(({ message }) => message)
      .join('\n'),
    report,
  };
}

const plain = (): Case => ({ env: lab.env() });
const entryPath = (): string =>
  join(folder.path, readdirSync(folder.path).find((name) => name.endsWith('.json')) ?? '');

describe('the entry of these very options', () => {
  test.each([
    [0, /expires at \S+Z: it is handed out until \S+Z, and renewed then\n.*: 1 entries, 1 valid/],
    [55 * minute, /expires at \S+Z: the next call renews it\n.*1 valid/],
    [2 * hour, /expired at \S+Z: the next call renews it\n.*1 expired/],
  ])('%i ms after it was made', async (milliseconds, text) => {
    await fill(plain());
    const found = await later(milliseconds, plain());
    expect(found.wrong).toEqual([]);
    expect(found.text).toMatch(text);
    expect(found.text).toContain(entryPath());
  });

  test('when it is renewed is what the cache itself goes by', async () => {
    await fill(plain());
    const { text } = await later(0, plain());
    const [, end = '', until = ''] = /expires at (\S+Z): it is handed out until (\S+Z),/.exec(text) ?? [];
    // A sixth of the hour; the entry is written some moments after the service has begun to count.
    expect(Math.abs(Date.parse(end) - Date.parse(until) - 10 * minute)).toBeLessThan(minute);
  });

  test('not one of other options', async () => {
    await fill(plain());
    const { wrong, text } = await later(0, { ...plain(), args: ['--session-duration', '1800'] });
    expect(wrong).toEqual([]);
    expect(text).toMatch(/^there is no entry of these options.*\n.*: 1 entries, 1 valid/);
  });

  test('of several profiles, tried one after the other', async () => {
    const both = ['fine', 'other'].map((name) => lab.sandbox.configSection(name)).join('');
    const given = { env: { HOME: lab.folder, ...lab.awsFiles(both) }, args: ['--from-profile', 'fine,other'] };
    await fill(given);
    expect((await later(0, given)).text).toMatch(/the entry of these options, expires at/);
    const alone = await later(0, { ...given, args: ['--from-profile', 'fine'] });
    expect(alone.text).toMatch(/^there is no entry of these options/);
  });

  test('nothing secret of it is shown, and it is as it was', async () => {
    await fill(plain());
    const before = readFileSync(entryPath());
    const { report } = await later(0, plain());
    expect(JSON.stringify(report)).not.toContain(JSON.parse(before.toString()).content);
    expect(readFileSync(entryPath())).toEqual(before);
  });

  test('damaged', async () => {
    await fill(plain());
    writeFileSync(entryPath(), '{"version":1,');
    const { wrong, text } = await later(0, plain());
    expect(wrong).toEqual(['cache: cache-entry']);
    expect(text).toMatch(/is damaged: the next call replaces it\n.*1 unreadable/);
  });

  test('of a clock that was set back since', async () => {
    await fill(plain());
    const { wrong, text } = await later(-2 * hour, plain());
    expect(wrong).toEqual(['cache: cache-entry']);
    expect(text).toContain('the clock was set back since');
  });

  test('where the certificate cannot be read there is none to look for', async () => {
    mkdirSync(folder.path, { mode: 0o700 });
    const env = lab.env({ ROLES_ANYWHERE_CERTIFICATE: join(lab.folder, 'missing.pem') });
    const { wrong, text } = await later(0, { env });
    expect(wrong).toEqual([]);
    expect(text).toMatch(/^the entry of these options is not looked for/);
  });
});

describe('the folder', () => {
  test('that is not there is no fault, and is not made', async () => {
    const { wrong, text } = await later(0, plain());
    expect(wrong).toEqual([]);
    expect(text).toContain('is not there yet: the first call makes it');
    expect(existsSync(folder.path)).toBe(false);
  });

  test('of another user', async () => {
    await fill(plain());
    const { wrong, text } = await later(0, plain(), { userId: (process.geteuid?.() ?? 0) + 1 });
    expect(wrong).toEqual(['cache: FILE_UNSAFE']);
    expect(text).toMatch(/belongs to user \d+, and this is user \d+/);
  });

  test.each([0o755, 0o770])('that others may use (mode %o)', async (mode) => {
    await fill(plain());
    chmodSync(folder.path, mode);
    const { wrong, text } = await later(0, plain());
    expect(wrong).toEqual(['cache: FILE_UNSAFE']);
    expect(text).toContain('gives permissions to others');
  });

  test('an entry that others may read', async () => {
    await fill(plain());
    chmodSync(entryPath(), 0o644);
    expect((await later(0, plain())).wrong).toEqual(['cache: FILE_UNSAFE']);
  });

  test('an entry that is a link', async () => {
    await fill(plain());
    const path = entryPath();
    rmSync(path);
    symlinkSync('/dev/null', path);
    const { wrong, text } = await later(0, plain());
    expect(wrong).toEqual(['cache: FILE_UNSAFE']);
    expect(text).toContain('is a symbolic link');
  });

  test('an entry of other options that others may read is a warning: these options can be cached', async () => {
    await fill({ ...plain(), args: ['--session-duration', '1800'] });
    chmodSync(entryPath(), 0o644);
    const { report, wrong } = await later(0, plain());
    expect(wrong).toEqual(['cache: FILE_UNSAFE']);
    expect(findingsOf(report, 'cache').map(({ status }) => status)).toEqual(['PASS', 'WARN']);
  });

  test('that others may write to is told where no certificate tells the entry', async () => {
    mkdirSync(folder.path);
    chmodSync(folder.path, 0o777);
    const { report } = await later(0, { ...plain(), env: { ROLES_ANYWHERE_CERTIFICATE: join(lab.folder, 'none') } });
    expect(findingsOf(report, 'cache').map(({ status, cause }) => cause ?? status)).toEqual(['SKIP', 'FILE_UNSAFE']);
  });

  test('below a file', async () => {
    writeFileSync(folder.path, '');
    folder = { ...folder, path: join(folder.path, 'cache') };
    const { wrong, text } = await later(0, plain());
    expect(wrong).toEqual(['cache: cache-write']);
    expect(text).toContain('cannot be written (ENOTDIR): credentials are not kept');
  });

  test('that is a file', async () => {
    writeFileSync(folder.path, '', { mode: 0o600 });
    expect((await later(0, plain())).wrong).toEqual(['cache: cache-write']);
  });
});
