import { statSync, type Stats } from 'node:fs';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { inTurn } from '../../../core/in-turn.ts';
import type { Ffi, ProcessLife } from '../../../ffi/ffi.ts';
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
   * @returns whether it is ours to shut down: false when somebody else in this process had done so, who will also call C_Finalize
   */
  initialize(): Promise<boolean>;
  /** C_Finalize. */
  finalize(): Promise<void>;
}

/** Thrown with the words of dlopen, dlsym or LoadLibrary. */
export class LoadFailure extends Error {
  override readonly name = 'LoadFailure';
}

/** A module as it is called. */
interface Library extends CryptokiFunctions {
  readonly structures: CryptokiStructures;
  readonly addressOf: (bytes: Uint8Array) => bigint;
  readonly life: ProcessLife;
  /** For calls that must not meet, of which those before C_Finalize may still be under way after it. */
  readonly turns: ReturnType<typeof inTurn>;
  /** Calls one of its functions. */
  call: Call;
  /** The same for those that wait for a person or compute: the connection to the service is made meanwhile. */
  callSlow: Call;
}

/** A function of a module, with bytes that nobody else uses until it is done. */
type Call = <Given extends readonly unknown[]>(
  call: ((...given: Given) => bigint) & { readonly async: (...given: Given) => Promise<bigint> },
  ...given: Given
) => Promise<bigint>;

/** By the thread of the event loop, which stands still meanwhile. */
const callHere: Call = async (call, ...given) => call(...given);

/** By a thread of its own, beside whatever else is called. */
const callOnThread: Call = (call, ...given) => call.async(...given);

/** By threads, of which one at a time is in the module. */
function oneAtATime({ turns }: Library): Call {
  return (call, ...given) => turns(() => call.async(...given));
}

/** By the thread of the event loop, once no other is in the module any more. */
function hereInTurn({ turns }: Library): Call {
  return (call, ...given) => turns(async () => call(...given));
}

/**
 * What a module can stand: calls of several threads at once; one call at a time, from whichever thread; or calls of the
 * one thread by which somebody else in this process may call it just as well.
 */
type Locking = 'several' | 'one' | 'none';

/**
 * Chooses how a module is called. A process that has nobody else to serve calls by its own thread what answers at once as
 * a rule: another one takes longer to ask than most modules to answer.
 */
function callBy(library: Library, locking: Locking): void {
  const isLong = library.life === 'long';
  if (locking === 'several') library.callSlow = callOnThread;
  else library.callSlow = locking === 'one' && isLong ? oneAtATime(library) : hereInTurn(library);
  library.call = isLong ? library.callSlow : callHere;
}

/**
 * Loads a PKCS#11 module. With cryptoki-abi.ts this is all that knows how modules are called.
 *
 * @param path a path, or a bare name that the dynamic loader looks for
 * @param life of this process, as IdentityContext has it
 * @throws LoadFailure
 * @throws RolesAnywhereError PKCS11_NOT_INSTALLED
 */
export async function loadModule(path: string, life: ProcessLife = 'long'): Promise<LoadedModule> {
  const { findFfi } = await import('../../../ffi/find-ffi.ts');
  const ffi = await findFfi(life);
  if ('missing' in ffi) {
    const { missing, hints, cause } = ffi;
    throw new RolesAnywhereError('PKCS11_NOT_INSTALLED', `keys on a PKCS#11 token need ${missing}`, { hints, cause });
  }
  const library = load(ffi, path, life);
  const { structures } = library;
  return {
    describe: async () =>
      structures.readInfo(await filled(structures.infoBytes, (info) => library.call(library.C_GetInfo, info))),
    slots: async () => (await listSlots(library)).map((slot) => adaptSlot(library, slot)),
    initialize: () => initialize(library),
    finalize: async () => check(await library.call(library.C_Finalize, null)),
  };
}

function load(ffi: Ffi, path: string, life: ProcessLife): Library {
  refuseWaiting(path);
  const structures = cryptokiStructures();
  try {
    const functions = openFunctions(ffi, path, structures);
    return {
      ...functions,
      structures,
      addressOf: ffi.addressOf,
      life,
      turns: inTurn(),
      call: callHere,
      callSlow: callHere,
    };
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
async function filled(length: number, write: (bytes: Buffer) => Promise<bigint>): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  check(await write(bytes));
  return bytes;
}

/** CKF_OS_LOCKING_OK: several threads may call at once. */
const osLocking = 0x2;

async function initialize(library: Library): Promise<boolean> {
  const { C_Initialize, structures } = library;
  callBy(library, 'one');
  try {
    check(await library.call(C_Initialize, structures.initializeArgs(osLocking)));
    callBy(library, 'several');
  } catch (error) {
    if (isResult(error, 'CKR_CRYPTOKI_ALREADY_INITIALIZED')) {
      // By somebody else in this process, perhaps without locks.
      callBy(library, 'none');
      return false;
    }
    // CKR_CANT_LOCK should say that a module cannot lock; CKR_ARGUMENTS_BAD and others do as well.
    if ((await library.call(C_Initialize, null)) !== 0n) throw error;
  }
  return true;
}

/** More slots than any machine has: what a module claims decides how much memory is taken. */
const mostSlots = 4096;

/** Slots with a token in them. A token that is plugged in between the two calls makes room for itself in the next. */
async function listSlots({ C_GetSlotList, structures, call }: Library): Promise<readonly bigint[]> {
  const count = structures.ulong(0);
  check(await call(C_GetSlotList, 1, null, count));
  for (;;) {
    const room = Number(structures.readUlong(count));
    // The module writes as much as it is told that there is room for.
    if (room > mostSlots) throw new CryptokiError('CKR_GENERAL_ERROR', undefined);
    const list = Buffer.alloc(room * structures.ulongBytes);
    const result = room === 0 ? 0n : await call(C_GetSlotList, 1, list, count);
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
    describe: async () =>
      structures.readSlotInfo(
        await filled(structures.slotInfoBytes, (info) => library.call(library.C_GetSlotInfo, id, info)),
      ),
    token: async () =>
      structures.readTokenInfo(
        await filled(structures.tokenInfoBytes, (info) => library.call(library.C_GetTokenInfo, id, info)),
      ),
    open: async () => {
      const handle = await filled(structures.ulongBytes, (session) =>
        library.call(library.C_OpenSession, id, serialSession, null, null, session),
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
      const given = bytes.length === 0 ? null : bytes;
      try {
        check(await library.callSlow(library.C_Login, handle, userTypes[kind], given, bytes.length));
      } finally {
        bytes.fill(0);
      }
    },
    find: (template) => find(session, template),
    startSigning: async (key, mechanism) =>
      check(await library.call(library.C_SignInit, handle, library.structures.mechanism(mechanism), handleOf(key))),
    sign: (data) => sign(session, data),
    giveUpSigning: async () => {
      // C_Sign ends the operation whatever it answers (PKCS#11 v2.40, section 5.11); v2.40 has no other way.
      await sign(session, Buffer.alloc(1)).catch(() => undefined);
    },
    close: async () => void (await library.call(library.C_CloseSession, handle)),
  };
}

/** CKS_RO_USER_FUNCTIONS, CKS_RW_USER_FUNCTIONS. */
const loggedInStates: ReadonlySet<number> = new Set([1, 3]);

/** A module that does not tell is asked by C_Login, which answers CKR_USER_ALREADY_LOGGED_IN. */
async function isLoggedIn({ library: { C_GetSessionInfo, structures, call }, handle }: Session): Promise<boolean> {
  const info = Buffer.alloc(structures.sessionInfoBytes);
  return isGiven(await call(C_GetSessionInfo, handle, info)) && loggedInStates.has(structures.readSessionState(info));
}

/** RSA with 8192 bits, and more than any ECDSA signature. */
const longestSignature = 1024;

async function sign({ library, handle }: Session, data: Uint8Array): Promise<Uint8Array> {
  const { structures } = library;
  const input = Buffer.from(data);
  const output = Buffer.alloc(longestSignature);
  const length = structures.ulong(output.length);
  try {
    check(await library.callSlow(library.C_Sign, handle, input, input.length, output, length));
  } finally {
    input.fill(0);
  }
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

async function find(session: Session, template: Template): Promise<readonly CryptokiObject[]> {
  const { library, handle } = session;
  const wanted = attributesOf(template, library.structures);
  const attributeList = library.structures.template(wanted, library.addressOf);
  check(await library.call(library.C_FindObjectsInit, handle, attributeList, wanted.length));
  try {
    return (await findAll(session)).map((object) => adaptObject(session, object));
  } finally {
    // Until then the session refuses another search.
    await library.call(library.C_FindObjectsFinal, handle);
  }
}

async function findAll({ library: { C_FindObjects, structures, call }, handle }: Session): Promise<readonly bigint[]> {
  const found: bigint[] = [];
  const some = Buffer.alloc(foundAtOnce * structures.ulongBytes);
  const count = structures.ulong(0);
  for (;;) {
    check(await call(C_FindObjects, handle, some, foundAtOnce, count));
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
async function readAttribute(session: Session, object: bigint, type: number): Promise<Uint8Array | undefined> {
  const { addressOf, structures } = session.library;
  const question = structures.attributeToRead(type, 0, addressOf);
  const length = await valueLength(session, object, question);
  if (length === undefined || length === 0) return length === 0 ? new Uint8Array() : undefined;
  const answer = structures.attributeToRead(type, length, addressOf);
  const given = await valueLength(session, object, answer);
  const begin = structures.attributeBytes;
  return given === undefined ? undefined : answer.subarray(begin, begin + Math.min(given, length));
}

/** C_GetAttributeValue. */
async function valueLength(
  { library, handle }: Session,
  object: bigint,
  attribute: Buffer,
): Promise<number | undefined> {
  if (!isGiven(await library.call(library.C_GetAttributeValue, handle, object, attribute, 1))) return undefined;
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
