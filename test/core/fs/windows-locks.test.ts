import type * as nodeFs from 'node:fs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type * as nodeOs from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tryLock, waitForLock } from '../../../src/core/fs/file-lock.ts';

/**
 * What Windows answers to whoever comes while a file goes away that others have open: it can be neither made nor looked
 * at, and is still listed. No other system has that.
 */
let [creations, looks] = [0, 0];
let canList = true;

const refused = (): never => {
  throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
};

vi.mock('node:os', async (original) => ({ ...(await original<typeof nodeOs>()), platform: () => 'win32' }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof nodeFs>();
  const openSync: typeof fs.openSync = (path, flags, mode) =>
    flags === 'wx' && (creations -= 1) >= 0 ? refused() : fs.openSync(path, flags, mode);
  const lstatSync = (path: string, options: object): unknown =>
    path.endsWith('lock') && (looks -= 1) >= 0 ? refused() : fs.lstatSync(path, options);
  return { ...fs, openSync, lstatSync, readdirSync: (path: string) => (canList ? fs.readdirSync(path) : refused()) };
});

let folder: string;
let path: string;
const holder = { pid: process.pid, isRunning: () => true };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-lock-'));
  path = join(folder, 'entry.lock');
});
afterEach(() => {
  [creations, looks, canList] = [0, 0, true];
  rmSync(folder, { recursive: true });
});

test('a lock that has just gone is taken', () => {
  creations = 1;
  const lock = tryLock(path, holder);
  expect(lock?.isHeld()).toBe(true);
  lock?.release();
});

test('one that still goes away is not to be had yet, and no reason to give up', () => {
  looks = 2;
  expect(tryLock(path, holder)).toBeUndefined();
  const lock = tryLock(path, holder);
  expect(lock?.isHeld()).toBe(true);
  lock?.release();
});

test('where nothing can be made at all, that is told', () => {
  creations = Infinity;
  expect(() => tryLock(path, holder)).toThrow(expect.objectContaining({ code: 'EPERM' }));
});

test('a lock is not kept from its holder by a folder that cannot be listed', async () => {
  canList = false;
  const context = { process: holder, monotonic: () => 0, sleep: async () => undefined, random: () => 0 };
  const lock = await waitForLock(path, path, context);
  lock.release();
  canList = true;
  expect(readdirSync(folder)).toEqual([]);
});
