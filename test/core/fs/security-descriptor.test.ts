import { describe, expect, test } from 'vitest';
import { readRights, replaceRights, strangersOf, writeRights } from '../../../src/core/fs/security-descriptor.ts';
import { descriptorOf, type EntryOf } from './descriptor-bytes.ts';

const me = 'S-1-5-21-1-2-3-1001';
const other = 'S-1-5-21-1-2-3-1002';
const [everyone, users, system, administrators] = ['S-1-1-0', 'S-1-5-32-545', 'S-1-5-18', 'S-1-5-32-544'] as const;

const [allow, deny, audit, allowObject, allowIf, denyIf] = [0, 1, 2, 5, 9, 10];
const [all, readAndRun, modify] = [0x1f01ff, 0x1200a9, 0x1301bf];
const [inherited, inheritOnly, forFiles, forFolders] = [0x10, 0x8, 0x1, 0x2];

const rightsIn = (entries: readonly EntryOf[], withNewFiles = false): object =>
  Object.fromEntries(strangersOf(descriptorOf(me, entries), me, withNewFiles).rights);

describe('the list of', () => {
  test('a file in a profile has no stranger in it', () => {
    const entries = [system, administrators, me].map((sid) => [allow, inherited, all, sid] as const);
    expect(strangersOf(descriptorOf(me, entries), me)).toEqual({ owner: undefined, rights: new Map() });
  });

  test('a folder below C:\\ lets users read, and whoever has logged on change it', () => {
    const entries: EntryOf[] = [
      [allow, inherited | forFiles | forFolders, all, administrators],
      [allow, inherited | forFiles | forFolders, readAndRun, users],
      [allow, inherited, modify, 'S-1-5-11'],
    ];
    expect(rightsIn(entries)).toEqual({ [users]: readAndRun, 'S-1-5-11': modify });
    expect([readAndRun & readRights, readAndRun & writeRights, readAndRun & replaceRights]).toEqual([1, 0, 0]);
    expect([modify & writeRights, modify & replaceRights]).toEqual([0x1_0006, 0x1_0000]);
  });

  test('what may not be had without a right to it: adding to a folder replaces nothing in it', () => {
    const addFilesAndFolders = 0x6;
    expect([addFilesAndFolders & writeRights, addFilesAndFolders & replaceRights]).toEqual([6, 0]);
  });

  test.each([
    ['TrustedInstaller', 'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464'],
    ['the owner, by CREATOR OWNER', 'S-1-3-0'],
    ['the owner, by OWNER RIGHTS', 'S-1-3-4'],
    ['administrators of the domain', 'S-1-5-21-9-9-9-512'],
    ['administrators of the forest', 'S-1-5-21-9-9-9-519'],
    ['applications in containers', 'S-1-15-2-1'],
    ['a capability', 'S-1-15-3-1024-1'],
    ['a logon session', 'S-1-5-5-0-998'],
  ])('%s is no stranger', (_, sid) => {
    expect(rightsIn([[allow, 0, all, sid]])).toEqual({});
  });

  test.each([
    ['a user', other],
    ['one whose number ends alike', 'S-1-5-21-9-9-9-1512'],
    ['a service', 'S-1-5-80-1-2-3-4-5'],
    ['a group of this machine', 'S-1-5-32-546'],
  ])('%s is one', (_, sid) => {
    expect(rightsIn([[allow, 0, 1, sid]])).toEqual({ [sid]: 1 });
  });
});

describe('an entry', () => {
  test('that denies takes away what comes after it, of the same and of everybody', () => {
    expect(
      rightsIn([
        [deny, 0, all, other],
        [allow, 0, readAndRun, other],
      ]),
    ).toEqual({});
    expect(
      rightsIn([
        [deny, 0, all, everyone],
        [allow, 0, readAndRun, users],
      ]),
    ).toEqual({});
    expect(
      rightsIn([
        [deny, 0, 0x1, other],
        [allow, 0, 0x3, other],
      ]),
    ).toEqual({ [other]: 2 });
  });

  test('that denies takes nothing away of what came before it, nor of others', () => {
    expect(
      rightsIn([
        [allow, 0, 1, other],
        [deny, 0, all, other],
      ]),
    ).toEqual({ [other]: 1 });
    expect(
      rightsIn([
        [deny, 0, all, other],
        [allow, 0, 1, users],
      ]),
    ).toEqual({ [users]: 1 });
  });

  test('under a condition allows, and does not deny', () => {
    expect(rightsIn([[allowIf, 0, 1, other]])).toEqual({ [other]: 1 });
    expect(
      rightsIn([
        [denyIf, 0, all, other],
        [allow, 0, 1, other],
      ]),
    ).toEqual({ [other]: 1 });
  });

  test('that only audits says nothing', () => {
    expect(rightsIn([[audit, 0, all, everyone]])).toEqual({});
  });

  test.each([0, 1, 2, 3])('of an object has its SID behind the types that are there (%i)', (flags) => {
    const between = Buffer.alloc(4 + ((flags & 1) === 0 ? 0 : 16) + ((flags & 2) === 0 ? 0 : 16), 0xee);
    between.writeUInt32LE(flags);
    expect(rightsIn([[allowObject, 0, 1, other, between]])).toEqual({ [other]: 1 });
  });

  test('for what is made in the folder counts where that is files, and those are asked for', () => {
    expect(rightsIn([[allow, inheritOnly | forFiles, 1, other]], true)).toEqual({ [other]: 1 });
    expect(rightsIn([[allow, inheritOnly | forFolders, 1, other]], true)).toEqual({});
    expect(rightsIn([[allow, inheritOnly | forFiles | forFolders, 1, other]])).toEqual({});
    expect(rightsIn([[allow, forFiles | forFolders, 1, other]])).toEqual({ [other]: 1 });
  });

  test('that denies for what is made in the folder takes nothing away from the folder', () => {
    expect(
      rightsIn(
        [
          [deny, inheritOnly | forFiles, all, other],
          [allow, 0, 1, other],
        ],
        true,
      ),
    ).toEqual({ [other]: 1 });
  });

  test('several for one add up', () => {
    expect(
      rightsIn([
        [allow, 0, 1, other],
        [allow, 0, 2, other],
      ]),
    ).toEqual({ [other]: 3 });
  });
});

describe('a descriptor', () => {
  test('with an owner who is somebody else says so; Administrators and SYSTEM are nobody else', () => {
    const ownerOf = (sid: string) => strangersOf(descriptorOf(sid, []), me).owner;
    expect([other, everyone, me, administrators, system].map(ownerOf)).toEqual([
      other,
      everyone,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('without a list lets everybody do everything; one with an empty list nobody', () => {
    const everything = { owner: undefined, rights: new Map([[everyone, 0x1000_0000]]) };
    expect(strangersOf(descriptorOf(me, undefined), me)).toEqual(everything);
    expect(strangersOf(descriptorOf(me, [], 0x8000), me)).toEqual(everything);
    expect(strangersOf(descriptorOf(me, []), me).rights.size).toBe(0);
  });

  test('that has no owner is of nobody who is known', () => {
    const bytes = descriptorOf(me, []);
    bytes.writeUInt32LE(0, 4);
    expect(strangersOf(bytes, me).owner).toBe(everyone);
  });

  test('that ends too early, or leads out of itself, is refused', () => {
    const whole = descriptorOf(me, [[allow, 0, all, other]]);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => strangersOf(whole.subarray(0, length), me)).toThrow(RangeError);
    }
    whole.writeUInt32LE(0xffff, 16);
    expect(() => strangersOf(whole, me)).toThrow(RangeError);
  });
});
