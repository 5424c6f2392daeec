/** What is used of the built-in module of Bun. */
declare module 'bun:ffi' {
  export interface Prototype {
    readonly args: readonly string[];
    readonly returns: string;
  }

  export interface Callable {
    (...given: readonly (number | bigint)[]): number | bigint | undefined;
    /** Where the function is. */
    readonly ptr: number;
  }

  /** @throws Error with the words of dlopen, or that name the function which is not there */
  export function dlopen<Name extends string>(
    path: string,
    functions: Readonly<Record<Name, Prototype>>,
  ): { readonly symbols: { readonly [name in Name]: Callable } };

  export const CFunction: new (type: Prototype & { readonly ptr: number }) => Callable;

  export function ptr(bytes: Uint8Array): number;

  /** Of memory that is not copied. */
  export function toArrayBuffer(address: number, offset: number, length: number): ArrayBuffer;
}
