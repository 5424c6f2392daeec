import { durationLimits } from '../trust/session/session.ts';
import { tagLimits } from '../trust/session/session-tags.ts';
import { ServiceRefusal } from './refusal.ts';

/** What AssumeRole was asked for, checked for form. */
export interface AssumeRoleInput {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly durationSeconds: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly transitiveTagKeys: readonly string[];
  readonly externalId: string | undefined;
  readonly sourceIdentity: string | undefined;
  /** Characters of the policies, ARNs included; what they say is not evaluated. */
  readonly policySize: number;
}

/** Limits of AssumeRole's parameters (API reference, AssumeRole). */
const limits = {
  roleArn: [20, 2048, /^[\s\S]*$/],
  roleSessionName: [2, 64, /^[\w+=,.@-]*$/],
  externalId: [2, 1224, /^[\w+=,.@:/-]*$/],
  sourceIdentity: [2, 64, /^[\w+=,.@-]*$/],
  policy: [1, 2048, /^[\s\S]*$/],
} as const;

const mostTags = 50;
const mostPolicies = 10;

/**
 * Reads the parameters of AssumeRole.
 * @throws ServiceRefusal ValidationError, InvalidParameterValue, MalformedPolicyDocument
 */
export function readAssumeRoleInput(form: URLSearchParams): AssumeRoleInput {
  return {
    roleArn: required('roleArn', text(form, 'roleArn')),
    roleSessionName: required('roleSessionName', text(form, 'roleSessionName')),
    durationSeconds: readDuration(form.get('DurationSeconds')),
    tags: readTags(form),
    transitiveTagKeys: readTransitiveKeys(form),
    externalId: text(form, 'externalId'),
    sourceIdentity: text(form, 'sourceIdentity'),
    policySize: readPolicies(form),
  };
}

function text(form: URLSearchParams, name: keyof typeof limits): string | undefined {
  const value = form.get(`${name.charAt(0).toUpperCase()}${name.slice(1)}`) ?? undefined;
  if (value === undefined) return undefined;
  const [least, most, pattern] = limits[name];
  if (value.length < least) throw violation(value, name, `Member must have length greater than or equal to ${least}`);
  if (value.length > most) throw violation(value, name, `Member must have length less than or equal to ${most}`);
  if (!pattern.test(value)) {
    throw violation(value, name, `Member must satisfy regular expression pattern: ${pattern.source}`);
  }
  return value;
}

function required(name: string, value: string | undefined): string {
  if (value !== undefined) return value;
  const message = `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`;
  throw invalid('ValidationError', message);
}

function readDuration(value: string | null): number {
  if (value === null) return durationLimits.fallback;
  const { least, most } = durationLimits;
  if (!/^\d+$/.test(value)) throw invalid('ValidationError', `DurationSeconds "${value}" is no whole number`);
  if (Number(value) < least) {
    throw violation(value, 'durationSeconds', `Member must have value greater than or equal to ${least}`);
  }
  if (Number(value) > most) {
    throw violation(value, 'durationSeconds', `Member must have value less than or equal to ${most}`);
  }
  return Number(value);
}

function readTags(form: URLSearchParams): ReadonlyMap<string, string> {
  const keys = members(form, 'Tags', '.Key');
  if (keys.length > mostTags)
    throw violation(`[${keys.length} tags]`, 'tags', `Member must have length less than or equal to ${mostTags}`);
  if (new Set(keys.map((key) => key.toLowerCase())).size !== keys.length) {
    const message = 'Duplicate tag keys found. Please note that Tag keys are case insensitive.';
    throw invalid('InvalidParameterValue', message);
  }
  return new Map(
    keys.map((key, index) => {
      const value = form.get(`Tags.member.${index + 1}.Value`) ?? '';
      if (key === '' || !fits(key, tagLimits.key)) throw violation(key, 'tags.member.key', 'Member is no tag key');
      if (!fits(value, tagLimits.value)) throw violation(value, 'tags.member.value', 'Member is no tag value');
      return [key, value];
    }),
  );
}

function readTransitiveKeys(form: URLSearchParams): string[] {
  const keys = members(form, 'TransitiveTagKeys', '');
  if (keys.length <= mostTags) return keys;
  throw violation(
    `[${keys.length} keys]`,
    'transitiveTagKeys',
    `Member must have length less than or equal to ${mostTags}`,
  );
}

function fits(value: string, longest: number): boolean {
  return value.length <= longest && tagLimits.pattern.test(value);
}

/** More members than any list may have: to look for each takes the whole form. */
const mostMembers = 51;

/** `Tags.member.1.Key`, `Tags.member.2.Key` and on, as the query protocol counts lists. */
function members(form: URLSearchParams, name: string, field: string): string[] {
  const values: string[] = [];
  for (let value = form.get(`${name}.member.1${field}`); value !== null && values.length < mostMembers;) {
    values.push(value);
    value = form.get(`${name}.member.${values.length + 1}${field}`);
  }
  return values;
}

function readPolicies(form: URLSearchParams): number {
  const inline = text(form, 'policy');
  const arns = members(form, 'PolicyArns', '.arn');
  if (arns.length > mostPolicies) {
    throw violation(
      `[${arns.length} ARNs]`,
      'policyArns',
      `Member must have length less than or equal to ${mostPolicies}`,
    );
  }
  if (inline !== undefined && !isJson(inline)) {
    throw invalid('MalformedPolicyDocument', 'Syntax errors in policy.');
  }
  return (inline ?? '').length + arns.join('').length;
}

function isJson(value: string): boolean {
  try {
    return typeof JSON.parse(value) === 'object';
  } catch {
    return false;
  }
}

function violation(value: string, member: string, constraint: string): ServiceRefusal {
  const message = `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`;
  return invalid('ValidationError', message);
}

function invalid(code: string, message: string): ServiceRefusal {
  return new ServiceRefusal({ status: 400, code, message, reason: `invalid input, ${message}` });
}
