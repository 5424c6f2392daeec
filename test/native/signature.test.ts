/** The executables for macOS, where they were built: macOS ends a program whose pages are not those that were signed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultsOfSignature, signAdHoc } from '../../scripts/native/mach-o-signature.mjs';
import { root } from '../support/command.ts';

for (const target of ['darwin-x64', 'darwin-arm64']) {
  const path = join(root, 'dist-native', target, 'roles-anywhere');
  if (!existsSync(path)) console.log(`skipped: the signature of ${target}, which was not built`);

  test(`the signature of ${target} is that of its bytes`, { skip: !existsSync(path) }, () => {
    const executable = readFileSync(path);
    expect(faultsOfSignature(executable)).toEqual([]);
    executable[100_000] = (executable[100_000] ?? 0) ^ 1;
    expect(faultsOfSignature(executable)).toEqual(['1 pages have another hash']);
    expect(faultsOfSignature(signAdHoc(executable, 'roles-anywhere'))).toEqual([]);
  });
}
