import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { root, runCommand } from '../support/command.ts';
import { startPrivateSandbox } from './private-sandbox.ts';

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles anywhere & exec-'));
  sandbox = await startPrivateSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const exec = (args: readonly string[], path = process.env['PATH'] ?? '') =>
  runCommand(['exec', '--', ...args], { env: { ...sandbox.environment, PATH: path } });

/** A batch file that shows how many arguments came, by a Node that gets them. */
function writeBatch(name: string): string {
  const path = join(folder, name);
  const show = join(folder, 'show.cjs');
  writeFileSync(show, 'console.log(JSON.stringify([process.env.AWS_REGION, ...process.argv.slice(2)]));');
  writeFileSync(path, `@"${process.execPath}" "${show}" %*\r\n@exit /b 7\r\n`);
  return path;
}

test('a .cmd file is run, with its arguments as they were given and its status', async () => {
  const args = ['two words', 'a&b', '"quoted"', '^', 'C:\\end\\', ''];
  const { status, stdout, stderr } = await exec([writeBatch('show.cmd'), ...args]);
  expect([status, stderr]).toEqual([7, '']);
  expect(JSON.parse(stdout)).toEqual([sandbox.region, ...args]);
});

test('a .cmd file is found by its name alone, on the PATH', async () => {
  writeBatch('tool.cmd');
  const { status, stdout } = await exec(['tool', 'x'], `${process.env['PATH']};${folder}`);
  expect([status, JSON.parse(stdout)]).toEqual([7, [sandbox.region, 'x']]);
});

test('a program that is not there is status 127, and no defect', async () => {
  const { status, stderr } = await exec(['no-such-program']);
  expect([status, stderr]).toEqual([127, 'roles-anywhere: cannot run no-such-program: there is no such program\n']);
});

test('what is in the current folder is run by its path alone', async () => {
  const here = join(folder, 'current');
  mkdirSync(here);
  writeFileSync(join(here, 'planted.exe'), 'MZ');
  writeFileSync(join(here, 'planted.cmd'), '@exit /b 9\r\n');
  const run = async (name: string) =>
    (
      await runCommand(['exec', '--', name], {
        env: { ...sandbox.environment, PATH: `.;${process.env['PATH']}` },
        cwd: here,
      })
    ).status;
  expect([await run('planted'), await run('planted.exe'), await run('.\\planted.cmd')]).toEqual([127, 127, 9]);
});

test.each([
  ['by its name, on the PATH', 'signer', 0],
  ['by its path', '"PATH"', 0],
  ['but not in the current folder', 'planted', 3],
])('a program that signs is found %s', async (_, word, status) => {
  const program = join(folder, 'signer.cmd');
  const script = join(root, 'test', 'support', 'signer-program.mjs');
  writeFileSync(
    program,
    `@"${process.execPath}" "${script}" "${sandbox.environment['ROLES_ANYWHERE_PRIVATE_KEY']}"\r\n`,
  );
  const { ROLES_ANYWHERE_PRIVATE_KEY: _key, ...environment } = sandbox.environment;
  const result = await runCommand(['credential-process', '--signer', `exec:${word.replace('PATH', program)}`], {
    env: { ...environment, PATH: `${process.env['PATH']};${folder}` },
    cwd: join(folder, 'current'),
  });
  expect([result.status, result.stderr]).toEqual([status, expect.stringMatching(status === 0 ? /^$/ : /is not there/)]);
});

test('the shell of the user is started where no program is named', async () => {
  const { stdout } = await runCommand(['exec'], {
    env: sandbox.environment,
    input: 'echo region %AWS_REGION%\r\nexit\r\n',
  });
  expect(stdout).toContain(`region ${sandbox.region}`);
});
