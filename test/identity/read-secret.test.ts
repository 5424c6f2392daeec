import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSecret } from '../../src/identity/read-source.ts';
import { makeFolder, removeFolder } from '../support/openssl.ts';
import { rejectionOf } from '../support/thrown.ts';

let folder: string;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => removeFolder(folder));

const option = '--pkcs8-password-file';

test('a value is taken as it is', async () => {
  const secret = await readSecret({ option: '--pkcs8-password', kind: 'value', value: 'pässwort\n' }, {});
  expect(secret).toEqual(Buffer.from('pässwort\n'));
});

test.each([
  ['secret', 'secret'],
  ['secret\n', 'secret'],
  ['secret\r\n', 'secret'],
  ['secret\n\n', 'secret\n'],
  [' secret ', ' secret '],
  ['two\nlines\n', 'two\nlines'],
  ['p\u{1F511}\n', 'p\u{1F511}'],
  ['', ''],
  ['\n', ''],
  ['\r\n', ''],
])('of a file one line break at the end is left out: %j', async (content, expected) => {
  const path = join(folder, 'password');
  writeFileSync(path, content);
  expect((await readSecret({ option, kind: 'file', path }, {})).toString()).toBe(expected);
  const fd = openSync(path, 'r');
  try {
    expect((await readSecret({ option: '--pkcs8-password-fd', kind: 'fd', fd }, {})).toString()).toBe(expected);
  } finally {
    closeSync(fd);
  }
});

test('a file that is not there, and a descriptor that is closed', async () => {
  const missing = await rejectionOf(readSecret({ option, kind: 'file', path: join(folder, 'none') }, {}));
  expect(missing.code).toBe('PASSWORD_UNREADABLE');
  expect(missing.message).toBe(`--pkcs8-password-file: ${join(folder, 'none')} does not exist`);
  const closed = await rejectionOf(readSecret({ option: '--pkcs8-password-fd', kind: 'fd', fd: 987_654 }, {}));
  expect(closed.code).toBe('PASSWORD_UNREADABLE');
  expect(closed.message).toBe('--pkcs8-password-fd: file descriptor 987654 is not open');
});
