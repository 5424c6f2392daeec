import type {
  FunctionType,
  FunctionTypes,
  NativeArgument,
  NativeFunction,
  NativeFunctions,
  NativeResult,
} from './ffi.ts';
import { keeping } from './thread-calls.ts';

/** An integer, or none, as a runtime has it: those of 64 bits may come as a number where that is exact. */
export type PlainResult = number | bigint | null | undefined;

/** A function as a runtime has it, whose types nobody knows. */
export interface PlainFunction {
  readonly call: (given: readonly NativeArgument[]) => PlainResult;
  /** On another thread. */
  readonly callOnThread: (given: readonly NativeArgument[]) => Promise<PlainResult>;
}

/** A function with the type that it has by its table. */
export function typedFunction<T extends FunctionType>(plain: PlainFunction, { gives }: T): NativeFunction<T> {
  const call = (...given: readonly NativeArgument[]): NativeResult => resultOf(plain.call(given), gives);
  const async = async (...given: readonly NativeArgument[]): Promise<NativeResult> => {
    return resultOf(await keeping(given, () => plain.callOnThread(given)), gives);
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
