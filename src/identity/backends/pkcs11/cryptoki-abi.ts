/** PKCS#11 as it is compiled: structures as they lie in memory, and functions by their places in CK_FUNCTION_LIST. */
import { arch, platform } from 'node:os';
import type { Ffi, FunctionType, NativeFunction } from '../../../ffi/ffi.ts';

/** How a module was compiled, which PKCS#11 v2.40, section 2.1, leaves to the platform. */
export interface Layout {
  /** Of a CK_ULONG, which is an `unsigned long`: 4 on Windows and where pointers have 4. */
  readonly ulongBytes: 4 | 8;
  readonly pointerBytes: 4 | 8;
  /** `#pragma pack(1)`, as on Windows: no bytes between fields. */
  readonly packed: boolean;
}

/** The layout of this platform. koffi runs on no machine whose integers begin with their greatest octet. */
function layoutHere(): Layout {
  const pointerBytes = ['arm', 'ia32'].includes(arch()) ? 4 : 8;
  if (platform() === 'win32') return { ulongBytes: 4, pointerBytes, packed: true };
  return { ulongBytes: pointerBytes, pointerBytes, packed: false };
}

/** A CK_ULONG, a pointer, or so many octets. */
type Field = 'ulong' | 'pointer' | number;

/** Where the fields of a structure begin, and how long it is. */
interface Placed<Name extends string> {
  readonly at: Readonly<Record<Name, number>>;
  readonly size: number;
}

function place<Name extends string>(fields: Readonly<Record<Name, Field>>, layout: Layout): Placed<Name> {
  const at: Partial<Record<Name, number>> = {};
  let [end, widest] = [0, 1];
  for (const name in fields) {
    const bytes = bytesOf(fields[name], layout);
    const alignment = layout.packed || typeof fields[name] === 'number' ? 1 : bytes;
    const begin = aligned(end, alignment);
    at[name] = begin;
    end = begin + bytes;
    widest = Math.max(widest, alignment);
  }
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- each name has been given its place
  return { at: at as Record<Name, number>, size: aligned(end, widest) };
}

function bytesOf(field: Field, { ulongBytes, pointerBytes }: Layout): number {
  if (typeof field === 'number') return field;
  return field === 'ulong' ? ulongBytes : pointerBytes;
}

function aligned(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}

/** CK_ATTRIBUTE, with a value that goes to the module. */
export interface Attribute {
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * The structures of PKCS#11 v2.40 that this package exchanges with a module, as bytes: what it reads of them, and what it
 * writes. Lengths come from the module, and so are not believed by who reads them.
 */
export function cryptokiStructures(layout: Layout = layoutHere()) {
  const { ulongBytes, pointerBytes } = layout;
  const info = place({ version: 2, manufacturer: 32, flags: 'ulong', description: 32, libraryVersion: 2 }, layout);
  const slotInfo = place({ description: 64, manufacturer: 32, flags: 'ulong', versions: 4 }, layout);
  const tokenInfo = place(
    {
      label: 32,
      manufacturer: 32,
      model: 16,
      serial: 16,
      flags: 'ulong',
      maxSessionCount: 'ulong',
      sessionCount: 'ulong',
      maxRwSessionCount: 'ulong',
      rwSessionCount: 'ulong',
      maxPinLength: 'ulong',
      minPinLength: 'ulong',
      totalPublicMemory: 'ulong',
      freePublicMemory: 'ulong',
      totalPrivateMemory: 'ulong',
      freePrivateMemory: 'ulong',
      versions: 4,
      utcTime: 16,
    },
    layout,
  );
  const sessionInfo = place({ slot: 'ulong', state: 'ulong', flags: 'ulong', deviceError: 'ulong' }, layout);
  /** Of an attribute: its type; of a mechanism: which it is. */
  const typed = place({ type: 'ulong', pointer: 'pointer', length: 'ulong' }, layout);
  const initializeArgs = place({ mutexes: 4 * pointerBytes, flags: 'ulong', reserved: 'pointer' }, layout);
  const functionList = place({ version: 2, functions: 'pointer' }, layout);

  const readInteger = (bytes: Buffer, at: number, length: 4 | 8): bigint =>
    length === 8 ? bytes.readBigUInt64LE(at) : BigInt(bytes.readUInt32LE(at));
  const writeInteger = (bytes: Buffer, at: number, [value, length]: readonly [bigint | number, 4 | 8]): void => {
    if (length === 8) bytes.writeBigUInt64LE(BigInt(value), at);
    else bytes.writeUInt32LE(Number(value), at);
  };
  const readUlong = (bytes: Buffer, at = 0): bigint => readInteger(bytes, at, ulongBytes);
  const ulong = (value: bigint | number): Buffer => {
    const bytes = Buffer.alloc(ulongBytes);
    writeInteger(bytes, 0, [value, ulongBytes]);
    return bytes;
  };
  const writeTyped = (bytes: Buffer, at: number, values: { type: number; pointer?: bigint; length?: number }): void => {
    writeInteger(bytes, at + typed.at.type, [values.type, ulongBytes]);
    writeInteger(bytes, at + typed.at.pointer, [values.pointer ?? 0n, pointerBytes]);
    writeInteger(bytes, at + typed.at.length, [values.length ?? 0, ulongBytes]);
  };

  return {
    ulongBytes,
    pointerBytes,
    infoBytes: info.size,
    slotInfoBytes: slotInfo.size,
    tokenInfoBytes: tokenInfo.size,
    sessionInfoBytes: sessionInfo.size,
    attributeBytes: typed.size,

    /** One CK_ULONG. */
    ulong,
    readUlong,
    /** An array of them. */
    readUlongs: (bytes: Buffer, count: number): readonly bigint[] =>
      Array.from({ length: count }, (_, index) => readUlong(bytes, index * ulongBytes)),
    readPointer: (bytes: Buffer, at = 0): bigint => readInteger(bytes, at, pointerBytes),

    /** Bytes of a CK_FUNCTION_LIST up to and with the function at a place of it, and where that is. */
    functionAt: (index: number): { readonly at: number; readonly end: number } => {
      const at = functionList.at.functions + index * pointerBytes;
      return { at, end: at + pointerBytes };
    },

    /** CK_INFO. */
    readInfo: (bytes: Buffer) => ({
      manufacturer: textAt(bytes, info.at.manufacturer, 32),
      description: textAt(bytes, info.at.description, 32),
      version: {
        major: bytes.readUInt8(info.at.libraryVersion),
        minor: bytes.readUInt8(info.at.libraryVersion + 1),
      },
    }),
    /** CK_SLOT_INFO. */
    readSlotInfo: (bytes: Buffer) => ({
      description: textAt(bytes, slotInfo.at.description, 64),
      manufacturer: textAt(bytes, slotInfo.at.manufacturer, 32),
    }),
    /** CK_TOKEN_INFO. */
    readTokenInfo: (bytes: Buffer) => ({
      label: textAt(bytes, tokenInfo.at.label, 32),
      manufacturer: textAt(bytes, tokenInfo.at.manufacturer, 32),
      model: textAt(bytes, tokenInfo.at.model, 16),
      serial: textAt(bytes, tokenInfo.at.serial, 16),
      flags: Number(readUlong(bytes, tokenInfo.at.flags)),
    }),
    /** CKS_… of a CK_SESSION_INFO. */
    readSessionState: (bytes: Buffer): number => Number(readUlong(bytes, sessionInfo.at.state)),

    /** CK_C_INITIALIZE_ARGS without functions of ours. */
    initializeArgs: (flags: number): Buffer => {
      const bytes = Buffer.alloc(initializeArgs.size);
      writeInteger(bytes, initializeArgs.at.flags, [flags, ulongBytes]);
      return bytes;
    },
    /** CK_MECHANISM without a parameter. */
    mechanism: (type: number): Buffer => {
      const bytes = Buffer.alloc(typed.size);
      writeTyped(bytes, 0, { type });
      return bytes;
    },
    /** An array of CK_ATTRIBUTE, and behind it the values that these point to: one piece, which is kept or goes as one. */
    template: (wanted: readonly Attribute[], addressOf: (bytes: Buffer) => bigint): Buffer => {
      const begin = wanted.length * typed.size;
      const bytes = Buffer.alloc(begin + wanted.reduce((sum, { value }) => sum + value.length, 0));
      const address = addressOf(bytes);
      let end = begin;
      for (const [index, { type, value }] of wanted.entries()) {
        bytes.set(value, end);
        const pointer = address + BigInt(end);
        writeTyped(bytes, index * typed.size, { type, pointer, length: value.length });
        end += value.length;
      }
      return bytes;
    },
    /** One CK_ATTRIBUTE for C_GetAttributeValue, with room for so many bytes behind it; without any it asks how many. */
    attributeToRead: (type: number, length: number, addressOf: (bytes: Buffer) => bigint): Buffer => {
      const bytes = Buffer.alloc(typed.size + length);
      const pointer = length === 0 ? 0n : addressOf(bytes) + BigInt(typed.size);
      writeTyped(bytes, 0, { type, pointer, length });
      return bytes;
    },
    /** What C_GetAttributeValue has written: how long the value is. CK_UNAVAILABLE_INFORMATION is the greatest number. */
    attributeLength: (bytes: Buffer): bigint => readUlong(bytes, typed.at.length),
  };
}

export type CryptokiStructures = ReturnType<typeof cryptokiStructures>;

/** Fields have a fixed length and are padded with blanks, by some modules with zeros. */
function textAt(bytes: Buffer, at: number, length: number): string {
  return bytes.toString('utf8', at, at + length).replace(/[ \0]+$/, '');
}

/** A function of a module: it gives a CK_RV. */
type CryptokiFunction<Takes extends FunctionType['takes']> = NativeFunction<{
  readonly takes: Takes;
  readonly gives: 'ulong';
}>;

/**
 * Loads a module and finds its functions by C_GetFunctionList, the one that every module must export by its name (PKCS#11
 * v2.40, section 5.4).
 *
 * @throws Error with the words of the loader, or of what the module did not give
 */
export function openFunctions(ffi: Ffi, path: string, structures: CryptokiStructures) {
  const { C_GetFunctionList } = ffi.open(path, { C_GetFunctionList: { takes: ['pointer'], gives: 'ulong' } });
  const pointer = Buffer.alloc(structures.pointerBytes);
  const result = C_GetFunctionList(pointer);
  const list = structures.readPointer(pointer);
  if (result !== 0n || list === 0n)
    throw new Error(`${path}: C_GetFunctionList gives no functions (0x${result.toString(16)})`);
  const table = ffi.read(list, structures.functionAt(lastIndex).end);
  /** By its index in CK_FUNCTION_LIST. */
  const at = <const Takes extends FunctionType['takes']>(index: number, takes: Takes): CryptokiFunction<Takes> => {
    const address = structures.readPointer(table, structures.functionAt(index).at);
    return address === 0n ? unsupported() : ffi.functionAt(address, { takes, gives: 'ulong' });
  };
  return {
    C_Initialize: at(0, ['pointer']),
    C_Finalize: at(1, ['pointer']),
    C_GetInfo: at(2, ['pointer']),
    C_GetSlotList: at(4, ['u8', 'pointer', 'pointer']),
    C_GetSlotInfo: at(5, ['ulong', 'pointer']),
    C_GetTokenInfo: at(6, ['ulong', 'pointer']),
    C_OpenSession: at(12, ['ulong', 'ulong', 'pointer', 'pointer', 'pointer']),
    C_CloseSession: at(13, ['ulong']),
    C_GetSessionInfo: at(15, ['ulong', 'pointer']),
    C_Login: at(18, ['ulong', 'ulong', 'pointer', 'ulong']),
    C_GetAttributeValue: at(24, ['ulong', 'ulong', 'pointer', 'ulong']),
    C_FindObjectsInit: at(26, ['ulong', 'pointer', 'ulong']),
    C_FindObjects: at(27, ['ulong', 'pointer', 'ulong', 'pointer']),
    C_FindObjectsFinal: at(28, ['ulong']),
    C_SignInit: at(42, ['ulong', 'pointer', 'ulong']),
    C_Sign: at(lastIndex, ['ulong', 'pointer', 'ulong', 'pointer', 'pointer']),
  };
}

/** C_Sign's: behind it the list holds what is not used here. */
const lastIndex = 43;

export type CryptokiFunctions = ReturnType<typeof openFunctions>;

/** Some modules leave out what they do not have, where CKR_FUNCTION_NOT_SUPPORTED should be answered. */
function unsupported(): (() => bigint) & { async: () => Promise<bigint> } {
  const answer = (): bigint => 0x54n;
  return Object.assign(answer, { async: () => Promise.resolve(answer()) });
}
