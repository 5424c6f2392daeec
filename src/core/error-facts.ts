import { type ErrorFacts, errorTable } from './error-table.ts';
import { RolesAnywhereError } from './errors.ts';
import { systemCodeOf } from './errno.ts';
import { type SystemErrorKind, systemFactsOf } from './system-errors.ts';

const table: Readonly<Record<string, ErrorFacts>> = errorTable;

/**
 * What follows from a failure. What nobody threw on purpose, or another version of this package did, is a defect. What
 * would last passes by itself where the system or the runtime failed underneath, in a way that passes: a key that cannot
 * be read (KEY_UNREADABLE) because too many files are open (EMFILE).
 */
export function factsOf(error: unknown): ErrorFacts {
  const code = error instanceof RolesAnywhereError ? error.code : 'INTERNAL';
  const facts = table[code] ?? errorTable.INTERNAL;
  return facts.kind === 'lasting' && hasPassingCause(error) ? { ...facts, kind: 'transient' } : facts;
}

export function failureKind(error: unknown): ErrorFacts['kind'] {
  return factsOf(error).kind;
}

/** Whether this process or machine ran out of something: files, memory, disk, processes, ports. */
export function isExhaustion(error: unknown): boolean {
  return systemKindOf(error) === 'exhausted';
}

function hasPassingCause(error: unknown): boolean {
  const kind = systemKindOf(error);
  if (kind !== undefined) return kind !== 'lasting';
  const several = error instanceof Error ? error.cause : undefined;
  // Of several targets that all failed, none may need somebody to change something.
  return several instanceof AggregateError && several.errors.every((each) => failureKind(each) !== 'lasting');
}

/** Causes below causes that are looked at: whoever made them may have made a circle of them. */
const maxDepth = 8;

/** Of the first error in the chain of causes that the system or the runtime has given a code. */
function systemKindOf(error: unknown): SystemErrorKind | undefined {
  let current = error;
  for (let depth = 0; depth < maxDepth && typeof current === 'object' && current !== null; depth += 1) {
    const kind = systemFactsOf(systemCodeOf(current))?.kind;
    if (kind !== undefined) return kind;
    current = 'cause' in current ? current.cause : undefined;
  }
  return undefined;
}
