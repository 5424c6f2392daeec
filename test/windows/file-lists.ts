import { findFfi } from '../../src/ffi/find-ffi.ts';
import { openAccessLists } from '../../src/core/fs/access-lists.ts';

const text = (of: string): Buffer => Buffer.from(`${of}\0`, 'utf16le');

/** DACL_SECURITY_INFORMATION, INVALID_HANDLE_VALUE */
const [listPart, noHandle] = [4, 0xffff_ffff_ffff_ffffn];

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
  const { CreateFileW, CloseHandle } = ffi.open('kernel32.dll', {
    CreateFileW: { takes: ['pointer', 'u32', 'u32', 'pointer', 'u32', 'u32', 'pointer'], gives: 'pointer' },
    CloseHandle: { takes: ['pointer'], gives: 'i32' },
  });
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
