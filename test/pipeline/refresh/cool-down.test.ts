import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CoolDown } from '../../../src/pipeline/refresh/cool-down.ts';
import { failure, minute, second } from './given.ts';

/** Milliseconds of the longest pause that failures of a kind lead to, however many there are in a row. */
function boundOf(error: unknown): number {
  const coolDown = new CoolDown(() => 1);
  return Math.max(...Array.from({ length: 20 }, () => coolDown.begin(error, 0)));
}

/** What docs/refresh.md says of them, by the beginning of its row. */
function boundInDocs(row: string): string | undefined {
  const page = readFileSync(new URL('../../../docs/refresh.md', import.meta.url), 'utf8');
  return page
    .split('\n')
    .find((line) => line.startsWith(`| ${row}`))
    ?.split(' | ')
    .at(-1)
    ?.replace(' |', '');
}

test.each([
  ['this process or machine ran out', Object.assign(new Error('open'), { code: 'EMFILE' }), 5 * second, '5 seconds'],
  ['network, throttling', failure('NETWORK_TIMEOUT'), minute, '1 minute'],
  ['a refusal', failure('REFUSED_ROLE'), 5 * minute, '5 minutes'],
  ['PIN or password', failure('PIN_WRONG'), Number.POSITIVE_INFINITY, 'no attempt before a reload'],
])('the pause after a failure is bounded as docs/refresh.md has it: %s', (row, error, bound, inDocs) => {
  expect(boundOf(error)).toBe(bound);
  expect(boundInDocs(row)).toBe(inDocs);
});
