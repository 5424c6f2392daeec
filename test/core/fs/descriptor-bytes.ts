/** Security descriptors as bytes, made by [MS-DTYP]. */

/** [MS-DTYP] 2.4.2.2 */
function sidBytes(sid: string): Buffer {
  const [, revision = 0, authority = 0, ...parts] = sid.split('-').map(Number);
  const bytes = Buffer.alloc(8 + 4 * parts.length);
  bytes.writeUInt8(revision, 0);
  bytes.writeUInt8(parts.length, 1);
  bytes.writeUIntBE(authority, 2, 6);
  for (const [at, part] of parts.entries()) bytes.writeUInt32LE(part, 8 + 4 * at);
  return bytes;
}

/** An entry of an access list: its kind, flags, access mask and SID. */
export type EntryOf = readonly [kind: number, flags: number, rights: number, sid: string, between?: Buffer];

/** 2.4.4.2, and 2.4.4.3 with what stands between rights and SID. */
function entryBytes([kind, flags, rights, sid, between = Buffer.alloc(0)]: EntryOf): Buffer {
  const body = Buffer.concat([between, sidBytes(sid)]);
  const head = Buffer.alloc(8);
  head.writeUInt8(kind, 0);
  head.writeUInt8(flags, 1);
  head.writeUInt16LE(8 + body.length, 2);
  head.writeUInt32LE(rights, 4);
  return Buffer.concat([head, body]);
}

/** 2.4.6, self-relative; without entries no list at all. */
export function descriptorOf(owner: string, entries: readonly EntryOf[] | undefined, control = 0x8004): Buffer {
  const sid = sidBytes(owner);
  const head = Buffer.alloc(20);
  head.writeUInt8(1, 0);
  head.writeUInt16LE(control, 2);
  head.writeUInt32LE(20, 4);
  if (entries === undefined) return Buffer.concat([head, sid]);
  head.writeUInt32LE(20 + sid.length, 16);
  const list = Buffer.concat(entries.map((entry) => entryBytes(entry)));
  const listHead = Buffer.alloc(8);
  listHead.writeUInt8(2, 0);
  listHead.writeUInt16LE(8 + list.length, 2);
  listHead.writeUInt16LE(entries.length, 4);
  return Buffer.concat([head, sid, listHead, list]);
}

const sids: Readonly<Record<string, string>> = {
  SY: 'S-1-5-18',
  BA: 'S-1-5-32-544',
  BU: 'S-1-5-32-545',
  AU: 'S-1-5-11',
  WD: 'S-1-1-0',
  CO: 'S-1-3-0',
};

const flagBits: Readonly<Record<string, number>> = { OI: 0x1, CI: 0x2, IO: 0x8, ID: 0x10 };

/** Of directory objects, by whose names SDDL calls the lowest bits of files too. */
const rightBits: Readonly<Record<string, number>> = {
  CC: 0x1,
  DC: 0x2,
  LC: 0x4,
  RP: 0x10,
  DT: 0x40,
  CR: 0x100,
  SD: 0x1_0000,
  FA: 0x1f_01ff,
  GX: 0x2000_0000,
  GW: 0x4000_0000,
  GR: 0x8000_0000,
  GA: 0x1000_0000,
};

/** @param sddl as `(A;OICI;FA;;;SY)(A;;0x1200a9;;;BU)` */
export function fromSddl(owner: string, sddl: string): Buffer {
  const entries = [...sddl.matchAll(/\(A;(\w*);(\w+);;;([\w-]+)\)/g)].map(
    ([, flags = '', rights = '', sid = '']): EntryOf => [
      0,
      bitsOf(flags, flagBits),
      rights.startsWith('0x') ? Number(rights) : bitsOf(rights, rightBits),
      sids[sid] ?? sid,
    ],
  );
  return descriptorOf(sids[owner] ?? owner, entries);
}

function bitsOf(text: string, bits: Readonly<Record<string, number>>): number {
  const names = text.match(/../g) ?? [];
  return names.reduce((sum, name) => {
    const bit = bits[name];
    if (bit === undefined) throw new Error(`no ${name} in ${Object.keys(bits).join(', ')}`);
    return sum + bit;
  }, 0);
}
