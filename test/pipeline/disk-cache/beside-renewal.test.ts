import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AccessLists } from '../../../src/core/fs/access-lists.ts';
import { tryLock } from '../../../src/core/fs/file-lock.ts';
import type { CacheFolder } from '../../../src/pipeline/disk-cache/cache-folder.ts';
import { clearEntries, findListed, listEntries } from '../../../src/pipeline/disk-cache/list-entries.ts';
import { writeEntry } from '../../../src/pipeline/disk-cache/write-entry.ts';
import { thrownBy } from '../../support/thrown.ts';
import { cachePlace, isRunning } from './cache-place.ts';
import { noon, sampleEntry } from './sample-entry.ts';

const place = cachePlace();
const { folder } = place;
const holder = { pid: process.pid, isRunning };
const [renewed, other] = ['a'.repeat(64), 'b'.repeat(64)];

beforeEach(() => mkdirSync(folder.path, { mode: 0o700, recursive: true }));
afterEach(() => place.remove());

function put(name: string, content = 'x'): void {
  writeFileSync(`${folder.path}/${name}`, content, { mode: 0o600 });
}

function age(name: string, hours: number): void {
  const then = new Date(Date.now() - hours * 3_600_000);
  utimesSync(`${folder.path}/${name}`, then, then);
}

function write(key: string): Promise<void> {
  const context = { process: holder, now: () => new Date(), sleep: () => Promise.resolve() };
  const names = { role: 'a role', target: 'a target' };
  return writeEntry({ folder, key, seal: undefined }, { entry: sampleEntry(), names }, context);
}

const left = (): readonly string[] => readdirSync(folder.path).sort();

/** The folder, of which each look at a path is told. */
function watched(look: (path: string) => void): CacheFolder {
  const none = (): never => {
    throw new Error('not to be called');
  };
  const doubt: AccessLists['doubt'] = (path) => {
    look(path);
    return undefined;
  };
  const rest = { folderDoubt: () => undefined, makeFolder: none, makeFile: none, closePipe: none };
  return { ...folder, accessLists: { ...rest, doubt } };
}

/** The folder, whose files cannot be looked at for this reason. */
function failing(code: string): CacheFolder {
  return watched((path) => {
    if (path !== folder.path) throw Object.assign(new Error(code), { code });
  });
}

test('clearing takes neither the lock of a renewal nor what it is about to put in place', () => {
  const lock = tryLock(`${folder.path}/${renewed}.lock`, holder);
  const draft = `${renewed}.${'0'.repeat(12)}.tmp`;
  for (const name of [`${renewed}.json`, draft, `${other}.json`, `${other}.${'1'.repeat(12)}.tmp`]) put(name);
  put(`${other}.lock-${'2'.repeat(16)}`);
  put('notes.txt');
  expect(clearEntries(folder, holder)).toBe(2);
  expect(left()).toEqual([draft, `${renewed}.lock`, 'notes.txt'].sort());
  expect(lock?.isHeld()).toBe(true);
  lock?.release();
  expect(clearEntries(folder, holder)).toBe(0);
  expect(left()).toEqual(['notes.txt']);
});

test('clearing does not take an entry that is written right after for one that cannot be removed', () => {
  put(`${renewed}.json`);
  let looks = 0;
  const renewing = watched(() => {
    looks += 1;
    if (looks === 2) put(`${other}.json`);
  });
  expect(clearEntries(renewing, holder)).toBe(1);
});

test('sweeping leaves an old entry, and the lock, to the process that renews it', async () => {
  for (const name of [`${renewed}.json`, `${renewed}.lock`]) {
    put(name);
    age(name, 14);
  }
  const lock = tryLock(`${folder.path}/${renewed}.lock`, holder);
  await write(other);
  expect(left()).toEqual([`${renewed}.json`, `${renewed}.lock`, `${other}.json`].sort());
  expect(lock?.isHeld()).toBe(true);
  lock?.release();
  await write(other);
  expect(left()).toEqual([`${other}.json`]);
});

describe('an entry that is there as the folder is listed', () => {
  beforeEach(() => put(`${renewed}.json`));

  test('and gone when it is read, is none', () => {
    expect(listEntries(failing('ENOENT'), noon)).toEqual([]);
    expect(findListed(failing('ENOENT'), renewed, noon)).toBeUndefined();
  });

  test('and cannot be read, is told of', () => {
    const told = { code: 'FILE_FAILED', message: expect.stringContaining('which cannot be read: EPERM') as string };
    expect(thrownBy(() => listEntries(failing('EPERM'), noon))).toMatchObject(told);
    expect(thrownBy(() => findListed(failing('EPERM'), renewed, noon))).toMatchObject(told);
  });
});
