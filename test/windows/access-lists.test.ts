import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sandbox } from '../../src/sandbox/index.ts';
import { root, runCommand } from '../support/command.ts';
import { startCommand } from '../support/running-command.ts';
import { fileLists } from './file-lists.ts';
import { startPrivateSandbox } from './private-sandbox.ts';

let sandbox: Sandbox;
let folder: string;
let files: Awaited<ReturnType<typeof fileLists>>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'roles anywhere lists-'));
  sandbox = await startPrivateSandbox();
  files = await fileLists();
});
afterAll(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);
const doubt = (path: string, demand: 'private' | 'closed' | 'own' = 'private') => files.lists.doubt(path, demand);

/** Rights as SDDL names them: all, and to read. */
const [everybodyMayDoAll, everybodyMayRead] = ['(A;;FA;;;WD)', '(A;;FA;;;SY)(A;;FR;;;WD)'];

describe('access lists', () => {
  test('tell of a file who else may read or change it, and how to mend that', () => {
    writeFileSync(at('file'), '');
    files.set(at('file'), everybodyMayDoAll);
    const mending = expect.stringMatching(
      /^icacls ".*\\file" \/inheritance:r \/grant:r "\*S-1-5-21-[\d-]+:F" \/remove:g "\*S-1-1-0"$/,
    ) as string;
    expect(doubt(at('file'))).toEqual({ text: 'may be read and changed by others (Everyone)', mending });
    expect(doubt(at('file'), 'own')?.text).toBe('may be changed by others (Everyone)');
    expect(doubt(at('file'), 'closed')?.text).toBe('may be read by others (Everyone)');
  });

  test('let a file be read that nobody else may change', () => {
    writeFileSync(at('readable'), '');
    files.set(at('readable'), everybodyMayRead);
    expect(doubt(at('readable'))?.text).toBe('may be read by others (Everyone)');
    expect(doubt(at('readable'), 'own')).toBeUndefined();
  });

  test('of a file that is made, and of a folder, name nobody else', () => {
    files.lists.makeFile(at('made'));
    files.lists.makeFolder(at('made folder'));
    expect([doubt(at('made')), doubt(at('made folder'))]).toEqual([undefined, undefined]);
  });

  test('make no file where there is one', () => {
    writeFileSync(at('there'), 'content');
    expect(() => files.lists.makeFile(at('there'))).toThrow('EEXIST');
    expect(readFileSync(at('there'), 'utf8')).toBe('content');
  });

  test('give a file the list of another one', () => {
    files.lists.makeFile(at('like'), at('readable'));
    expect(doubt(at('like'))?.text).toBe('may be read by others (Everyone)');
  });

  test('that are not there are no leave', () => {
    expect(doubt(at('absent'))?.text).toBe('has no access list that can be read');
  });
});

describe('the cache', () => {
  const cached = (cacheDir: string) =>
    runCommand(['credential-process', '--cache', '--cache-dir', cacheDir], { env: sandbox.environment });

  test('is made for this user alone, whatever the folder above says', async () => {
    const place = at('new cache');
    expect(await cached(place)).toMatchObject({ status: 0, stderr: '' });
    const [entry = ''] = readdirSync(place);
    expect([doubt(place), doubt(join(place, entry))]).toEqual([undefined, undefined]);
    const before = (await cached(place)).stdout;
    expect((await cached(place)).stdout).toBe(before);
  });

  test('that others may read is not used', async () => {
    const place = at('open cache');
    mkdirSync(place);
    files.set(place, '(A;OICI;FA;;;SY)(A;OICI;FR;;;WD)');
    const { status, stdout, stderr } = await cached(place);
    expect([status, stdout]).toEqual([6, '']);
    expect(stderr).toContain(`--cache-dir: ${place} may be read by others (Everyone), so the cache is not used`);
    expect(stderr).toMatch(/hint: if it is yours, icacls ".*open cache" .*\(OI\)\(CI\)F" \/remove:g "\*S-1-1-0"/);
  });

  test('does not read an entry that others may have written', async () => {
    const place = at('entries');
    await cached(place);
    const [entry = ''] = readdirSync(place);
    files.set(join(place, entry), everybodyMayDoAll);
    const { status, stderr } = await cached(place);
    expect(status).toBe(6);
    expect(stderr).toContain(`${entry} may be read and changed by others (Everyone)`);
  });
});

describe('a private key', () => {
  const obtain = (key: string) =>
    runCommand(['credential-process', '--private-key', key], {
      env: { ...sandbox.environment, ROLES_ANYWHERE_WARNINGS: 'stderr' },
    });

  test('that others may read is used, and they are told of', async () => {
    writeFileSync(at('open.key'), sandbox.privateKey);
    files.set(at('open.key'), everybodyMayRead);
    const { status, stderr } = await obtain(at('open.key'));
    expect(status).toBe(0);
    expect(stderr).toContain(
      `warning: --private-key: ${at('open.key')} holds a private key, and may be read by others (Everyone): icacls "`,
    );
  });

  test('for this user alone is nothing to speak of', async () => {
    files.lists.makeFile(at('own.key'));
    writeFileSync(at('own.key'), sandbox.privateKey);
    expect(await obtain(at('own.key'))).toMatchObject({ status: 0, stderr: '' });
  });

  test('is used where nothing can be asked, which is said once', async () => {
    const copy = at('without koffi');
    for (const name of ['bin', 'dist/command', 'package.json'])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    writeFileSync(at('any.key'), sandbox.privateKey);
    const words = ['credential-process', '--cache', '--cache-dir', at('unseen'), '--private-key', at('any.key')];
    const command = startCommand(words, {
      env: { ...sandbox.environment, ROLES_ANYWHERE_WARNINGS: 'stderr' },
      path: join(copy, 'bin', 'roles-anywhere.cjs'),
    });
    expect((await command.ended).status).toBe(0);
    expect(command.stderr()).toBe(
      'roles-anywhere: warning: who else may read or change keys, tokens and the cache is not looked at: ' +
        'that needs the package @koromix/koffi-win32-x64, which is not installed\n',
    );
  });
});

describe('the token file of serve', () => {
  const serve = (tokenFile: string) =>
    startCommand(['serve', '--port', '0', '--token-file', tokenFile], { env: { ...sandbox.environment } });

  test('is made for this user alone', async () => {
    const running = serve(at('token'));
    await running.said(/listening on/);
    expect(doubt(at('token'))).toBeUndefined();
    expect(readFileSync(at('token'), 'utf8')).toMatch(/^[\w-]{43}$/);
    await running.stop();
    expect(running.stderr()).not.toContain('token may be');
  });

  test('that everybody may read is told of', async () => {
    writeFileSync(at('known token'), 'a token that is long enough');
    files.set(at('known token'), everybodyMayRead);
    const running = serve(at('known token'));
    const [said] = await running.said(/known token may be read by others.*/);
    await running.stop();
    expect(said).toContain('by others (Everyone): icacls ');
  });

  test('that others may write is refused', async () => {
    writeFileSync(at('their token'), 'a token that is long enough');
    files.set(at('their token'), everybodyMayDoAll);
    const running = serve(at('their token'));
    expect((await running.ended).status).not.toBe(0);
    expect(running.stderr()).toContain('their token may be changed by others (Everyone)');
    expect(running.stderr()).toContain('hint: whoever writes the token gets the credentials');
  });

  test('is refused in a folder in which others may put another one in its place', async () => {
    mkdirSync(at('shared'));
    files.set(at('shared'), '(A;OICI;FA;;;SY)(A;OICI;FA;;;WD)');
    const running = serve(at('shared\\token'));
    expect((await running.ended).status).not.toBe(0);
    expect(running.stderr()).toContain(`the folder ${at('shared')} may be changed by others (Everyone)`);
  });
});

describe('the credentials file of update', () => {
  const update = (path: string) =>
    runCommand(['update', '--once'], { env: { ...sandbox.environment, AWS_SHARED_CREDENTIALS_FILE: path } });

  test('is made for this user alone', async () => {
    expect(await update(at('credentials'))).toMatchObject({ status: 0, stderr: '' });
    expect(doubt(at('credentials'))).toBeUndefined();
  });

  test.each([
    ['open to readers', everybodyMayRead, 'may be read by others (Everyone)'],
    ['private', '(A;;FA;;;SY)', undefined],
  ])('keeps its list: one that is %s', async (name, sddl, said) => {
    writeFileSync(at(name), '[other]\r\n');
    files.set(at(name), sddl);
    expect(await update(at(name))).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(at(name), 'utf8')).toContain('ASIA');
    expect(doubt(at(name))?.text).toBe(said);
  });
});
