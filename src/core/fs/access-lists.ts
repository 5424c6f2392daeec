import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { platform } from 'node:os';
import { resolve, toNamespacedPath } from 'node:path';
import type { Ffi, NativeFunctions } from '../../ffi/ffi.ts';
import { findFfi } from '../../ffi/find-ffi.ts';
import { type AccessDemand, type AccessDoubt, doubtOf, folderDoubtOf } from './access-doubt.ts';
import { sidAt, strangersOf } from './security-descriptor.ts';

/**
 * Access lists of Windows, which stand in the place of modes: what is private there is this user's, SYSTEM's and the
 * administrators' alone. Paths are as node:fs takes them.
 */
export interface AccessLists {
  readonly doubt: (path: string, demand: AccessDemand) => AccessDoubt | undefined;
  /**
   * What is said against a folder on the way to a file, as the end of a sentence: others may put something else in its
   * place, or in that of what is in it. Nothing where its list cannot be read.
   */
  readonly folderDoubt: (path: string) => string | undefined;
  /** A folder for this user alone, and what is made in it too. @throws what node:fs throws: EEXIST */
  readonly makeFolder: (path: string) => void;
  /** An empty file for this user alone, or with the list of another file. @throws what node:fs throws: EEXIST */
  readonly makeFile: (path: string, like?: string) => void;
  /**
   * Gives a named pipe that this process listens on a list with this user alone in it, by a connection that ends at once.
   * @returns whether the pipe has it
   */
  readonly closePipe: (path: string) => boolean;
}

/** Functions by their library, as the pages of the Windows API have them. Handles are pointers. */
const advapi32 = {
  GetFileSecurityW: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    takes: ['pointer', 'u32', 'pointer', 'pointer'],
    gives: 'i32',
  },
  GetKernelObjectSecurity: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
  SetKernelObjectSecurity: { takes: ['pointer', 'u32', 'pointer'], gives: 'i32' },
  OpenProcessToken: { takes: ['pointer', 'u32', 'pointer'], gives: 'i32' },
  GetTokenInformation: { takes: ['pointer', 'i32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
} as const;

const kernel32 = {
  GetCurrentProcess: { takes: [], gives: 'pointer' },
  CloseHandle: { takes: ['pointer'], gives: 'i32' },
  CreateDirectoryW: { takes: ['pointer', 'pointer'], gives: 'i32' },
  CreateFileW: { takes: ['pointer', 'u32', 'u32', 'pointer', 'u32', 'u32', 'pointer'], gives: 'pointer' },
} as const;

type Calls = NativeFunctions<typeof advapi32 & typeof kernel32> & Pick<Ffi, 'addressOf'>;

let opened: Promise<AccessLists | undefined> | undefined;

/**
 * The access lists of this system; undefined on every other one, and where they cannot be had.
 * @param warn is told once why they cannot
 */
export function openAccessLists(warn: (message: string) => void): Promise<AccessLists | undefined> {
  return (opened ??= platform() === 'win32' ? open(warn) : Promise.resolve(undefined));
}

async function open(warn: (message: string) => void): Promise<AccessLists | undefined> {
  const ffi = await findFfi();
  const notLookedAt = 'who else may read or change keys, tokens and the cache is not looked at';
  if ('missing' in ffi) {
    warn(`${notLookedAt}: that needs ${ffi.missing}`);
    return undefined;
  }
  const { addressOf } = ffi;
  const calls = { ...ffi.open('advapi32.dll', advapi32), ...ffi.open('kernel32.dll', kernel32), addressOf };
  const user = userOf(calls);
  if (user === undefined) warn(`${notLookedAt}: the system does not say whom this process acts as`);
  return user === undefined ? undefined : listsOf(calls, user);
}

function listsOf(calls: Calls, user: string): AccessLists {
  const [forFolder, forFile] = ['OICI', ''].map((flags) => attributesOf(privateList(user, flags), calls));
  const forPipe = descriptorFrom(`D:P(A;;FA;;;${user})`, calls);
  const bytesOf = (path: string) => descriptorOf(path, ownerPart | listPart, calls);
  return {
    doubt(path, demand) {
      const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
      return doubtOf(bytesOf(path), demand, { path, user, isFolder });
    },
    folderDoubt: (path) => folderDoubtOf(bytesOf(path), path, user),
    makeFolder(path) {
      if (calls.CreateDirectoryW(wide(path), forFolder?.bytes ?? null) === 0) mkdirSync(path, 0o700);
    },
    makeFile(path, like) {
      const attributes = (like === undefined ? undefined : attributesLike(like, calls)) ?? forFile;
      if (attributes === undefined || !makeWith(attributes, path, calls)) closeSync(openSync(path, 'wx', 0o600));
    },
    closePipe(path) {
      const bytes = forPipe === undefined ? undefined : givePipe(path, forPipe, calls);
      return bytes !== undefined && strangersOf(bytes, user).rights.size === 0;
    },
  };
}

/** READ_CONTROL and WRITE_DAC; FILE_SHARE_READ and FILE_SHARE_WRITE; OPEN_EXISTING. */
const [ofList, shared, existing] = [0x6_0000, 3, 3];

/** All instances of a pipe have one descriptor ("Named Pipe Security and Access Rights" of the Windows API). */
function givePipe(path: string, descriptor: bigint, calls: Calls): Buffer | undefined {
  const handle = calls.CreateFileW(wide(path), ofList, shared, null, existing, 0, null);
  if (handle === noHandle) return undefined;
  const [bytes, needed] = [Buffer.alloc(mostBytes), Buffer.alloc(4)];
  const isGiven =
    calls.SetKernelObjectSecurity(handle, listPart, descriptor) !== 0 &&
    calls.GetKernelObjectSecurity(handle, ownerPart | listPart, bytes, bytes.length, needed) !== 0;
  calls.CloseHandle(handle);
  return isGiven ? bytes : undefined;
}

/** Those of SDDL: all rights for SYSTEM, Administrators and the user, and nothing of the folder above. */
function privateList(user: string, flags: string): string {
  return `D:P${['SY', 'BA', user].map((sid) => `(A;${flags};FA;;;${sid})`).join('')}`;
}

/** TOKEN_QUERY and TokenUser: a TOKEN_USER begins with the address of the SID, which stands behind it. */
const [queryToken, tokenUser, userHeader] = [0x8, 1, 16];

/** Bytes: more than any token or descriptor has. */
const mostBytes = 0x2_0000;

/** The SID of the user that this process acts as. */
function userOf({ GetCurrentProcess, OpenProcessToken, GetTokenInformation, CloseHandle }: Calls): string | undefined {
  const [token, bytes, length] = [Buffer.alloc(8), Buffer.alloc(mostBytes), Buffer.alloc(4)];
  if (OpenProcessToken(GetCurrentProcess(), queryToken, token) === 0) return undefined;
  const handle = token.readBigUInt64LE();
  const isKnown = GetTokenInformation(handle, tokenUser, bytes, bytes.length, length) !== 0;
  CloseHandle(handle);
  return isKnown ? sidAt(bytes, userHeader) : undefined;
}

/** OWNER_SECURITY_INFORMATION and DACL_SECURITY_INFORMATION. */
const [ownerPart, listPart] = [0x1, 0x4];

/** Undefined where there is nothing, or it does not tell. */
function descriptorOf(path: string, parts: number, { GetFileSecurityW }: Calls): Buffer | undefined {
  const [bytes, needed] = [Buffer.alloc(mostBytes), Buffer.alloc(4)];
  return GetFileSecurityW(wide(path), parts, bytes, bytes.length, needed) === 0 ? undefined : bytes;
}

/** SECURITY_ATTRIBUTES, and what it leads to. */
interface Attributes {
  readonly bytes: Buffer;
  readonly descriptor: Buffer | bigint;
}

function attributesOf(sddl: string, calls: Calls): Attributes | undefined {
  const descriptor = descriptorFrom(sddl, calls);
  return descriptor === undefined ? undefined : attributesAt(descriptor, calls);
}

/** Where it is, for as long as this process lives. */
function descriptorFrom(sddl: string, calls: Calls): bigint | undefined {
  const descriptor = Buffer.alloc(8);
  const text = Buffer.from(`${sddl}\0`, 'utf16le');
  const isMade = calls.ConvertStringSecurityDescriptorToSecurityDescriptorW(text, 1, descriptor, null) !== 0;
  return isMade ? descriptor.readBigUInt64LE() : undefined;
}

function attributesLike(path: string, calls: Calls): Attributes | undefined {
  const descriptor = descriptorOf(path, listPart, calls);
  return descriptor && attributesAt(descriptor, calls);
}

/** Its own length, with what fills up to the pointer, the descriptor, and that no process inherits the handle. */
function attributesAt(descriptor: Buffer | bigint, { addressOf }: Calls): Attributes {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(bytes.length);
  bytes.writeBigUInt64LE(typeof descriptor === 'bigint' ? descriptor : addressOf(descriptor), 8);
  return { bytes, descriptor };
}

/** GENERIC_WRITE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, INVALID_HANDLE_VALUE. */
const [toWrite, onlyNew, ordinary, noHandle] = [0x4000_0000, 1, 0x80, 0xffff_ffff_ffff_ffffn];

/** @returns whether it was made: why not, whoever calls asks Node */
function makeWith({ bytes }: Attributes, path: string, { CreateFileW, CloseHandle }: Calls): boolean {
  const handle = CreateFileW(wide(path), toWrite, 0, bytes, onlyNew, ordinary, null);
  if (handle === noHandle) return false;
  CloseHandle(handle);
  return true;
}

/** A path as Windows takes it, of whatever length: UTF-16, with a zero at its end. */
function wide(path: string): Buffer {
  return Buffer.from(`${toNamespacedPath(resolve(path))}\0`, 'utf16le');
}
