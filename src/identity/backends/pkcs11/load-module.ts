import type * as graphenePackage from 'graphene-pk11';
import type { Module, Session, SessionObject, Slot } from 'graphene-pk11';
import { RolesAnywhereError } from '../../../errors.ts';
import {
  CryptokiError,
  type CryptokiModule,
  type CryptokiObject,
  type CryptokiSession,
  type CryptokiSlot,
  isResult,
  type LibraryInfo,
  type Template,
  type TokenInfo,
} from './cryptoki.ts';
import { readUnsigned } from './read-unsigned.ts';

/** A module in this process, between C_Initialize and C_Finalize once started. */
export interface LoadedModule extends CryptokiModule {
  /**
   * C_Initialize.
   * @returns false when somebody else in this process had done so, who will also call C_Finalize
   */
  initialize(): boolean;
  /** C_Finalize. */
  finalize(): void;
}

/** Thrown with the words of dlopen, dlsym or LoadLibrary. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure';
}

/**
 * Loads a PKCS#11 module through graphene-pk11. This is the only file that knows graphene.
 *
 * @param path a path, or a bare name that the dynamic loader looks for
 * @throws LoadFailure
 * @throws RolesAnywhereError PKCS11_NOT_INSTALLED
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const graphene = await importGraphene();
  const module = load(graphene, path);
  return {
    get library() {
      return call(() => libraryInfo(module));
    },
    slots: () => call(() => [...module.getSlots(true)].map((slot) => adaptSlot(slot))),
    initialize: () => initialize(module),
    finalize: () => call(() => module.finalize()),
  };
}

type Graphene = typeof graphenePackage;

async function importGraphene(): Promise<Graphene> {
  try {
    return await import('graphene-pk11');
  } catch (error) {
    throw explainMissing(error);
  }
}

function explainMissing(error: unknown): RolesAnywhereError {
  const words = error instanceof Error ? error.message : '';
  if (/graphene-pk11/.test(words.split('\n')[0] ?? '')) {
    return new RolesAnywhereError('PKCS11_NOT_INSTALLED', 'keys on a PKCS#11 token need the package graphene-pk11', {
      cause: error,
      hints: ['install it beside this package: npm install graphene-pk11', ...buildHints],
    });
  }
  return new RolesAnywhereError(
    'PKCS11_NOT_INSTALLED',
    'the native part of graphene-pk11 (pkcs11js) is not built for this machine',
    { cause: error, hints: ['build it: npm rebuild pkcs11js', ...buildHints] },
  );
}

const buildHints = [
  'its native part is compiled by an install script, which npm may want approved: npm install-scripts approve pkcs11js',
  'for a global installation: npm install --global --allow-scripts=pkcs11js graphene-pk11',
  'compiling takes a C++ compiler, make and Python 3',
];

function load(graphene: Graphene, path: string): Module {
  try {
    return graphene.Module.load(path);
  } catch (error) {
    throw new LoadFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** CKF_OS_LOCKING_OK: C_Sign runs on a thread of libuv while this one may ask for something else. */
const osLocking = 0x2;

function initialize(module: Module): boolean {
  try {
    call(() => module.lib.C_Initialize({ flags: osLocking }));
    return true;
  } catch (error) {
    if (isResult(error, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')) return false;
    throw error;
  }
}

function libraryInfo(module: Module): LibraryInfo {
  const info = module.lib.C_GetInfo();
  return {
    manufacturer: unpadded(info.manufacturerID),
    description: unpadded(info.libraryDescription),
    version: { major: info.libraryVersion.major, minor: info.libraryVersion.minor },
  };
}

function adaptSlot(slot: Slot): CryptokiSlot {
  return {
    id: readUnsigned(slot.handle),
    describe: () =>
      call(() => {
        const info = slot.lib.C_GetSlotInfo(slot.handle);
        return { description: unpadded(info.slotDescription), manufacturer: unpadded(info.manufacturerID) };
      }),
    token: () => call(() => tokenInfo(slot)),
    open: () => call(() => adaptSession(slot.open())),
  };
}

/** Not through graphene's Token, which also cuts blanks off the front. */
function tokenInfo(slot: Slot): TokenInfo {
  const info = slot.lib.C_GetTokenInfo(slot.handle);
  return {
    label: unpadded(info.label),
    manufacturer: unpadded(info.manufacturerID),
    model: unpadded(info.model),
    serial: unpadded(info.serialNumber),
    flags: info.flags,
  };
}

/** CKU_USER, CKU_CONTEXT_SPECIFIC. */
const userTypes = { user: 1, 'context-specific': 2 } as const;

/** CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS. */
const loggedInStates: ReadonlySet<number> = new Set([1, 3]);

/** RSA with 8192 bits, and more than any ECDSA signature. */
const longestSignature = 1024;

function adaptSession(session: Session): CryptokiSession {
  const { lib, handle } = session;
  return {
    isLoggedIn: () => loggedInStates.has(call(() => lib.C_GetSessionInfo(handle)).state),
    login: (kind, pin) => call(() => lib.C_Login(handle, userTypes[kind], pin)),
    find: (template) => call(() => find(session, template)),
    startSigning: (key, mechanism) => {
      call(() => lib.C_SignInit(handle, { mechanism }, handleOf(key)));
    },
    sign: (data) => signOnThread(session, data),
    signHere: (data) => call(() => lib.C_Sign(handle, Buffer.from(data), Buffer.alloc(longestSignature))),
    giveUpSigning: () => {
      // C_Sign ends the operation whatever it answers (PKCS#11 v2.40, section 5.11); v2.40 has no other way.
      attempt(() => lib.C_Sign(handle, Buffer.alloc(1), Buffer.alloc(longestSignature)));
    },
    close: () => attempt(() => session.close()),
  };
}

/** The native worker holds bare pointers: both buffers must stay reachable until it calls back. */
function signOnThread(session: Session, data: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const input = Buffer.from(data);
    const output = Buffer.alloc(longestSignature);
    const done = (error: Error | null, signature: Buffer): void => {
      input.fill(0);
      if (error === null) resolve(output.subarray(0, signature.length));
      else reject(asCryptokiError(error));
    };
    call(() => session.lib.C_Sign(session.handle, input, output, done));
  });
}

const handles = new WeakMap<CryptokiObject, Buffer>();

function handleOf(object: CryptokiObject): Buffer {
  const handle = handles.get(object);
  if (handle === undefined) throw new TypeError('an object of another module');
  return handle;
}

function find(session: Session, template: Template): readonly CryptokiObject[] {
  const { class: objectClass, id, label, subject } = template;
  const found = session.find({
    class: objectClass,
    ...(id === undefined ? {} : { id: Buffer.from(id) }),
    ...(label === undefined ? {} : { label }),
    ...(subject === undefined ? {} : { subject: Buffer.from(subject) }),
  });
  return [...found].map((object) => adaptObject(object));
}

function adaptObject(object: SessionObject): CryptokiObject {
  const adapted: CryptokiObject = { read: (attribute) => readAttribute(object, attribute) };
  handles.set(adapted, object.handle);
  return adapted;
}

function readAttribute(object: SessionObject, attribute: number): Uint8Array | undefined {
  try {
    return call(() => object.getAttribute(attribute));
  } catch (error) {
    if (isResult(error, 'CKR_ATTRIBUTE_TYPE_INVALID', 'CKR_ATTRIBUTE_SENSITIVE')) return undefined;
    throw error;
  }
}

/** Fields have a fixed length and are padded with blanks, by some modules with zeros. */
function unpadded(field: string): string {
  return field.replace(/[ \0]+$/, '');
}

function call<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw asCryptokiError(error);
  }
}

function attempt(run: () => unknown): void {
  try {
    run();
  } catch {
    // What is being given up is gone already.
  }
}

function asCryptokiError(error: unknown): unknown {
  if (error instanceof CryptokiError) return error;
  const [result] = /CKR_\w+/.exec(error instanceof Error ? error.message : '') ?? [];
  return result === undefined ? error : new CryptokiError(result, error);
}
