/**
 * Calls of C functions in libraries of the system, without an addon of our own: the interface, which two files
 * implement. Node calls by the prebuilt packages of koffi (find-ffi.ts), the executable by bun:ffi (find-ffi-bun.ts):
 * its build puts the second in the place of the first (docs/architecture.md has an example). Both give `findFfi`, which is loaded by `await import()` only by
 * what needs it, for it takes milliseconds.
 *
 * Structures are bytes: whoever calls lays them out and reads them. Nothing here checks an address, and a wrong one, a
 * length that is too long, or a function called by a type that is not its own ends the process.
 */

/**
 * Types of C by their width. `ulong` is `unsigned long`: 4 bytes on Windows, 8 elsewhere. A `pointer` is where bytes
 * begin, an address, or NULL.
 *
 * Functions that take `...` are right only where such arguments go as others do, which they do not on Apple silicon.
 */
type NativeType = 'u8' | 'i32' | 'u32' | 'i64' | 'u64' | 'ulong' | 'pointer';

interface Arguments {
  readonly u8: number;
  readonly i32: number;
  readonly u32: number;
  readonly i64: bigint | number;
  readonly u64: bigint | number;
  readonly ulong: bigint | number;
  readonly pointer: Uint8Array | bigint | null;
}

interface Results {
  readonly u8: number;
  readonly i32: number;
  readonly u32: number;
  readonly i64: bigint;
  readonly u64: bigint;
  readonly ulong: bigint;
  readonly pointer: bigint;
  readonly void: undefined;
}

export type NativeArgument = Arguments[NativeType];
export type NativeResult = Results[NativeType | 'void'];

export interface FunctionType {
  readonly takes: readonly NativeType[];
  readonly gives: NativeType | 'void';
}

/** Name -> type. */
export type FunctionTypes = Readonly<Record<string, FunctionType>>;

type ArgumentsOf<Takes extends readonly NativeType[]> = { readonly [K in keyof Takes]: Arguments[Takes[K]] };

export interface NativeFunction<T extends FunctionType = FunctionType> {
  (...given: ArgumentsOf<T['takes']>): Results[T['gives']];
  /**
   * Runs on another thread, while this one goes on (but for what ProcessLife says). What is given as bytes must not be changed or read before that is
   * done; it is kept from being collected. Two such calls run at once, in the
   * executable any number.
   */
  readonly async: (...given: ArgumentsOf<T['takes']>) => Promise<Results[T['gives']]>;
}

export type NativeFunctions<T extends FunctionTypes> = { readonly [Name in keyof T]: NativeFunction<T[Name]> };

export interface Ffi {
  /**
   * Functions of a library, which stays loaded until the process ends. Names that it lacks are resolved as it needs them.
   *
   * @param path a path, or a bare name that the dynamic loader looks for
   * @throws Error with the loader's words: the library does not load, or lacks one of the functions, which is named
   */
  open<const T extends FunctionTypes>(path: string, functions: T): NativeFunctions<T>;
  /** Functions of the C library that this process runs on; not on Windows. @throws Error as open */
  openLibc<const T extends FunctionTypes>(functions: T): NativeFunctions<T>;
  /** A function by its address, as structures of function pointers hold it. */
  functionAt<const T extends FunctionType>(address: bigint, type: T): NativeFunction<T>;
  /** Copies bytes out of the memory of this process. */
  read(address: bigint, length: number): Buffer;
  /** Where bytes are, for pointers within structures. It holds as long as `bytes` is reachable: keep it in a variable. */
  readonly addressOf: (bytes: Uint8Array) => bigint;
  /**
   * What C's `errno` is on this thread. It tells of the last call that failed, where nothing came between: read it on
   * the line after a call whose result says that it failed, before anything is awaited, written or read. koffi hands it
   * out itself; for bun:ffi it is read from where `__errno_location` (Linux) or `__error` (macOS) says that it is. A call
   * by `async` has the errno of its own thread, which cannot be had. 0 on Windows.
   */
  errno(): number;
  /** Whether a call by `async` has not come back. */
  isCalling(): boolean;
}

/**
 * Whether a process lives on and has others to serve, or ends with its one answer. In the executable a thread costs more
 * than most calls: there a process that is `short` makes asynchronous calls on the thread that it has.
 */
export type ProcessLife = 'short' | 'long';

/** Why there are no calls: what they need, and what to do about it. */
export interface MissingFfi {
  /** `the package @koromix/koffi-linux-x64, which is not installed`: the end of "… needs …" */
  readonly missing: string;
  readonly hints: readonly string[];
  readonly cause: unknown;
}
