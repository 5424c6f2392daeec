import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LockRequest, lockBound, tryLock } from '../../../src/pipeline/disk-cache/lock.ts';
import { cachePlace, isRunning } from './cache-place.ts';

const key = 'c'.repeat(64);
const place = cachePlace();
const lockPath = `${place.folder.path}/${key}.lock`;
const real = { pid: process.pid, isRunning };

function request(changes: Partial<LockRequest> = {}): LockRequest {
  return { folder: place.folder, key, process: real, now: () => new Date(), ...changes };
}

beforeEach(() => mkdirSync(place.folder.path, { mode: 0o700, recursive: true }));
afterEach(() => place.remove());

/** The lock as somebody left it, with parts of it changed. */
function leave(changes: Readonly<Record<string, unknown>>): void {
  tryLock(request());
  const record = JSON.parse(readFileSync(lockPath, 'utf8')) as Record<string, unknown>;
  writeFileSync(lockPath, JSON.stringify({ ...record, ...changes }));
}

describe('a lock', () => {
  test('has one holder at a time', () => {
    const lock = tryLock(request());
    expect(lock).toBeDefined();
    expect(tryLock(request())).toBeUndefined();
    lock?.release();
    expect(readdirSync(place.folder.path)).toEqual([]);
    expect(tryLock(request())).toBeDefined();
  });

  test('that was taken over in the meantime is not released by the one before', () => {
    const first = tryLock(request());
    const late = { now: () => new Date(Date.now() + lockBound + 1000) };
    const second = tryLock(request(late));
    expect(second).toBeDefined();
    first?.release();
    expect(tryLock(request(late))).toBeUndefined();
    second?.release();
    expect(readdirSync(place.folder.path)).toEqual([]);
  });

  test('cannot be had where nothing can be written', () => {
    rmSync(place.folder.path, { recursive: true });
    expect(() => tryLock(request())).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

describe('a holder that has ended is noticed', () => {
  test('by its number', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    await once(child, 'exit');
    leave({ pid: child.pid });
    expect(tryLock(request())).toBeDefined();
  });

  test('by its number, while it runs it is not', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    leave({ pid: child.pid, began: undefined });
    expect(tryLock(request())).toBeUndefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(tryLock(request())).toBeDefined();
  });

  test.runIf(process.platform === 'linux')('by the start of another process with its number', () => {
    leave({ began: '1' });
    expect(tryLock(request())).toBeDefined();
  });

  test('on another machine only by the age of the lock', () => {
    leave({ machine: 'elsewhere', pid: 1 });
    expect(tryLock(request())).toBeUndefined();
    expect(tryLock(request({ now: () => new Date(Date.now() + lockBound - 1000) }))).toBeUndefined();
    expect(tryLock(request({ now: () => new Date(Date.now() + lockBound + 1000) }))).toBeDefined();
  });

  test('by a lock of the future, too, for the clock has been set back', () => {
    leave({ at: new Date(Date.now() + 2 * lockBound).toISOString() });
    expect(tryLock(request())).toBeDefined();
  });
});

describe('a holder that takes long', () => {
  test('keeps the lock as long as it shows that it is there', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let now = Date.now();
    const slow = request({ now: () => new Date(now) });
    const lock = tryLock(slow);
    for (let seconds = 0; seconds < 60; seconds += 5) {
      now += 5000;
      vi.advanceTimersByTime(5000);
      expect(tryLock(slow)).toBeUndefined();
    }
    // Stopped, or with a machine that does not come back to it.
    now += lockBound + 1000;
    const other = tryLock(slow);
    expect(other).toBeDefined();
    lock?.release();
    expect(readdirSync(place.folder.path)).toEqual([`${key}.lock`]);
    other?.release();
    vi.useRealTimers();
  });
});

describe('what is no lock', () => {
  test.each([
    ['empty', ''],
    ['half written', '{"id":"00'],
    ['of somebody else', 'milk, eggs'],
    ['without a process', '{"at":"2026-01-01T00:00:00Z","pid":0}'],
  ])('%s: may be on its way to be one, but not for long', (_name, text) => {
    writeFileSync(lockPath, text, { mode: 0o600 });
    expect(tryLock(request())).toBeUndefined();
    const old = new Date(Date.now() - 3000);
    utimesSync(lockPath, old, old);
    expect(tryLock(request())).toBeDefined();
  });

  test('and a claim whose maker ended is removed, and the lock had by who comes next', () => {
    writeFileSync(lockPath, 'milk, eggs', { mode: 0o600 });
    const old = new Date(Date.now() - 3000);
    utimesSync(lockPath, old, old);
    const claim = `${lockPath}-${'0'.repeat(16)}`;
    tryLock(request());
    rmSync(lockPath);
    writeFileSync(claim, '', { mode: 0o600 });
    expect(tryLock(request())).toBeDefined();
  });
});

describe('many processes at once', () => {
  const program = join(place.folder.path, '..', 'contender.mjs');
  let contenders: readonly ChildProcess[];

  beforeEach(async () => {
    const entry = fileURLToPath(new URL('./lock-contender.ts', import.meta.url));
    await build({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm' });
    contenders = Array.from({ length: 6 }, () => fork(program, [place.folder.path, key]));
    await Promise.all(contenders.map((contender) => once(contender, 'message')));
  });

  afterEach(() => {
    for (const contender of contenders) contender.kill('SIGKILL');
  });

  /** How many of them get the lock, told to try at the same time. */
  async function winners(): Promise<number> {
    const answers = contenders.map((contender) => once(contender, 'message'));
    for (const contender of contenders) contender.send('try');
    return (await Promise.all(answers)).filter(([won]) => won === true).length;
  }

  test('take it, or take over what a dead one left: always exactly one of them', async () => {
    const dead = spawn(process.execPath, ['-e', '0']);
    await once(dead, 'exit');
    expect(await winners()).toBe(1);
    for (let round = 0; round < 60; round += 1) {
      const text = JSON.stringify({ id: String(round), at: new Date(), pid: dead.pid, machine: machine() });
      rmSync(lockPath, { force: true });
      writeFileSync(lockPath, text, { mode: 0o600 });
      expect(await winners()).toBe(1);
      expect(await winners()).toBe(0);
      expect(readdirSync(place.folder.path)).toEqual([`${key}.lock`]);
    }
  });

  function machine(): string {
    return (JSON.parse(readFileSync(lockPath, 'utf8')) as { machine: string }).machine;
  }
});
