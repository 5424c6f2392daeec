import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';
import { root } from '../support/command.ts';

/** Lines of the functions and methods of a file, by the syntax tree. What is given on the spot as an arrow is no function of its own. */
function lengthsIn(text: string): number[] {
  const lengths: number[] = [];
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const child of Object.values(node)) look(child);
    if (!isFunction(node)) return;
    lengths.push(text.slice(node.start, node.end).split('\n').length);
  };
  look(parseAst(text, { lang: 'ts' }));
  return lengths;
}

function isFunction(node: object): node is { readonly start: number; readonly end: number } {
  const { type, body }: { type?: unknown; body?: unknown } = node;
  return (type === 'FunctionDeclaration' || type === 'FunctionExpression') && typeof body === 'object' && body !== null;
}

function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}

test('lengths are counted from the first line to the last, of functions and methods alike', () => {
  const text = 'function a() {\n  return () => {\n  };\n}\nclass B {\n  c() {\n  }\n  abstract d(): void;\n}\n';
  expect(lengthsIn(text)).toEqual([4, 2]);
});

test('half of the functions are no longer than seven lines', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts'));
  const lengths = sources.flatMap((file) => lengthsIn(readFileSync(join(root, 'src', file), 'utf8')));
  expect(lengths.length).toBeGreaterThan(1000);
  expect(medianOf(lengths)).toBeLessThanOrEqual(7);
});
