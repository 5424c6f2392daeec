import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { runCommand } from '../support/command.ts';
import { startCommand } from '../support/running-command.ts';
import { fileLists } from './file-lists.ts';
import { startPrivateSandbox } from './private-sandbox.ts';

let sandbox: Sandbox;
let folder: string;
let files: Awaited<ReturnType<typeof fileLists>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-update-'));
  sandbox = await startPrivateSandbox();
  files = await fileLists();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const environmentFor = (path: string) => ({ ...sandbox.environment, AWS_SHARED_CREDENTIALS_FILE: path });
const update = (path: string) => runCommand(['update', '--once'], { env: environmentFor(path) });

function writeCredentials(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, '[other]\r\naws_access_key_id = AKIAEXAMPLE\r\n');
  return path;
}

const updated = /\[other\]\r\naws_access_key_id = AKIAEXAMPLE\r\n[^]*\[default\][^]*ASIA/;

test('update writes the credentials file', async () => {
  const path = writeCredentials('credentials');
  expect(await update(path)).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(path, 'utf8')).toMatch(updated);
});

test('update replaces a file that is read-only, as elsewhere, and it stays so', async () => {
  const path = writeCredentials('read-only');
  chmodSync(path, 0o444);
  expect(await update(path)).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(path, 'utf8')).toMatch(updated);
  expect(statSync(path).mode & 0o222).toBe(0);
  chmodSync(path, 0o666);
});

/** Has a command stand still when it is first told that a file is in use, until that is over: it waits for half a second only. */
function standingStill(): {
  readonly env: Record<string, string>;
  readonly refused: string;
  readonly released: string;
} {
  const [refused, released] = [join(folder, 'refused'), join(folder, 'released')];
  const preload = join(folder, 'stand-still.cjs');
  writeFileSync(
    preload,
    `const fs = require('node:fs');
     const { openSync } = fs;
     fs.openSync = (...given) => {
       try {
         return openSync(...given);
       } catch (error) {
         if (error.code === 'EBUSY' && !fs.existsSync(process.env.REFUSED)) {
           fs.writeFileSync(process.env.REFUSED, '');
           const pause = new Int32Array(new SharedArrayBuffer(4));
           while (!fs.existsSync(process.env.RELEASED)) Atomics.wait(pause, 0, 0, 10);
         }
         throw error;
       }
     };`,
  );
  const require = `--require "${preload.replaceAll('\\', '/')}"`;
  return { env: { NODE_OPTIONS: require, REFUSED: refused, RELEASED: released }, refused, released };
}

test('update waits for a program that has the file open for itself', async () => {
  const path = writeCredentials('held for a moment');
  const release = files.hold(path);
  const { env, refused, released } = standingStill();
  const command = startCommand(['update', '--once'], { env: { ...environmentFor(path), ...env } });
  await expect.poll(() => existsSync(refused)).toBe(true);
  release();
  writeFileSync(released, '');
  expect((await command.ended).status).toBe(0);
  expect(readFileSync(path, 'utf8')).toMatch(updated);
});

test('update leaves a file as it was that another program keeps open, and says so', async () => {
  const path = writeCredentials('held');
  const release = files.hold(path);
  const { status, stderr } = await update(path);
  release();
  expect(status).toBe(6);
  expect(stderr).toContain(`cannot write ${path}: EBUSY`);
  expect(stderr).toContain('hint: it is as it was: it is read-only (attrib -r), or another program has kept it open');
  expect(readFileSync(path, 'utf8')).toBe('[other]\r\naws_access_key_id = AKIAEXAMPLE\r\n');
});

test('the cache does without an entry that another program keeps open', async () => {
  const words = ['credential-process', '--cache', '--cache-dir', join(folder, 'cache')];
  const env = { ...sandbox.environment, ROLES_ANYWHERE_WARNINGS: 'stderr' };
  const first = await runCommand(words, { env });
  const [entry = ''] = readdirSync(join(folder, 'cache'));
  const release = files.hold(join(folder, 'cache', entry));
  const second = await runCommand(words, { env });
  release();
  expect([second.status, second.stdout === first.stdout]).toEqual([0, false]);
  expect(second.stderr).toContain('the credentials are not kept, as ');
});
