import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ChangeContext, changeFile } from '../../../src/outputs/update/change-file.ts';
import { needsRoot } from '../../support/fresh-user.ts';
import { needs } from '../../support/programs.ts';
import { rejectionOf } from '../../support/thrown.ts';

let folder: string;
let path: string;
/** Milliseconds that the code under test believes to have slept. */
let slept: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-change-file-'));
  path = join(folder, 'credentials');
  slept = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const context: ChangeContext = {
  userId: process.geteuid?.(),
  process: { pid: process.pid, isRunning: () => true },
  monotonic: () => slept,
  sleep: async (milliseconds) => {
    slept += milliseconds;
  },
  random: () => 0.5,
};
const append = (text: string) => `${text}more\n`;
const mode = (file: string) => (statSync(file).mode & 0o7777).toString(8);

describe('what is there afterwards', () => {
  test('a file of its own has mode 600, its folder 700, and nothing else is left', async () => {
    const nested = join(folder, 'home', '.aws', 'credentials');
    await changeFile(nested, append, context);
    expect(readFileSync(nested, 'utf8')).toBe('more\n');
    expect([mode(nested), mode(join(folder, 'home', '.aws'))]).toEqual(['600', '700']);
    expect(readdirSync(join(folder, 'home', '.aws'))).toEqual(['credentials']);
  });

  test.each([0o600, 0o640, 0o400, 0o644])('the mode %o stays', async (before) => {
    writeFileSync(path, 'text\n');
    chmodSync(path, before);
    await changeFile(path, append, context);
    expect([readFileSync(path, 'utf8'), mode(path)]).toEqual(['text\nmore\n', before.toString(8)]);
  });

  test('every byte stays', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    writeFileSync(path, bytes);
    chmodSync(path, 0o600);
    await changeFile(path, append, context);
    expect(readFileSync(path)).toEqual(Buffer.concat([bytes, Buffer.from('more\n')]));
  });

  test('a file that would stay the same is not written', async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    const { ino } = statSync(path);
    await changeFile(path, (text) => text, context);
    expect(statSync(path).ino).toBe(ino);
  });

  test('symbolic links stay, those that lead to nothing yet too', async () => {
    mkdirSync(join(folder, 'real'), { mode: 0o700 });
    symlinkSync('real/file', join(folder, 'second'));
    symlinkSync(join(folder, 'second'), path);
    await changeFile(path, append, context);
    await changeFile(path, append, context);
    expect(readFileSync(join(folder, 'real', 'file'), 'utf8')).toBe('more\nmore\n');
    expect([lstatSync(path).isSymbolicLink(), lstatSync(join(folder, 'second')).isSymbolicLink()]).toEqual([
      true,
      true,
    ]);
    expect(readdirSync(join(folder, 'real'))).toEqual(['file']);
  });

  test('what a writer that was killed left behind goes', async () => {
    writeFileSync(join(folder, '.credentials.roles-anywhere-0'), 'half a sec');
    await changeFile(path, append, context);
    expect(readdirSync(folder)).toEqual(['credentials']);
  });
});

describe('what is refused', () => {
  test.each([0o620, 0o602, 0o666])('a file that others may write to, mode %o', async (before) => {
    writeFileSync(path, 'text\n');
    chmodSync(path, before);
    const error = await rejectionOf(changeFile(path, append, context));
    expect(error).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `${path} may be written to by others (mode 0${before.toString(8)})`,
      hints: [`run chmod go-w ${path}`],
    });
    expect([readFileSync(path, 'utf8'), readdirSync(folder)]).toEqual(['text\n', ['credentials']]);
  });

  test('a folder in which everybody may replace files, unless it is sticky', async () => {
    chmodSync(folder, 0o777);
    expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({ code: 'FILE_UNSAFE' });
    expect(existsSync(path)).toBe(false);
    chmodSync(folder, 0o1777);
    await changeFile(path, append, context);
    expect(readFileSync(path, 'utf8')).toBe('more\n');
  });

  test('a folder in the place of the file', async () => {
    mkdirSync(path);
    expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `${path} is no regular file`,
    });
  });

  test('a circle of symbolic links', async () => {
    symlinkSync('credentials', path);
    expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
      code: 'FILE_FAILED',
      message: `${path} is a circle of symbolic links`,
    });
  });

  test('a change that throws leaves the file and no lock', async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    const failing = () => {
      throw new TypeError('no');
    };
    expect(await rejectionOf(changeFile(path, failing, context))).toMatchObject({ code: 'FILE_FAILED' });
    expect(readdirSync(folder)).toEqual(['credentials']);
  });
});

// Only root can make a link that is another user's.
test.runIf(process.getuid?.() === 0)('a link of another user is not followed (as root)', async () => {
  const target = join(folder, 'target');
  writeFileSync(target, 'text\n', { mode: 0o600 });
  symlinkSync(target, path);
  lchownSync(path, 65_534, 65_534);
  expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
    code: 'FILE_UNSAFE',
    message: `${path} is a symbolic link of another user (uid 65534)`,
  });
  expect(readFileSync(target, 'utf8')).toBe('text\n');
});

describe('what another program writes meanwhile', () => {
  test('between reading and replacing is changed in its place', async () => {
    writeFileSync(path, 'one\n', { mode: 0o600 });
    const seen: string[] = [];
    await changeFile(
      path,
      (text) => {
        seen.push(text);
        if (seen.length === 1) writeFileSync(path, 'one\ntwo\n');
        if (seen.length === 2) {
          writeFileSync(`${path}.new`, 'one\ntwo\nthree\n', { mode: 0o600 });
          renameSync(`${path}.new`, path);
        }
        return append(text);
      },
      context,
    );
    expect(seen).toEqual(['one\n', 'one\ntwo\n', 'one\ntwo\nthree\n']);
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nthree\nmore\n');
    expect(readdirSync(folder)).toEqual(['credentials']);
  });

  test('of a file that was not there is not overwritten', async () => {
    let isFirst = true;
    const meanwhile = (text: string): string => {
      if (isFirst) writeFileSync(path, 'theirs\n', { mode: 0o600 });
      isFirst = false;
      return append(text);
    };
    await changeFile(path, meanwhile, context);
    expect(readFileSync(path, 'utf8')).toBe('theirs\nmore\n');
  });

  test('all the time ends the attempts', async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    const always = (text: string): string => {
      slept += 500;
      writeFileSync(path, `${text}theirs\n`);
      return append(text);
    };
    expect(await rejectionOf(changeFile(path, always, context))).toMatchObject({
      code: 'FILE_LOCKED',
      message: `${path} is changed by another program all the time`,
    });
    expect(readdirSync(folder)).toEqual(['credentials']);
  });

  test.each(['', 'one\ntw'])('into a file that holds %j is waited for', async (half) => {
    writeFileSync(path, half, { mode: 0o600 });
    let sleeps = 0;
    const sleep = async (milliseconds: number): Promise<void> => {
      slept += milliseconds;
      sleeps += 1;
      if (sleeps === 10) writeFileSync(path, 'one\ntwo\n');
    };
    await changeFile(path, append, { ...context, sleep });
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\nmore\n');
  });

  test('is over after two seconds, or where nobody has changed it for long', async () => {
    writeFileSync(path, '', { mode: 0o600 });
    await changeFile(path, append, context);
    expect([readFileSync(path, 'utf8'), slept > 1900, slept < 2500]).toEqual(['more\n', true, true]);
    writeFileSync(path, 'no line break');
    utimesSync(path, 1, 1);
    slept = 0;
    await changeFile(path, append, context);
    expect([readFileSync(path, 'utf8'), slept]).toEqual(['no line breakmore\n', 0]);
  });

  test.runIf(process.platform === 'linux')(
    'by a process that has it open is not lost, however long it takes',
    async () => {
      writeFileSync(path, 'theirs\n', { mode: 0o600 });
      const writer = openSync(path, 'w');
      expect(await rejectionOf(changeFile(path, append, context))).toMatchObject({
        code: 'FILE_LOCKED',
        message: `${path} is being written by process ${process.pid}`,
      });
      writeSync(writer, 'theirs\n');
      closeSync(writer);
      await changeFile(path, append, context);
      expect(readFileSync(path, 'utf8')).toBe('theirs\nmore\n');
    },
  );
});

describe('what belongs to a file', () => {
  /** An access list (acl(5)) that lets another user read and the group not: its mask stands where the group's mode does. */
  const list = 'struct.pack("<I" + "HHI" * 5, 2, 1,6,2**32-1, 2,4,65534, 4,0,2**32-1, 16,4,2**32-1, 32,0,2**32-1)';
  const python = (text: string): string =>
    execFileSync('python3', ['-c', `import os, struct, sys\npath = sys.argv[1]\n${text}`, path], { encoding: 'utf8' });

  test('access list and extended attributes stay, and are not widened', needsLinuxPython(), async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    python(`os.setxattr(path, "system.posix_acl_access", ${list}); os.setxattr(path, "user.note", b"mine")`);
    const attributes = 'print({name: os.getxattr(path, name) for name in sorted(os.listxattr(path))})';
    const before = [python(attributes), mode(path)];
    expect(before[0]).toContain('posix_acl_access');
    expect(await changeFile(path, append, context)).toEqual([]);
    expect([python(attributes), mode(path)]).toEqual(before);
    expect(readFileSync(path, 'utf8')).toBe('text\nmore\n');
  });

  test.runIf(process.platform === 'linux')(
    'where cp cannot be had the group loses its part, which is told',
    async () => {
      writeFileSync(path, 'text\n');
      chmodSync(path, 0o640);
      vi.stubEnv('PATH', '/nonexistent');
      const warnings = await changeFile(path, append, context);
      vi.unstubAllEnvs();
      expect([warnings, mode(path)]).toEqual([
        [expect.stringMatching(/^it is for its owner alone now: .*coreutils$/)],
        '600',
      ]);
    },
  );

  test('other names of it are told of', async () => {
    writeFileSync(path, 'text\n', { mode: 0o600 });
    linkSync(path, join(folder, 'other'));
    expect(await changeFile(path, append, context)).toEqual([expect.stringMatching(/^the file had another name, as/)]);
    expect(readFileSync(join(folder, 'other'), 'utf8')).toBe('text\n');
  });
});

describe('other users (as root)', needsRoot(), () => {
  const [us, other] = [1000, 65_534];
  const ours: ChangeContext = { ...context, userId: us };

  /** A file of ours in a folder in which everybody may make files, but not touch those of others. */
  function makeSticky(content = 'text\n'): void {
    chmodSync(folder, 0o1777);
    writeFileSync(path, content, { mode: 0o600 });
    chownSync(path, us, us);
  }

  test.each<[string, string, (name: string) => void]>([
    ['a pipe in the place of a lock', 'credentials.lock', (name) => execFileSync('mkfifo', ['-m', '666', name])],
    ['a lock', 'credentials.lock', (name) => writeFileSync(name, '{"pid":1,"machine":"elsewhere"}')],
    ['a leftover', '.credentials.roles-anywhere-0', (name) => writeFileSync(name, 'theirs')],
    ['a folder like a leftover', '.credentials.roles-anywhere-1', (name) => mkdirSync(name)],
  ])('%s of another user in a sticky folder is in nobody’s way, and stays', async (_, name, make) => {
    makeSticky();
    make(join(folder, name));
    lchownSync(join(folder, name), other, other);
    await changeFile(path, append, ours);
    expect([readFileSync(path, 'utf8'), slept]).toEqual(['text\nmore\n', 0]);
    expect(readdirSync(folder).sort()).toEqual([name, 'credentials'].sort());
    expect(statSync(path).uid).toBe(us);
  });

  test('one of ours there takes turns all the same', async () => {
    makeSticky();
    const turns = Array.from({ length: 5 }, (_, turn) =>
      changeFile(path, (text) => `${text}${turn}\n`, {
        ...ours,
        sleep: () => new Promise((settle) => setTimeout(settle, 5)),
      }),
    );
    await Promise.all(turns);
    expect(readFileSync(path, 'utf8').split('\n').sort().join('')).toBe('01234text');
    expect(readdirSync(folder)).toEqual(['credentials']);
  });

  test('where there is no file yet, who takes its lock is named at once', async () => {
    chmodSync(folder, 0o1777);
    const digest = createHash('sha256').digest('hex').slice(0, 32);
    const lock = join(folder, `.credentials.roles-anywhere-lock-${digest}`);
    writeFileSync(lock, '');
    chownSync(lock, other, other);
    expect(await rejectionOf(changeFile(path, append, ours))).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `the lock ${lock} belongs to another user (uid ${other})`,
    });
    expect(slept).toBe(0);
  });

  test('a link of another user to a folder leads root nowhere', async () => {
    const [home, secret] = [join(folder, 'home'), join(folder, 'secret')];
    mkdirSync(home);
    chownSync(home, us, us);
    mkdirSync(secret, { mode: 0o700 });
    writeFileSync(join(secret, 'credentials'), 'root\n', { mode: 0o600 });
    symlinkSync(secret, join(home, '.aws'));
    lchownSync(join(home, '.aws'), us, us);
    const error = await rejectionOf(changeFile(join(home, '.aws', 'credentials'), append, context));
    expect(error).toMatchObject({
      code: 'FILE_UNSAFE',
      message: `${join(home, '.aws')} is a symbolic link of another user (uid ${us})`,
    });
    expect(readFileSync(join(secret, 'credentials'), 'utf8')).toBe('root\n');
  });

  test('root may change the file of another user in that user’s folder, and keeps the owner', async () => {
    const own = join(folder, 'own');
    mkdirSync(own, { mode: 0o700 });
    writeFileSync(join(own, 'credentials'), 'text\n', { mode: 0o600 });
    for (const each of [own, join(own, 'credentials')]) chownSync(each, us, us);
    await changeFile(join(own, 'credentials'), append, context);
    expect([statSync(join(own, 'credentials')).uid, readFileSync(join(own, 'credentials'), 'utf8')]).toEqual([
      us,
      'text\nmore\n',
    ]);
    expect(readdirSync(own)).toEqual(['credentials']);
  });
});

function needsLinuxPython(): { skip: boolean } {
  return process.platform === 'linux' ? needs('python3') : { skip: true };
}
