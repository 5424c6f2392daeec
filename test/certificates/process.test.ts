/** The command as it is started: what is listed, in which form, and the exit status that --within decides. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';
import { makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';

const day = 86_400_000;
const folder = makeFolder();

beforeAll(() => {
  const root = makeCa(folder, 'root', { subject: '/CN=root', notAfter: new Date(Date.now() + 900 * day) });
  makeLeaf(folder, 'leaf', root, { subject: '/CN=leaf', notAfter: new Date(Date.now() + 20.5 * day), serial: '0A1B' });
});
afterAll(() => removeFolder(folder));

const run = (...args: readonly string[]) => runCommand(['certificates', folder, ...args]);

test('a table of a folder', async () => {
  const { status, stdout, stderr } = await run();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/CN=leaf/);
  expect(stdout).toMatch(/CN=root/);
});

test('JSON', async () => {
  const { status, stdout } = await run('--json');
  expect(status).toBe(0);
  const found = JSON.parse(stdout) as readonly { subject: string; serialNumber: string; daysLeft: number }[];
  expect(found.find(({ subject }) => subject === 'CN=leaf')).toMatchObject({ serialNumber: '2587', daysLeft: 20 });
});

test('the exit status says what expires', async () => {
  expect((await run('--within', '30d')).status).toBe(1);
  expect((await run('--within', '7d')).status).toBe(0);
});
