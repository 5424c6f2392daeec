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

/** A stretch of a value: plain text, or what stands between `${` and `}`. */
export interface Segment {
  readonly isVariable: boolean;
  readonly text: string;
}

/** Takes a value apart; what is never closed is plain text. */
export function segmentsOf(value: string): Segment[] {
  const segments: Segment[] = [];
  let at = 0;
  while (at < value.length) {
    const start = value.indexOf('${', at);
    const end = start === -1 ? -1 : value.indexOf('}', start);
    const plain = value.slice(at, end === -1 ? value.length : start);
    if (plain !== '') segments.push({ isVariable: false, text: plain });
    if (end === -1) return segments;
    segments.push({ isVariable: true, text: value.slice(start + 2, end) });
    at = end + 1;
  }
  return segments;
}

/**
 * A value that may have variables: `${aws:PrincipalTag/team}`, with a default `${aws:PrincipalTag/team, 'none'}`, and
 * `${*}`, `${?}`, `${$}` for these characters themselves. What comes from the request stands for itself: whether `*` in
 * it would be a wildcard is not documented, and whoever asks must not be able to choose one.
 */
export function valueWithVariables(text: string): PolicyValue {
  if (!text.includes('${')) return plainValue(text);
  const parts = segmentsOf(text).map((segment) => (segment.isVariable ? partOf(segment.text) : fixed(segment.text)));
  return { text, resolve: (context) => joined(parts.map((part) => part(context))) };
}

type Part = (context: PolicyContext) => Pattern | undefined;

function fixed(text: string): Part {
  const pattern = patternOf(text);
  return () => pattern;
}

function joined(parts: readonly (Pattern | undefined)[]): Pattern | undefined {
  const known = parts.filter((part) => part !== undefined);
  return known.length === parts.length ? known.join('') : undefined;
}

function partOf(inside: string): Part {
  if (['*', '?', '$'].includes(inside)) return () => literally(inside);
  const comma = inside.indexOf(',');
  const key = (comma === -1 ? inside : inside.slice(0, comma)).trim().toLowerCase();
  const fallback = comma === -1 ? undefined : defaultOf(inside.slice(comma + 1).trim());
  return (context) => {
    const values = context.get(key) ?? [];
    // Only a key of one value can stand in a text.
    const value = values.length === 1 ? values[0] : fallback;
    return value === undefined ? undefined : literally(value);
  };
}

/** In single quotes; anything else is none. */
function defaultOf(text: string): string | undefined {
  return text.length >= 2 && text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : undefined;
}
