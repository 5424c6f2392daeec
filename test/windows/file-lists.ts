import { tmpdir } from 'node:os';
import { sidAt, strangersOf } from '../../src/core/fs/security-descriptor.ts';
import { findFfi } from '../../src/ffi/find-ffi.ts';
import { openAccessLists } from '../../src/core/fs/access-lists.ts';

const text = (of: string): Buffer => Buffer.from(`${of}\0`, 'utf16le');

/** OWNER_SECURITY_INFORMATION, DACL_SECURITY_INFORMATION, INVALID_HANDLE_VALUE */
const [ownerPart, listPart, noHandle] = [1, 4, 0xffff_ffff_ffff_ffffn];

const opening = {
  CreateFileW: { takes: ['pointer', 'u32', 'u32', 'pointer', 'u32', 'u32', 'pointer'], gives: 'pointer' },
  CloseHandle: { takes: ['pointer'], gives: 'i32' },
} as const;

/** Access lists of files, set and held open as other programs do. Wine keeps of a list what a mode can say. */
export async function fileLists() {
  const ffi = await findFfi();
  if (!('open' in ffi)) throw new Error(ffi.missing);
  const { ConvertStringSecurityDescriptorToSecurityDescriptorW: fromText, SetFileSecurityW } = ffi.open(
    'advapi32.dll',
    {
      ConvertStringSecurityDescriptorToSecurityDescriptorW: {
        takes: ['pointer', 'u32', 'pointer', 'pointer'],
        gives: 'i32',
      },
      SetFileSecurityW: { takes: ['pointer', 'u32', 'pointer'], gives: 'i32' },
    },
  );
  const { CreateFileW, CloseHandle } = ffi.open('kernel32.dll', opening);
  const lists = await openAccessLists((message) => {
    throw new Error(message);
  });
  if (lists === undefined) throw new Error('no access lists');
  return {
    lists,
    /** @param sddl entries: `(A;;FA;;;WD)` lets everybody do everything */
    set(path: string, sddl: string): void {
      const descriptor = Buffer.alloc(8);
      fromText(text(`D:P${sddl}`), 1, descriptor, null);
      if (SetFileSecurityW(text(path), listPart, descriptor.readBigUInt64LE()) === 0)
        throw new Error('SetFileSecurityW');
    },
    /** Opens a file to read and shares it with nobody. @returns what closes it */
    hold(path: string): () => void {
      const handle = CreateFileW(text(path), 0x8000_0000, 0, null, 3, 0x80, null);
      if (handle === noHandle) throw new Error('CreateFileW');
      return () => void CloseHandle(handle);
    },
  };
}

/** The list of a named pipe that somebody listens on, and the SID of this user. */
export async function pipeList(pipe: string) {
  const ffi = await findFfi();
  if (!('open' in ffi)) throw new Error(ffi.missing);
  const { GetKernelObjectSecurity, GetFileSecurityW } = ffi.open('advapi32.dll', {
    GetKernelObjectSecurity: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
    GetFileSecurityW: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
  });
  const { CreateFileW, CloseHandle } = ffi.open('kernel32.dll', opening);
  const [bytes, own, needed] = [Buffer.alloc(65_536), Buffer.alloc(65_536), Buffer.alloc(4)];
  const handle = CreateFileW(text(pipe), 0x2_0000, 3, null, 3, 0, null);
  if (handle === noHandle) throw new Error('CreateFileW');
  const isRead = GetKernelObjectSecurity(handle, ownerPart | listPart, bytes, bytes.length, needed) !== 0;
  CloseHandle(handle);
  if (!isRead || GetFileSecurityW(text(tmpdir()), ownerPart, own, own.length, needed) === 0) throw new Error('no list');
  return { rights: Object.fromEntries(strangersOf(bytes, '').rights), user: sidAt(own, own.readUInt32LE(4)) };
}
