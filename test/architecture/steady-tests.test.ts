import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const texts = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== join('architecture', 'steady-tests.test.ts'))
  .map((path) => [path, readFileSync(join('test', path), 'utf8')] as const);

/** Files below test/ whose text has it. */
const having = (pattern: RegExp): readonly string[] =>
  texts.filter(([, text]) => pattern.test(text)).map(([path]) => path);

test('properties are tried with a seed: test/support/fast-check.ts', () => {
  expect(having(/from 'fast-check'/)).toEqual([join('support', 'fast-check.ts')]);
});

test('what is waited for is waited for by expect.poll, whose bound is that of vitest.config.ts: vi.waitFor gives it a second', () => {
  expect(having(/\bvi\.wait(?:For|Until)\b/)).toEqual([]);
});
