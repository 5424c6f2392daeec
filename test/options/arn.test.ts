import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../src/errors.ts';
import { type Arn, type ArnKind, checkArnsTogether, isRegion, parseArn } from '../../src/options/arn.ts';
import { Problems } from '../../src/options/problems.ts';
import { outcomeOf, thrownBy } from '../support/thrown.ts';

const id = 'a1b2c3d4-1111-2222-3333-444455556666';
const anchor = `arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/${id}`;
const profile = `arn:aws:rolesanywhere:eu-west-1:111122223333:profile/${id}`;
const role = 'arn:aws:iam::111122223333:role/on-prem';

const parse = (kind: ArnKind, text: string) => parseArn(kind, { text, origin: '--an-arn' });

describe('well formed', () => {
  test.each<[ArnKind, string, string, string, string]>([
    ['trust anchor', anchor, 'aws', 'eu-west-1', '111122223333'],
    ['profile', profile, 'aws', 'eu-west-1', '111122223333'],
    ['role', role, 'aws', '', '111122223333'],
    ['role', 'arn:aws:iam::111122223333:role/a/path/on-prem', 'aws', '', '111122223333'],
    ['role', 'arn:aws:iam::111122223333:role/a:b/name+=,.@-_', 'aws', '', '111122223333'],
    [
      'trust anchor',
      anchor.replace('aws', 'aws-cn').replace('eu-west-1', 'cn-north-1'),
      'aws-cn',
      'cn-north-1',
      '111122223333',
    ],
    ['role', role.replace('aws', 'aws-us-gov'), 'aws-us-gov', '', '111122223333'],
    [
      'profile',
      profile.replace('aws', 'aws-iso-f').replace('eu-west-1', 'us-isof-south-1'),
      'aws-iso-f',
      'us-isof-south-1',
      '111122223333',
    ],
    [
      'profile',
      profile.replace('aws', 'aws-eusc').replace('eu-west-1', 'eusc-de-east-1'),
      'aws-eusc',
      'eusc-de-east-1',
      '111122223333',
    ],
  ])('%s %s', (kind, text, partition, region, account) => {
    expect(parse(kind, text)).toEqual({ text, origin: '--an-arn', kind, partition, region, account });
  });
});

describe('refused', () => {
  test.each<[ArnKind, string]>([
    ['trust anchor', ''],
    ['trust anchor', 'arn'],
    ['trust anchor', profile],
    ['profile', anchor],
    ['profile', role],
    ['role', anchor],
    ['role', 'arn:aws:sts::111122223333:assumed-role/on-prem/session'],
    ['role', 'arn:aws:iam::111122223333:user/on-prem'],
    ['role', 'arn:aws:iam::111122223333:role/'],
    ['role', 'arn:aws:iam::111122223333:role/with blank'],
    ['role', `arn:aws:iam::111122223333:role/${'x'.repeat(65)}`],
    ['role', `arn:aws:iam::111122223333:role/${'x/'.repeat(520)}name`],
    ['role', 'arn:aws:iam:eu-west-1:111122223333:role/on-prem'],
    ['role', 'arn:aws:iam::11112222333:role/on-prem'],
    ['role', 'arn:aws:iam::x11122223333:role/on-prem'],
    ['role', ' arn:aws:iam::111122223333:role/on-prem'],
    ['role', 'arn:aws:iam::111122223333:role/on-prem\n'],
    ['role', 'arn:amazon:iam::111122223333:role/on-prem'],
    ['trust anchor', anchor.replace('eu-west-1', '')],
    ['trust anchor', anchor.replace('eu-west-1', 'EU-WEST-1')],
    ['trust anchor', anchor.replace('eu-west-1', 'evil.example/')],
    ['trust anchor', anchor.replace(id, '')],
    ['trust anchor', `${anchor}/more`],
    ['trust anchor', anchor.replaceAll(':', ';')],
  ])('%s %j', (kind, text) => {
    const error = thrownBy(() => parse(kind, text));
    expect(error.code).toBe('ARN_INVALID');
    expect(error.message).toBe(`--an-arn is no ARN of a ${kind}: ${JSON.stringify(text)}`);
    expect(error.hints[0]).toMatch(/^the ARN of a .* looks like arn:aws:/);
  });
});

const origins = { 'trust anchor': '--trust-anchor-arn', profile: '--profile-arn', role: '--role-arn' };

function read(kind: ArnKind, text: string | undefined) {
  return text === undefined ? undefined : parseArn(kind, { text, origin: origins[kind] });
}

function problemsOf(texts: { anchor?: string; profile?: string; role?: string }): readonly string[] {
  const problems = new Problems();
  checkArnsTogether(
    read('trust anchor', texts.anchor),
    read('profile', texts.profile),
    read('role', texts.role),
    problems,
  );
  const outcome = outcomeOf(() => problems.throwAny());
  if (outcome === undefined) return [];
  expect(outcome.code).toBe('ARN_MISMATCH');
  return [outcome.message, ...outcome.hints];
}

describe('together', () => {
  test('of one partition, region and account', () => {
    expect(problemsOf({ anchor, profile, role })).toEqual([]);
    expect(problemsOf({ anchor })).toEqual([]);
  });

  test('regions', () => {
    expect(problemsOf({ anchor, profile: profile.replace('eu-west-1', 'us-east-1'), role })).toEqual([
      'trust anchor and profile are not in the same region: --trust-anchor-arn is in eu-west-1, --profile-arn in us-east-1',
    ]);
  });

  test('accounts', () => {
    expect(problemsOf({ anchor, profile, role: role.replace('1111', '4444') })).toEqual([
      'profile and role are not in the same account: --profile-arn is in 111122223333, --role-arn in 444422223333',
    ]);
    expect(problemsOf({ anchor: anchor.replace('1111', '4444'), profile, role })).toEqual([
      'trust anchor and profile are not in the same account: --trust-anchor-arn is in 444422223333, --profile-arn in 111122223333',
    ]);
    expect(problemsOf({ anchor, role: role.replace('1111', '4444') })).toHaveLength(1);
  });

  test('partitions', () => {
    expect(problemsOf({ anchor, profile, role: role.replace('aws', 'aws-cn') })).toEqual([
      'profile and role are not in the same partition: --profile-arn is in aws, --role-arn in aws-cn',
    ]);
  });

  test('everything at once', () => {
    const other = profile.replace('aws', 'aws-cn').replace('eu-west-1', 'cn-north-1').replace('1111', '4444');
    expect(problemsOf({ anchor, profile: other, role })).toHaveLength(5);
  });
});

test.each([
  ['eu-west-1', true],
  ['us-gov-east-1', true],
  ['eusc-de-east-1', true],
  ['', false],
  ['eu', false],
  ['eu-west-1.evil', false],
  ['eu-west-1/', false],
  ['EU-WEST-1', false],
])('region %j: %s', (text, expected) => {
  expect(isRegion(text)).toBe(expected);
});

/** The code of a refusal; of an ARN its text as far as the parts tell it. */
function describeOutcome(outcome: Arn | RolesAnywhereError): string {
  if (outcome instanceof RolesAnywhereError) return outcome.code;
  const { kind, partition, region, account, text } = outcome;
  const resource = text
    .split(':')
    .slice(5)
    .join(':')
    .replaceAll(/[^!-~]/g, '');
  return `arn:${partition}:${kind === 'role' ? 'iam' : 'rolesanywhere'}:${region}:${account}:${resource}`;
}

test('any text is an ARN of the kind or an ARN_INVALID', () => {
  const near = fc
    .tuple(fc.constantFrom(anchor, profile, role), fc.nat(80), fc.string({ maxLength: 4 }), fc.nat(3))
    .map(([text, at, insert, remove]) => text.slice(0, at) + insert + text.slice(at + remove));
  fc.assert(
    fc.property(
      fc.constantFrom<ArnKind[]>('trust anchor', 'profile', 'role'),
      fc.oneof(fc.string({ unit: 'binary' }), near, fc.string({ minLength: 900, maxLength: 2000 })),
      (kind, text) => {
        const outcome = outcomeOf(() => parse(kind, text));
        expect(describeOutcome(outcome)).toBe(outcome instanceof RolesAnywhereError ? 'ARN_INVALID' : text);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a long hostile text is refused at once', () => {
  const started = performance.now();
  thrownBy(() => parse('role', `arn:aws:iam::111122223333:role/${'a/'.repeat(200_000)} `));
  thrownBy(() => parse('role', `arn:${'aws-a'.repeat(50_000)}!:iam`));
  expect(performance.now() - started).toBeLessThan(2000);
});
