import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { type ArnKind, isRegion, parseArn } from '../../../src/options/resolve/arn.ts';

const id = 'a1b2c3d4-1111-2222-3333-444455556666';
const anchor = `arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/${id}`;
const profile = `arn:aws:rolesanywhere:eu-west-1:111122223333:profile/${id}`;
const role = 'arn:aws:iam::111122223333:role/on-prem';

const inPartition = (arn: string, partition: string, region: string): string =>
  arn.replace('aws', partition).replace('eu-west-1', region);

describe('well formed', () => {
  test.each<[ArnKind, string, string, string]>([
    ['trust anchor', anchor, 'aws', 'eu-west-1'],
    ['profile', profile, 'aws', 'eu-west-1'],
    ['role', role, 'aws', ''],
    ['role', 'arn:aws:iam::111122223333:role/a/path/on-prem', 'aws', ''],
    ['role', 'arn:aws:iam::111122223333:role/a:b/name+=,.@-_', 'aws', ''],
    ['trust anchor', inPartition(anchor, 'aws-cn', 'cn-north-1'), 'aws-cn', 'cn-north-1'],
    ['role', inPartition(role, 'aws-us-gov', ''), 'aws-us-gov', ''],
    ['profile', inPartition(profile, 'aws-iso-f', 'us-isof-south-1'), 'aws-iso-f', 'us-isof-south-1'],
    ['profile', inPartition(profile, 'aws-eusc', 'eusc-de-east-1'), 'aws-eusc', 'eusc-de-east-1'],
  ])('%s %s', (kind, text, partition, region) => {
    expect(parseArn(kind, text)).toEqual({ partition, region, account: '111122223333' });
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
    ['role', 'arn:awsome:iam::111122223333:role/on-prem'],
    ['trust anchor', anchor.replace('eu-west-1', '')],
    ['trust anchor', anchor.replace('eu-west-1', 'EU-WEST-1')],
    ['trust anchor', anchor.replace('eu-west-1', 'evil.example/')],
    ['trust anchor', anchor.replace(id, '')],
    ['trust anchor', `${anchor}/more`],
    ['trust anchor', anchor.replaceAll(':', ';')],
  ])('%s %j', (kind, text) => {
    expect(parseArn(kind, text)).toBeUndefined();
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
  ['eu-west-1\n', false],
  ['EU-WEST-1', false],
])('region %j: %s', (text, expected) => {
  expect(isRegion(text)).toBe(expected);
});

test('what is read of any text is what the text says', () => {
  const near = fc
    .tuple(fc.constantFrom(anchor, profile, role), fc.nat(80), fc.string({ maxLength: 4 }), fc.nat(3))
    .map(([text, at, insert, remove]) => text.slice(0, at) + insert + text.slice(at + remove));
  const text = fc.oneof(fc.string({ unit: 'binary' }), near, fc.string({ minLength: 900, maxLength: 2000 }));
  fc.assert(
    fc.property(fc.constantFrom<ArnKind[]>('trust anchor', 'profile', 'role'), text, (kind, text) => {
      const { partition, region, account } = parseArn(kind, text) ?? {};
      const service = kind === 'role' ? 'iam' : 'rolesanywhere';
      const isRead = partition !== undefined;
      // Read back from the text's own parts: another service or a part that is not there never passes.
      expect(isRead && text.startsWith(`arn:${partition}:${service}:${region}:${account}:`)).toBe(isRead);
      expect(isRead && !/^[!-~]+$/.test(text)).toBe(false);
    }),
    { numRuns: 2000 },
  );
});

test('a long hostile text is refused at once', () => {
  const started = process.cpuUsage();
  expect(parseArn('role', `arn:aws:iam::111122223333:role/${'a/'.repeat(200_000)} `)).toBeUndefined();
  expect(parseArn('role', `arn:${'aws-a'.repeat(190)}!:iam`)).toBeUndefined();
  expect(parseArn('profile', `arn:aws:rolesanywhere:${'a-'.repeat(480)}:`)).toBeUndefined();
  expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
});
