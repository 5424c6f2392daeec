import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { readFile } from '../../../src/core/fs/read-file-at-start.ts';

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-at-start-'));
const path = join(folder, 'key');
const [isFile, mode] = [() => true, 0o100600];

afterEach(() => {
  vi.unstubAllGlobals();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Bun's calls as they answer where a file changes between them: no file can be made to, at the right moment.
test.each([
  ['it grew meanwhile', { size: 3, stat: async () => ({ isFile, mode }) }],
  ['it is no file', { size: 4, stat: async () => ({ isFile: () => false, mode }) }],
  ['it went away', { size: 4, stat: () => Promise.reject(new Error('gone')) }],
])('bytes that are not used are wiped: %s', async (_name, file) => {
  const bytes = Uint8Array.from(Buffer.from('key!'));
  vi.stubGlobal('Bun', { file: () => ({ ...file, slice: () => ({ bytes: async () => bytes }) }) });
  await readFile(path, { bytes: 100 }).catch(() => undefined);
  expect([...bytes]).toEqual([0, 0, 0, 0]);
});

test('bytes that are used are not', async () => {
  const bytes = Uint8Array.from(Buffer.from('key!'));
  const slice = () => ({ bytes: async () => bytes });
  vi.stubGlobal('Bun', { file: () => ({ size: 4, stat: async () => ({ isFile, mode }), slice }) });
  expect(await readFile(path, { bytes: 100 })).toEqual({ bytes: Buffer.from('key!'), mode });
});
