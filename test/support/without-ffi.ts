import type { MissingFfi } from '../../src/ffi/ffi.ts';

/** What is found where no prebuilt package is installed. */
export const withoutFfi: MissingFfi = {
  missing: 'the package koffi-for-this, which is not installed',
  hints: [],
  cause: undefined,
};
