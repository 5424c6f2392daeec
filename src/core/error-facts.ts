import { type ErrorFacts, errorTable } from './error-table.ts';
import { RolesAnywhereError } from './errors.ts';

const table: Readonly<Record<string, ErrorFacts>> = errorTable;

/** What follows from a failure. What nobody threw on purpose, or another version of this package did, is a defect. */
export function factsOf(error: unknown): ErrorFacts {
  const code = error instanceof RolesAnywhereError ? error.code : 'INTERNAL';
  return table[code] ?? errorTable.INTERNAL;
}

export function failureKind(error: unknown): ErrorFacts['kind'] {
  return factsOf(error).kind;
}
