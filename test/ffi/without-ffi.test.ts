/**
 * Where no C function can be called, as with `npm install --omit=optional`: each part that would call some says once what
 * is lacking and goes on without, or refuses in words that name it. What sockets of serve and systemd do then is in
 * test/outputs/serve/unix-socket.test.ts and systemd.test.ts.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { platform } from 'node:os';
import { join, relative, sep } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hideMemory } from '../../src/cli/terminal/hide-memory.ts';
import { isolateOutput } from '../../src/cli/terminal/isolate-output.ts';
import type { AccessLists } from '../../src/core/fs/access-lists.ts';
import type { Ffi, MissingFfi } from '../../src/ffi/ffi.ts';
import type * as FindFfi from '../../src/ffi/find-ffi.ts';
import { openKeychainCalls } from '../../src/identity/backends/macos-keychain/keychain-calls.ts';
import { loadModule } from '../../src/identity/backends/pkcs11/load-module.ts';
import { openWindowsCalls } from '../../src/identity/backends/windows-store/windows-calls.ts';
import { root } from '../support/command.ts';

const lacking = vi.hoisted((): MissingFfi => ({
  missing: 'the package koffi-for-this, which is not installed',
  hints: ['install it'],
  cause: undefined,
}));

vi.mock(import('../../src/ffi/find-ffi.ts'), () => ({ findFfi: () => Promise.resolve(lacking) }));

test('a key on a PKCS#11 token is refused', async () => {
  await expect(loadModule('/usr/lib/softhsm/libsofthsm2.so')).rejects.toMatchObject({
    code: 'PKCS11_NOT_INSTALLED',
    message: `keys on a PKCS#11 token need ${lacking.missing}`,
    hints: lacking.hints,
  });
});

test.each([
  ['Windows', () => openWindowsCalls('--cert-selector', { crypt32: 'a', ncrypt: 'b', advapi32: 'c' })],
  ['macOS', () => openKeychainCalls('--cert-selector', { foundation: 'a', security: 'b' })],
])('a certificate in a store of %s is refused', async (_system, open) => {
  await expect(open()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: `--cert-selector needs ${lacking.missing}`,
    hints: lacking.hints,
  });
});

test('stdout stays where it is: no library that may print is loaded either', async () => {
  expect(await isolateOutput()).toBe(1);
});

describe('access lists of Windows', () => {
  let openLists: (warn: (message: string) => void) => Promise<AccessLists | undefined>;

  beforeEach(async () => {
    vi.resetModules();
    vi.doMock(import('node:os'), async (original) => ({ ...(await original()), platform: () => 'win32' as const }));
    ({ openAccessLists: openLists } = await import('../../src/core/fs/access-lists.ts'));
    vi.doUnmock('node:os');
  });

  test('are not looked at, which is said once', async () => {
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    expect([await openLists(warn), await openLists(warn)]).toEqual([undefined, undefined]);
    expect(warnings).toEqual([
      `who else may read or change keys, tokens and the cache is not looked at: that needs ${lacking.missing}`,
    ]);
  });
});

describe.skipIf(platform() !== 'linux')('the memory of a process that lives on', () => {
  const open = 'other processes of this user, and core dumps, may show what this one has in memory';
  const warningsOf = (ffi: Ffi | MissingFfi): string[] => {
    const warnings: string[] = [];
    hideMemory(ffi, (message) => warnings.push(message));
    return warnings;
  };

  test('is not hidden, which is said', () => {
    expect(warningsOf(lacking)).toEqual([`${open}: to hide it needs ${lacking.missing}`]);
  });

  test('is hidden where C functions can be called, unless the system refuses', async ({ skip }) => {
    const { findFfi } = await vi.importActual<typeof FindFfi>('../../src/ffi/find-ffi.ts');
    const ffi = await findFfi();
    if ('missing' in ffi) return skip(`C functions, which need ${ffi.missing}`);
    const { prctl } = ffi.openLibc({ prctl: { takes: ['i32', 'u64', 'u64', 'u64', 'u64'], gives: 'i32' } });
    const [getDumpable, setDumpable] = [3, 4];
    const before = prctl(getDumpable, 0, 0, 0, 0);
    const warnings = warningsOf(ffi);
    const after = prctl(getDumpable, 0, 0, 0, 0);
    prctl(setDumpable, before, 0, 0, 0);
    expect({ warnings, after }).toEqual({ warnings: [], after: 0 });
    const refusing = { ...ffi, openLibc: () => ({ prctl: () => -1 }) } as unknown as Ffi;
    expect(warningsOf(refusing)).toEqual([`${open}: the system refuses to hide it`]);
  });
});

test('these are all that call C functions', () => {
  const folder = join(root, 'src');
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => /import[ (][^;]*ffi\/find-ffi\.ts'/.test(readFileSync(path, 'utf8')));
  expect(files.map((path) => relative(folder, path).replaceAll(sep, '/')).sort()).toEqual([
    'cli/commands/exec/run-exec.ts',
    'cli/commands/serve/run-serve.ts',
    'cli/commands/update/run-update.ts',
    'cli/terminal/isolate-output.ts',
    'core/fs/access-lists.ts',
    'identity/backends/macos-keychain/keychain-calls.ts',
    'identity/backends/pkcs11/load-module.ts',
    'identity/backends/windows-store/windows-calls.ts',
  ]);
});
