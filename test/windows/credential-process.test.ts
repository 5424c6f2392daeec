import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromIni } from '@aws-sdk/credential-providers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitForWindows } from '../../src/options/profile/split-command-line.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'Program Files (x64) & more-'));
  sandbox = await startSandbox();
  for (const name of ['bin', 'dist/command', 'package.json'])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  // As npm makes it.
  writeFileSync(at('roles-anywhere.cmd'), `@"${process.execPath}" "%~dp0\\bin\\roles-anywhere.cjs" %*\r\n`);
  mkdirSync(at('.aws'));
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const words = 'credential-process --from-profile on-prem-ra';

/** Lines of docs/windows.md, with the paths of this machine. */
const lines: readonly (readonly [name: string, line: () => string])[] = [
  ['Node and the file that it runs', () => `"${process.execPath}" "${at('bin\\roles-anywhere.cjs')}" ${words}`],
  ['the batch file of npm, by its path', () => `"${at('roles-anywhere.cmd')}" ${words}`],
  ['the batch file of npm, on the PATH', () => `roles-anywhere.cmd ${words}`],
];

function writeConfig(line: string): string {
  const path = join(folder, '.aws', 'config');
  writeFileSync(path, `[profile on-prem]\ncredential_process = ${line}\n\n${sandbox.configSection('on-prem-ra')}`);
  return path;
}

/** With a home folder and a PATH that lead to what was made here. */
async function within<T>(run: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  Object.assign(process.env, { USERPROFILE: folder, PATH: `${process.env['PATH']};${folder}` });
  try {
    return await run();
  } finally {
    Object.assign(process.env, { USERPROFILE: before['USERPROFILE'], PATH: before['PATH'] });
  }
}

describe('credential_process', () => {
  test.each(lines)('with %s: the SDK for JavaScript, which starts a shell, gets credentials', async (_, line) => {
    const configFilepath = writeConfig(line());
    const files = { filepath: at('none'), configFilepath, ignoreCache: true };
    const credentials = await within(() => fromIni({ profile: 'on-prem', ...files })());
    expect(credentials.accessKeyId).toMatch(/^ASIA/);
  });

  test('with Node and its file: who starts no shell gets them too, as botocore splits the line', async () => {
    const line = lines[0]?.[1]() ?? '';
    writeConfig(line);
    const [program = '', ...args] = splitForWindows(line) ?? [];
    const stdout = await within(
      () =>
        new Promise<string>((settle, fail) => {
          execFile(program, args, (error, text) => (error === null ? settle(text) : fail(error)));
        }),
    );
    expect(JSON.parse(stdout)).toMatchObject({ Version: 1, AccessKeyId: expect.stringMatching(/^ASIA/) as string });
  });

  test('is documented by these very lines', () => {
    const text = readFileSync(join(root, 'docs', 'windows.md'), 'utf8');
    const documented = [...text.matchAll(/^ {4}credential_process = (.*)$/gm)].map(([, line = '']) =>
      splitForWindows(line),
    );
    const ends = documented.map((line) => line?.slice(0, 2).map((word) => word.split('\\').at(-1)));
    expect(ends).toEqual([
      ['roles-anywhere.exe', 'credential-process'],
      ['node.exe', 'roles-anywhere.cjs'],
      ['roles-anywhere.cmd', 'credential-process'],
    ]);
  });
});
