/**
 * Calls of C functions on Node, by koffi. Its package `koffi` has an install script, which compiles where nothing prebuilt
 * is found, and which npm wants approved. The packages with what is prebuilt for one platform have none, so those are
 * this package's optional dependencies, and `koffi` is taken only where somebody installed it.
 *
 * What is used of it is declared here. Neither a compiler nor a bundler is to look for packages that may not be there: the
 * import() names no literal, and the comments tell webpack and Vite to leave it alone.
 */
import { arch, platform } from 'node:os';
import type {
  Ffi,
  FunctionType,
  FunctionTypes,
  MissingFfi,
  NativeArgument,
  NativeFunctions,
  ProcessLife,
} from './ffi.ts';
import { amongFew, isCalling } from './thread-calls.ts';
import { type PlainFunction, type PlainResult, typedFunction, typedFunctions } from './typed-functions.ts';

interface Koffi {
  /** `3.3.4` */
  readonly version: string;
  /** @throws Error once a library is loaded */
  config(settings: { readonly async_stack_size: number }): unknown;
  /** A path, or null for all that this process has loaded. */
  load(path: string | null, options: { readonly lazy: boolean }): KoffiLibrary;
  proto(result: string, parameters: readonly string[]): { readonly name: string };
  decode(address: bigint, prototype: { readonly name: string }): KoffiFunction;
  /** A copy. */
  decode(address: bigint, type: 'uint8_t', length: number): Uint8Array;
  address(bytes: Uint8Array): bigint;
  errno(): number;
}

interface KoffiLibrary {
  func(name: string, result: string, parameters: readonly string[]): KoffiFunction;
}

interface KoffiFunction {
  (...given: readonly NativeArgument[]): PlainResult;
  async(...given: readonly (NativeArgument | ((error: Error | null, result: PlainResult) => void))[]): void;
}

const typeNames = {
  u8: 'uint8_t',
  i32: 'int32_t',
  u32: 'uint32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  ulong: 'unsigned long',
  pointer: 'void *',
  void: 'void',
} as const;

const mebibyte = 0x10_0000;

let found: Promise<Ffi | MissingFfi> | undefined;

/**
 * Calls of C functions, or why there are none. Never rejects; looks once.
 *
 * @param _life threads are at hand here, and every process uses them
 */
export function findFfi(_life?: ProcessLife): Promise<Ffi | MissingFfi> {
  return (found ??= importKoffi());
}

async function importKoffi(): Promise<Ffi | MissingFfi> {
  const prebuilt = `@koromix/koffi-${platform()}-${arch()}`;
  const failures: unknown[] = [];
  for (const name of [prebuilt, 'koffi']) {
    try {
      const imported: { readonly default: Koffi } = await import(/* webpackIgnore: true */ /* @vite-ignore */ name);
      const koffi = imported.default;
      if (koffi.version.startsWith('3.')) return overKoffi(koffi);
    } catch (error) {
      failures.push(error);
    }
  }
  return explainMissing(prebuilt, failures[0]);
}

function overKoffi(koffi: Koffi): Ffi {
  enlargeStacks(koffi);
  const open = <const T extends FunctionTypes>(path: string | null, functions: T): NativeFunctions<T> => {
    const library = load(koffi, path);
    return typedFunctions(functions, (name, { gives, takes }) =>
      plainFunction(library.func(name, typeNames[gives], namesOf(takes))),
    );
  };
  return {
    open,
    openLibc: (functions) => open(null, functions),
    functionAt: (address, type) => {
      const prototype = koffi.proto(typeNames[type.gives], namesOf(type.takes));
      return typedFunction(plainFunction(koffi.decode(address, prototype)), type);
    },
    read: (address, length) => Buffer.from(length === 0 ? [] : koffi.decode(address, 'uint8_t', length)),
    addressOf: (bytes) => koffi.address(bytes),
    errno: () => koffi.errno(),
    isCalling,
  };
}

/** koffi unloads a library that nobody holds, also while addresses of its functions are known. */
const loaded: KoffiLibrary[] = [];

/** koffi leaves the path out of what dlopen says. */
function load(koffi: Koffi, path: string | null): KoffiLibrary {
  try {
    const library = koffi.load(path, { lazy: true });
    loaded.push(library);
    return library;
  } catch (cause) {
    const words = cause instanceof Error ? cause.message.replace(/^Failed to load shared library: /, '') : '';
    throw new Error(`${path ?? 'the C library'}: ${words}`, { cause });
  }
}

/**
 * Functions run on stacks of koffi's, which on other threads have 128 KiB: too little for code that expects a thread's.
 * Where koffi is in use by then, by another part of the process or another copy of this file, they stay as they are.
 */
function enlargeStacks(koffi: Koffi): void {
  try {
    koffi.config({ async_stack_size: 2 * mebibyte });
  } catch {
    // In use.
  }
}

function namesOf(types: FunctionType['takes']): readonly string[] {
  return types.map((type) => typeNames[type]);
}

function plainFunction(call: KoffiFunction): PlainFunction {
  const onThread = (given: readonly NativeArgument[]): Promise<PlainResult> =>
    new Promise((resolve, reject) => {
      call.async(...given, (error, result) => {
        if (error === null) resolve(result);
        else reject(error);
      });
    });
  return { call: (given) => call(...given), callOnThread: (given) => amongFew(mostAtOnce, () => onThread(given)) };
}

/**
 * Half of the threads that libuv has, unless somebody said otherwise: the same look up names, read files and compute for
 * WebCrypto, which calls that hang must not hold up.
 */
const mostAtOnce = 2;

/** The package is named where it is missing, else the file of its native part. */
function explainMissing(name: string, cause: unknown): MissingFfi {
  const [words = ''] = cause instanceof Error ? cause.message.split('\n') : [];
  if (words.includes(`'${name}'`)) {
    return {
      missing: `the package ${name}, which is not installed`,
      hints: [
        `install it beside this package: npm install ${name}`,
        'npm leaves it out with --omit=optional or --no-optional',
        'where there is no such package for the platform: npm install koffi, which compiles it',
      ],
      cause,
    };
  }
  return {
    missing: `the package ${name}, which does not load: ${words}`,
    hints: ['npm install koffi takes its place where that is installed, and is compiled where it must be'],
    cause,
  };
}
