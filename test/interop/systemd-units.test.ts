import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../support/command.ts';
import { needs } from '../support/programs.ts';

/** The units that a page shows. */
function unitsOf(page: string): readonly string[] {
  const text = readFileSync(join(root, 'docs', page), 'utf8');
  return [...text.matchAll(/```ini\n([^]*?)```/g)].map(([, unit]) => unit ?? '');
}

const [service = '', socket = ''] = unitsOf('serve.md');
const [daily = '', timer = ''] = unitsOf('certificates.md');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-units-'));
  // The command is not installed where these tests run.
  const installed = (unit: string): string => unit.replaceAll('/usr/bin/roles-anywhere', '/bin/true');
  writeFileSync(join(folder, 'roles-anywhere.service'), installed(service));
  writeFileSync(join(folder, 'roles-anywhere-certificates.service'), installed(daily));
  writeFileSync(join(folder, 'roles-anywhere-certificates.timer'), timer);
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

  test('and every line of those of docs/certificates.md', async () => {
    const units = ['service', 'timer'].map((kind) => join(folder, `roles-anywhere-certificates.${kind}`));
    const { stdout, stderr } = await analyze('verify', '--recursive-errors=no', ...units);
    expect([stdout, stderr]).toEqual(['', '']);
  });

  test('the service is exposed as little as systemd thinks it can be with a network', async () => {
    const threshold = ['--offline=true', '--threshold=20'];
    const { stdout } = await analyze('security', ...threshold, join(folder, 'roles-anywhere.service'));
    expect(stdout).toMatch(/Overall exposure level for .*: [01]\.\d/);
  });
});
