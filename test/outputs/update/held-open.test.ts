import type * as nodeFs from 'node:fs';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type * as nodeOs from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { changeFile } from '../../../src/outputs/update/change-file.ts';
import { rejectionOf } from '../../support/thrown.ts';

/** How often a file cannot be moved over the one that somebody has open: what Windows says of it, which no other system does. */
let inUse = 0;
/** How often a file with `kept` in its name cannot be opened, as somebody has it open without sharing it. */
let kept = 0;
vi.mock('node:os', async (original) => ({ ...(await original<typeof nodeOs>()), platform: () => 'win32' }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof nodeFs>();
  const renameSync = (from: string, to: string): void => {
    inUse -= 1;
    if (inUse >= 0) throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    fs.renameSync(from, to);
  };
  const openSync: typeof fs.openSync = (path, flags, mode) => {
    if (String(path).endsWith('kept') && (kept -= 1) >= 0)
      throw Object.assign(new Error('EBUSY'), { code: 'EBUSY', syscall: 'open' });
    return fs.openSync(path, flags, mode);
  };
  return { ...fs, renameSync, openSync };
});

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-held-'));
afterAll(() => rmSync(folder, { recursive: true }));

const context = {
  userId: undefined,
  process: { pid: process.pid, isRunning: () => true },
  monotonic: () => performance.now(),
  sleep: async () => undefined,
  random: Math.random,
};

test('on Windows a file that is open for a moment is replaced as soon as it is closed', async () => {
  const path = join(folder, 'moment');
  writeFileSync(path, 'old\n');
  inUse = 19;
  expect(await changeFile(path, () => 'new\n', context)).toEqual([]);
  expect(readFileSync(path, 'utf8')).toBe('new\n');
});

test('one that stays open, or is read-only, stays as it is, and the hint says both', async () => {
  const path = join(folder, 'held');
  writeFileSync(path, 'old\n');
  inUse = 20;
  const failure = await rejectionOf(changeFile(path, () => 'new\n', context));
  expect(failure).toMatchObject({ code: 'FILE_FAILED', message: `cannot write ${path}: EPERM` });
  expect(failure.hints.join('')).toMatch(/read-only \(attrib -r\), or another program has kept it open/);
  expect(readFileSync(path, 'utf8')).toBe('old\n');
  expect(readdirSync(folder)).not.toContainEqual(expect.stringMatching(/roles-anywhere|lock/));
});

describe('one that another program keeps for itself', () => {
  test('is changed as soon as it lets go', async () => {
    const path = join(folder, 'kept');
    writeFileSync(path, 'old\n');
    kept = 5;
    expect(await changeFile(path, () => 'new\n', context)).toEqual([]);
    expect(readFileSync(path, 'utf8')).toBe('new\n');
  });

  test('is given up after half a second', async () => {
    kept = Infinity;
    let now = 0;
    const failure = await rejectionOf(
      changeFile(join(folder, 'kept'), () => 'newer\n', { ...context, monotonic: () => (now += 100) }),
    );
    kept = 0;
    expect(failure).toMatchObject({ code: 'FILE_FAILED', message: expect.stringContaining('EBUSY') as string });
    expect(readFileSync(join(folder, 'kept'), 'utf8')).toBe('new\n');
  });
});
