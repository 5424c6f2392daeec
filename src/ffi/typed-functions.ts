import type {
  FunctionType,
  FunctionTypes,
  NativeArgument,
  NativeFunction,
  NativeFunctions,
  NativeResult,
} from './ffi.ts';

/** An integer, or none, as a runtime has it: those of 64 bits may come as a number where that is exact. */
export type PlainResult = number | bigint | null | undefined;

/** A function as a runtime has it, whose types nobody knows. */
export interface PlainFunction {
  readonly call: (given: readonly NativeArgument[]) => PlainResult;
  /** On another thread. */
  readonly callOnThread: (given: readonly NativeArgument[]) => Promise<PlainResult>;
}

const key = Symbol.for('roles-anywhere: calls on other threads');
// eslint-disable-next-line typescript/no-unsafe-type-assertion -- nobody else has this key
const everywhere = globalThis as { [key]?: Set<readonly NativeArgument[]> };

/**
 * What calls on other threads were given: they have bare addresses, which keep no bytes from being collected. Of the
 * process, as bundles of the command and of programs hold copies of this file.
 */
const underWay = (everywhere[key] ??= new Set());

/** Whether a call on another thread has not come back, by whichever copy. */
export function isCalling(): boolean {
  return underWay.size > 0;
}

/** A function with the type that it has by its table. */
export function typedFunction<T extends FunctionType>(plain: PlainFunction, { gives }: T): NativeFunction<T> {
  const call = (...given: readonly NativeArgument[]): NativeResult => resultOf(plain.call(given), gives);
  const async = async (...given: readonly NativeArgument[]): Promise<NativeResult> => {
    underWay.add(given);
    try {
      return resultOf(await plain.callOnThread(given), gives);
    } finally {
      underWay.delete(given);
    }
  };
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- what the table says is believed here, and only here
  return Object.assign(call, { async }) as unknown as NativeFunction<T>;
}

/** All functions of a table. */
export function typedFunctions<T extends FunctionTypes>(
  types: T,
  find: (name: string, type: FunctionType) => PlainFunction,
): NativeFunctions<T> {
  const entries = Object.entries(types).map(([name, type]) => [name, typedFunction(find(name, type), type)] as const);
  // eslint-disable-next-line typescript/no-unsafe-type-assertion -- the same names
  return Object.fromEntries(entries) as unknown as NativeFunctions<T>;
}

function resultOf(result: PlainResult, type: FunctionType['gives']): NativeResult {
  if (type === 'void') return undefined;
  return type === 'u8' || type === 'i32' || type === 'u32' ? Number(result) : BigInt(result ?? 0);
}
