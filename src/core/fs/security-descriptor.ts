/**
 * Security descriptors of Windows as bytes that hold everything themselves ([MS-DTYP], sections 2.4.2 to 2.4.6): who
 * besides a user may do something with a file, by its owner and its access list.
 */

/** Whoever is not the user himself, and does not administer the machine anyway. Users and groups by their SID. */
export interface Strangers {
  /** The owner may change the list. Undefined where that is nobody else. */
  readonly owner: string | undefined;
  /** SID -> rights, as an access mask. `S-1-1-0` is everybody. */
  readonly rights: ReadonlyMap<string, number>;
}

/** Rights of the access mask (section 2.4.3, and "File Access Rights Constants" of the Windows API). */
const mask = {
  readData: 0x1,
  writeData: 0x2,
  appendData: 0x4,
  deleteChild: 0x40,
  delete: 0x1_0000,
  changeList: 0x4_0000,
  changeOwner: 0x8_0000,
  genericAll: 0x1000_0000,
  genericWrite: 0x4000_0000,
  genericRead: 0x8000_0000,
} as const;

/** Who may change the list has every right. */
const everyRight = mask.changeList | mask.changeOwner | mask.genericAll;

/** To read a file, or the names in a folder. */
export const readRights = everyRight | mask.readData | mask.genericRead;

/** To put something else in the place of a folder, or of what is in it. To add to a folder replaces nothing. */
export const replaceRights = everyRight | mask.delete | mask.deleteChild;

/** The same for the root of a drive, which nobody can delete or move: Windows lets everybody delete that of a data drive. */
export const replaceOnlyBelow = everyRight | mask.deleteChild;

/** To change a file, or what is in a folder. */
export const writeRights = replaceRights | mask.writeData | mask.appendData | mask.genericWrite;

const everybody = 'S-1-1-0';

/**
 * SIDs that stand for nobody else (section 2.4.2.4): SYSTEM, Administrators, and those of a domain and a forest, who have
 * every right on this machine; CREATOR OWNER and OWNER RIGHTS, the owner; TrustedInstaller, the system's own files.
 * Applications in a container have no right beyond those of their user, nor has a logon session.
 */
const trusted = [
  /^S-1-5-18$/,
  /^S-1-5-32-544$/,
  /^S-1-5-21-[\d-]+-(?:512|519)$/,
  /^S-1-3-[04]$/,
  /^S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464$/,
  /^S-1-15-[23]-/,
  /^S-1-5-5-/,
];

/**
 * @param user the SID of the user who is none of the strangers
 * @param withNewFiles adds the rights that are handed down to files that are made in a folder, and are none on the
 *   folder itself: the list of `C:\` hands down the right to change every file, and gives nobody that to `C:\`
 * @throws RangeError for bytes that are no descriptor
 */
export function strangersOf(descriptor: Buffer, user: string, withNewFiles = false): Strangers {
  const isStranger = (sid: string): boolean => sid !== user && !trusted.some((pattern) => pattern.test(sid));
  const ownerAt = descriptor.readUInt32LE(4);
  const owner = ownerAt === 0 ? everybody : sidAt(descriptor, ownerAt);
  const rights = [...rightsOf(descriptor, withNewFiles)].filter(([sid, of]) => of !== 0 && isStranger(sid));
  return { owner: isStranger(owner) ? owner : undefined, rights: new Map(rights) };
}

/** Bits of the control word: whether there is a list. A list that is there, and at no place, lets everybody in. */
const hasList = 0x4;

/** Section 2.4.5, and the order of section 2.5.3.2: of each right the first entry that names it decides. */
function rightsOf(descriptor: Buffer, withNewFiles: boolean): ReadonlyMap<string, number> {
  const listAt = descriptor.readUInt32LE(16);
  if ((descriptor.readUInt16LE(2) & hasList) === 0 || listAt === 0) return new Map([[everybody, mask.genericAll]]);
  const allowed = new Map<string, number>();
  const denied = new Map<string, number>();
  const count = descriptor.readUInt16LE(listAt + 4);
  for (let [at, left] = [listAt + 8, count]; left > 0; at += descriptor.readUInt16LE(at + 2), left -= 1) {
    const entry = entryAt(descriptor, at);
    if (entry === undefined || (entry.isHandedDown && !withNewFiles)) continue;
    const { sid, of, isDenial } = entry;
    const without = (denied.get(sid) ?? 0) | (denied.get(everybody) ?? 0);
    const target = isDenial ? denied : allowed;
    target.set(sid, (target.get(sid) ?? 0) | (isDenial ? of : of & ~without));
  }
  return allowed;
}

/** Kinds of entries (section 2.4.4.1). One that denies under a condition is not counted on. */
const [allows, denies, allowsObject, deniesObject, allowsIf, allowsObjectIf] = [0, 1, 5, 6, 9, 11];

/** Flags of entries: that what is made in the folder gets them; that the folder itself has nothing of them. */
const [forFiles, notForItself] = [0x1, 0x8];

interface Entry {
  readonly sid: string;
  readonly of: number;
  readonly isDenial: boolean;
  /** It is for what is made in the folder alone. */
  readonly isHandedDown: boolean;
}

/** Undefined for one that says nothing of this object, nor of the files that are made in it. */
function entryAt(bytes: Buffer, at: number): Entry | undefined {
  const [kind, flags] = [bytes.readUInt8(at), bytes.readUInt8(at + 1)];
  const isDenial = kind === denies || kind === deniesObject;
  if (!isDenial && ![allows, allowsObject, allowsIf, allowsObjectIf].includes(kind)) return undefined;
  // A denial for the files alone takes nothing away from the folder.
  const isHandedDown = (flags & notForItself) !== 0;
  if (isHandedDown && (isDenial || (flags & forFiles) === 0)) return undefined;
  const isOfObject = [allowsObject, deniesObject, allowsObjectIf].includes(kind);
  return {
    sid: sidAt(bytes, at + 8 + (isOfObject ? objectPart(bytes, at) : 0)),
    of: bytes.readUInt32LE(at + 4),
    isDenial,
    isHandedDown,
  };
}

/** Bytes of the flags of section 2.4.4.3, and of the two types, sixteen each, that they say are there. */
function objectPart(bytes: Buffer, at: number): number {
  const flags = bytes.readUInt32LE(at + 8);
  return 4 + ((flags & 1) === 0 ? 0 : 16) + ((flags & 2) === 0 ? 0 : 16);
}

/** `S-1-5-32-544` (sections 2.4.2.1 and 2.4.2.2). @throws RangeError */
export function sidAt(bytes: Buffer, at: number): string {
  const parts = Array.from({ length: bytes.readUInt8(at + 1) }, (_, part) => bytes.readUInt32LE(at + 8 + 4 * part));
  return ['S', bytes.readUInt8(at), bytes.readUIntBE(at + 2, 6), ...parts].join('-');
}
