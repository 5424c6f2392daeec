/** What is wrong with a hop is said before anybody is asked. */
import { describe, expect, it } from 'vitest';

import { checkHop, hopFaults } from '../../../src/aws/assume-role/check-hop.ts';
import type { RoleHop } from '../../../src/aws/assume-role/role-hop.ts';
import { thrownBy } from '../../support/thrown.ts';

const roleArn = 'arn:aws:iam::444455556666:role/team/Workload';

const faultsOf = (hop: Partial<RoleHop>, partition = 'aws') =>
  hopFaults({ roleArn, option: 'roleChain[1]', ...hop }, partition);

const many = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, '']));

describe('taken is', () => {
  const policyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  it.each<[string, Partial<RoleHop>]>([
    ['an ARN alone', {}],
    ['a role of China in its partition', { roleArn: 'arn:aws-cn:iam::444455556666:role/Workload' }],
    ['the shortest of everything', { externalId: 'ab', roleSessionName: 'ab', durationSeconds: 900 }],
    [
      'the longest of everything',
      { externalId: 'a'.repeat(1224), roleSessionName: 'a'.repeat(64), durationSeconds: 3600 },
    ],
    ['every character', { externalId: 'aZ0_+=,.@:/-', roleSessionName: 'aZ0_+=,.@-' }],
    ['a policy of 2048 characters', { policy: `{"Id":"${'x'.repeat(2039)}"}` }],
    ['ten managed policies', { policyArns: Array.from({ length: 10 }, () => policyArn) }],
    ['50 tags', { tags: many(50) }],
    ['a tag of any script', { tags: { 'Größe 大_.:/=+-@': 'klein – not'.replace('–', '-') } }],
    ['the longest tag', { tags: { ['k'.repeat(128)]: 'v'.repeat(256) }, transitiveTagKeys: ['k'.repeat(128)] }],
    ['characters beyond 16 bits, each as one', { tags: { a: '𝒜'.repeat(256) } }],
    ['a region', { region: 'us-gov-west-1' }],
  ])('%s', (_name, hop) => {
    expect(faultsOf(hop, hop.roleArn?.split(':')[1])).toEqual([]);
  });
});

describe('refused is', () => {
  const form = (text: RegExp | string): RegExp => new RegExp(typeof text === 'string' ? `^${text}$` : text);
  it.each<[string, Partial<RoleHop>, string, RegExp]>([
    ['no ARN', { roleArn: 'Workload' }, 'ARN_INVALID', /^roleChain\[1\]: 'Workload' is no ARN of a role$/],
    ['the ARN of a user', { roleArn: 'arn:aws:iam::444455556666:user/x' }, 'ARN_INVALID', /user\/x' is no ARN/],
    ['a short account', { roleArn: 'arn:aws:iam::4444:role/x' }, 'ARN_INVALID', /is no ARN/],
    ['an endless ARN', { roleArn: `${roleArn.slice(0, -8)}${'x/'.repeat(1024)}r` }, 'ARN_INVALID', /is no ARN/],
    ['a line break', { roleArn: `${roleArn}\nx` }, 'ARN_INVALID', /Workload\?x' is no ARN/],
    ['no text', { roleArn: undefined as never }, 'OPTION_INVALID', /roleArn must be a string, not undefined/],
    [
      'another partition',
      { roleArn: roleArn.replace('aws', 'aws-cn') },
      'ARN_MISMATCH',
      /aws-cn, the trust anchor in aws$/,
    ],
    ['a short session name', { roleSessionName: 'a' }, 'OPTION_INVALID', /roleSessionName 'a' must have 2 to 64/],
    ['a long session name', { roleSessionName: 'a'.repeat(65) }, 'OPTION_INVALID', /must have 2 to 64/],
    ['a session name with a space', { roleSessionName: 'a b' }, 'OPTION_INVALID', /'a b' must have/],
    ['a short duration', { durationSeconds: 899 }, 'OPTION_INVALID', /durationSeconds is 899, and may be 900 to 3600/],
    ['half a second', { durationSeconds: 900.5 }, 'OPTION_INVALID', /is 900.5, and may be/],
    ['a duration that is no number', { durationSeconds: Number.NaN }, 'OPTION_INVALID', /is NaN, and may be/],
    ['more than an hour', { durationSeconds: 3601 }, 'OPTION_INVALID', /is 3601, and role chaining allows one hour/],
    ['a policy that is no JSON', { policy: '{' }, 'OPTION_INVALID', /policy is no JSON object/],
    ['a policy that is a list', { policy: '[]' }, 'OPTION_INVALID', /policy is no JSON object/],
    ['a policy that is no text', { policy: {} as never }, 'OPTION_INVALID', /policy must be a string, not an object/],
    ['a long policy', { policy: `{"Id":"${'x'.repeat(2040)}"}` }, 'OPTION_INVALID', /policy has 2049 characters/],
    ['eleven policies', { policyArns: Array(11).fill('arn:aws:iam::aws:policy/x') }, 'OPTION_INVALID', /has 11 ARNs/],
    ['a policy by its name', { policyArns: ['ReadOnlyAccess'] }, 'ARN_INVALID', /holds 'ReadOnlyAccess', no ARN/],
    ['51 tags', { tags: many(51) }, 'OPTION_INVALID', /tags has 51 tags, and may have 50/],
    ['an empty key', { tags: { '': 'x' } }, 'OPTION_INVALID', /the tag key '' must have 1 to 128/],
    ['a long key', { tags: { ['k'.repeat(129)]: 'x' } }, 'OPTION_INVALID', /must have 1 to 128/],
    ['a key of AWS', { tags: { 'aws:x': 'x' } }, 'OPTION_INVALID', /begins with aws:/],
    ['a value with brackets', { tags: { a: '(x)' } }, 'OPTION_INVALID', /the value of tag 'a' must have up to 256/],
    ['a value that is no text', { tags: { a: 1 as never } }, 'OPTION_INVALID', /the value of tag 'a'/],
    ['keys alike but for case', { tags: { Stage: 'a', stage: 'b' } }, 'OPTION_INVALID', /'stage' is there twice/],
    ['a transitive key of no tag', { transitiveTagKeys: ['x'] }, 'OPTION_INVALID', /holds 'x', which tags does not/],
    ['a name that every object has', { transitiveTagKeys: ['toString'] }, 'OPTION_INVALID', /holds 'toString'/],
    ['a region with a dot', { region: 'eu.west' }, 'OPTION_INVALID', /region 'eu.west' must have the form of/],
  ])('%s', (_name, hop, code, message) => {
    const faults = faultsOf(hop);
    expect(faults.map((fault) => fault.code)).toEqual([code]);
    expect(faults[0]?.message).toMatch(form(message));
    expect(faults[0]?.message).toMatch(/^roleChain\[1\]: /);
  });

  it('an external id, which is not repeated', () => {
    const [fault] = faultsOf({ externalId: 'keep this secret' });
    expect(fault?.message).toBe(
      'roleChain[1]: externalId must have 2 to 1224 letters, digits or characters out of _+=,.@:/-',
    );
  });
});

it('the rule of one hour is explained', () => {
  const [fault] = faultsOf({ durationSeconds: 43_200 });
  expect(fault?.hints).toEqual([
    'the hour holds for every role that is assumed with the credentials of another, whatever its own maximum is',
    'the session before the first hop may last up to 12 hours, and hops are renewed from it',
  ]);
});

it('all faults are told at once', () => {
  const hop = { roleArn, option: '--assume-role', durationSeconds: 1, region: '!', externalId: '' };
  const failure = thrownBy(() => checkHop(hop, 'aws'));
  expect(failure).toMatchObject({ code: 'OPTION_INVALID' });
  expect(failure.message).toMatch(/^--assume-role: externalId must have/);
  expect(failure.hints).toContain("also: --assume-role: region '!' must have the form of eu-west-1");
  expect(failure.hints).toContain('also: --assume-role: durationSeconds is 1, and may be 900 to 3600');
});
