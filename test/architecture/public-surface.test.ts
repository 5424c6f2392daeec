import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../support/command.ts';

interface Declaration {
  readonly name: string;
  readonly docstring: string;
  /** Without comments. */
  readonly text: string;
}

/** What an entry point exports, as the declaration files of dist/cjs have it; those of dist/lib name these. */
function declarationsOf(entry: string): Declaration[] {
  const path = join(root, 'dist', 'cjs', `${entry}.d.cts`);
  const exports = readFileSync(path, 'utf8').matchAll(/export (?:type )?\{([^}]*)\} from '([^']+)\.cjs'/g);
  return [...exports].flatMap(([, names = '', from = '']) => {
    const file = readFileSync(`${join(dirname(path), from)}.d.cts`, 'utf8');
    return namesIn(names).map((name) => declarationOf(name, file));
  });
}

function namesIn(list: string): string[] {
  const names = list.split(',').map((name) => name.trim().replace(/^type /, ''));
  return names.filter((name) => name !== '');
}

function declarationOf(name: string, file: string): Declaration {
  const start = file.search(new RegExp(`^export (?:declare )?(?:function|class|const|interface|type) ${name}\\b`, 'm'));
  if (start === -1) throw new Error(`no declaration of ${name}`);
  const [docstring = ''] = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(file.slice(0, start)) ?? [];
  return { name, docstring, text: statementAt(file.slice(start).replaceAll(/\/\*[\s\S]*?\*\//g, '')) };
}

/** The first statement: to its semicolon, or to the brace that closes an interface or a class. */
function statementAt(text: string): string {
  const hasBody = /^export (?:declare )?(?:interface|class) /.test(text);
  let depth = 0;
  for (const { 0: mark, index } of text.matchAll(/[{}()[\];]/g)) {
    if ('{(['.includes(mark)) depth += 1;
    if ('})]'.includes(mark)) depth -= 1;
    if (depth === 0 && mark === (hasBody ? '}' : ';')) return tidy(text.slice(0, index + 1));
  }
  throw new Error(`a statement without an end: ${text.slice(0, 80)}`);
}

function tidy(text: string): string {
  return text.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{2,}/g, '\n');
}

describe.each([
  { entry: 'index', name: 'roles-anywhere' },
  { entry: 'sandbox/index', name: 'roles-anywhere/sandbox' },
  { entry: 'testing/index', name: 'roles-anywhere/testing' },
  { entry: 'trust/index', name: 'roles-anywhere/trust' },
])('$name', ({ entry, name }) => {
  test('exports what it did: whoever changes this changes the programs of others', async () => {
    const surface = declarationsOf(entry)
      .sort((one, other) => one.name.localeCompare(other.name, 'en'))
      .map(({ text }) => text);
    await expect(`${surface.join('\n\n')}\n`).toMatchFileSnapshot(`surface/${name.replace('/', '-')}.txt`);
  });

  test('says of every export what it is for', () => {
    const silent = declarationsOf(entry).filter(({ docstring }) => docstring === '');
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

test('every export of the library has an example', () => {
  const without = declarationsOf('index').filter(({ docstring }) => !docstring.includes('```ts\n'));
  expect(without.map(({ name }) => name)).toEqual([]);
});
