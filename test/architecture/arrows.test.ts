import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/command.ts';
import { linterWith } from '../support/lint-rule.ts';

const config = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
  readonly rules: Readonly<Record<string, unknown>>;
};
const lint = linterWith('arrows.js', { 'house/arrows': config.rules['house/arrows'] });

test.each([
  [
    'src/aws/create-session/x.ts',
    "import { a } from '../../cli/a.ts'; a;",
    'src/aws/create-session must not import src/cli',
  ],
  [
    'src/aws/create-session/x.ts',
    "export { a } from '../../outputs/a.ts';",
    'src/aws/create-session must not import src/outputs',
  ],
  ['src/sandbox/x.ts', "void import('../aws/sigv4-x509/a.ts');", 'src/sandbox must not import src/aws/sigv4-x509'],
  ['src/options/x.ts', "import { a } from '../identity/a.ts'; a;", 'only types from src/identity'],
  ['src/options/x.ts', "import { a } from '../aws/assume-role/a.ts'; a;", 'only types from src/aws/assume-role'],
  ['src/identity/x.ts', "import { dlopen } from 'bun:ffi'; dlopen;", 'bun:ffi may be imported only in src/ffi/'],
  [
    'src/aws/create-session/x.ts',
    "import { env } from 'node:process'; env;",
    'node:process may be imported only in src/cli/',
  ],
  ['src/aws/create-session/x.ts', 'export const a = process.env;', 'process.* belongs to src/cli'],
  ['src/outputs/provider/x.ts', 'export const a = process.env;', 'process.* belongs to src/cli'],
  ['src/outputs/provider/ambient.ts', 'export const a = process.argv;', 'process.* belongs to src/cli'],
  ['src/aws/create-session/x.ts', "export * from './y.ts';", 'export * hides'],
  ['src/elsewhere/x.ts', "import { a } from '../errors/a.ts'; a;", 'src/elsewhere has no row'],
])('%s: %s is refused', async (path, text, message) => {
  expect(await lint(path, text)).toContain(message);
});

test.each([
  [
    'src/aws/create-session/x.ts',
    "import { a } from './a.ts'; import { b } from '../../core/errors.ts'; import { c } from '../sigv4-x509/c.ts'; a; b; c;",
  ],
  ['src/options/x.ts', "import type { A } from '../identity/a.ts'; export type B = A;"],
  ['src/options/x.ts', "import { a } from '../aws/assume-role/check-hop.ts'; a;"],
  ['src/cli/x.ts', "export const a = process.env; void import('../sandbox/index.ts');"],
  ['src/outputs/provider/ambient.ts', 'export const a = process.env;'],
  ['test/aws/create-session/x.ts', "import { a } from '../../src/cli/a.ts'; a; process.env;"],
])('%s: %s is allowed', async (path, text) => {
  expect(await lint(path, text)).not.toContain('house(arrows)');
});
