import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../support/command.ts';

const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const texts = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));

/** Files below src that a file asks for: by import, export from, of types alone or not, and by a lazy import(). */
function importsOf(file: string, text: string): string[] {
  const asked = text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*'(\.[^']+)'/gm);
  return [...asked].map(([, path = '']) => relative(src, join(src, dirname(file), path)));
}

const imports = new Map([...texts].map(([file, text]) => [file, importsOf(file, text)]));

test('every import below src is seen here', () => {
  const unknown = [...imports.values()].flat().filter((file) => !texts.has(file));
  expect(unknown).toEqual([]);
  expect([...imports.values()].flat().length).toBeGreaterThan(files.length);
});

/** A way from a file back to itself; undefined where there is none. */
function circleFrom(start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  for (const waiting = [start]; waiting.length > 0;) {
    const file = waiting.shift() ?? start;
    for (const next of imports.get(file) ?? []) {
      if (next === start) return [...wayTo(file, cameFrom), start];
      if (cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      waiting.push(next);
    }
  }
  return undefined;
}

function wayTo(file: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const before = cameFrom.get(file);
  return before === undefined ? [file] : [...wayTo(before, cameFrom), file];
}

test('no circle, whether of types, of values, or closed by a lazy import()', () => {
  const circles = files.flatMap((file) => circleFrom(file)?.join(' > ') ?? []);
  expect(circles).toEqual([]);
});

/** Names that a file declares and exports; what it passes on from another file is that one's. */
function exportsOf(text: string): string[] {
  const declared = text.matchAll(/^export (?:async )?(?:const|let|function\*?|class|interface|type|enum) (\w+)/gm);
  return [...declared].map(([, name = '']) => name);
}

/** The library's own functions check what programs hand in, and then do what those of the same name do. */
const checkedByLibrary = new Set(['obtainCredentials', 'openIdentity', 'signRequest']);

/** What the executable's build puts in the place of another file gives the same names as that. */
const standIn = (file: string): boolean =>
  (/-(?:bun|at-start)\.ts$/.test(file) && texts.has(file.replace(/-(?:bun|at-start)\.ts$/, '.ts'))) ||
  (file.startsWith('runtime/bun/') && texts.has(file.replace('/bun/', '/node/')));

test('no two files export different things under one name', () => {
  const places = new Map<string, string[]>();
  for (const [file, text] of texts) {
    if (standIn(file)) continue;
    const names = exportsOf(text).filter((name) => !(file === 'library.ts' && checkedByLibrary.has(name)));
    for (const name of new Set(names)) places.set(name, [...(places.get(name) ?? []), file]);
  }
  const shared = [...places].filter(([, where]) => where.length > 1);
  expect(shared.map(([name, where]) => `${name}: ${where.join(', ')}`).sort()).toEqual([]);
});

test('files that comments and documents name are there', () => {
  const known = new Set(files.map((file) => file.split('/').at(-1)));
  const named = [...texts].flatMap(([file, text]) =>
    // Only comments: a text may name a file of the user's.
    [...text.matchAll(/^\s*(?:\/\/|\/?\*).*$/gm)].flatMap(([line]) =>
      [...line.matchAll(/(?<![\w/.-])((?:[\w-]+\/)*[\w-]+\.(?:test\.)?(?:ts|md|mjs|js))\b/g)].map(
        ([, path = '']) => [file, path] as const,
      ),
    ),
  );
  const missing = named.filter(([file, path]) => !isThere(file, path, known));
  expect(missing.map(([file, path]) => `${file}: ${path}`)).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
});

/** Below the root, below src, beside the file, or by its last name alone. */
function isThere(file: string, path: string, known: ReadonlySet<string | undefined>): boolean {
  if (!path.includes('/')) return known.has(path) || everywhere.has(path);
  return everywhere.has(path) || everywhere.has(`src/${path}`) || everywhere.has(join('src', dirname(file), path));
}

const everywhere = new Set(
  ['src', 'docs', 'test', 'scripts', 'bench', 'certs-fixtures'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).flatMap((path) => [
      join(folder, path),
      path.split('/').at(-1) ?? '',
    ]),
  ),
);
