import { describe, expect, test } from 'vitest';
import { type AccessDemand, doubtOf, folderDoubtOf } from '../../../src/core/fs/access-doubt.ts';
import { fromSddl } from './descriptor-bytes.ts';

const me = 'S-1-5-21-1-2-3-1001';
const installer = 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464';

/** As a new Windows has them. */
const lists = {
  'C:\\': [installer, '(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)'],
  'C:\\Users': [
    'SY',
    '(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;;0x1200a9;;;WD)(A;OICIIO;GXGR;;;WD)',
  ],
  'C:\\Users\\me': ['SY', `(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;${me})`],
  'C:\\ProgramData': [
    'SY',
    '(A;OICIIO;GA;;;CO)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)',
  ],
  'D:\\': [
    'SY',
    '(A;;FA;;;BA)(A;OICIIO;GA;;;BA)(A;;FA;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)',
  ],
} as const;

describe('a folder on the way to a file', () => {
  test.each(Object.entries(lists))(
    '%s is one that others cannot put anything in the place of',
    (path, [owner, sddl]) => {
      expect(folderDoubtOf(fromSddl(owner, sddl), path, me)).toBeUndefined();
    },
  );

  const made = '(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)(A;OICIID;0x1301bf;;;AU)';

  test('that was made in C:\\ may be moved away by whoever has logged on', () => {
    const text = 'may be changed by others (Authenticated Users)';
    expect(folderDoubtOf(fromSddl('BA', made), 'C:\\tools', me)).toBe(text);
  });

  test.each([
    ['delete what is in it', 'DT', 'may be changed by others (Users)'],
    ['change its list', '0x40000', 'may be changed by others (Users)'],
    ['do everything', 'GA', 'may be changed by others (Users)'],
    ['make files and folders in it', 'DCLC', undefined],
    ['write, as a right that stands for others', 'GW', undefined],
  ])('in which others may %s', (_, rights, text) => {
    for (const path of ['C:\\', 'C:\\folder', String.raw`\\server\share`]) {
      expect(folderDoubtOf(fromSddl('BA', `(A;;${rights};;;BU)`), path, me)).toBe(text);
    }
  });

  test('hands down to what is made in it what is no right on the folder itself', () => {
    expect(
      folderDoubtOf(fromSddl('BA', '(A;OICIIO;SDGXGWGR;;;AU)(A;OICIIO;GA;;;BU)'), 'C:\\folder', me),
    ).toBeUndefined();
  });

  test("that is somebody else's, or does not tell", () => {
    expect(folderDoubtOf(fromSddl('BU', ''), 'C:\\folder', me)).toBe('belongs to another user (Users)');
    expect(folderDoubtOf(undefined, 'C:\\folder', me)).toBeUndefined();
    expect(folderDoubtOf(Buffer.alloc(3), 'C:\\folder', me)).toBeUndefined();
  });
});

describe('what mends a list', () => {
  const at = (demand: AccessDemand, sddl: string, { path = 'C:\\f', isFolder = false } = {}) =>
    doubtOf(fromSddl('BA', sddl), demand, { path, user: me, isFolder });

  test('names those alone who may change a file, where it may be read', () => {
    const list = '(A;;FA;;;SY)(A;;0x1200a9;;;BU)(A;;0x1301bf;;;AU)';
    expect(at('own', list)).toEqual({
      text: 'may be changed by others (Authenticated Users)',
      mending: 'icacls "C:\\f" /inheritance:d, and then icacls "C:\\f" /remove:g "*S-1-5-11"',
    });
  });

  test('leaves readers who are not everybody a file that is to be closed', () => {
    const list = '(A;;0x1200a9;;;S-1-5-21-1-2-3-1002)(A;;0x1200a9;;;BU)';
    expect(at('closed', list)).toEqual({
      text: 'may be read by others (Users)',
      mending: 'icacls "C:\\f" /inheritance:d, and then icacls "C:\\f" /remove:g "*S-1-5-32-545"',
    });
  });

  test('leaves nobody but the user what is to be private', () => {
    expect(at('private', '(A;;0x1200a9;;;BU)(A;;RP;;;WD)')).toEqual({
      text: 'may be read by others (Users)',
      mending: `icacls "C:\\f" /inheritance:r /grant:r "*${me}:F" /remove:g "*S-1-5-32-545"`,
    });
  });

  test('counts what is handed down to files where a folder is to be private, and nowhere else', () => {
    const list = '(A;OICIIO;GXGR;;;BU)';
    expect(at('private', list, { isFolder: true })).toEqual({
      text: 'may be read by others (Users)',
      mending: `icacls "C:\\f" /inheritance:r /grant:r "*${me}:(OI)(CI)F" /remove:g "*S-1-5-32-545"`,
    });
    for (const demand of ['private', 'closed', 'own'] as const) expect(at(demand, list)).toBeUndefined();
  });

  test('is no command where it is a drive', () => {
    const [owner, sddl] = lists['C:\\'];
    const listed = { path: 'C:\\', user: me, isFolder: true };
    expect(doubtOf(fromSddl(owner, sddl), 'private', listed)).toEqual({
      text: 'may be read and changed by others (Authenticated Users, Users)',
      mending: 'name a folder below it',
    });
    expect(doubtOf(fromSddl(me.replace('1001', '1002'), sddl), 'private', listed)?.mending).toBe(
      'name a folder below it',
    );
    expect(doubtOf(undefined, 'private', listed)?.mending).toBe('name a folder below it');
  });
});
