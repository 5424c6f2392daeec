import { BlockList, isIP } from 'node:net';
import { policyFault } from './policy-fault.ts';
import { type PolicyValue, plainValue, segmentsOf, valueWithVariables } from './policy-variables.ts';
import { isArnMatch, isMatch, type Pattern } from './pattern.ts';
import type { PolicyContext } from './policy-context.ts';

/** Whether a value of the request is what one value of the policy asks for. */
export type Comparison = (actual: string, context: PolicyContext) => boolean;

/** An operator of a Condition block without its prefix and `IfExists` (IAM user guide, condition operators). */
export interface ConditionOperator {
  /** It holds where the comparison does not, and so with an absent key too. */
  readonly negated: boolean;
  /** Reads one value of the policy. */
  readonly comparison: (wanted: string, hasVariables: boolean) => Comparison;
}

type Equal = (actual: string, pattern: Pattern) => boolean;

/** Text with wildcards, and variables in it. */
function textOperator(isEqual: Equal): ConditionOperator['comparison'] {
  return (wanted, hasVariables) => {
    const value: PolicyValue = hasVariables ? valueWithVariables(wanted) : plainValue(wanted);
    return (actual, context) => {
      const pattern = value.resolve(context);
      return pattern !== undefined && isEqual(actual, pattern);
    };
  };
}

/** No wildcards: `*` and `?` are characters like any other. */
function exactly(change: (text: string) => string): ConditionOperator['comparison'] {
  return (wanted, hasVariables) => {
    const value = hasVariables && wanted.includes('${') ? valueWithVariables(escaped(wanted)) : undefined;
    const fixed = change(wanted);
    return (actual, context) => {
      if (value === undefined) return change(actual) === fixed;
      const pattern = value.resolve(context);
      return pattern !== undefined && change(actual) === change(pattern);
    };
  };
}

/** Wildcards outside of variables, written as the variables that stand for them. */
function escaped(value: string): string {
  return segmentsOf(value)
    .map(({ isVariable, text }) => (isVariable ? `\${${text}}` : text.replaceAll(/[*?]/g, '${$&}')))
    .join('');
}

const asIs = (text: string): string => text;
const withoutCase = (text: string): string => text.toLowerCase();

/** What is compared after both sides were read as something else than text. */
function reading<T>(
  read: (text: string) => T | undefined,
  kind: string,
  compare: (actual: T, wanted: T) => boolean,
): ConditionOperator['comparison'] {
  return (text) => {
    const wanted = read(text);
    if (wanted === undefined) throw policyFault(`the condition's value "${text}" is no ${kind}`);
    return (given) => {
      const actual = read(given);
      return actual !== undefined && compare(actual, wanted);
    };
  };
}

function readNumber(text: string): number | undefined {
  return /^[+-]?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** The profile of ISO 8601 of the W3C, from the year to fractions of a second with an offset. */
const datePattern = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?)?)?$/;

/** Milliseconds. Four digits are a year; more are seconds since 1970. */
function readDate(text: string): number | undefined {
  if (/^\d{5,12}(?:\.\d{1,9})?$/.test(text)) return Number(text) * 1000;
  const time = datePattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}

function readBoolean(text: string): boolean | undefined {
  return { true: true, false: false }[text.toLowerCase()];
}

/** Base64, compared by its bytes. */
function readBinary(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replaceAll('=', '') === text.replaceAll('=', '') ? bytes.toString('hex') : undefined;
}

const networkOf: ConditionOperator['comparison'] = (wanted) => {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(wanted) ?? [];
  const family = isIP(address);
  const longest = family === 6 ? 128 : 32;
  const bits = length === undefined ? longest : Number(length);
  if (family === 0 || bits > longest) throw policyFault(`the condition's value "${wanted}" is no address or network`);
  const network = new BlockList();
  network.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  return (actual) => {
    const given = isIP(actual);
    return given !== 0 && network.check(actual, given === 6 ? 'ipv6' : 'ipv4');
  };
};

const like = textOperator(isMatch);
const arnLike = textOperator(isArnMatch);
const equals = exactly(asIs);
const equalsIgnoreCase = exactly(withoutCase);
const numeric = (compare: (actual: number, wanted: number) => boolean): ConditionOperator['comparison'] =>
  reading(readNumber, 'number', compare);
const date = (compare: (actual: number, wanted: number) => boolean): ConditionOperator['comparison'] =>
  reading(readDate, 'date', compare);

const isEqual = <T>(actual: T, wanted: T): boolean => actual === wanted;
const isLess = (actual: number, wanted: number): boolean => actual < wanted;
const isAtMost = (actual: number, wanted: number): boolean => actual <= wanted;
const isGreater = (actual: number, wanted: number): boolean => actual > wanted;
const isAtLeast = (actual: number, wanted: number): boolean => actual >= wanted;

const yes = (comparison: ConditionOperator['comparison']): ConditionOperator => ({ negated: false, comparison });
const not = (comparison: ConditionOperator['comparison']): ConditionOperator => ({ negated: true, comparison });

/** All operators but `Null`, by their exact names. */
export const conditionOperators: ReadonlyMap<string, ConditionOperator> = new Map([
  ['StringEquals', yes(equals)],
  ['StringNotEquals', not(equals)],
  ['StringEqualsIgnoreCase', yes(equalsIgnoreCase)],
  ['StringNotEqualsIgnoreCase', not(equalsIgnoreCase)],
  ['StringLike', yes(like)],
  ['StringNotLike', not(like)],
  ['ArnEquals', yes(arnLike)],
  ['ArnLike', yes(arnLike)],
  ['ArnNotEquals', not(arnLike)],
  ['ArnNotLike', not(arnLike)],
  ['NumericEquals', yes(numeric(isEqual))],
  ['NumericNotEquals', not(numeric(isEqual))],
  ['NumericLessThan', yes(numeric(isLess))],
  ['NumericLessThanEquals', yes(numeric(isAtMost))],
  ['NumericGreaterThan', yes(numeric(isGreater))],
  ['NumericGreaterThanEquals', yes(numeric(isAtLeast))],
  ['DateEquals', yes(date(isEqual))],
  ['DateNotEquals', not(date(isEqual))],
  ['DateLessThan', yes(date(isLess))],
  ['DateLessThanEquals', yes(date(isAtMost))],
  ['DateGreaterThan', yes(date(isGreater))],
  ['DateGreaterThanEquals', yes(date(isAtLeast))],
  ['Bool', yes(reading(readBoolean, 'true or false', isEqual))],
  ['BinaryEquals', yes(reading(readBinary, 'base64', isEqual))],
  ['IpAddress', yes(networkOf)],
  ['NotIpAddress', not(networkOf)],
]);
