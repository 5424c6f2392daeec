import {
  lstatSync,
  lutimesSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LockContext, waitForLock } from '../../../src/core/fs/file-lock.ts';
import { rejectionOf } from '../../support/thrown.ts';

let folder: string;
let path: string;
let slept: number;
let running: Set<number>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-lock-'));
  path = join(folder, 'credentials.lock');
  slept = 0;
  running = new Set([1, 2]);
});
afterEach(() => rmSync(folder, { recursive: true }));

const context = (pid: number, onSleep: () => void = () => undefined): LockContext => ({
  process: { pid, isRunning: (other) => running.has(other) },
  monotonic: () => slept,
  sleep: async (milliseconds) => {
    slept += milliseconds;
    age(milliseconds);
    onSleep();
  },
  random: () => 0.5,
});

/** Makes what has the lock's name so much older: a file tells its age by its date. */
function age(milliseconds: number): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  const then = (stats.mtimeMs - milliseconds) / 1000;
  lutimesSync(path, then, then);
}

test('is there while it is held, and gone afterwards', async () => {
  const lock = await waitForLock(path, path, context(1));
  expect([lock.isHeld(), JSON.parse(readFileSync(path, 'utf8'))]).toEqual([true, expect.objectContaining({ pid: 1 })]);
  lock.release();
  expect([lock.isHeld(), readdirSync(folder)]).toEqual([false, []]);
});

test('is waited for', async () => {
  const first = await waitForLock(path, path, context(1));
  let sleeps = 0;
  const second = await waitForLock(
    path,
    path,
    context(2, () => {
      sleeps += 1;
      if (sleeps === 5) first.release();
    }),
  );
  expect([sleeps, second.isHeld()]).toEqual([5, true]);
});

test('of a process that is gone is broken at once', async () => {
  const first = await waitForLock(path, path, context(1));
  running.delete(1);
  const second = await waitForLock(path, path, context(2));
  expect([slept, first.isHeld(), second.isHeld(), readdirSync(folder)]).toEqual([0, false, true, ['credentials.lock']]);
  first.release();
  expect(second.isHeld()).toBe(true);
});

test.each([
  ['of another machine', JSON.stringify({ id: '0', pid: 1, machine: 'elsewhere' }), 20_000],
  ['with nothing in it', '', 2000],
  ['of another program', 'something else', 2000],
])('%s is broken when it has not changed for a while', async (_, content, bound) => {
  running.clear();
  writeFileSync(path, content);
  const start = performance.now();
  const lock = await waitForLock(path, path, context(2));
  expect(lock.isHeld()).toBe(true);
  // Dates of files are those of the kernel's last tick.
  expect(slept + performance.now() - start).toBeGreaterThan(bound - 10);
  expect(slept).toBeLessThan(bound + 200);
  expect(readdirSync(folder)).toEqual(['credentials.lock']);
});

test('that changes hands all the time is given up after half a minute', async () => {
  const others = () => writeFileSync(path, JSON.stringify({ id: slept, pid: 77, machine: 'elsewhere' }));
  others();
  const error = await rejectionOf(waitForLock(path, path, context(2, others)));
  expect(error).toMatchObject({
    code: 'FILE_LOCKED',
    message: `${path} has been held by process 77 for half a minute`,
  });
  expect(slept).toBeLessThan(31_000);
});

test('many that find the same lock abandoned hold it one after the other', async () => {
  writeFileSync(path, JSON.stringify({ id: '0', pid: 99, machine: 'elsewhere' }));
  age(20_001);
  running = new Set(Array.from({ length: 20 }, (_, pid) => pid));
  let holders = 0;
  const turns = [...running].map(async (pid) => {
    const lock = await waitForLock(path, path, { ...context(pid), sleep: breathe });
    holders += 1;
    const together = holders;
    await breathe(1);
    const stillHeld = lock.isHeld();
    holders -= 1;
    lock.release();
    return [together, stillHeld];
  });
  expect(await Promise.all(turns)).toEqual(turns.map(() => [1, true]));
});

/** Lets the others go on; the clock moves. */
async function breathe(milliseconds: number): Promise<void> {
  slept += milliseconds;
  await new Promise((resolve) => setImmediate(resolve));
}

test('a folder that is not there is an error of the file system', async () => {
  await expect(waitForLock(join(folder, 'none', 'lock'), 'lock', context(1))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a link to nothing in its place is broken like a lock that names nobody', async () => {
  symlinkSync(join(folder, 'nothing'), path);
  const lock = await waitForLock(path, path, context(1));
  expect([lock.isHeld(), lstatSync(path).isFile(), readdirSync(folder)]).toEqual([true, true, ['credentials.lock']]);
  lock.release();
});
