import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type * as walkFolder from '../../src/certificates/walk-folder.ts';
import { main } from '../../src/cli/main.ts';
import { fakeTerminal } from '../cli/terminal/fake-terminal.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';

/** Happens after the folder was listed, and before its files are read. */
let happens = (): void => undefined;

vi.mock('../../src/certificates/walk-folder.ts', async (original) => {
  const real = await original<typeof walkFolder>();
  const filesBelow: typeof real.filesBelow = (listed) => {
    const found = real.filesBelow(listed);
    happens();
    return found;
  };
  return { ...real, filesBelow };
});

const folder = makeFolder();
let leaf: Issued;
beforeAll(() => {
  leaf = makeLeaf(folder, 'leaf', makeCa(folder, 'root'));
});
afterAll(() => removeFolder(folder));

test('a file that is replaced by one of another name as its folder is read is nothing to tell of', async () => {
  const renewed = join(folder, 'renewed');
  mkdirSync(renewed);
  for (const name of ['kept.crt', 'leaf.crt.old.crt']) copyFileSync(leaf.certificate, join(renewed, name));
  happens = () => rmSync(join(renewed, 'leaf.crt.old.crt'));
  const terminal = fakeTerminal({});
  expect(await main(['certificates', '--json', renewed], terminal)).toBe(0);
  expect(terminal.lines).toEqual([]);
  expect(JSON.parse(terminal.written())).toMatchObject([{ places: [join(renewed, 'kept.crt')] }]);
});
