import { statSync, type Stats } from 'node:fs';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Ffi } from '../../../ffi/ffi.ts';
import {
  attributes,
  CryptokiError,
  type CryptokiModule,
  type CryptokiObject,
  type CryptokiSession,
  type CryptokiSlot,
  isResult,
  type Template,
} from './cryptoki.ts';
import { type CryptokiFunctions, openFunctions } from './cryptoki-abi.ts';
import { type Attribute, type CryptokiStructures, cryptokiStructures } from './cryptoki-abi.ts';
import { nameOfResult } from './cryptoki.ts';

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

/** A module as it is called. */
interface Library extends CryptokiFunctions {
  readonly structures: CryptokiStructures;
  readonly addressOf: (bytes: Uint8Array) => bigint;
  /** Whether it can be called by several threads at once. What cannot is called by this one alone. */
  canLock: boolean;
}

/**
 * Loads a PKCS#11 module. With cryptoki-abi.ts this is all that knows how modules are called.
 *
 * @param path a path, or a bare name that the dynamic loader looks for
 * @throws LoadFailure
 * @throws RolesAnywhereError PKCS11_NOT_INSTALLED
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const { findFfi } = await import('../../../ffi/find-ffi.ts');
  const ffi = await findFfi();
  if ('missing' in ffi) {
    const { missing, hints, cause } = ffi;
    throw new RolesAnywhereError('PKCS11_NOT_INSTALLED', `keys on a PKCS#11 token need ${missing}`, { hints, cause });
  }
  const library = load(ffi, path);
  const { structures } = library;
  return {
    get library() {
      return structures.readInfo(filled(structures.infoBytes, (info) => library.C_GetInfo(info)));
    },
    slots: () => listSlots(library).map((slot) => adaptSlot(library, slot)),
    initialize: () => initialize(library),
    finalize: () => check(library.C_Finalize(null)),
  };
}

function load(ffi: Ffi, path: string): Library {
  refuseWaiting(path);
  const structures = cryptokiStructures();
  try {
    return { ...openFunctions(ffi, path, structures), structures, addressOf: ffi.addressOf, canLock: true };
  } catch (error) {
    throw new LoadFailure(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** The loader would wait for who writes to a named pipe, or read a device. What else is no library it says by itself. */
function refuseWaiting(path: string): void {
  const stats = /[/\\]/.test(path) ? statsOf(path) : undefined;
  if (stats === undefined || stats.isFile() || stats.isDirectory()) return;
  throw new LoadFailure(`${path}: it is ${stats.isFIFO() ? 'a named pipe' : 'a device or socket'}, and no file`);
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** @throws CryptokiError unless it is CKR_OK */
function check(result: bigint): void {
  if (result !== 0n) throw new CryptokiError(nameOfResult(result), undefined);
}

/** What a function writes into so many bytes. */
function filled(length: number, write: (bytes: Buffer) => bigint): Buffer {
  const bytes = Buffer.alloc(length);
  check(write(bytes));
  return bytes;
}

/** CKF_OS_LOCKING_OK: C_Sign and C_Login run on another thread while this one may ask for something else. */
const osLocking = 0x2;

function initialize(library: Library): boolean {
  try {
    check(library.C_Initialize(library.structures.initializeArgs(osLocking)));
    library.canLock = true;
  } catch (error) {
    if (isResult(error, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')) {
      // By somebody else in this process, perhaps without locks.
      library.canLock = false;
      return false;
    }
    // CKR_CANT_LOCK should say that a module cannot lock; CKR_ARGUMENTS_BAD and others do as well.
    if (library.C_Initialize(null) !== 0n) throw error;
    library.canLock = false;
  }
  return true;
}

/** More slots than any machine has: what a module claims decides how much memory is taken. */
const mostSlots = 4096;

/** Slots with a token in them. A token that is plugged in between the two calls makes room for itself in the next. */
function listSlots({ C_GetSlotList, structures }: Library): readonly bigint[] {
  const count = structures.ulong(0);
  check(C_GetSlotList(1, null, count));
  for (;;) {
    const room = Number(structures.readUlong(count));
    // The module writes as much as it is told that there is room for.
    if (room > mostSlots) throw new CryptokiError('CKR_GENERAL_ERROR', undefined);
    const list = Buffer.alloc(room * structures.ulongBytes);
    const result = room === 0 ? 0n : C_GetSlotList(1, list, count);
    const found = Number(structures.readUlong(count));
    if (found <= room) {
      check(result);
      return structures.readUlongs(list, found);
    }
  }
}

/** CKF_SERIAL_SESSION, which every session must have; without CKF_RW_SESSION it reads only. */
const serialSession = 0x4;

function adaptSlot(library: Library, id: bigint): CryptokiSlot {
  const { structures } = library;
  return {
    id,
    describe: () =>
      structures.readSlotInfo(filled(structures.slotInfoBytes, (info) => library.C_GetSlotInfo(id, info))),
    token: () =>
      structures.readTokenInfo(filled(structures.tokenInfoBytes, (info) => library.C_GetTokenInfo(id, info))),
    open: () => {
      const handle = filled(structures.ulongBytes, (session) =>
        library.C_OpenSession(id, serialSession, null, null, session),
      );
      return adaptSession({ library, handle: structures.readUlong(handle) });
    },
  };
}

interface Session {
  readonly library: Library;
  readonly handle: bigint;
}

/** CKU_USER, CKU_CONTEXT_SPECIFIC. */
const userTypes = { user: 1, 'context-specific': 2 } as const;

function adaptSession(session: Session): CryptokiSession {
  const { library, handle } = session;
  return {
    isLoggedIn: () => isLoggedIn(session),
    login: async (kind, pin) => {
      const bytes = Buffer.from(pin);
      const login = library.canLock ? library.C_Login.async : library.C_Login;
      const given = bytes.length === 0 ? null : bytes;
      const result = await login(handle, userTypes[kind], given, bytes.length);
      bytes.fill(0);
      check(result);
    },
    find: (template) => find(session, template),
    startSigning: (key, mechanism) =>
      check(library.C_SignInit(handle, library.structures.mechanism(mechanism), handleOf(key))),
    sign: (data) => sign(session, data),
    giveUpSigning: async () => {
      // C_Sign ends the operation whatever it answers (PKCS#11 v2.40, section 5.11); v2.40 has no other way.
      await sign(session, Buffer.alloc(1)).catch(() => undefined);
    },
    close: () => void library.C_CloseSession(handle),
  };
}

/** CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS. */
const loggedInStates: ReadonlySet<number> = new Set([1, 3]);

/** A module that does not tell is asked by C_Login, which answers CKR_USER_ALREADY_LOGGED_IN. */
function isLoggedIn({ library: { C_GetSessionInfo, structures }, handle }: Session): boolean {
  const info = Buffer.alloc(structures.sessionInfoBytes);
  return isGiven(C_GetSessionInfo(handle, info)) && loggedInStates.has(structures.readSessionState(info));
}

/** RSA with 8192 bits, and more than any ECDSA signature. */
const longestSignature = 1024;

async function sign({ library, handle }: Session, data: Uint8Array): Promise<Uint8Array> {
  const { structures } = library;
  const input = Buffer.from(data);
  const output = Buffer.alloc(longestSignature);
  const length = structures.ulong(output.length);
  const call = library.canLock ? library.C_Sign.async : library.C_Sign;
  const result = await call(handle, input, input.length, output, length);
  input.fill(0);
  check(result);
  return output.subarray(0, Number(structures.readUlong(length)));
}

const handles = new WeakMap<CryptokiObject, bigint>();

function handleOf(object: CryptokiObject): bigint {
  const handle = handles.get(object);
  if (handle === undefined) throw new TypeError('an object of another module');
  return handle;
}

/** C_FindObjects gives so many at a time. */
const foundAtOnce = 64;

function find(session: Session, template: Template): readonly CryptokiObject[] {
  const { library, handle } = session;
  const wanted = attributesOf(template, library.structures);
  check(library.C_FindObjectsInit(handle, library.structures.template(wanted, library.addressOf), wanted.length));
  try {
    return findAll(session).map((object) => adaptObject(session, object));
  } finally {
    // Until then the session refuses another search.
    library.C_FindObjectsFinal(handle);
  }
}

function findAll({ library: { C_FindObjects, structures }, handle }: Session): readonly bigint[] {
  const found: bigint[] = [];
  const some = Buffer.alloc(foundAtOnce * structures.ulongBytes);
  const count = structures.ulong(0);
  for (;;) {
    check(C_FindObjects(handle, some, foundAtOnce, count));
    const given = Math.min(Number(structures.readUlong(count)), foundAtOnce);
    if (given === 0) return found;
    found.push(...structures.readUlongs(some, given));
  }
}

function attributesOf(template: Template, { ulong }: CryptokiStructures): readonly Attribute[] {
  const { class: objectClass, id, label, subject } = template;
  const of = (type: number, value: Uint8Array | string | undefined): readonly Attribute[] =>
    value === undefined ? [] : [{ type, value: Buffer.from(value) }];
  return [
    { type: attributes.class, value: ulong(objectClass) },
    ...of(attributes.id, id),
    ...of(attributes.label, label),
    ...of(attributes.subject, subject),
  ];
}

function adaptObject(session: Session, handle: bigint): CryptokiObject {
  const adapted: CryptokiObject = { read: (attribute) => readAttribute(session, handle, attribute) };
  handles.set(adapted, handle);
  return adapted;
}

/** More than any certificate has: CK_UNAVAILABLE_INFORMATION is beyond it, and so is what would only fill the memory. */
const longestValue = 0x10_0000n;

/** Asks for the length first, and then for the value. */
function readAttribute(session: Session, object: bigint, type: number): Uint8Array | undefined {
  const { addressOf, structures } = session.library;
  const question = structures.attributeToRead(type, 0, addressOf);
  const length = valueLength(session, object, question);
  if (length === undefined || length === 0) return length === 0 ? new Uint8Array() : undefined;
  const answer = structures.attributeToRead(type, length, addressOf);
  const given = valueLength(session, object, answer);
  const begin = structures.attributeBytes;
  return given === undefined ? undefined : answer.subarray(begin, begin + Math.min(given, length));
}

/** C_GetAttributeValue. */
function valueLength({ library, handle }: Session, object: bigint, attribute: Buffer): number | undefined {
  if (!isGiven(library.C_GetAttributeValue(handle, object, attribute, 1))) return undefined;
  const length = library.structures.attributeLength(attribute);
  return length > longestValue ? undefined : Number(length);
}

/** Session, token or module are gone, and nothing else will be answered either. */
const gone: ReadonlySet<string> = new Set([
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_DEVICE_REMOVED',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
]);

/** Of what may be missing: modules have many ways to say that they do not have it, or do not show it. */
function isGiven(result: bigint): boolean {
  if (gone.has(nameOfResult(result))) check(result);
  return result === 0n;
}
