import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChangeContext, changeFile } from '../../../src/outputs/update/change-file.ts';
import { rejectionOf } from '../../support/thrown.ts';

let folder: string;
let path: string;
/** Milliseconds that the code under test believes to have slept. */
let slept: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-change-file-'));
  path = join(folder, 'credentials');
  slept = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const context: ChangeContext = {
  userId: process.geteuid?.(),
  process: { pid: process.pid, isRunning: () => true },
  monotonic: () => slept,
  sleep: async (milliseconds) => {
    slept += milliseconds;
  },
  random: () => 0.5,
};
const append = (text: string) => `${text}more\n`;
const mode = (file: string) => (statSync(file).mode & 0o7777).toString(8);

describe('what is there afterwards', () => {
  test('a file of its own has mode 600, its folder 700, and nothing else is left', async () => {
    const nested = join(folder, 'home', '.aws', 'credentials');
    await changeFile(nested, append, context);
    expect(readFileSync(nested, 'utf8')).toBe('more\n');
    expect([mode(nested), mode(join(folder, 'home', '.aws'))]).toEqual(['600', '700']);
    expect(readdirSync(join(folder, 'home', '.aws'))).toEqual(['credentials']);
  });

  test.each([0o600, 0o640, 0o400, 0o644])('the mode %o stays', async (before) => {
    writeFileSync(path, 'text\n');
    chmodSync(path, before);
    await changeFile(path, append, context);
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['text\nmore\n', before.toString(8)]);
  });

  test('every byte stays', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    writeFileSync(path, bytes);
    chmodSync(path, 0o600);
    await changeFile(path, append, context);
    expect(readFileSync(path)).toEqual(Buffer.concat([bytes, Buffer.from('more\n')]));
  });

  test('a file that would stay the same is not written', async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    const { ino } = statSync(path);
    await changeFile(path, (text) => text, context);
    expect(statSync(path).ino).toBe(ino);
  });

  test('symbolic links stay, those that lead to nothing yet too', async () => {
    mkdirSync(join(folder, 'real'), { mode: 0o700 });
    symlinkSync('real/file', join(folder, 'second'));
    symlinkSync(join(folder, 'second'), path);
    await changeFile(path, append, context);
    await changeFile(path, append, context);
    expect(readFileSync(join(folder, 'real', 'file'), 'utf8')).toBe('more\nmore\n');
    expect([lstatSync(path).isSymbolicLink(), lstatSync(join(folder, 'second')).isSymbolicLink()]).toEqual([
      true,
      true,
    ]);
    expect(readdirSync(join(folder, 'real'))).toEqual(['file']);
  });

  test('what a writer that was killed left behind goes', async () => {
    writeFileSync(join(folder, '.credentials.roles-anywhere-0'), 'half a sec');
    await changeFile(path, append, context);
    expect(readdirSync(folder)).toEqual(['credentials']);
  });
});

describe('what is refused', () => {
  test.each([0o620, 0o602, 0o666])('a file that others may write to, mode %o', async (before) => {
    writeFileSync(path, 'text\n');
    chmodSync(path, before);
    const error = await rejectionOf(changeFile(path, append, context));
    expect(error).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `${path} may be written to by others (mode 0${before.toString(8)})`,
      hints: [`run chmod go-w ${path}`],
    });
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['text\n', ['credentials']]);
  });

  test('a folder in which everybody may replace files, unless it is sticky', async () => {
    chmodSync(folder, 0o777);
    expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({ code: 'FILE_UNSAFE' });
    expect(existsSync(path)).toBe(false);
    chmodSync(folder, 0o1777);
    await changeFile(path, append, context);
    expect(readFileSync(path, 'utf8')).toBe('more\n');
  });

  test('a folder in the place of the file', async () => {
    mkdirSync(path);
    expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `${path} is no regular file`,
    });
  });

  test('a circle of symbolic links', async () => {
    symlinkSync('credentials', path);
    expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
      code: 'FILE_FAILED',
      message: `${path} is a circle of symbolic links`,
    });
  });

  test('a change that throws leaves the file and no lock', async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    const failing = () => {
      throw new TypeError('no');
    };
    expect(await rejectionOf(changeFile(path, failing, context))).toMatchObject({ code: 'FILE_FAILED' });
    expect(readdirSync(folder)).toEqual(['credentials']);
  });
});

// Only root can make a link that is another user's.
test.runIf(process.getuid?.() === 0)('a link of another user is not followed (as root)', async () => {
  const target = join(folder, 'target');
  writeFileSync(target, 'text\n', { mode: 0o600 });
  symlinkSync(target, path);
  lchownSync(path, 65_534, 65_534);
  expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
    code: 'FILE_UNSAFE',
    message: `${path} is a symbolic link of another user (uid 65534)`,
  });
  expect(readFileSync(target, 'utf8')).toBe('text\n');
});
