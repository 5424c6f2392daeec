import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchCommand } from '../../../../src/cli/commands/exec/batch-file.ts';
import { thrownBy } from '../../../support/thrown.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'batch file-'));
  for (const name of ['one', 'two']) mkdirSync(join(folder, name));
  for (const name of ['tool.cmd', 'tool.exe', 'OLD.BAT', 'npm.cmd', 'npm'])
    writeFileSync(join(folder, 'two', name), '');
  writeFileSync(join(folder, 'one', 'npm'), '');
  chmodSync(join(folder, 'two', 'npm'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

const env = () => ({ PATH: [join(folder, 'one'), join(folder, 'two')].join(';'), PATHEXT: '.exe;.cmd;.BAT' });
const lineOf = (program: string, ...args: readonly string[]) => batchCommand(program, args, env())?.args.at(-1);

describe('a batch file', () => {
  test('is found on the PATH, where a program of that name does not come first', () => {
    expect(lineOf('OLD')).toBe(`""${join(folder, 'two', 'OLD.BAT')}""`);
    expect(lineOf('npm')).toBe(`""${join(folder, 'two', 'npm.cmd')}""`);
    expect(lineOf('tool')).toBeUndefined();
    expect(lineOf('tool.cmd')).toBe(`""${join(folder, 'two', 'tool.cmd')}""`);
    expect(lineOf('absent')).toBeUndefined();
  });

  test('by its path is that very file', () => {
    expect(lineOf(join(folder, 'two', 'npm.cmd'))).toBe(`""${join(folder, 'two', 'npm.cmd')}""`);
  });

  test('is run by the shell of the environment, without its extras', () => {
    const { shell, args } = batchCommand('npm', ['x'], { ...env(), COMSPEC: String.raw`C:\cmd.exe` }) ?? {};
    expect(batchCommand('npm', ['x'], { ...env(), ComSpec: String.raw`D:\cmd.exe` })?.shell).toBe(
      String.raw`D:\cmd.exe`,
    );
    expect(batchCommand('npm', ['x'], env())?.shell).toMatch(/^C:.Windows.System32.cmd\.exe$/);
    expect([shell, args?.slice(0, 5)]).toEqual([String.raw`C:\cmd.exe`, ['/e:ON', '/v:OFF', '/d', '/s', '/c']]);
  });
});

describe('an argument', () => {
  const quoted = (text: string) => lineOf('npm', text)?.slice(`""${join(folder, 'two', 'npm.cmd')}" `.length, -1);

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
