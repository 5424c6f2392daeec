import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { runCommand } from '../support/command.ts';

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles anywhere & exec-'));
  sandbox = await startSandbox();
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

test('the shell of the user is started where no program is named', async () => {
  const { stdout } = await runCommand(['exec'], {
    env: sandbox.environment,
    input: 'echo region %AWS_REGION%\r\nexit\r\n',
  });
  expect(stdout).toContain(`region ${sandbox.region}`);
});
