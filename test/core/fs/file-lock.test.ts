import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { lockBound, tryLock } from '../../../src/core/fs/file-lock.ts';
import { isRunning } from '../../pipeline/disk-cache/cache-place.ts';

const lockName = 'entry.lock';
let folder: string;
let lockPath: string;
const real = { pid: process.pid, isRunning };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-lock-'));
  lockPath = join(folder, lockName);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Lets a file be as old as that. */
function age(path: string, milliseconds: number): void {
  const then = new Date(Date.now() - milliseconds);
  utimesSync(path, then, then);
}

/** The lock as somebody left it, with parts of it changed. */
function leave(changes: Readonly<Record<string, unknown>>): void {
  tryLock(lockPath, real);
  const record = JSON.parse(readFileSync(lockPath, 'utf8')) as Record<string, unknown>;
  writeFileSync(lockPath, JSON.stringify({ ...record, ...changes }));
}

describe('a lock', () => {
  test('has one holder at a time', () => {
    const lock = tryLock(lockPath, real);
    expect(lock).toBeDefined();
    expect(tryLock(lockPath, real)).toBeUndefined();
    lock?.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(tryLock(lockPath, real)).toBeDefined();
  });

  test('that was taken over in the meantime is not released by the one before', () => {
    const first = tryLock(lockPath, real);
    age(lockPath, lockBound + 1000);
    const second = tryLock(lockPath, real);
    expect([first?.isHeld(), second?.isHeld()]).toEqual([false, true]);
    first?.release();
    expect(tryLock(lockPath, real)).toBeUndefined();
    second?.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('cannot be had where nothing can be written', () => {
    rmSync(folder, { recursive: true });
    expect(() => tryLock(lockPath, real)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  });
});

describe('a holder that has ended is noticed', () => {
  test('by its number', async () => {
    const child = spawn(process.execPath, ['-e', '0']);
    await once(child, 'exit');
    leave({ pid: child.pid });
    expect(tryLock(lockPath, real)).toBeDefined();
  });

  test('by its number, while it runs it is not', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    leave({ pid: child.pid, began: undefined });
    expect(tryLock(lockPath, real)).toBeUndefined();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(tryLock(lockPath, real)).toBeDefined();
  });

  test.runIf(process.platform === 'linux')('by the start of another process with its number', () => {
    leave({ began: '1' });
    expect(tryLock(lockPath, real)).toBeDefined();
  });

  test('on another machine only by the age of the lock', () => {
    leave({ machine: 'elsewhere', pid: 1 });
    expect(tryLock(lockPath, real)).toBeUndefined();
    age(lockPath, lockBound - 5000);
    expect(tryLock(lockPath, real)).toBeUndefined();
    age(lockPath, lockBound + 1000);
    expect(tryLock(lockPath, real)).toBeDefined();
  });

  test('by a lock of the future, too, for the clock has been set back', () => {
    tryLock(lockPath, real);
    age(lockPath, -2 * lockBound);
    expect(tryLock(lockPath, real)).toBeDefined();
  });
});

describe('a holder that takes long', () => {
  test('keeps the lock as long as it shows that it is there', () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = tryLock(lockPath, real);
    for (let seconds = 0; seconds < 60; seconds += 5) {
      age(lockPath, lockBound - 5000);
      vi.advanceTimersByTime(5000);
      age(lockPath, Date.now() - statSync(lockPath).mtimeMs + 5000);
      expect(tryLock(lockPath, real)).toBeUndefined();
    }
    // Stopped, or with a machine that does not come back to it.
    age(lockPath, lockBound + 1000);
    const other = tryLock(lockPath, real);
    expect(other).toBeDefined();
    // Its sign of life is none for the lock of another.
    const text = readFileSync(lockPath, 'utf8');
    age(lockPath, lockBound - 5000);
    const { mtimeMs } = statSync(lockPath);
    lock?.release();
    expect([readFileSync(lockPath, 'utf8'), statSync(lockPath).mtimeMs]).toEqual([text, mtimeMs]);
    expect(readdirSync(folder)).toEqual([lockName]);
    other?.release();
    vi.useRealTimers();
  });

  test('is judged by the clock of the file system, not by this machine’s', () => {
    leave({ machine: 'elsewhere', pid: 1 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60 * 60 * 1000 });
    expect(tryLock(lockPath, real)).toBeUndefined();
    expect(readdirSync(folder)).toEqual([lockName]);
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
    expect(tryLock(lockPath, real)).toBeUndefined();
    age(lockPath, 3000);
    expect(tryLock(lockPath, real)).toBeDefined();
  });

  test.each<[string, (path: string) => void]>([
    ['a pipe', (path) => execFileSync('mkfifo', [path])],
    ['a link to nothing', (path) => symlinkSync('nothing', path)],
    ['a link to a file that never ends', (path) => symlinkSync('/dev/zero', path)],
  ])('%s holds nothing up, and is replaced as soon', (_name, make) => {
    make(lockPath);
    expect(tryLock(lockPath, real)).toBeUndefined();
    execFileSync('touch', ['-h', '-d', '3 seconds ago', lockPath]);
    expect(tryLock(lockPath, real)).toBeDefined();
    expect(lstatSync(lockPath).isFile()).toBe(true);
  });

  test('and a claim whose maker ended is removed, and the lock had by who comes next', () => {
    writeFileSync(lockPath, 'milk, eggs', { mode: 0o600 });
    age(lockPath, 3000);
    const claim = `${lockPath}-${'0'.repeat(16)}`;
    tryLock(lockPath, real);
    rmSync(lockPath);
    writeFileSync(claim, '', { mode: 0o600 });
    expect(tryLock(lockPath, real)).toBeDefined();
  });
});

describe('many processes at once', () => {
  const program = join(mkdtempSync(join(tmpdir(), 'roles-anywhere-contender-')), 'contender.mjs');
  let contenders: readonly ChildProcess[];

  afterAll(() => rmSync(dirname(program), { recursive: true }));

  beforeEach(async () => {
    const entry = fileURLToPath(new URL('./lock-contender.ts', import.meta.url));
    await build({ entryPoints: [entry], outfile: program, bundle: true, platform: 'node', format: 'esm' });
    contenders = Array.from({ length: 6 }, () => fork(program, [lockPath]));
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
      expect(readdirSync(folder)).toEqual([lockName]);
    }
  });

  function machine(): string {
    return (JSON.parse(readFileSync(lockPath, 'utf8')) as { machine: string }).machine;
  }
});
