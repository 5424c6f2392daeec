import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from '../support/command.ts';

interface Package {
  readonly version: string;
  readonly optional?: boolean;
  readonly cpu?: readonly string[];
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-set-up-'));
  cpSync(join(root, 'scripts', 'lib'), join(folder, 'scripts', 'lib'), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const locked: Readonly<Record<string, Package>> = {
  'node_modules/vitest': { version: '2.0.0' },
  'node_modules/for-this': { version: '1.0.0', optional: true, cpu: [process.arch] },
  'node_modules/for-others': { version: '1.0.0', optional: true, cpu: ['wasm32'] },
  'node_modules/of-others': { version: '1.0.0', optional: true },
};
const { 'node_modules/for-others': _, 'node_modules/of-others': __, ...complete } = locked;

/** What the set-up finds missing in a repository that has installed these. */
async function missingWith(installed: Readonly<Record<string, Package>>): Promise<readonly string[]> {
  const write = (packages: object, ...path: string[]): void =>
    writeFileSync(join(folder, ...path), JSON.stringify({ packages }));
  for (const path of Object.keys(installed)) {
    mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, path, 'package.json'), '{}');
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  write(installed, 'node_modules', '.package-lock.json');
  // Newer than what is installed, or older: that says nothing.
  write(locked, 'package-lock.json');
  const setUp = (await import(pathToFileURL(join(folder, 'scripts', 'lib', 'set-up.mjs')).href)) as {
    missingPackages(): readonly string[];
  };
  return setUp.missingPackages();
}

test('installed packages are complete, whichever file is newer', async () => {
  expect(await missingWith(complete)).toEqual([]);
});

test('an optional package that npm left out is missing, and so is one in another version', async () => {
  const { 'node_modules/for-this': _addon, ...without } = complete;
  const installed = { ...without, 'node_modules/vitest': { version: '1.9.0' } };
  expect(await missingWith(installed)).toEqual(['node_modules/vitest', 'node_modules/for-this']);
});

test('a folder that is gone is missing, and so is all where nothing is installed', async () => {
  expect(await missingWith({})).toEqual(Object.keys(complete));
  await missingWith(complete);
  rmSync(join(folder, 'node_modules', 'for-this'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), JSON.stringify({ packages: complete }));
  const again = (await import(`${pathToFileURL(join(folder, 'scripts', 'lib', 'set-up.mjs')).href}?again`)) as {
    missingPackages(): readonly string[];
  };
  expect(again.missingPackages()).toEqual(['node_modules/for-this']);
});
