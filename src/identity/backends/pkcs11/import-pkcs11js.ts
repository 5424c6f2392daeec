/**
 * The optional package pkcs11js: what is used of it, declared here, and how it is found.
 *
 * Neither a compiler nor a bundler is to look for a package that may not be there, so none of its types are imported and
 * the import() names no literal; the comments tell webpack and Vite to leave it alone.
 */
import { RolesAnywhereError } from '../../../core/errors.ts';

export interface Pkcs11js {
  readonly PKCS11: new () => Binding;
}

/** PKCS#11 v2.40, sections 5.4 to 5.11; a function that does not answer CKR_OK throws an error that quotes the CKR_…. */
export interface Binding {
  /** @throws with the words of dlopen, dlsym or LoadLibrary */
  load(path: string): void;
  C_Initialize(options?: { readonly flags: number }): void;
  C_Finalize(): void;
  C_GetInfo(): ModuleInfo;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetSlotInfo(slot: Handle): { readonly slotDescription: string; readonly manufacturerID: string };
  C_GetTokenInfo(slot: Handle): TokenInfoFields;
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_GetSessionInfo(session: Handle): { readonly state: number };
  C_Login(session: Handle, userType: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void;
  C_FindObjects(session: Handle, maxCount: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly { readonly type: number }[],
  ): { readonly value: Buffer }[];
  C_SignInit(session: Handle, mechanism: { readonly mechanism: number }, key: Handle): void;
  /** @returns the part of `output` that holds the signature */
  C_Sign(session: Handle, data: Buffer, output: Buffer): Buffer;
  C_Sign(session: Handle, data: Buffer, output: Buffer, done: (error: Error | null, signature: Buffer) => void): void;
}

/** CK_SLOT_ID, CK_SESSION_HANDLE or CK_OBJECT_HANDLE: a CK_ULONG as the module has it in memory. */
type Handle = Buffer;

/** CK_INFO. */
interface ModuleInfo {
  readonly manufacturerID: string;
  readonly libraryDescription: string;
  readonly libraryVersion: { readonly major: number; readonly minor: number };
}

/** CK_TOKEN_INFO. */
interface TokenInfoFields {
  readonly label: string;
  readonly manufacturerID: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly flags: number;
}

/** CK_ATTRIBUTE. */
export interface Attribute {
  readonly type: number;
  readonly value: Buffer | number | boolean | string;
}

const packageName: string = 'pkcs11js';

/** @throws RolesAnywhereError PKCS11_NOT_INSTALLED */
export async function importPkcs11js(): Promise<Pkcs11js> {
  try {
    const found: Pkcs11js = await import(/* webpackIgnore: true */ /* @vite-ignore */ packageName);
    return found;
  } catch (error) {
    throw explainMissing(error);
  }
}

/** The package is named where it is missing, else the file of its native part. */
function explainMissing(error: unknown): RolesAnywhereError {
  const words = error instanceof Error ? error.message : '';
  if (/'pkcs11js'/.test(words.split('\n')[0] ?? '')) {
    return new RolesAnywhereError('PKCS11_NOT_INSTALLED', 'keys on a PKCS#11 token need the package pkcs11js', {
      cause: error,
      hints: ['install it beside this package: npm install pkcs11js', ...buildHints],
    });
  }
  return new RolesAnywhereError(
    'PKCS11_NOT_INSTALLED',
    'the native part of the package pkcs11js is not built for this machine',
    { cause: error, hints: ['build it: npm rebuild pkcs11js', ...buildHints] },
  );
}

const buildHints = [
  'its native part is compiled by an install script, which npm may want approved: npm install-scripts approve pkcs11js',
  'for a global installation: npm install --global --allow-scripts=pkcs11js pkcs11js',
  'compiling takes a C++ compiler, make and Python 3',
];
