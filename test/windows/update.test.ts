import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { runCommand } from '../support/command.ts';

let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-update-'));
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const update = (path: string) =>
  runCommand(['update', '--once'], { env: { ...sandbox.environment, AWS_SHARED_CREDENTIALS_FILE: path } });

test('update writes the credentials file', async () => {
  const path = join(folder, 'credentials');
  writeFileSync(path, '[other]\r\naws_access_key_id = AKIAEXAMPLE\r\n');
  expect(await update(path)).toMatchObject({ status: 0, stderr: '' });
  expect(readFileSync(path, 'utf8')).toMatch(/\[other\]\r\naws_access_key_id = AKIAEXAMPLE\r\n[^]*\[default\][^]*ASIA/);
});
