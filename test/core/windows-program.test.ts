import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { windowsProgram } from '../../src/core/windows-program.ts';
import { thrownBy } from '../support/thrown.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'windows program-'));
  for (const name of ['one', 'two', 'one/tool.exe']) mkdirSync(join(folder, name));
  for (const name of ['tool.cmd', 'tool.exe', 'OLD.BAT', 'npm.cmd', 'npm', 'two.v2.exe'])
    writeFileSync(join(folder, 'two', name), '');
  writeFileSync(join(folder, 'one', 'npm'), '');
  chmodSync(join(folder, 'two', 'npm'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = () => ({ PATH: [join(folder, 'one'), join(folder, 'two')].join(';'), PATHEXT: '.exe;.cmd;.BAT' });
const found = (program: string, args: readonly string[] = [], more: object = {}) =>
  windowsProgram(program, args, { ...env(), ...more });
const lineOf = (program: string, ...args: readonly string[]) => found(program, args).args.at(-1);
const two = (name: string): string => join(folder, 'two', name);

describe('a program', () => {
  test('is found on the PATH, by its name with and without an ending, and not where that is a folder', () => {
    const inTwo = { file: two('tool.exe'), args: ['x'], isVerbatim: false };
    expect([found('tool', ['x']), found('tool.exe', ['x'])]).toEqual([inTwo, inTwo]);
    expect(found('two.v2').file).toBe(two('two.v2.exe'));
  });

  test('by its path is that very file, by its whole path where it begins at the current folder', () => {
    expect(found(two('tool')).file).toBe(two('tool.exe'));
    expect(found(relative(process.cwd(), two('tool.exe'))).file).toBe(two('tool.exe'));
  });

  test.each([
    ['.', '.'],
    ['an empty entry', ''],
    ['a folder below the current one', 'bin'],
  ])('is not looked for in the current folder, where %s is on the PATH', (_, entry) => {
    const here = process.cwd();
    process.chdir(join(folder, 'two'));
    mkdirSync('bin', { recursive: true });
    writeFileSync(join('bin', 'inner.exe'), '');
    try {
      expect(() => found('tool', [], { PATH: entry })).toThrow('no tool');
      expect(() => found('inner', [], { PATH: entry })).toThrow('no inner');
    } finally {
      process.chdir(here);
    }
  });

  test('is found by Path, and in a folder that stands in quotes', () => {
    const quoted = { Path: `C:\\nowhere;"${join(folder, 'two')}"`, PATHEXT: '.exe' };
    expect(windowsProgram('tool', [], quoted).file).toBe(two('tool.exe'));
  });

  test('that is nowhere is told by the code of the system', () => {
    expect(() => found('absent')).toThrow(expect.objectContaining({ code: 'ENOENT' }) as Error);
    expect(() => found(two('absent.exe'))).toThrow(expect.objectContaining({ code: 'ENOENT' }) as Error);
  });
});

describe('a batch file', () => {
  test('is found on the PATH, where a program of that name does not come first', () => {
    expect(lineOf('OLD')).toBe(`""${two('OLD.BAT')}""`);
    expect(lineOf('npm')).toBe(`""${two('npm.cmd')}""`);
    expect(lineOf('tool.cmd')).toBe(`""${two('tool.cmd')}""`);
    expect(lineOf(two('npm.cmd'))).toBe(`""${two('npm.cmd')}""`);
  });

  test('is run by the shell of the environment, without its extras', () => {
    const { file, args, isVerbatim } = found('npm', ['x'], { COMSPEC: String.raw`C:\cmd.exe` });
    expect([file, args.slice(0, 5)]).toEqual([String.raw`C:\cmd.exe`, ['/e:ON', '/v:OFF', '/d', '/s', '/c']]);
    expect(isVerbatim).toBe(true);
    expect(found('npm', [], { ComSpec: String.raw`D:\cmd.exe` }).file).toBe(String.raw`D:\cmd.exe`);
  });

  test.each([{}, { COMSPEC: 'cmd.exe' }, { COMSPEC: '' }])(
    'is never run by a shell of the current folder: %j',
    (more) => {
      expect(found('npm', [], more).file).toBe(String.raw`C:\Windows\System32\cmd.exe`);
    },
  );
});

describe('an argument of a batch file', () => {
  const quoted = (text: string) => lineOf('npm', text)?.slice(`""${two('npm.cmd')}" `.length, -1);

  test.each([
    ['', '""'],
    ['a&b|c>d^e', '"a&b|c>d^e"'],
    ['"x"', '"""x"""'],
    [String.raw`end\ `.trim(), String.raw`"end\\"`],
    [String.raw`a\"b`, String.raw`"a\\""b"`],
    ['%PATH%', '"%%cd:~,%PATH%%cd:~,%"'],
  ])('%j means to cmd.exe what it is', (text, expected) => {
    expect(quoted(text)).toBe(expected);
  });

  test.each(['a\nb', 'a\rb', 'a\0b'])('%j cannot be given', (text) => {
    expect(thrownBy(() => quoted(text))).toMatchObject({ code: 'PROGRAM_FAILED' });
  });
});
