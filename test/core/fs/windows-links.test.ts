import type * as Fs from 'node:fs';
import type * as Os from 'node:os';
import type * as Path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { AccessLists } from '../../../src/core/fs/access-lists.ts';
import { openTrustedPlace } from '../../../src/core/fs/trusted-place.ts';

/** Where links lead to; folders lead nowhere. */
const drives: Readonly<Record<string, string>> = {
  'C:\\': '',
  'C:\\cache': 'D:\\real',
  'C:\\near': '.\\beside',
  'C:\\beside': '',
  'D:\\': '',
  'D:\\real': '',
};

vi.mock('node:os', async (load) => ({ ...(await load<typeof Os>()), platform: () => 'win32' }));
vi.mock('node:path', async (load) => (await load<typeof Path>()).win32);
vi.mock('node:fs', async (load) => ({
  ...(await load<typeof Fs>()),
  readlinkSync: (path: string) => drives[path],
  lstatSync: (path: string) =>
    path in drives ? { isSymbolicLink: () => drives[path] !== '', isDirectory: () => drives[path] === '' } : undefined,
}));

test.each([
  ['C:\\cache\\entry', 'D:\\real\\entry', ['C:\\', 'D:\\', 'D:\\real']],
  ['C:\\near\\entry', 'C:\\beside\\entry', ['C:\\', 'C:\\', 'C:\\beside']],
])('%s leads to %s, by folders that are each judged', (path, leadsTo, judged) => {
  const seen: string[] = [];
  const folderDoubt = (folder: string): undefined => void seen.push(folder);
  const accessLists = { folderDoubt } as Partial<AccessLists> as AccessLists;
  expect(openTrustedPlace(path, { userId: undefined, accessLists }).path).toBe(leadsTo);
  expect(seen).toEqual(judged);
});
