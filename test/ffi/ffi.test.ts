import { execFileSync } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { closeSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MissingFfi } from '../../src/ffi/ffi.ts';
import { findFfi } from '../../src/ffi/find-ffi.ts';
import { ffiCases } from '../contract/ffi.contract.ts';
import { koffiPackage } from '../support/cryptoki-binding.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

describe('calls of C functions on Node', { skip: platform() === 'win32' }, () => {
  test.each(Object.entries(ffiCases))('%s', async (_name, check) => {
    const ffi = await findFfi();
    if ('missing' in ffi) throw new Error(ffi.missing, { cause: ffi.cause });
    await expect((async () => check(ffi))()).resolves.not.toThrow();
  });
});

test('calls that hang leave threads for names, files and WebCrypto', { skip: platform() === 'win32' }, async () => {
  const ffi = await findFfi();
  if ('missing' in ffi) throw new Error(ffi.missing, { cause: ffi.cause });
  const { pipe, read } = ffi.openLibc({
    pipe: { takes: ['pointer'], gives: 'i32' },
    read: { takes: ['i32', 'pointer', 'u64'], gives: 'i64' },
  });
  const ends = Buffer.alloc(8);
  expect(pipe(ends)).toBe(0);
  // Twice as many as Node has threads.
  const calls = Array.from({ length: 8 }, () => read.async(ends.readInt32LE(0), Buffer.alloc(1), 1n));
  try {
    const [digest, address] = await Promise.all([webcrypto.subtle.digest('SHA-256', ends), lookup('localhost')]);
    expect([digest.byteLength, isIP(address.address)]).not.toContain(0);
    expect(ffi.isCalling()).toBe(true);
  } finally {
    writeSync(ends.readInt32LE(4), 'written!');
  }
  expect(await Promise.all(calls)).toEqual(calls.map(() => 1n));
  expect(ffi.isCalling()).toBe(false);
  for (const end of [0, 4]) closeSync(ends.readInt32LE(end));
});

const bun = process.env['BUN'];
if (bun === undefined) console.log('skipped: calls of C functions on Bun, whose executable BUN would name');

describe('on Bun', { skip: bun === undefined }, () => {
  const run = (env: NodeJS.ProcessEnv): string =>
    execFileSync(bun ?? '', [join(root, 'test', 'ffi', 'bun-program.ts')], { encoding: 'utf8', env, timeout: 60_000 });

  test('they are the same', () => {
    expect(JSON.parse(run(process.env))).toEqual({ failed: {}, passed: Object.keys(ffiCases) });
  });

  test('a process that may not make code is told so', () => {
    expect(JSON.parse(run({ ...process.env, BUN_JSC_useJIT: '0' }))).toMatchObject({
      missing: 'leave to make machine code, which this process does not have',
      hints: [expect.stringContaining('MemoryDenyWriteExecute')],
    });
  });
});

describe('without the package of the platform', () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ffi-'));
    const entry = JSON.stringify(join(root, 'src', 'ffi', 'find-ffi.ts'));
    const contents = `import { findFfi } from ${entry}; findFfi().then((ffi) => console.log(JSON.stringify(ffi)));`;
    const outfile = join(folder, 'program.mjs');
    await build({ stdin: { contents, resolveDir: root }, outfile, bundle: true, platform: 'node', format: 'esm' });
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const look = (): MissingFfi =>
    JSON.parse(execFileSync(process.execPath, [join(folder, 'program.mjs')], { encoding: 'utf8' })) as MissingFfi;

  test('it is named, with what to do', () => {
    expect(look()).toMatchObject({
      missing: `the package ${koffiPackage}, which is not installed`,
      hints: expect.arrayContaining([`install it beside this package: npm install ${koffiPackage}`]) as unknown,
    });
  });

  test('one whose native part does not load is told apart, in the words of the loader', () => {
    const installed = dirname(createRequire(import.meta.url).resolve(koffiPackage));
    const copy = join(folder, 'node_modules', koffiPackage);
    cpSync(installed, copy, { recursive: true });
    for (const name of ['linux', 'musl']) rmSync(join(copy, `${name}_${arch()}`), { recursive: true, force: true });
    expect(look().missing).toMatch(`the package ${koffiPackage}, which does not load: Cannot find module './`);
  });

  test('the package koffi takes its place', () => {
    const copy = join(folder, 'node_modules', 'koffi');
    const index = `exports.version = '3.0.0'; exports.config = () => undefined;`;
    mkdirSync(copy, { recursive: true });
    writeFileSync(join(copy, 'index.js'), index);
    expect(look()).toEqual({});
    writeFileSync(join(copy, 'index.js'), index.replace('3.', '2.'));
    expect(look().missing).toContain(koffiPackage);
  });
});
