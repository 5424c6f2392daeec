import { RolesAnywhereError } from '../../core/errors.ts';
import { isObject, whatIs } from '../../core/given-shape.ts';
import type { NamedHop, RoleHop } from './role-hop.ts';

/**
 * Says before anybody is asked what STS would refuse in a hop (API reference, AssumeRole).
 *
 * @param partition of the trust anchor: no role is assumed across partitions
 * @throws RolesAnywhereError OPTION_INVALID, ARN_INVALID, ARN_MISMATCH: the first fault, with the others among its hints
 */
export function checkHop(hop: NamedHop, partition: string): void {
  const [first, ...others] = hopFaults(hop, partition);
  if (first === undefined) return;
  const also = others.flatMap(({ message, hints }) => [`also: ${message}`].concat(hints));
  throw new RolesAnywhereError(first.code, first.message, { hints: [...new Set([...first.hints, ...also])] });
}

/** Every fault of a hop, each naming the hop by its `option`. */
export function hopFaults(hop: NamedHop, partition: string): readonly RolesAnywhereError[] {
  const wrongKinds = kindFaults(hop);
  if (wrongKinds.length > 0) return wrongKinds;
  return [
    ...roleFaults(hop, partition),
    ...textFaults(hop),
    ...durationFaults(hop),
    ...policyFaults(hop),
    ...tagFaults(hop),
    ...transitiveFaults(hop),
  ];
}

const isString = (value: unknown): boolean => typeof value === 'string';
const isTexts = (value: unknown): boolean => Array.isArray(value) && Array.from(value).every(isString);

interface MemberKind {
  readonly isRight: (value: unknown) => boolean;
  readonly demand: string;
  /** Where it is not plain how to make one. */
  readonly hint?: string;
}

/** Every member of a hop, and what it must be: programs in JavaScript give anything. */
const kinds: Readonly<Record<keyof RoleHop, MemberKind>> = {
  roleArn: { isRight: isString, demand: 'a string' },
  externalId: { isRight: isString, demand: 'a string' },
  roleSessionName: { isRight: isString, demand: 'a string' },
  durationSeconds: { isRight: (value) => typeof value === 'number', demand: 'a number of seconds' },
  policy: { isRight: isString, demand: 'a string', hint: 'JSON.stringify() makes the text of a policy document' },
  policyArns: { isRight: isTexts, demand: 'a list of ARNs' },
  tags: {
    isRight: isObject,
    demand: 'an object',
    hint: "write { team: 'billing' }, in place of the list of Key and Value that STS has",
  },
  transitiveTagKeys: { isRight: isTexts, demand: 'a list of tag keys' },
  region: { isRight: isString, demand: 'a string' },
};

/** The members of a hop. */
export const hopMembers: readonly string[] = Object.keys(kinds);

function kindFaults(hop: NamedHop): readonly RolesAnywhereError[] {
  const given: Readonly<Record<string, unknown>> = { ...hop };
  return Object.entries(kinds).flatMap(([member, { isRight, demand, hint }]) => {
    const value = given[member];
    const isLeftOut = value === undefined && member !== 'roleArn';
    if (isLeftOut || isRight(value)) return [];
    const found = Array.isArray(value) ? 'a list with something else in it' : whatIs(value);
    return [invalid(hop, `${member} must be ${demand}, not ${found}`, hint === undefined ? [] : [hint])];
  });
}

const rolePattern = /^(?=.{20,2048}$)arn:(aws(?:-[a-z0-9]+)*):iam::\d{12}:role\/(?:[!-~]+\/)?[\w+=,.@-]{1,64}$/;

function roleFaults(hop: NamedHop, partition: string): readonly RolesAnywhereError[] {
  const [, found] = rolePattern.exec(hop.roleArn) ?? [];
  if (found === undefined) {
    return [
      new RolesAnywhereError('ARN_INVALID', `${hop.option}: ${quoted(hop.roleArn)} is no ARN of a role`, {
        hints: ['the ARN of a role looks like arn:aws:iam::111122223333:role/Name'],
      }),
    ];
  }
  if (found === partition) return [];
  return [
    new RolesAnywhereError(
      'ARN_MISMATCH',
      `${hop.option}: ${hop.roleArn} is in the partition ${found}, the trust anchor in ${partition}`,
      { hints: ['credentials of one partition assume no role of another'] },
    ),
  ];
}

/** The name of the member, its form, and that form in words. */
const texts = [
  ['externalId', /^[\w+=,.@:/-]{2,1224}$/, '2 to 1224 letters, digits or characters out of _+=,.@:/-'],
  ['roleSessionName', /^[\w+=,.@-]{2,64}$/, '2 to 64 letters, digits or characters out of _+=,.@-'],
  ['region', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'the form of eu-west-1'],
] as const;

/** The external id is not repeated: some keep it as a secret. */
function textFaults(hop: NamedHop): readonly RolesAnywhereError[] {
  return texts.flatMap(([member, form, words]) => {
    const value = hop[member];
    if (value === undefined || form.test(value)) return [];
    const shown = member === 'externalId' ? '' : ` ${quoted(value)}`;
    return [invalid(hop, `${member}${shown} must have ${words}`)];
  });
}

function durationFaults(hop: NamedHop): readonly RolesAnywhereError[] {
  const seconds = hop.durationSeconds;
  if (seconds === undefined || (Number.isInteger(seconds) && seconds >= 900 && seconds <= 3600)) return [];
  if (!(seconds > 3600)) return [invalid(hop, `durationSeconds is ${quoted(seconds)}, and may be 900 to 3600`)];
  return [
    invalid(hop, `durationSeconds is ${quoted(seconds)}, and role chaining allows one hour, 3600, at the most`, [
      'the hour holds for every role that is assumed with the credentials of another, whatever its own maximum is',
      'the session before the first hop may last up to 12 hours, and hops are renewed from it',
    ]),
  ];
}

const policyArnPattern = /^(?=.{20,2048}$)arn:aws(?:-[a-z0-9]+)*:iam::(?:\d{12}|aws):policy\/[!-~]+$/;

function policyFaults(hop: NamedHop): readonly RolesAnywhereError[] {
  const { policy, policyArns = [] } = hop;
  const faults: RolesAnywhereError[] = [];
  if (policy !== undefined && !isJsonObject(policy)) {
    faults.push(invalid(hop, 'policy is no JSON object', ['a session policy is the text of an IAM policy document']));
  } else if (policy !== undefined && policy.length > 2048) {
    faults.push(
      invalid(hop, `policy has ${policy.length} characters, and may have 2048`, [
        'leave out line breaks and spaces, or give managed policies in policyArns',
      ]),
    );
  }
  if (policyArns.length > 10) faults.push(invalid(hop, `policyArns has ${policyArns.length} ARNs, and may have 10`));
  for (const arn of policyArns.filter((arn) => !policyArnPattern.test(arn))) {
    faults.push(
      new RolesAnywhereError('ARN_INVALID', `${hop.option}: policyArns holds ${quoted(arn)}, no ARN of a policy`, {
        hints: ['the ARN of a managed policy looks like arn:aws:iam::aws:policy/ReadOnlyAccess'],
      }),
    );
  }
  return faults;
}

/** Without a cause on failure: the message of JSON.parse quotes what it could not read. */
function isJsonObject(text: unknown): text is string {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined;
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Of keys and of values (API reference, Tag). */
const tagPattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const characters = 'letters, digits, spaces or characters out of _.:/=+-@';

function tagFaults(hop: NamedHop): readonly RolesAnywhereError[] {
  const tags = Object.entries(hop.tags ?? {});
  const faults = tags.flatMap(([key, value]) => [
    ...(fits(key, 128) && key !== ''
      ? []
      : [invalid(hop, `the tag key ${quoted(key)} must have 1 to 128 ${characters}`)]),
    ...(/^aws:/i.test(key) ? [invalid(hop, `the tag key ${quoted(key)} begins with aws:, which is AWS's own`)] : []),
    ...(fits(value, 256) ? [] : [invalid(hop, `the value of tag ${quoted(key)} must have up to 256 ${characters}`)]),
  ]);
  if (tags.length > 50) faults.push(invalid(hop, `tags has ${tags.length} tags, and may have 50`));
  const keys = tags.map(([key]) => key.toLowerCase());
  const twice = tags.find(([key], at) => keys.indexOf(key.toLowerCase()) < at);
  if (twice !== undefined) {
    faults.push(invalid(hop, `the tag key ${quoted(twice[0])} is there twice: case does not tell keys apart`));
  }
  return faults;
}

function fits(text: unknown, longest: number): boolean {
  return typeof text === 'string' && Array.from(text).length <= longest && tagPattern.test(text);
}

function transitiveFaults(hop: NamedHop): readonly RolesAnywhereError[] {
  const tags = hop.tags ?? {};
  return (hop.transitiveTagKeys ?? [])
    .filter((key) => !Object.hasOwn(tags, key))
    .map((key) =>
      invalid(hop, `transitiveTagKeys holds ${quoted(key)}, which tags does not`, [
        'tags that came from the hop before go on by themselves',
      ]),
    );
}

function invalid(hop: NamedHop, what: string, hints: readonly string[] = []): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `${hop.option}: ${what}`, { hints });
}

/** What was given, of one line, and no longer than anybody reads. */
function quoted(value: unknown): string {
  if (typeof value !== 'string') return String(value);
  return `'${value.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?').slice(0, 100)}'`;
}
