import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemCodeOf } from '../../../src/core/errno.ts';

import { readDescriptor } from '../../../src/core/fs/read-descriptor.ts';
import { readFile } from '../../../src/core/fs/read-file.ts';
import type { ReadLimits } from '../../../src/core/fs/read-limits.ts';

const bytes = 1024 * 1024;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-read-'));
  writeFileSync(at('file'), 'content');
  writeFileSync(at('empty'), '');
  writeFileSync(at('sparse'), '');
  truncateSync(at('sparse'), 10 * 2 ** 30);
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

function pipe(name: string): string {
  execFileSync('mkfifo', [at(name)]);
  return at(name);
}

const textOf = async (path: string, limits: ReadLimits = { bytes }): Promise<string> =>
  (await readFile(path, limits)).bytes.toString();

const failureOf = async (path: string, limits: ReadLimits = { bytes }): Promise<unknown> => {
  const failure: unknown = await textOf(path, limits).catch((error: unknown) => error);
  return systemCodeOf(failure) ?? failure;
};

/** Whether the thread did anything else while something was waited for. */
async function ticksDuring<T>(work: Promise<T>): Promise<{ result: T; ticks: number }> {
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 20);
  try {
    return { result: await work, ticks };
  } finally {
    clearInterval(timer);
  }
}

describe('has its end at once:', () => {
  test.each([
    ['file', 'content'],
    ['empty', ''],
  ])('%s', async (name, content) => expect(await textOf(at(name))).toBe(content));

  test('a file of /proc, which has no size', async () => expect(await textOf('/proc/self/status')).toContain('Pid:'));

  test('what may have so many bytes and no more', async () => {
    expect(await textOf(at('file'), { bytes: 7 })).toBe('content');
    expect(await failureOf(at('file'), { bytes: 6 })).toBe('EFBIG');
  });

  test.each([
    ['/dev/zero', 'EFBIG'],
    ['/dev/urandom', 'EFBIG'],
    [() => at('sparse'), 'EFBIG'],
    [() => folder, 'EISDIR'],
    [() => at('none'), 'ENOENT'],
  ])('%s', async (path, code) => {
    const start = performance.now();
    expect(await failureOf(typeof path === 'string' ? path : path())).toBe(code);
    // Not after the bounds of what has no end.
    expect(performance.now() - start).toBeLessThan(4500);
  });
});

describe('has no end', () => {
  test('a named pipe that nobody writes to: given up after five seconds, the thread free meanwhile', async () => {
    const start = performance.now();
    const { result, ticks } = await ticksDuring(failureOf(pipe('alone')));
    expect(result).toBe('ETIMEDOUT');
    expect(performance.now() - start).toBeGreaterThan(5000);
    // Not when a pipe with a writer would be.
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(ticks).toBeGreaterThan(10);
  });

  test('the other side of a terminal: given up as well', async () => {
    expect(await failureOf('/dev/ptmx')).toBe('ETIMEDOUT');
  });

  test('a pipe whose writer does nothing: ended by the signal, with its reason', async () => {
    const path = pipe('silent');
    const writer = openSync(path, 'r+');
    const reason = new Error('enough');
    try {
      const abort = new AbortController();
      // Comes only where the thread is free.
      setTimeout(() => abort.abort(reason), 300);
      expect(await failureOf(path, { bytes, signal: abort.signal })).toBe(reason);
    } finally {
      closeSync(writer);
    }
  });

  test('a pipe whose place something else has taken: given up soon', async () => {
    const path = pipe('replaced');
    const writer = openSync(path, 'r+');
    try {
      const failure = failureOf(path);
      writeFileSync(at('successor'), 'content');
      renameSync(at('successor'), path);
      const start = performance.now();
      expect(await failure).toBe('ESTALE');
      // Not when it would be given up without.
      expect(performance.now() - start).toBeLessThan(30_000);
      expect(await textOf(path)).toBe('content');
    } finally {
      closeSync(writer);
    }
  });

  test('an endless writer: cut off', async () => {
    const path = pipe('endless');
    const writer = spawn('sh', ['-c', `yes > '${path}'`], { stdio: 'ignore' });
    expect(await failureOf(path)).toBe('EFBIG');
    writer.kill();
  });
});

describe('comes late, and is waited for:', () => {
  test('the writer of a named pipe', async () => {
    const path = pipe('late');
    const text = textOf(path);
    await delay(500);
    spawn('sh', ['-c', `printf first > '${path}'; sleep 0.3; printf second`], { stdio: 'ignore' });
    expect(await text).toBe('first');
  });

  test('what a writer writes piece by piece', async () => {
    const path = pipe('slow');
    spawn('sh', ['-c', `(printf first; sleep 0.4; printf second) > '${path}'`], { stdio: 'ignore' });
    expect(await textOf(path)).toBe('firstsecond');
  });

  test('a link to a pipe', async () => {
    symlinkSync(pipe('behind'), at('link'));
    const text = textOf(at('link'));
    const writer = openSync(at('behind'), 'r+');
    writeSync(writer, 'content');
    closeSync(writer);
    expect(await text).toBe('content');
  });
});

describe('a descriptor that was handed over', () => {
  const program = (limits: string): string => `
    const { readDescriptor } = await import(${JSON.stringify(join(import.meta.dirname, '../../../dist/lib/core/fs/read-descriptor.js'))});
    const outcome = await readDescriptor(0, ${limits}).then(({ bytes }) => bytes.toString(), (error) => typeof error.code === 'string' ? error.code : error.name);
    process.stdout.write(outcome);
    process.exit(0);`;

  const run = (shell: string, limits = '{ bytes: 100 }'): string =>
    execFileSync('bash', ['-c', shell.replace('PROGRAM', '"$NODE" --input-type=module -e "$PROGRAM"')], {
      env: { ...process.env, NODE: process.execPath, PROGRAM: program(limits) },
      timeout: 60_000,
      encoding: 'utf8',
    });

  test.each([
    ['a file', 'PROGRAM <<< content', 'content'],
    ['a pipe', 'printf content | PROGRAM', 'content'],
    ['a pipe whose writer takes its time', '(printf con; sleep 0.5; printf tent) | PROGRAM', 'content'],
    ['an empty pipe', 'true | PROGRAM', ''],
    ['nothing', 'PROGRAM < /dev/null', ''],
    ['a pipe without an end', 'yes | PROGRAM', 'EFBIG'],
  ])('%s', (_, shell, expected) => expect(run(shell).trim()).toBe(expected));

  test('is left alone when the wait ends, and does not keep the process from ending', () => {
    const limits = '{ bytes: 100, signal: AbortSignal.timeout(300) }';
    expect(run('PROGRAM < <(exec sleep 15 2> /dev/null)', limits)).toBe('TimeoutError');
  });

  test('a socket, as Node gives its children for a pipe', async () => {
    for (const [limits, input, expected] of [
      ['{ bytes: 100 }', 'content', 'content'],
      ['{ bytes: 100, signal: AbortSignal.timeout(300) }', undefined, 'TimeoutError'],
    ] as const) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program(limits)], { stdio: 'pipe' });
      if (input !== undefined) child.stdin.end(input);
      let out = '';
      child.stdout.on('data', (chunk) => (out += String(chunk)));
      await new Promise((resolve) => child.on('close', resolve));
      expect(out).toBe(expected);
    }
  });

  test('of a file is read from its beginning, and stays open', async () => {
    const fd = openSync(at('file'), 'r');
    expect((await readDescriptor(fd, { bytes })).bytes.toString()).toBe('content');
    expect((await readDescriptor(fd, { bytes })).bytes.toString()).toBe('content');
    closeSync(fd);
  });
});
