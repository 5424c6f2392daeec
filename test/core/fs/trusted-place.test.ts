import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemCodeOf } from '../../../src/core/errno.ts';
import { RolesAnywhereError } from '../../../src/core/errors.ts';
import type { AccessLists } from '../../../src/core/fs/access-lists.ts';
import { openTrustedFile, openTrustedPlace, type TrustOptions } from '../../../src/core/fs/trusted-place.ts';
import { needsRoot } from '../../support/fresh-user.ts';

/** Whom the code under test acts for; root alone can make files of several users. */
const [us, other, root] = [1000, 65_534, 0];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-trust-'));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

function dir(name: string, uid = us, mode = 0o755, gid = uid): void {
  mkdirSync(at(name));
  chownSync(at(name), uid, gid);
  chmodSync(at(name), mode);
}

function file(name: string, uid = us, mode = 0o600): void {
  writeFileSync(at(name), 'content');
  chownSync(at(name), uid, uid);
  chmodSync(at(name), mode);
}

function link(name: string, target: string, uid = us): void {
  symlinkSync(target, at(name));
  lchownSync(at(name), uid, uid);
}

/** What the file holds, or why it is not opened. */
function read(name: string, options: TrustOptions = { userId: us }): string {
  try {
    const place = openTrustedPlace(at(name), options);
    try {
      const found = openTrustedFile(place, options);
      if (found === undefined) return 'nothing';
      closeSync(found.descriptor);
      return readFileSync(place.file, 'utf8');
    } finally {
      place.close();
    }
  } catch (error) {
    if (!(error instanceof RolesAnywhereError) || error.code !== 'FILE_UNSAFE') return systemCodeOf(error) ?? 'unknown';
    return error.message.replaceAll(folder, '').replace(/ \((uid|mode) \d+\)/, '');
  }
}

const opened = 'content';

/** For a place where nothing is said against anything. */
const noLists: AccessLists = {
  doubt: () => undefined,
  folderDoubt: () => undefined,
  makeFolder: (path) => mkdirSync(path),
  makeFile: (path) => writeFileSync(path, ''),
  closePipe: () => true,
};

describe('a file is opened or refused by whoever has a hand in its path (as root)', needsRoot(), () => {
  const cases: readonly [string, () => void, string][] = [
    ['a file of ours in a folder of ours', () => (dir('d'), file('d/f')), opened],
    ['a file of root in a folder of root', () => (dir('d', root), file('d/f', root)), opened],
    ['a file that is not there', () => dir('d'), 'nothing'],
    ['a folder that is not there', () => undefined, 'ENOENT'],
    ['a file in the place of the folder', () => file('d'), 'ENOTDIR'],
    ['a file of another user', () => (dir('d'), file('d/f', other)), '/d/f belongs to another user'],
    ['a file that the group may write', () => (dir('d'), file('d/f', us, 0o620)), '/d/f may be written to by others'],
    ['a file that all may write', () => (dir('d'), file('d/f', us, 0o602)), '/d/f may be written to by others'],
    ['a folder in the place of the file', () => (dir('d'), dir('d/f')), '/d/f is no regular file'],
    ['a pipe', () => (dir('d'), execFileSync('mkfifo', [at('d/f')])), '/d/f is no regular file'],
    ['a device', () => (dir('d'), execFileSync('mknod', [at('d/f'), 'c', '1', '5'])), '/d/f is no regular file'],
    ['two names of a file of ours', () => (dir('d'), file('d/f'), linkSync(at('d/f'), at('g'))), opened],

    ['a folder of another user', () => (dir('d', other), file('d/f')), 'the folder /d belongs to another user'],
    [
      'a folder that all may write',
      () => (dir('d', us, 0o777), file('d/f')),
      'the folder /d may be written to by others',
    ],
    [
      'a folder that a group may write',
      () => (dir('d', us, 0o770, 100), file('d/f')),
      'the folder /d may be written to by others',
    ],
    ['a folder that our own group may write', () => (dir('d', us, 0o775), file('d/f')), opened],
    ['a sticky folder of root', () => (dir('d', root, 0o1777), file('d/f')), opened],
    [
      'a file of another user in it',
      () => (dir('d', root, 0o1777), file('d/f', other)),
      '/d/f belongs to another user',
    ],
    [
      'a second name of a file in it',
      () => (dir('d', root, 0o1777), file('x'), linkSync(at('x'), at('d/f'))),
      '/d/f is one of 2 names of a file',
    ],

    [
      'a folder of ours below an open one',
      () => (dir('o', root, 0o777), dir('o/d'), link('d', 'o/d'), file('o/d/f')),
      opened,
    ],
    [
      'a folder of ours below one of another user',
      () => (dir('o', other), dir('o/d'), link('d', 'o/d'), file('o/d/f')),
      opened,
    ],
    [
      'a folder of root below an open one',
      () => (dir('o', root, 0o777), dir('o/d', root), link('d', 'o/d'), file('o/d/f')),
      'the folder /o may be written to by others',
    ],
    [
      'a folder of another user below an open one',
      () => (dir('o', root, 0o777), dir('o/d', other), link('d', 'o/d'), file('o/d/f')),
      'the folder /o may be written to by others',
    ],

    ['a link of ours', () => (dir('d'), file('x'), link('d/f', '../x')), opened],
    ['a link of root, absolute', () => (dir('d'), file('x'), link('d/f', at('x'), root)), opened],
    [
      'links as Kubernetes makes them',
      () => (
        dir('d', root, 0o1777),
        dir('d/..1', root),
        file('d/..1/f', root),
        link('d/..data', '..1', root),
        link('d/f', '..data/f', root)
      ),
      opened,
    ],
    [
      'a link of another user',
      () => (dir('d', root, 0o1777), file('x'), link('d/f', '../x', other)),
      '/d/f is a symbolic link of another user',
    ],
    [
      'a link of another user to a folder',
      () => (dir('e'), file('e/f'), link('d', 'e', other)),
      '/d is a symbolic link of another user',
    ],
    [
      'a link of another user behind one of ours',
      () => (dir('d'), file('x'), link('y', 'x', other), link('d/f', '../y')),
      '/y is a symbolic link of another user',
    ],
    [
      'a link of ours in an open folder',
      () => (dir('d', root, 0o777), file('x'), link('d/f', '../x')),
      'the folder /d may be written to by others',
    ],
    [
      'a link of ours in a folder of another user',
      () => (dir('d', other), file('x'), link('d/f', '../x')),
      'the folder /d belongs to another user',
    ],
    [
      'a link to a folder of another user',
      () => (dir('e', other), file('e/f'), link('d', 'e')),
      'the folder /e belongs to another user',
    ],
    ['a link to nothing', () => (dir('d'), link('d/f', 'none')), 'nothing'],
    ['a link to a folder that is not there', () => link('d', 'none'), 'ENOENT'],
    ['a circle of links', () => (dir('d'), link('d/f', 'g'), link('d/g', 'f')), 'ELOOP'],
    ['a link to itself', () => link('d', 'd'), 'ELOOP'],
    ['a link that leads up and around', () => (dir('d'), dir('e'), file('e/f'), link('d/f', `../d/../e/./f`)), opened],
    ['a link to a device', () => (dir('d'), link('d/f', '/dev/zero')), '/dev/zero is no regular file'],
  ];
  test.each(cases)('%s', (_, make, outcome) => {
    make();
    expect(read('d/f')).toBe(outcome);
  });

  test('where files have no owner, nothing is judged', () => {
    dir('d', other, 0o777);
    file('d/f', other, 0o666);
    expect(read('d/f', { userId: undefined })).toBe(opened);
  });

  test.each<[string, () => void, string]>([
    ['in the folder of its owner', () => (dir('d', us), file('d/f', us)), opened],
    ['of another owner there', () => (dir('d', us), file('d/f', other)), opened],
    [
      'below folders of its owner',
      () => (dir('h', us), dir('h/d', us), link('d', 'h/d', root), file('h/d/f', us)),
      opened,
    ],
    [
      'behind a link there',
      () => (dir('d', us), file('x', root), link('d/f', '../x', us)),
      '/d/f is a symbolic link of another user',
    ],
    [
      'behind a link of root there',
      () => (dir('d', us), file('x', root), link('d/f', '../x', root)),
      'the folder /d belongs to another user',
    ],
    [
      'that has a second name',
      () => (dir('d', us), file('x', root), linkSync(at('x'), at('d/f'))),
      '/d/f is one of 2 names of a file',
    ],
    ['in an open folder', () => (dir('d', us, 0o777), file('d/f', us)), 'the folder /d belongs to another user'],
    ['in a sticky folder', () => (dir('d', root, 0o1777), file('d/f', us)), '/d/f belongs to another user'],
    [
      'in a sticky folder of a group',
      () => (dir('d', root, 0o1770, other), file('d/f', us)),
      '/d/f belongs to another user',
    ],
    [
      'that has a second name in a sticky folder of a group',
      () => (dir('d', root, 0o1775, other), file('x', root), linkSync(at('x'), at('d/f'))),
      '/d/f is one of 2 names of a file',
    ],
    [
      'below a folder of a third user',
      () => (dir('h', other), dir('h/d', us), link('d', 'h/d', root), file('h/d/f', us)),
      'the folder /h belongs to another user',
    ],
  ])('root for another user: a file %s', (_, make, outcome) => {
    make();
    expect(read('d/f', { userId: root, servesOthers: true })).toBe(outcome);
  });

  test('folders that are missing are made, for this user alone, also below an open one', () => {
    dir('o', root, 0o777);
    const place = openTrustedPlace(at('o/one/two/f'), { userId: root, makeFolders: 'all' });
    writeFileSync(place.file, 'content');
    place.close();
    expect([statSync(at('o/one')).mode & 0o777, statSync(at('o/one/two')).mode & 0o777]).toEqual([0o700, 0o700]);
    expect(read('o/one/two/f', { userId: root })).toBe(opened);
  });

  test.each<[what: string, make: (path: string) => void, outcome: string]>([
    ['folder', (path) => mkdirSync(path, 0o700), 'nothing'],
    [
      'folder of others too',
      (path) => (mkdirSync(path), chmodSync(path, 0o777)),
      'the folder /d/one may be written to by others',
    ],
    ['file', (path) => writeFileSync(path, ''), 'ENOTDIR'],
    ['link', (path) => symlinkSync('..', path), 'ENOTDIR'],
  ])('of two processes that make a folder at once, the later one takes what it finds: a %s', (_, make, outcome) => {
    const makeFolder = (path: string): void => {
      make(path);
      mkdirSync(path, 0o700);
    };
    dir('d', root);
    expect(read('d/one/f', { userId: root, makeFolders: 'all', accessLists: { ...noLists, makeFolder } })).toBe(
      outcome,
    );
  });

  test.runIf(process.platform === 'linux')('a place stays where it was, whatever takes its name', () => {
    dir('o', root, 0o777);
    dir('o/d');
    const place = openTrustedPlace(at('o/d/f'), { userId: us });
    renameSync(at('o/d'), at('o/gone'));
    dir('elsewhere');
    link('o/d', '../elsewhere', other);
    writeFileSync(place.file, 'content');
    place.close();
    expect([existsSync(at('elsewhere/f')), readFileSync(at('o/gone/f'), 'utf8')]).toEqual([false, 'content']);
  });

  test('what to do is said so that who is not root can do it', () => {
    dir('shared', root, 0o777);
    const refused = (userId: number): unknown => {
      try {
        return openTrustedPlace(at('shared/credentials'), { userId });
      } catch (error) {
        return error;
      }
    };
    expect(refused(us)).toMatchObject({
      message: `the folder ${at('shared')} may be written to by others (mode 0777)`,
      hints: [
        `name a file in a folder of your own, such as ${at('shared/roles-anywhere/credentials')}`,
        `have its owner (uid 0) run chmod +t ${at('shared')}`,
      ],
    });
    expect(refused(root)).toMatchObject({ hints: [`run chmod go-w ${at('shared')}`] });
  });
});
