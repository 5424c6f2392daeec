import { nearest } from '../../core/nearest.ts';
import { type Comparison, conditionOperators } from './condition-operators.ts';
import { policyFault } from './policy-fault.ts';
import { elements, strings } from './policy-json.ts';
import type { PolicyContext } from './policy-context.ts';

type SetOperator = 'ForAllValues' | 'ForAnyValue';

/** One line of a Condition block, `StringEquals aws:SourceAccount`, ready to be asked. */
export interface Condition {
  /** As written: `ForAnyValue:StringLikeIfExists`. */
  readonly operator: string;
  /** The operator without prefix and suffix. */
  readonly base: string;
  readonly set: SetOperator | undefined;
  readonly ifExists: boolean;
  readonly negated: boolean;
  /** As written; compared without regard to case. */
  readonly key: string;
  /** The same as request contexts have it. */
  readonly contextKey: string;
  readonly wanted: readonly string[];
  holds(actual: readonly string[], context: PolicyContext): boolean;
}

/** What came of one line of a Condition block. */
export interface ConditionResult {
  readonly operator: string;
  readonly key: string;
  /** Values of the policy, any of which will do, and of a negated operator none. */
  readonly wanted: readonly string[];
  /** Values of the request; empty where it has none. */
  readonly found: readonly string[];
  readonly holds: boolean;
}

/**
 * Reads a Condition block; every line of it has to hold.
 * @param hasVariables whether the document's version knows `${…}`
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function readConditions(block: unknown, hasVariables: boolean): Condition[] {
  if (block === undefined) return [];
  return elements(block, 'Condition').flatMap(([operator, keys]) =>
    elements(keys, operator).map(([key, values]) =>
      readCondition({ operator, key, wanted: strings(values, `${operator} ${key}`), hasVariables }),
    ),
  );
}

/** Asks one line of a Condition block. */
export function askCondition(condition: Condition, context: PolicyContext): ConditionResult {
  const found = context.get(condition.contextKey) ?? [];
  const { operator, key, wanted } = condition;
  return { operator, key, wanted, found, holds: condition.holds(found, context) };
}

/** Why a line does not hold, with the values that were compared. */
export function describeMismatch({ operator, key, wanted, found }: ConditionResult): string {
  const has = found.length === 0 ? 'the request has none' : `the request has "${found.join('", "')}"`;
  return `${operator} ${key} wants "${wanted.join('" or "')}", ${has}`;
}

interface Line {
  readonly operator: string;
  readonly key: string;
  readonly wanted: readonly string[];
  readonly hasVariables: boolean;
}

function readCondition(line: Line): Condition {
  const { operator, key, wanted } = line;
  const [, set, base = '', suffix] = /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const ifExists = suffix !== undefined;
  const common = { operator, base, set: setOperator(set), ifExists, key, contextKey: key.toLowerCase(), wanted };
  if (base === 'Null' && set === undefined && !ifExists) return { ...common, negated: false, holds: isNull(wanted) };
  const found = conditionOperators.get(base);
  if (found === undefined) throw unknownOperator(operator, base);
  const comparisons = wanted.map((value) => found.comparison(value, line.hasVariables));
  const test = testOf(comparisons, found.negated, common.set);
  const holds: Condition['holds'] = (actual, context) => (ifExists && actual.length === 0) || test(actual, context);
  return { ...common, negated: found.negated, holds };
}

function setOperator(name: string | undefined): SetOperator | undefined {
  return name === 'ForAllValues' || name === 'ForAnyValue' ? name : undefined;
}

function unknownOperator(operator: string, base: string): Error {
  if (base === 'Null') return policyFault(`there is no operator ${operator}: Null stands alone`);
  const meant = nearest(base, [...conditionOperators.keys(), 'Null']);
  return policyFault(`there is no operator ${operator}${meant === undefined ? '' : `; did you mean ${meant}?`}`);
}

/**
 * Values of a negated operator must all differ. A key that is absent: a plain operator fails, a negated one holds;
 * ForAllValues holds, as it does for a key of an empty text, and ForAnyValue fails, negated or not (IAM user guide, set
 * operators).
 */
function testOf(
  comparisons: readonly Comparison[],
  negated: boolean,
  set: SetOperator | undefined,
): Condition['holds'] {
  const matches = (value: string, context: PolicyContext): boolean =>
    comparisons.some((isEqual) => isEqual(value, context)) !== negated;
  if (set === 'ForAllValues') {
    return (actual, context) =>
      (actual.length === 1 && actual[0] === '') || actual.every((value) => matches(value, context));
  }
  if (set === 'ForAnyValue' || !negated) return (actual, context) => actual.some((value) => matches(value, context));
  return (actual, context) => actual.every((value) => matches(value, context));
}

/** `Null: "true"` wants the key to be absent, `"false"` to be there. */
function isNull(wanted: readonly string[]): Condition['holds'] {
  const values = wanted.map((value) => value.toLowerCase());
  const wrong = values.find((value) => value !== 'true' && value !== 'false');
  if (wrong !== undefined) throw policyFault(`Null takes true or false, not "${wrong}"`);
  return (actual) => values.includes(String(actual.length === 0));
}
