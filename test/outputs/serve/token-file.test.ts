import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AccessLists } from '../../../src/core/fs/access-lists.ts';
import { openTokenFile } from '../../../src/outputs/serve/token-file.ts';
import { needsRoot } from '../../support/fresh-user.ts';
import { thrownBy } from '../../support/thrown.ts';

let folder: string;
let path: string;
let warnings: string[];
let now: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-token-'));
  path = join(folder, 'token');
  warnings = [];
  now = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => {
  const surroundings = { warn: (message: string) => warnings.push(message), monotonic: () => now };
  return openTokenFile({ path, option: '--token-file', userId: process.geteuid?.() }, surroundings);
};

test('a file that is not there is made, for its owner alone and without a line break', () => {
  const isToken = open();
  const token = readFileSync(path, 'utf8');
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(process.platform === 'win32' || (statSync(path).mode & 0o777) === 0o600).toBe(true);
  expect(isToken(token)).toBe(true);
  const last = token.endsWith('A') ? 'B' : 'A';
  for (const other of [`${token} `, token.slice(1), '', `${token.slice(0, -1)}${last}`, token.toLowerCase()]) {
    expect(isToken(other)).toBe(false);
  }
  expect(warnings).toEqual([]);
});

test('of two processes that make it at once both use the same, and none sees half of it', () => {
  const options = { path, option: '--token-file', userId: process.geteuid?.() };
  const surroundings = { warn: () => undefined, monotonic: () => 0 };
  let other: ReturnType<typeof openTokenFile> | undefined;
  const accessLists: AccessLists = {
    doubt: () => undefined,
    folderDoubt: () => undefined,
    makeFolder: (folder) => mkdirSync(folder),
    makeFile(file) {
      writeFileSync(file, '', { mode: 0o600, flag: 'wx' });
      other = openTokenFile(options, surroundings);
    },
    closePipe: () => true,
  };
  const isToken = openTokenFile({ ...options, accessLists }, surroundings);
  const token = readFileSync(path, 'utf8');
  expect([isToken(token), other?.(token)]).toEqual([true, true]);
  expect(readdirSync(folder)).toEqual(['token']);
});

test('a file that is there stays as it is', () => {
  writeFileSync(path, 'a-token-of-our-own', { mode: 0o600 });
  const isToken = open();
  expect(isToken('a-token-of-our-own')).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('a-token-of-our-own');
});

test('it is read again when it changes, in place or by another file', () => {
  writeFileSync(path, 'the-first-token-0', { mode: 0o600 });
  const isToken = open();
  writeFileSync(path, 'the-second-token');
  expect([isToken('the-second-token'), isToken('the-first-token-0')]).toEqual([true, false]);
  writeFileSync(`${path}.new`, 'the-third-token-0', { mode: 0o600 });
  renameSync(`${path}.new`, path);
  expect([isToken('the-third-token-0'), isToken('the-second-token')]).toEqual([true, false]);
  expect(warnings).toEqual([]);
});

test('the one before holds for a second more, unless somebody comes with the new one', () => {
  writeFileSync(path, 'the-first-token-0', { mode: 0o600 });
  const isToken = open();
  writeFileSync(path, 'the-second-token');
  now = 999;
  expect(isToken('the-first-token-0')).toBe(true);
  now = 1000;
  expect(isToken('the-first-token-0')).toBe(false);
});

test('until the new content is a token, the one before holds', () => {
  writeFileSync(path, 'the-first-token-0', { mode: 0o600 });
  const isToken = open();
  writeFileSync(path, '');
  now += 1000;
  expect([isToken(''), isToken('the-first-token-0')]).toEqual([false, true]);
  expect(isToken('the-first-token-0')).toBe(true);
  expect(warnings).toEqual([
    `--token-file: ${path} holds no token of at least 16 printable ASCII characters; the one before still holds`,
  ]);
});

test.runIf(process.platform !== 'win32')('what could not be read is tried again each second, and told of once', () => {
  writeFileSync(path, 'the-first-token-0', { mode: 0o600 });
  const isToken = open();
  writeFileSync(path, 'the-second-token');
  // The file itself shows nothing of this, and nothing of its end.
  chmodSync(folder, 0o777);
  expect([isToken('the-second-token'), isToken('the-first-token-0')]).toEqual([false, true]);
  now = 1000;
  expect([isToken('the-second-token'), isToken('the-first-token-0')]).toEqual([false, true]);
  chmodSync(folder, 0o700);
  now = 1999;
  expect([isToken('the-second-token'), isToken('the-first-token-0')]).toEqual([false, true]);
  now = 2000;
  expect([isToken('the-second-token'), isToken('the-first-token-0')]).toEqual([true, false]);
  expect(warnings).toEqual([
    expect.stringMatching(/^--token-file: .* may be written to by others .*; the one before still holds$/),
  ]);
});

test('who removes the file takes the token back; a new file counts at once', () => {
  writeFileSync(path, 'the-first-token-0', { mode: 0o600 });
  const isToken = open();
  unlinkSync(path);
  now += 1000;
  expect([isToken('the-first-token-0'), isToken('the-first-token-0')]).toEqual([false, false]);
  writeFileSync(path, 'the-second-token', { mode: 0o600 });
  expect([isToken('the-first-token-0'), isToken('the-second-token')]).toEqual([false, true]);
  expect(warnings).toEqual([`${path} is gone, and its token with it: nobody is let in until the file is there again`]);
});

test('a line break at the end does not count, and is told of', () => {
  writeFileSync(path, 'a-token-of-our-own\r\n', { mode: 0o600 });
  expect(open()('a-token-of-our-own')).toBe(true);
  expect(warnings).toEqual([`${path} ends in a line break, with which some SDKs refuse to send the token`]);
});

test.runIf(process.platform !== 'win32')('a file that every user can read is told of', () => {
  writeFileSync(path, 'a-token-of-our-own');
  chmodSync(path, 0o640);
  open();
  expect(warnings).toEqual([]);
  chmodSync(path, 0o644);
  open();
  expect(warnings).toEqual([`${path} is open to every user (mode 644)`]);
});

test.each(['', 'short', '\n', 'a-token-with-ünicode', 'a-token\nof-two-lines'])('"%s" is no token', (content) => {
  writeFileSync(path, content, { mode: 0o600 });
  const error = thrownBy(open);
  expect(error.code).toBe('OPTION_INVALID');
  expect(error.message).toBe(`--token-file: ${path} holds no token of at least 16 printable ASCII characters`);
});

test('its folder is made, too, for its owner alone', () => {
  path = join(folder, 'missing', 'token');
  expect(open()(readFileSync(path, 'utf8'))).toBe(true);
  expect(process.platform === 'win32' || (statSync(join(folder, 'missing')).mode & 0o777) === 0o700).toBe(true);
});

test('a folder above that is not there', () => {
  path = join(folder, 'missing', 'deeper', 'token');
  const error = thrownBy(open);
  expect([error.code, error.message]).toEqual(['FILE_FAILED', `--token-file: cannot make ${path}: ENOENT`]);
});

test('a folder that is not there, shown by where it was looked for', () => {
  path = join('missing', 'deeper', 'token');
  expect(thrownBy(open).message).toBe(`--token-file: cannot make ${resolve(path)}: ENOENT`);
});

describe.runIf(process.platform !== 'win32')('a file that somebody else may have filled', () => {
  test.each([0o620, 0o602, 0o666])('is refused with mode %o', (mode) => {
    writeFileSync(path, 'the-token-of-a-stranger');
    chmodSync(path, mode);
    const error = thrownBy(open);
    expect([error.code, error.message]).toEqual([
      'FILE_UNSAFE',
      `--token-file: ${path} may be written to by others (mode 0${mode.toString(8)})`,
    ]);
  });

  test('that is a pipe holds nothing up', () => {
    execFileSync('mkfifo', [path]);
    const error = thrownBy(open);
    expect([error.code, error.message]).toEqual(['FILE_UNSAFE', `--token-file: ${path} is no regular file`]);
  });

  test('put in place later does not count', () => {
    writeFileSync(path, 'the-first-token-0', { mode: 0o600 });
    const isToken = open();
    writeFileSync(`${path}.new`, 'the-token-of-a-stranger');
    chmodSync(`${path}.new`, 0o666);
    renameSync(`${path}.new`, path);
    expect([isToken('the-token-of-a-stranger'), isToken('the-first-token-0')]).toEqual([false, true]);
  });

  // Only root can give a file away.
  test.runIf(process.getuid?.() === 0)('is refused when it is another user’s (as root)', () => {
    writeFileSync(path, 'the-token-of-a-stranger', { mode: 0o600 });
    chownSync(path, 65_534, 65_534);
    expect(thrownBy(open)).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `--token-file: ${path} belongs to another user (uid 65534)`,
    });
  });
});

describe('in a folder that others may change (as root)', needsRoot(), () => {
  test('without the sticky bit no token is made or taken', () => {
    chmodSync(folder, 0o777);
    expect(thrownBy(open)).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `--token-file: the folder ${folder} may be written to by others (mode 0777)`,
    });
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, 'the-token-of-a-stranger', { mode: 0o600 });
    expect(thrownBy(open).code).toBe('FILE_UNSAFE');
  });

  test('a folder of our own below it is made, and does', () => {
    chmodSync(folder, 0o777);
    path = join(folder, 'roles-anywhere', 'token');
    expect(open()(readFileSync(path, 'utf8'))).toBe(true);
    expect(open()(readFileSync(path, 'utf8'))).toBe(true);
  });

  test('with it a link of another user is not followed, neither to a file nor to nothing', () => {
    chmodSync(folder, 0o1777);
    for (const target of ['/etc/machine-id', join(folder, 'none')]) {
      symlinkSync(target, path);
      lchownSync(path, 65_534, 65_534);
      expect(thrownBy(open)).toMatchObject({
        code: 'FILE_UNSAFE',
        message: `--token-file: ${path} is a symbolic link of another user (uid 65534)`,
      });
      unlinkSync(path);
    }
  });

  test('opened meanwhile, what is put in the place of the token does not count', () => {
    const isToken = open();
    const token = readFileSync(path, 'utf8');
    chmodSync(folder, 0o777);
    unlinkSync(path);
    symlinkSync('/etc/machine-id', path);
    lchownSync(path, 65_534, 65_534);
    now += 1000;
    expect([isToken(readFileSync('/etc/machine-id', 'utf8').trim()), isToken(token)]).toEqual([false, true]);
    expect(warnings).toHaveLength(1);
  });
});
