import {
  attributes,
  CryptokiError,
  type CryptokiModule,
  type CryptokiObject,
  type CryptokiSession,
  type CryptokiSlot,
  isResult,
  type LibraryInfo,
  readUnsigned,
  type Template,
  type TokenInfo,
} from './cryptoki.ts';
import { type Attribute, type Binding, importPkcs11js } from './import-pkcs11js.ts';

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
 * Loads a PKCS#11 module through pkcs11js. Beside import-pkcs11js.ts this is the only file that knows pkcs11js.
 *
 * @param path a path, or a bare name that the dynamic loader looks for
 * @throws LoadFailure
 * @throws RolesAnywhereError PKCS11_NOT_INSTALLED
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const { PKCS11 } = await importPkcs11js();
  const lib = load(PKCS11, path);
  return {
    get library() {
      return call(() => libraryInfo(lib));
    },
    slots: () => call(() => lib.C_GetSlotList(true).map((slot) => adaptSlot(lib, slot))),
    initialize: () => initialize(lib),
    finalize: () => call(() => lib.C_Finalize()),
  };
}

function load(PKCS11: new () => Binding, path: string): Binding {
  const lib = new PKCS11();
  try {
    lib.load(path);
  } catch (error) {
    throw new LoadFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return lib;
}

/** CKF_OS_LOCKING_OK: C_Sign runs on a thread of libuv while this one may ask for something else. */
const osLocking = 0x2;

/** Modules that cannot lock, and are called on this thread alone. */
const unlocked = new WeakSet<Binding>();

function initialize(lib: Binding): boolean {
  try {
    call(() => lib.C_Initialize({ flags: osLocking }));
    unlocked.delete(lib);
  } catch (error) {
    if (isResult(error, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')) return false;
    initializeUnlocked(lib, error);
  }
  return true;
}

/** CKR_CANT_LOCK should say that a module cannot lock; CKR_ARGUMENTS_BAD and others do as well. @throws why it was refused */
function initializeUnlocked(lib: Binding, refusal: unknown): void {
  try {
    lib.C_Initialize();
    unlocked.add(lib);
  } catch {
    throw refusal;
  }
}

function libraryInfo(lib: Binding): LibraryInfo {
  const info = lib.C_GetInfo();
  return {
    manufacturer: unpadded(info.manufacturerID),
    description: unpadded(info.libraryDescription),
    version: { major: info.libraryVersion.major, minor: info.libraryVersion.minor },
  };
}

/** CKF_SERIAL_SESSION, which every session must have; without CKF_RW_SESSION it reads only. */
const serialSession = 0x4;

function adaptSlot(lib: Binding, handle: Buffer): CryptokiSlot {
  return {
    id: readUnsigned(handle),
    describe: () =>
      call(() => {
        const info = lib.C_GetSlotInfo(handle);
        return { description: unpadded(info.slotDescription), manufacturer: unpadded(info.manufacturerID) };
      }),
    token: () => call(() => tokenInfo(lib, handle)),
    open: () => call(() => adaptSession({ lib, handle: lib.C_OpenSession(handle, serialSession) })),
  };
}

function tokenInfo(lib: Binding, slot: Buffer): TokenInfo {
  const info = lib.C_GetTokenInfo(slot);
  return {
    label: unpadded(info.label),
    manufacturer: unpadded(info.manufacturerID),
    model: unpadded(info.model),
    serial: unpadded(info.serialNumber),
    flags: info.flags,
  };
}

interface Session {
  readonly lib: Binding;
  readonly handle: Buffer;
}

/** CKU_USER, CKU_CONTEXT_SPECIFIC. */
const userTypes = { user: 1, 'context-specific': 2 } as const;

/** CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS. */
const loggedInStates: ReadonlySet<number> = new Set([1, 3]);

/** RSA with 8192 bits, and more than any ECDSA signature. */
const longestSignature = 1024;

function adaptSession(session: Session): CryptokiSession {
  const { lib, handle } = session;
  const output = Buffer.alloc(longestSignature);
  const signHere = (data: Uint8Array): Uint8Array =>
    Uint8Array.from(call(() => lib.C_Sign(handle, bufferOver(data), output)));
  return {
    isLoggedIn: () => isLoggedIn(session),
    login: (kind, pin) => call(() => lib.C_Login(handle, userTypes[kind], pin)),
    find: (template) => call(() => find(session, template)),
    startSigning: (key, mechanism) => {
      call(() => lib.C_SignInit(handle, { mechanism }, handleOf(key)));
    },
    // eslint-disable-next-line typescript/require-await -- the seam is asynchronous, a module that cannot lock is not
    sign: async (data) => (unlocked.has(lib) ? signHere(data) : signOnThread(session, data)),
    signHere,
    giveUpSigning: () => {
      // C_Sign ends the operation whatever it answers (PKCS#11 v2.40, section 5.11); v2.40 has no other way.
      attempt(() => lib.C_Sign(handle, Buffer.alloc(1), output));
    },
    close: () => attempt(() => lib.C_CloseSession(handle)),
  };
}

/** A module that does not tell is asked by C_Login, which answers CKR_USER_ALREADY_LOGGED_IN. */
function isLoggedIn({ lib, handle }: Session): boolean {
  const info = optional(() => lib.C_GetSessionInfo(handle));
  return info !== undefined && loggedInStates.has(info.state);
}

/** The same bytes, as pkcs11js wants them. */
function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
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

/** C_FindObjects gives so many at a time. */
const foundAtOnce = 64;

function find(session: Session, template: Template): readonly CryptokiObject[] {
  const { lib, handle } = session;
  const found: Buffer[] = [];
  lib.C_FindObjectsInit(handle, attributesOf(template));
  try {
    for (;;) {
      const some = lib.C_FindObjects(handle, foundAtOnce);
      if (some.length === 0) break;
      found.push(...some);
    }
  } finally {
    // Until then the session refuses another search.
    attempt(() => lib.C_FindObjectsFinal(handle));
  }
  return found.map((object) => adaptObject(session, object));
}

function attributesOf({ class: objectClass, id, label, subject }: Template): readonly Attribute[] {
  const of = (type: number, value: Uint8Array | string | undefined): readonly Attribute[] =>
    value === undefined ? [] : [{ type, value: Buffer.from(value) }];
  return [
    { type: attributes.class, value: objectClass },
    ...of(attributes.id, id),
    ...of(attributes.label, label),
    ...of(attributes.subject, subject),
  ];
}

function adaptObject(session: Session, handle: Buffer): CryptokiObject {
  const adapted: CryptokiObject = { read: (attribute) => readAttribute(session, handle, attribute) };
  handles.set(adapted, handle);
  return adapted;
}

function readAttribute({ lib, handle }: Session, object: Buffer, type: number): Uint8Array | undefined {
  return optional(() => lib.C_GetAttributeValue(handle, object, [{ type }]))?.[0]?.value;
}

/** Session, token or module are gone, and nothing else will be answered either. */
const gone = [
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
];

/** What may be missing: modules have many ways to say that they do not have it, or do not show it. */
function optional<T>(run: () => T): T | undefined {
  try {
    return call(run);
  } catch (error) {
    if (error instanceof CryptokiError && !isResult(error, ...gone)) return undefined;
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
