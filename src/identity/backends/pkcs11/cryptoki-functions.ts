import type { Ffi, FunctionType, NativeFunction } from '../../../ffi/ffi.ts';
import type { CryptokiStructures } from './cryptoki-structures.ts';

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
