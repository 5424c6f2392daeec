import { RolesAnywhereError } from '../core/errors.ts';

/** Request context: lower-case keys, `aws:principaltag/x509subject/cn`; a key without value is absent. */
export type PolicyContext = ReadonlyMap<string, readonly string[]>;

/** One line of a Condition block: why it fails for a request, or undefined when it holds. */
export type Condition = (context: PolicyContext) => string | undefined;

type Comparison = (actual: string, wanted: string) => boolean;

const sameText: Comparison = (actual, wanted) => actual === wanted;
const sameLetters: Comparison = (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase();

const positive: ReadonlyMap<string, Comparison> = new Map([
  ['StringEquals', sameText],
  ['StringEqualsIgnoreCase', sameLetters],
  ['StringLike', isLike],
  ['ArnEquals', isArnLike],
  ['ArnLike', isArnLike],
  ['Bool', sameLetters],
]);

/** Operators that hold where the comparison does not, an absent key included (IAM user guide, condition operators). */
const negative: ReadonlyMap<string, Comparison> = new Map([
  ['StringNotEquals', sameText],
  ['StringNotEqualsIgnoreCase', sameLetters],
  ['StringNotLike', isLike],
  ['ArnNotEquals', isArnLike],
  ['ArnNotLike', isArnLike],
]);

/**
 * Reads a Condition block; every line of it has to hold.
 * @throws RolesAnywhereError OPTION_INVALID for what is not evaluated here
 */
export function readConditions(block: unknown): Condition[] {
  if (block === undefined) return [];
  return entries(block, 'Condition').flatMap(([operator, keys]) =>
    entries(keys, operator).map(([key, values]) => readCondition(operator, key, strings(values, `${operator} ${key}`))),
  );
}

/** A string or a list of strings, as policies write them. */
export function strings(value: unknown, where: string): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((item) => {
    if (typeof item === 'boolean' || typeof item === 'number') return String(item);
    if (typeof item === 'string' && !item.includes('${')) return item;
    throw notEvaluated(where, typeof item === 'string' ? 'a policy variable' : 'a value that is no text');
  });
}

export function entries(value: unknown, where: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw notEvaluated(where, 'a value that is no object');
  }
  return Object.entries(value);
}

export function notEvaluated(where: string, what: string): RolesAnywhereError {
  return new RolesAnywhereError(
    'OPTION_INVALID',
    `the trust policy has ${what} at ${where}, which is not evaluated here`,
  );
}

function readCondition(operator: string, key: string, wanted: readonly string[]): Condition {
  const [, set, base = '', ifExists] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const holds = base === 'Null' ? isNull(wanted) : readTest(base, wanted, set);
  if (holds === undefined) throw notEvaluated('Condition', `the operator ${operator}`);
  return (context) => {
    const actual = context.get(key.toLowerCase()) ?? [];
    if (ifExists !== undefined && actual.length === 0) return undefined;
    if (holds(actual)) return undefined;
    const found = actual.length === 0 ? 'the request has none' : `the request has "${actual.join('", "')}"`;
    return `${operator} ${key} wants "${wanted.join('" or "')}", ${found}`;
  };
}

type Test = (actual: readonly string[]) => boolean;

function readTest(operator: string, wanted: readonly string[], set: string | undefined): Test | undefined {
  const equal = positive.get(operator) ?? negative.get(operator);
  if (equal === undefined) return undefined;
  const isPositive = positive.has(operator);
  const matches = (value: string): boolean => wanted.some((item) => equal(value, item)) === isPositive;
  if (set === 'ForAllValues') return (actual) => actual.every(matches);
  if (set === 'ForAnyValue') return (actual) => actual.some(matches);
  return isPositive ? (actual) => actual.some(matches) : (actual) => actual.every(matches);
}

/** `Null: "true"` wants the key to be absent. */
function isNull(wanted: readonly string[]): Test {
  return (actual) => wanted.includes(String(actual.length === 0));
}

/**
 * `*` stands for any run of characters, `?` for any one. After a mismatch the last `*` takes one character more: a
 * regular expression would try every way to share a text out among all of them.
 */
export function isLike(actual: string, pattern: string): boolean {
  let [at, inPattern, star, starAt] = [0, 0, -1, 0];
  while (at < actual.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern++;
      starAt = at;
    } else if (pattern[inPattern] === '?' || pattern[inPattern] === actual[at]) {
      inPattern += 1;
      at += 1;
    } else if (star === -1) return false;
    else {
      inPattern = star + 1;
      at = starAt += 1;
    }
  }
  return /^\**$/.test(pattern.slice(inPattern));
}

/** ARNs are compared field by field: a wildcard does not reach over a colon in the first five. */
function isArnLike(actual: string, pattern: string): boolean {
  const wanted = fields(pattern);
  return fields(actual).every((field, index) => isLike(field, wanted[index] ?? ''));
}

function fields(arn: string): string[] {
  const parts = arn.split(':');
  return Array.from({ length: 6 }, (_, index) => (index < 5 ? (parts[index] ?? '') : parts.slice(5).join(':')));
}
