import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../support/command.ts';
import { needs } from '../support/programs.ts';

const page = readFileSync(join(root, 'docs', 'serve.md'), 'utf8');
const [service = '', socket = ''] = [...page.matchAll(/```ini\n([^]*?)```/g)].map(([, unit]) => unit ?? '');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-units-'));
  // The command is not installed where these tests run.
  writeFileSync(join(folder, 'roles-anywhere.service'), service.replaceAll('/usr/bin/roles-anywhere', '/bin/true'));
  writeFileSync(join(folder, 'roles-anywhere.socket'), socket);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the units of docs/serve.md', needs('systemd-analyze'), () => {
  const analyze = (...args: string[]) => promisify(execFile)('systemd-analyze', args, { cwd: folder });

  test('systemd understands every line', async () => {
    const units = ['roles-anywhere.service', 'roles-anywhere.socket'].map((name) => join(folder, name));
    const { stdout, stderr } = await analyze('verify', '--recursive-errors=no', ...units);
    expect([stdout, stderr]).toEqual(['', '']);
  });

  test('the service is exposed as little as systemd thinks it can be with a network', async () => {
    const threshold = ['--offline=true', '--threshold=20'];
    const { stdout } = await analyze('security', ...threshold, join(folder, 'roles-anywhere.service'));
    expect(stdout).toMatch(/Overall exposure level for .*: [01]\.\d/);
  });
});
