import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { definitions } from '../../src/options/schema/definitions.ts';
import * as table from '../../src/options/schema/table.ts';
import { root } from '../support/command.ts';

const built = (...path: string[]): string => join(root, 'dist', ...path);

test('what the build puts in place of the table of options is the table', async () => {
  const path = built('lib', 'options', 'schema', 'table.js');
  const ofLibrary = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  expect({ ...ofLibrary }).toEqual({ ...table });
  expect(createRequire(import.meta.url)(built('cjs', 'options', 'schema', 'table.cjs'))).toEqual({ ...table });
});

test('the file that every call reads has every flag and no text of help', () => {
  const text = readFileSync(built('command', 'roles-anywhere.cjs'), 'utf8');
  const shared = definitions.filter(({ commands }) => commands.includes('credential-process'));
  expect(shared.filter(({ flag }) => !text.includes(`"${flag}"`))).toEqual([]);
  expect(shared.filter(({ help }) => text.includes(help.slice(0, 20)))).toEqual([]);
});
