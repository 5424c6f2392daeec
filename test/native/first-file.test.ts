/** What every call of the executable reads, and loads with it: each module of Node's takes milliseconds, which is why src/runtime/bun is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { executable, root } from '../support/command.ts';

const file = join(root, '.cache', 'bun', 'command', 'roles-anywhere.mjs');

test('no module of Node is loaded to make a session', { skip: executable === undefined || !existsSync(file) }, () => {
  const text = readFileSync(file, 'utf8');
  expect([...text.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name)).toEqual([]);
  // Both are in it: what reads a CA bundle, and what signs.
  expect(text).toContain('readCaBundle(');
  expect(text).toContain('signRequest(');
});
