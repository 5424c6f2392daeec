/** The glossary of docs/architecture.md: what it says the code calls a thing is what the code calls it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/command.ts';

const src = join(root, 'src');
const text = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
const code = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(src, path), 'utf8'))
  .join('\n');

/** Word, meaning and names of each row. */
const rows = (/^## Glossary\n([\s\S]*?)^## /m.exec(text)?.[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| **') && !line.startsWith('| word'))
  .map((line) => line.slice(2, -2).split(' | '));

const isInCode = (name: string): boolean =>
  name.endsWith('/') ? existsSync(join(src, name)) : new RegExp(`\\b${name}\\b`).test(code);

test('every name that it gives is one of the code', () => {
  expect(rows.length).toBeGreaterThan(40);
  const names = rows.flatMap(([, , last = '']) => [...last.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  expect(names.length).toBeGreaterThan(80);
  expect(names.filter((name) => !isInCode(name))).toEqual([]);
});

test('no word has two rows', () => {
  const words = rows.flatMap(([word = '']) => word.split(', '));
  expect(words.filter((word, at) => words.indexOf(word) < at)).toEqual([]);
});
