/** Calls of C functions in the executable, by bun:ffi. Its build puts this file in the place of find-ffi.ts. */
import { type Callable, CFunction, dlopen, type Prototype, ptr, toArrayBuffer } from 'bun:ffi';
import { arch, platform } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type {
  Ffi,
  FunctionType,
  FunctionTypes,
  MissingFfi,
  NativeArgument,
  NativeFunctions,
  ProcessLife,
} from './ffi.ts';
import { isCalling } from './thread-calls.ts';
import { type PlainFunction, type PlainResult, typedFunction, typedFunctions } from './typed-functions.ts';

const isWindows = platform() === 'win32';

/** Addresses are handed over as the integers that they are: bun:ffi's own `ptr` would take no bigint. */
const typeNames = {
  u8: 'u8',
  i32: 'i32',
  u32: 'u32',
  i64: 'i64',
  u64: 'u64',
  ulong: isWindows ? 'u32' : 'u64',
  pointer: 'u64',
  void: 'void',
} as const;

let found: Promise<Ffi | MissingFfi> | undefined;

/** Whether this process has been called one that lives on. */
let usesThreads = false;

/** Calls of C functions, or why there are none. Never rejects; looks once. */
export function findFfi(life: ProcessLife = 'short'): Promise<Ffi | MissingFfi> {
  usesThreads ||= life === 'long';
  return (found ??= Promise.resolve(tryOut()));
}

/** bun:ffi compiles what calls a function, and throws where this process may not make code. */
function tryOut(): Ffi | MissingFfi {
  try {
    const libc = isWindows ? undefined : findLibc();
    return overBun(libc);
  } catch (cause) {
    return {
      missing: 'leave to make machine code, which this process does not have',
      hints: ['give it: no MemoryDenyWriteExecute= in its systemd unit, and no BUN_JSC_useJIT=0 in its environment'],
      cause,
    };
  }
}

interface Libc {
  readonly name: string;
  /** Where errno is. */
  readonly errnoAddress: () => bigint;
}

/** By what it is called on macOS, with glibc, and with musl. */
function findLibc(): Libc {
  if (platform() === 'darwin') return openLibc('libSystem.B.dylib', '__error');
  try {
    return openLibc('libc.so.6', '__errno_location');
  } catch {
    const machine = arch() === 'arm64' ? 'aarch64' : 'x86_64';
    return openLibc(`libc.musl-${machine}.so.1`, '__errno_location');
  }
}

function openLibc(name: string, errno: '__error' | '__errno_location'): Libc {
  const functions = open(name, { [errno]: { takes: [], gives: 'pointer' } });
  return { name, errnoAddress: () => functions[errno]?.() ?? 0n };
}

function overBun(libc: Libc | undefined): Ffi {
  return {
    open,
    openLibc: (functions) => open(libc?.name ?? 'no C library', functions),
    functionAt: (address, type) => {
      const call = new CFunction({ ptr: Number(address), ...prototypeOf(type) });
      return typedFunction(plainFunction(call, type), type);
    },
    read,
    addressOf,
    errno: () => (libc === undefined ? 0 : read(libc.errnoAddress(), 4).readInt32LE()),
    isCalling,
  };
}

function open<const T extends FunctionTypes>(path: string, functions: T): NativeFunctions<T> {
  const prototypes = Object.entries(functions).map(([name, type]) => [name, prototypeOf(type)] as const);
  const { symbols } = load(path, Object.fromEntries(prototypes));
  return typedFunctions(functions, (name, type) => {
    const call = symbols[name];
    if (call === undefined) throw new TypeError(`${path} has no ${name}`);
    return plainFunction(call, type);
  });
}

/** A library that nobody holds may be unloaded, also while addresses of its functions are known. */
const loaded: object[] = [];

/** Bun puts words of its own before those of dlopen. */
function load(path: string, prototypes: Readonly<Record<string, Prototype>>): ReturnType<typeof dlopen<string>> {
  try {
    const library = dlopen(path, prototypes);
    loaded.push(library);
    return library;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : '';
    throw new Error(words.replace(/^Failed to open library ".*?": /, ''), { cause });
  }
}

function prototypeOf({ takes, gives }: FunctionType): Prototype {
  return { args: takes.map((each) => typeNames[each]), returns: typeNames[gives] };
}

function plainFunction(call: Callable, type: FunctionType): PlainFunction {
  const prototype = prototypeOf(type);
  const here = (given: readonly NativeArgument[]): PlainResult => call(...given.map((each) => plainArgument(each)));
  return {
    call: here,
    callOnThread: async (given) => {
      if (!usesThreads) return here(given);
      return onThread({ ptr: call.ptr, ...prototype, given: given.map((each) => plainArgument(each)) });
    },
  };
}

function plainArgument(given: NativeArgument): number | bigint {
  if (given === null) return 0n;
  return typeof given === 'object' ? addressOf(given) : given;
}

/** Small arrays move to where their ArrayBuffer is once that is asked for: it is, before the address is taken. */
function addressOf(bytes: Uint8Array): bigint {
  return bytes.buffer.byteLength === 0 || bytes.length === 0 ? 0n : BigInt(ptr(bytes));
}

function read(address: bigint, length: number): Buffer {
  return length === 0 ? Buffer.alloc(0) : Buffer.from(Buffer.from(toArrayBuffer(Number(address), 0, length)));
}

/** One call, as it goes to another thread: addresses are the same there. */
interface ThreadCall extends Prototype {
  readonly ptr: number;
  readonly given: readonly (number | bigint)[];
}

/** What a thread runs: a text, as a file of its own would have to be found beside the executable. */
const threadProgram = `
const { CFunction } = require('bun:ffi');
const { parentPort } = require('node:worker_threads');
const compiled = new Map();
parentPort.on('message', ({ given, ...type }) => {
  const name = JSON.stringify(type);
  const call = compiled.get(name) ?? new CFunction(type);
  compiled.set(name, call);
  parentPort.postMessage(call(...given));
});`;

/** Threads that have nothing to do. There are as many as there ever were calls at once. */
const idleThreads: Worker[] = [];

async function onThread(call: ThreadCall): Promise<PlainResult> {
  const thread = idleThreads.pop() ?? (await startThread());
  thread.ref();
  const result = await new Promise<PlainResult>((resolve, reject) => {
    thread.once('message', resolve).once('error', reject);
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
    thread.postMessage(call);
  });
  thread.removeAllListeners();
  thread.unref();
  idleThreads.push(thread);
  return result;
}

async function startThread(): Promise<Worker> {
  const { Worker } = await import('node:worker_threads');
  return new Worker(threadProgram, { eval: true });
}
