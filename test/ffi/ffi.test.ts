import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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
