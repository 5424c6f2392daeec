import type { PolicyContext } from './policy-context.ts';
import { literally, type Pattern, patternOf } from './pattern.ts';

/** A value of a condition, in which variables may stand (IAM user guide, policy variables). */
export interface PolicyValue {
  /** As it was written. */
  readonly text: string;
  /** What it stands for in a request; undefined where a variable has no value there, and then it matches nothing. */
  resolve(context: PolicyContext): Pattern | undefined;
}

/** A value without variables: of a document of 2008, or of an operator that knows none. */
export function plainValue(text: string): PolicyValue {
  const pattern = patternOf(text);
  return { text, resolve: () => pattern };
}

const variable = /\$\{([^}]*)\}/g;

/**
 * A value that may have variables: `${aws:PrincipalTag/team}`, with a default `${aws:PrincipalTag/team, 'none'}`, and
 * `${*}`, `${?}`, `${$}` for these characters themselves. What comes from the request stands for itself: whether `*` in
 * it would be a wildcard is not documented, and whoever asks must not be able to choose one.
 */
export function valueWithVariables(text: string): PolicyValue {
  if (!text.includes('${')) return plainValue(text);
  const parts: ((context: PolicyContext) => Pattern | undefined)[] = [];
  let end = 0;
  for (const { 0: whole, 1: inside = '', index } of text.matchAll(variable)) {
    const before = patternOf(text.slice(end, index));
    parts.push(() => before, partOf(inside));
    end = index + whole.length;
  }
  const rest = patternOf(text.slice(end));
  parts.push(() => rest);
  return { text, resolve: (context) => joined(parts.map((part) => part(context))) };
}

function joined(parts: readonly (Pattern | undefined)[]): Pattern | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? known.join('') : undefined;
}

function partOf(inside: string): (context: PolicyContext) => Pattern | undefined {
  if (['*', '?', '$'].includes(inside)) {
    const itself = literally(inside);
    return () => itself;
  }
  const [, key = '', fallback] = /^\s*([^,]*?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inside) ?? [];
  return (context) => {
    const values = context.get(key.toLowerCase()) ?? [];
    // Only a key of one value can stand in a text.
    const value = values.length === 1 ? values[0] : fallback;
    return value === undefined ? undefined : literally(value);
  };
}
