import { chmodSync, mkdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import type { CacheEntry } from '../../../src/pipeline/disk-cache/cache-entry.ts';
import { type Renewal, renewAlone } from '../../../src/pipeline/disk-cache/renew-alone.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { cachePlace, isRunning } from './cache-place.ts';
import { later, minutes, noon, sampleEntry } from './sample-entry.ts';

const place = cachePlace();
afterEach(() => place.remove());

const warnings: string[] = [];
const written: CacheEntry[] = [];

function context(now: Date) {
  return {
    process: { pid: process.pid, isRunning },
    now: () => now,
    sleep: () => Promise.resolve(),
    warn: (message: string) => void warnings.push(message),
  };
}

function renewal(changes: Partial<Renewal>): Renewal {
  warnings.length = 0;
  written.length = 0;
  return {
    folder: place.folder,
    key: 'd'.repeat(64),
    read: () => Promise.resolve(undefined),
    write: (entry) => Promise.resolve(void written.push(entry)),
    renew: () => Promise.reject(new Error('not to be renewed')),
    ...changes,
  };
}

test('who gets the lock after another one has renewed asks for nothing', async () => {
  const entry = sampleEntry();
  expect(await renewAlone(renewal({ read: () => Promise.resolve(entry) }), context(noon))).toBe(entry);
  expect(written).toEqual([]);
});

test('a wrong PIN is not tried again as long as there are credentials', async () => {
  const entry = sampleEntry();
  const renew = (): Promise<never> => Promise.reject(new RolesAnywhereError('PIN_WRONG', 'wrong'));
  const outcome = await renewAlone(renewal({ read: () => Promise.resolve(entry), renew }), context(later(minutes(51))));
  expect(outcome).toEqual({ ...entry, restsUntil: later(minutes(60)) });
  expect(written).toEqual([outcome]);
  expect(warnings).toEqual([
    expect.stringMatching(/could not be renewed, .* work until 2026-03-01T13:00:00\.000Z: wrong$/),
  ]);
});

test('a failure is thrown when nothing works any more', async () => {
  const renew = (): Promise<never> => Promise.reject(new RolesAnywhereError('SERVICE_UNAVAILABLE', 'gone'));
  const expired = renewal({ read: () => Promise.resolve(sampleEntry()), renew });
  expect(await rejectionOf(renewAlone(expired, context(later(minutes(60)))))).toMatchObject({ message: 'gone' });
  expect(written).toEqual([]);
});

test('where nothing can be written, what there is in the cache still counts', async () => {
  const folder = { ...place.folder, path: `${process.execPath}/cache` };
  const renew = (): Promise<never> => Promise.reject(new RolesAnywhereError('SERVICE_UNAVAILABLE', 'gone'));
  const entry = sampleEntry();
  const outcome = await renewAlone(
    renewal({ folder, read: () => Promise.resolve(entry), renew }),
    context(later(minutes(51))),
  );
  expect(outcome).toMatchObject(entry);
  expect(warnings).toEqual([
    expect.stringContaining(`${folder.path} cannot be written`),
    expect.stringContaining('gone'),
  ]);
});

test.skipIf(place.folder.userId === undefined)('a folder that others may write to is refused', async () => {
  mkdirSync(place.folder.path, { recursive: true });
  chmodSync(place.folder.path, 0o777);
  expect(await rejectionOf(renewAlone(renewal({}), context(noon)))).toMatchObject({
    code: 'FILE_UNSAFE',
    message: `--cache-dir: ${place.folder.path} gives permissions to others (mode 0777), so the cache is not used`,
    hints: [`if it is yours, chmod 700 ${place.folder.path}`],
  });
});
