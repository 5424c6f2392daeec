import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ErrorCode } from '../../src/core/error-code.ts';
import { type ErrorFacts, errorTable } from '../../src/core/error-table.ts';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { root } from '../support/command.ts';

const text = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
const table = Object.entries(errorTable) as [ErrorCode, ErrorFacts][];

function codesWith(matches: (facts: ErrorFacts) => boolean): string[] {
  return table.flatMap(([code, facts]) => (matches(facts) ? [code] : [])).sort();
}

/** The codes that a row of "What goes on after an error" lists. */
function listedAfter(sentence: string): string[] {
  const row = text.split('\n').find((line) => line.startsWith(`| ${sentence}`));
  return [...(row?.split(' | ')[1] ?? '').matchAll(/`([A-Z0-9_]+)`/g)].map(([, code]) => code ?? '').sort();
}

test('docs/errors.md explains every code with its exit status, and no other', () => {
  const rows = [...text.matchAll(/^\| `([A-Z0-9_]+)` \| (\d) \| \S/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(table.map(([code, { exit }]) => [code, exit])));
  expect(rows).toHaveLength(table.length);
});

test.each<[sentence: string, (facts: ErrorFacts) => boolean]>([
  ['The request is sent again', ({ retried }) => retried],
  ['It may pass by itself', ({ kind }) => kind === 'transient'],
  ['No machine tries it again', ({ kind }) => kind === 'secret'],
  ['A token or TPM is opened anew', ({ reopened }) => reopened],
  ['Certificate and key that are open are not used', ({ withdrawn }) => withdrawn],
  ["A chain of the SDK's providers goes on", ({ nextLink }) => nextLink],
])('docs/errors.md: "%s" has the codes of which it is true', (sentence, matches) => {
  expect(listedAfter(sentence)).toEqual(codesWith(matches));
});

test('docs/errors.md: the next target is tried after status 5, and after 3 and 4 where that is asked for', () => {
  expect(text).toContain('every code with status 5; with `--failover-on-refusal` also with 3 and 4');
  expect(codesWith(({ nextTarget }) => nextTarget === 'always')).toEqual(codesWith(({ exit }) => exit === 5));
  expect(codesWith(({ nextTarget }) => nextTarget === 'on-refusal')).toEqual(
    codesWith(({ exit }) => exit === 3 || exit === 4),
  );
});

test('an error tells a chain of providers what the table says', () => {
  const goesOn = table.filter(([code]) => new RolesAnywhereError(code, 'said').tryNextLink).map(([code]) => code);
  expect(goesOn.sort()).toEqual(codesWith(({ nextLink }) => nextLink));
});
