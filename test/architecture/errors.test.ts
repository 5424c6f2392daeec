import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exitStatuses } from '../../src/cli/exit-status.ts';
import { root } from '../support/command.ts';

/** Rows `| \`CODE\` | status | …` of docs/errors.md. */
function documented(): [code: string, status: number][] {
  const text = readFileSync(join(root, 'docs', 'errors.md'), 'utf8');
  return [...text.matchAll(/^\| `([A-Z0-9_]+)` \| (\d) \| \S/gm)].map(([, code, status]) => [
    code ?? '',
    Number(status),
  ]);
}

test('docs/errors.md explains every code with its exit status, and no other', () => {
  const rows = documented();
  expect(Object.fromEntries(rows)).toEqual(exitStatuses);
  expect(rows).toHaveLength(Object.keys(exitStatuses).length);
});
