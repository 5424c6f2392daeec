import * as fc from '../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { isLike } from '../../../src/trust/policy/pattern.ts';
import { makePolicyContext, type PolicyContext } from '../../../src/trust/policy/policy-context.ts';
import { type PolicyPrincipal, readTrustPolicy } from '../../../src/trust/policy/trust-policy.ts';
import { thrownBy } from '../../support/thrown.ts';

const service: PolicyPrincipal = { kind: 'service', name: 'rolesanywhere.amazonaws.com' };
const session: PolicyPrincipal = {
  kind: 'role-session',
  accountId: '111122223333',
  arns: [
    'arn:aws:iam::111122223333:root',
    'arn:aws:iam::111122223333:role/Worker',
    'arn:aws:sts::111122223333:assumed-role/Worker/01',
  ],
};

const contextOf = (keys: Record<string, string | string[]>): PolicyContext =>
  new Map(Object.entries(keys).map(([key, value]) => [key.toLowerCase(), Array.isArray(value) ? value : [value]]));

const statement = (more: object = {}): object => ({
  Effect: 'Allow',
  Principal: { Service: 'rolesanywhere.amazonaws.com' },
  Action: 'sts:AssumeRole',
  ...more,
});

function denial(statements: object | object[], principal = service, keys: Record<string, string | string[]> = {}) {
  const policy = readTrustPolicy({ Version: '2012-10-17', Statement: statements });
  return policy.denial({ action: 'sts:AssumeRole', principal, context: contextOf(keys) });
}

describe('principals', () => {
  test.each([
    ['the service', { Service: 'rolesanywhere.amazonaws.com' }, true, false],
    ['one of several services', { Service: ['ec2.amazonaws.com', 'rolesanywhere.amazonaws.com'] }, true, false],
    ['another service', { Service: 'ec2.amazonaws.com' }, false, false],
    ['everybody', '*', true, true],
    ['every AWS principal', { AWS: '*' }, false, true],
    ['the account by number', { AWS: '111122223333' }, false, true],
    ['the account by ARN', { AWS: 'arn:aws:iam::111122223333:root' }, false, true],
    ['the role', { AWS: ['arn:aws:iam::111122223333:role/Worker'] }, false, true],
    ['the session', { AWS: 'arn:aws:sts::111122223333:assumed-role/Worker/01' }, false, true],
    ['another account', { AWS: '444455556666' }, false, false],
    ['no wildcard inside', { AWS: 'arn:aws:iam::111122223333:role/*' }, false, false],
    ['somebody of another kind', { Federated: 'x' }, false, false],
  ])('%s', (_name, Principal, allowsService, allowsSession) => {
    expect(denial(statement({ Principal }), service) === undefined).toBe(allowsService);
    expect(denial(statement({ Principal }), session) === undefined).toBe(allowsSession);
  });

  test('every AWS principal is everybody where something is denied', () => {
    const policy = readTrustPolicy({
      Version: '2012-10-17',
      Statement: [
        statement({ Principal: { Service: 'rolesanywhere.amazonaws.com' } }),
        statement({ Effect: 'Deny', Principal: { AWS: '*' } }),
      ],
    });
    expect(policy.denial({ action: 'sts:AssumeRole', principal: service, context: contextOf({}) })).toBeDefined();
  });
});

describe('actions', () => {
  test.each([
    ['sts:AssumeRole', true],
    ['STS:assumerole', true],
    [['sts:TagSession', 'sts:AssumeRole'], true],
    ['sts:*', true],
    ['*', true],
    ['sts:Assume*', true],
    ['sts:*Role', true],
    ['sts:A*e*e', true],
    ['s*:Assume?ole', true],
    ['STS:ASSUME????', true],
    ['???:AssumeRole', true],
    ['sts:Assume???', false],
    ['sts:AssumeRole?', false],
    ['sts:*Session', false],
    ['sts.AssumeRole', false],
    ['*:*Role*', true],
    ['sts:TagSession', false],
    ['sts:AssumeRoleWithSAML', false],
  ])('%j', (Action, allowed) => {
    expect(denial(statement({ Action })) === undefined).toBe(allowed);
  });
});

describe('conditions', () => {
  const keys = {
    'aws:PrincipalTag/x509Subject/CN': 'worker',
    'aws:SourceArn': 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/abc',
    'aws:TagKeys': ['One', 'Two'],
    'aws:SecureTransport': 'true',
  };
  const cases: [object, boolean][] = [
    [{ StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'worker' } }, true],
    [{ StringEquals: { 'AWS:principaltag/X509SUBJECT/cn': ['other', 'worker'] } }, true],
    [{ StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'Worker' } }, false],
    [{ StringEquals: { 'aws:PrincipalTag/x509Subject/OU': 'worker' } }, false],
    [{ StringEqualsIfExists: { 'aws:PrincipalTag/x509Subject/OU': 'worker' } }, true],
    [{ StringEqualsIfExists: { 'aws:PrincipalTag/x509Subject/CN': 'other' } }, false],
    [{ StringEqualsIgnoreCase: { 'aws:PrincipalTag/x509Subject/CN': 'WORKER' } }, true],
    [{ StringNotEqualsIgnoreCase: { 'aws:PrincipalTag/x509Subject/CN': 'WORKER' } }, false],
    [{ StringNotEquals: { 'aws:PrincipalTag/x509Subject/CN': 'worker' } }, false],
    [{ StringNotEquals: { 'aws:PrincipalTag/x509Subject/CN': ['other', 'worker'] } }, false],
    // A tag that a mapping took away lets this pass, which is why the guide warns of it.
    [{ StringNotEquals: { 'aws:PrincipalTag/x509Subject/OU': 'worker' } }, true],
    [{ StringLike: { 'aws:PrincipalTag/x509Subject/CN': 'w?rk*' } }, true],
    [{ StringLike: { 'aws:PrincipalTag/x509Subject/CN': 'w.rker' } }, false],
    [{ StringNotLike: { 'aws:PrincipalTag/x509Subject/CN': 'w*' } }, false],
    [{ ArnEquals: { 'aws:SourceArn': keys['aws:SourceArn'] } }, true],
    [{ ArnLike: { 'aws:SourceArn': 'arn:aws:rolesanywhere:*:111122223333:trust-anchor/*' } }, true],
    [{ ArnLike: { 'aws:SourceArn': 'arn:aws:*:trust-anchor/abc' } }, false],
    [{ ArnNotEquals: { 'aws:SourceArn': keys['aws:SourceArn'] } }, false],
    [{ ArnNotLike: { 'aws:SourceArn': 'arn:aws:rolesanywhere:*:*:trust-anchor/x' } }, true],
    [{ Bool: { 'aws:SecureTransport': true } }, true],
    [{ Bool: { 'aws:SecureTransport': 'False' } }, false],
    [{ Null: { 'aws:PrincipalTag/x509Subject/OU': 'true' } }, true],
    [{ Null: { 'aws:PrincipalTag/x509Subject/CN': 'true' } }, false],
    [{ Null: { 'aws:PrincipalTag/x509Subject/CN': 'false' } }, true],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['One', 'Two', 'Three'] } }, true],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['One'] } }, false],
    [{ 'ForAllValues:StringEquals': { 'aws:Absent': ['One'] } }, true],
    [{ 'ForAnyValue:StringLike': { 'aws:TagKeys': ['T*'] } }, true],
    [{ 'ForAnyValue:StringEquals': { 'aws:Absent': ['One'] } }, false],
    [
      { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': 'worker' }, Bool: { 'aws:SecureTransport': 'false' } },
      false,
    ],
  ];

  test.each(cases)('%j', (Condition, allowed) => {
    expect(denial(statement({ Condition }), service, keys) === undefined).toBe(allowed);
  });
});

describe('statements', () => {
  test('one that allows is enough', () => {
    const never = statement({ Condition: { StringEquals: { 'aws:Absent': 'x' } } });
    expect(denial([never, statement()])).toBeUndefined();
  });

  test('one that denies wins', () => {
    expect(denial([statement(), statement({ Effect: 'Deny' })])).toBe(
      'the trust policy denies sts:AssumeRole by statement 2',
    );
    const harmless = statement({ Effect: 'Deny', Condition: { StringEquals: { 'aws:Absent': 'x' } } });
    expect(denial([statement(), harmless])).toBeUndefined();
  });

  test('none that concerns the caller', () => {
    expect(denial(statement(), session)).toBe(
      'no statement of the trust policy allows sts:AssumeRole to arn:aws:sts::111122223333:assumed-role/Worker/01',
    );
  });

  test('the reason names every condition that fails', () => {
    const Condition = { StringEquals: { 'aws:A': 'x', 'aws:B': ['y', 'z'] } };
    expect(denial(statement({ Condition }), service, { 'aws:B': 'w' })).toBe(
      'the trust policy does not allow sts:AssumeRole: statement 1: StringEquals aws:A wants "x", the request has none and ' +
        'StringEquals aws:B wants "y" or "z", the request has "w"',
    );
  });
});

/** Operators one by one, where the documentation has an answer. */
describe('operators', () => {
  const keys = {
    tag: 'worker',
    star: 'a*c',
    number: '7',
    when: '2026-03-01T12:00:00Z',
    epoch: '1772366400',
    ip: '10.1.2.3',
    ip6: '2001:db8::5',
    arn: 'arn:aws:iam::111122223333:role/path/Worker',
    empty: '',
    flag: 'true',
    bytes: 'aGVsbG8=',
    many: ['One', 'Two'],
  };
  const cases: [string, string, unknown, boolean][] = [
    ['StringEquals', 'star', 'a*c', true],
    ['StringEquals', 'tag', 'w*', false],
    ['StringLike', 'arn', 'arn*Worker', true],
    ['StringLike', 'tag', 'worker?', false],
    ['StringNotLike', 'absent', '*', true],
    ['StringNotEqualsIgnoreCase', 'absent', 'x', true],
    ['NumericEquals', 'number', 7, true],
    ['NumericEquals', 'number', '7.0', true],
    ['NumericEquals', 'number', ['1', '7'], true],
    ['NumericNotEquals', 'number', '7', false],
    ['NumericNotEquals', 'number', ['8', '9'], true],
    ['NumericNotEquals', 'absent', '7', true],
    ['NumericLessThan', 'number', '7', false],
    ['NumericLessThan', 'number', '7.5', true],
    ['NumericLessThanEquals', 'number', '7', true],
    ['NumericGreaterThan', 'number', '-7', true],
    ['NumericGreaterThan', 'number', '7', false],
    ['NumericGreaterThanEquals', 'number', '7', true],
    ['NumericLessThan', 'tag', '7', false],
    ['NumericLessThan', 'absent', '7', false],
    ['NumericLessThanIfExists', 'absent', '7', true],
    ['DateEquals', 'when', '2026-03-01T12:00:00Z', true],
    ['DateEquals', 'when', '2026-03-01T13:00:00.000+01:00', true],
    ['DateEquals', 'when', '1772366400', true],
    ['DateEquals', 'epoch', '2026-03-01T12:00:00Z', true],
    ['DateNotEquals', 'when', '2026-03-01', true],
    ['DateNotEquals', 'absent', '2026-03-01', true],
    ['DateLessThan', 'when', '2027', true],
    ['DateLessThan', 'when', '2026-03', false],
    ['DateLessThanEquals', 'when', '2026-03-01T12:00Z', true],
    ['DateGreaterThan', 'when', '2026-03-01', true],
    ['DateGreaterThan', 'when', '2026-03-01T12:00:00Z', false],
    ['DateGreaterThanEquals', 'when', '2026-03-01T12:00:00Z', true],
    ['DateGreaterThan', 'absent', '2026-03-01', false],
    ['Bool', 'flag', 'TRUE', true],
    ['Bool', 'absent', 'false', false],
    ['BoolIfExists', 'absent', 'false', true],
    ['BinaryEquals', 'bytes', 'aGVsbG8=', true],
    ['BinaryEquals', 'bytes', 'aGVsbG9v', false],
    ['IpAddress', 'ip', '10.0.0.0/8', true],
    ['IpAddress', 'ip', '10.1.2.3', true],
    ['IpAddress', 'ip', '10.1.2.4', false],
    ['IpAddress', 'ip', ['192.168.0.0/16', '10.1.0.0/16'], true],
    ['IpAddress', 'ip6', '2001:db8::/32', true],
    ['IpAddress', 'ip6', '10.0.0.0/8', false],
    ['IpAddress', 'ip', '0.0.0.0/0', true],
    ['IpAddress', 'absent', '0.0.0.0/0', false],
    ['NotIpAddress', 'ip', '10.0.0.0/8', false],
    ['NotIpAddress', 'ip', ['11.0.0.0/8', '12.0.0.0/8'], true],
    ['NotIpAddress', 'absent', '10.0.0.0/8', true],
    ['ArnLike', 'arn', 'arn:aws:iam::*:role/*/Worker', true],
    ['ArnLike', 'arn', 'arn:aws:iam::*:role/Worker', false],
    ['ArnLike', 'arn', 'arn:*', false],
    ['ArnEquals', 'arn', 'arn:aws:iam::11112222333?:role/path/*', true],
    ['ArnLike', 'arn', 'ARN:aws:iam::111122223333:role/path/Worker', false],
    ['ArnNotLike', 'absent', 'arn:aws:iam::111122223333:role/*', true],
    ['Null', 'empty', 'true', false],
    ['Null', 'absent', 'false', false],
    ['ForAllValues:StringEquals', 'empty', 'x', true],
    ['ForAllValues:StringNotEquals', 'many', 'Three', true],
    ['ForAllValues:StringNotEquals', 'many', ['Two'], false],
    ['ForAnyValue:StringNotEquals', 'many', 'One', true],
    ['ForAnyValue:StringNotEquals', 'many', ['One', 'Two'], false],
    ['ForAnyValue:StringNotEquals', 'absent', 'x', false],
    ['ForAnyValue:StringLike', 'many', 'T?o', true],
    ['ForAllValues:StringLikeIfExists', 'absent', 'x', true],
    ['ForAnyValue:StringLikeIfExists', 'absent', 'x', true],
  ];

  test.each(cases)('%s %s %j: %j', (operator, key, value, allowed) => {
    expect(denial(statement({ Condition: { [operator]: { [key]: value } } }), service, keys) === undefined).toBe(
      allowed,
    );
  });
});

describe('variables', () => {
  const keys = {
    'aws:PrincipalTag/team': 'red',
    'aws:TagKeys': ['a', 'b'],
    name: 'x-red',
    star: '*',
    wild: 'anything',
  };
  const cases: [string, string, string, boolean][] = [
    ['StringEquals', 'name', 'x-${aws:PrincipalTag/team}', true],
    ['StringEquals', 'name', 'x-${AWS:principaltag/TEAM}', true],
    ['StringEquals', 'name', 'y-${aws:PrincipalTag/team}', false],
    ['StringLike', 'name', '*-${aws:PrincipalTag/team}', true],
    ['StringEquals', 'name', "x-${aws:PrincipalTag/none, 'red'}", true],
    ['StringEquals', 'name', "x-${aws:PrincipalTag/team, 'blue'}", true],
    ['StringEquals', 'name', 'x-${aws:PrincipalTag/none}', false],
    ['StringNotEquals', 'name', 'x-${aws:PrincipalTag/none}', true],
    ['StringNotLike', 'name', '${aws:PrincipalTag/none}*', true],
    ['StringLike', 'name', '${aws:TagKeys}*', false],
    ['StringEquals', 'star', '${*}', true],
    ['StringLike', 'star', '${*}', true],
    ['StringLike', 'wild', '${*}', false],
    ['StringLike', 'wild', '${?}*', false],
    ['StringEquals', 'wild', '${$}', false],
    // What a request brings is no wildcard.
    ['StringLike', 'wild', '${star}', false],
    ['StringEqualsIgnoreCase', 'name', 'X-${aws:PrincipalTag/team}', true],
  ];

  test.each(cases)('%s %s %s: %j', (operator, key, value, allowed) => {
    expect(denial(statement({ Condition: { [operator]: { [key]: value } } }), service, keys) === undefined).toBe(
      allowed,
    );
  });

  test.each([
    ['${aws:PrincipalTag/team', '${aws:PrincipalTag/team', true],
    ['a${', 'a${', true],
    ['${aws:PrincipalTag/none, red}', 'red', false],
  ])('%s, which is none, against %s: %j', (value, name, allowed) => {
    const given = statement({ Condition: { StringEquals: { name: value } } });
    expect(denial(given, service, { ...keys, name }) === undefined).toBe(allowed);
  });

  test.each(['2008-10-17', undefined])('are plain text in version %s', (Version) => {
    const Condition = { StringEquals: { name: '${aws:PrincipalTag/team}' } };
    const policy = readTrustPolicy({ Version, Statement: statement({ Condition }) });
    const ask = (name: string) =>
      policy.denial({ action: 'sts:AssumeRole', principal: service, context: contextOf({ ...keys, name }) });
    expect(ask('red')).toBeDefined();
    expect(ask('${aws:PrincipalTag/team}')).toBeUndefined();
  });

  test('in the name of the anchor', () => {
    const arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/red';
    const Condition = {
      ArnLike: { 'aws:SourceArn': 'arn:aws:rolesanywhere:*:*:trust-anchor/${aws:PrincipalTag/team}' },
    };
    expect(denial(statement({ Condition }), service, { ...keys, 'aws:SourceArn': arn })).toBeUndefined();
  });
});

test('NotAction grants everything else', () => {
  const others = { ...statement(), Action: undefined, NotAction: ['sts:TagSession', 'sts:Set*'] };
  const policy = readTrustPolicy(JSON.stringify({ Version: '2012-10-17', Statement: others }));
  const allows = (action: string): boolean =>
    policy.denial({ action, principal: service, context: new Map() }) === undefined;
  expect(['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'].map(allows)).toEqual([true, false, false]);
});

describe('what IAM refuses is refused, in its words', () => {
  test.each([
    [statement({ Condition: { NumericLess: { a: '1' } } }), 'there is no operator NumericLess'],
    [
      statement({ Condition: { stringequals: { a: '1' } } }),
      'there is no operator stringequals; did you mean StringEquals?',
    ],
    [statement({ Condition: { NullIfExists: { a: 'true' } } }), 'there is no operator NullIfExists: Null stands alone'],
    [statement({ Condition: { constructor: { a: 'b' } } }), 'there is no operator constructor'],
    [statement({ Condition: { NumericLessThan: { a: 'x' } } }), 'the condition\'s value "x" is no number'],
    [statement({ Condition: { DateLessThan: { a: 'soon' } } }), 'the condition\'s value "soon" is no date'],
    [statement({ Condition: { DateLessThan: { a: '2026-13-01' } } }), 'the condition\'s value "2026-13-01" is no date'],
    [
      statement({ Condition: { IpAddress: { a: '10.0.0.0/33' } } }),
      'the condition\'s value "10.0.0.0/33" is no address',
    ],
    [statement({ Condition: { Bool: { a: 'yes' } } }), 'the condition\'s value "yes" is no true or false'],
    [statement({ Condition: { Null: { a: 'maybe' } } }), 'Null takes true or false, not "maybe"'],
    [statement({ Condition: { StringEquals: 'x' } }), 'StringEquals must be a JSON object'],
    [statement({ Condition: { StringEquals: { a: null } } }), 'StringEquals a has a value that is no text'],
    [statement({ Condition: { StringEquals: { a: [] } } }), 'StringEquals a is empty'],
    [statement({ NotAction: 'x' }), 'a statement has both Action and NotAction'],
    [{ ...statement(), Action: undefined }, 'Missing required field Action'],
    [statement({ NotPrincipal: 'x' }), 'AssumeRole policy must not contain NotPrincipal field'],
    [statement({ Resource: '*' }), 'AssumeRole policy must not contain resources'],
    [statement({ Effect: 'Maybe' }), 'Effect is neither Allow nor Deny'],
    [statement({ Effect: undefined }), 'Missing required field Effect'],
    [statement({ Principal: undefined }), 'Missing required field Principal'],
    [statement({ Principal: {} }), 'Missing required field Principal cannot be empty!'],
    [statement({ Principal: { Servce: 'x' } }), 'Principal has the kind Servce, which there is not'],
    [statement({ Sid: 'a-b' }), 'a Sid has other characters'],
    [statement({ Conditions: {} }), 'statement 1 has the element Conditions, which there is not'],
    [[statement({ Sid: 'A' }), statement({ Sid: 'A' })], 'The Statement Ids in the policy are not unique'],
    [[], 'Could not parse the policy: Statement is empty!'],
    ['text', 'statement 1 must be a JSON object'],
  ])('%j', (given, what) => {
    const error = thrownBy(() => readTrustPolicy({ Version: '2012-10-17', Statement: given }));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain(`the trust policy cannot be used: ${what}`);
  });

  test('text that is no JSON, and JSON that is no policy', () => {
    expect(thrownBy(() => readTrustPolicy('{')).message).toContain('This policy contains invalid Json');
    expect(thrownBy(() => readTrustPolicy('[]')).message).toContain('the policy must be a JSON object');
    expect(thrownBy(() => readTrustPolicy({ Version: '2012', Statement: statement() })).message).toContain(
      'The policy must contain a valid version string',
    );
    const policy = readTrustPolicy(JSON.stringify({ Statement: [statement()] }));
    expect(policy.denial({ action: 'sts:AssumeRole', principal: service, context: new Map() })).toBeUndefined();
  });
});

describe('a decision names the statement and the values', () => {
  const decide = (statements: object[], keys: Record<string, string | string[]> = {}) =>
    readTrustPolicy({ Version: '2012-10-17', Statement: statements }).decide({
      action: 'sts:AssumeRole',
      principal: service,
      context: contextOf(keys),
    });
  const Condition = { StringEquals: { 'aws:PrincipalTag/x509Subject/CN': ['a', 'b'] } };

  test('that allows', () => {
    const given = [statement({ Condition: { Bool: { x: 'true' } } }), statement({ Sid: 'Named', Condition })];
    const decision = decide(given, { 'aws:PrincipalTag/x509Subject/CN': 'b' });
    expect(decision).toMatchObject({
      effect: 'allow',
      reason:
        'the trust policy allows sts:AssumeRole by statement 2 (Named), as StringEquals: aws:PrincipalTag/x509Subject/CN is "b"',
      decidedBy: {
        number: 2,
        sid: 'Named',
        conditions: [{ operator: 'StringEquals', wanted: ['a', 'b'], found: ['b'], holds: true }],
      },
      concerned: [
        { number: 1, applies: false },
        { number: 2, applies: true },
      ],
    });
  });

  test('that denies, and that is missing', () => {
    const deny = statement({ Effect: 'Deny', Condition: { StringNotEquals: { 'aws:Absent': 'x' } } });
    expect(decide([statement(), deny])).toMatchObject({
      effect: 'explicit-deny',
      reason: 'the trust policy denies sts:AssumeRole by statement 2, as StringNotEquals: aws:Absent is absent',
    });
    expect(decide([statement({ Condition })], { 'aws:PrincipalTag/x509Subject/CN': 'c' })).toMatchObject({
      effect: 'implicit-deny',
      decidedBy: undefined,
      reason:
        'the trust policy does not allow sts:AssumeRole: statement 1: StringEquals aws:PrincipalTag/x509Subject/CN wants ' +
        '"a" or "b", the request has "c"',
    });
  });
});

describe('warnings', () => {
  const all = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const source = { ArnEquals: { 'aws:SourceArn': 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/a' } };
  const cn = 'aws:PrincipalTag/x509Subject/CN';
  const warned = (...statements: object[]): string[] =>
    readTrustPolicy({ Version: '2012-10-17', Statement: statements }).warnings.map(({ rule, statement: number }) =>
      number === undefined ? rule : `${rule} ${number}`,
    );
  const allow = (condition: object, more: object = {}): object =>
    statement({ Action: all, Condition: { ...source, ...condition }, ...more });

  test.each<[string, object[], string[]]>([
    ['a policy as it should be', [allow({ StringEquals: { [cn]: 'worker' } })], []],
    ['no anchor named', [statement({ Action: all })], ['any-anchor 1']],
    ['an account named', [statement({ Action: all, Condition: { StringEquals: { 'aws:SourceAccount': '1' } } })], []],
    [
      'an anchor, if there is one',
      [statement({ Action: all, Condition: { ArnEqualsIfExists: source.ArnEquals } })],
      ['any-anchor 1'],
    ],
    [
      'all anchors but one',
      [statement({ Action: all, Condition: { ArnNotEquals: source.ArnEquals } })],
      ['any-anchor 1'],
    ],
    ['two actions missing', [allow({}, { Action: 'sts:AssumeRole' })], ['missing-action', 'missing-action']],
    ['StringNotEquals on a tag', [allow({ StringNotEquals: { [cn]: 'x' } })], ['missing-tag 1']],
    ['the same with Null', [allow({ StringNotEquals: { [cn]: 'x' }, Null: { [cn]: 'false' } })], []],
    ['the same with StringLike', [allow({ StringNotEquals: { [cn]: 'x' }, StringLike: { [cn]: 'y' } })], []],
    ['IfExists on a tag', [allow({ StringEqualsIfExists: { [cn]: 'x' } })], ['missing-tag 1']],
    [
      'a Deny that needs a tag',
      [allow({}), statement({ Effect: 'Deny', Condition: { StringEquals: { [cn]: 'x' } } })],
      ['missing-tag 2'],
    ],
    [
      'a Deny of all others',
      [allow({}), statement({ Effect: 'Deny', Condition: { StringNotEquals: { [cn]: 'x' } } })],
      [],
    ],
    ['a wildcard on a tag', [allow({ StringLike: { [cn]: '*.example.com' } })], ['wildcard 1']],
    ['no wildcard but a variable', [allow({ StringLike: { [cn]: 'x${*}' } })], []],
    ['everybody', [allow({}, { Principal: { Service: 'rolesanywhere.amazonaws.com', AWS: '*' } })], ['everybody 1']],
    [
      'TagSession by sts:SourceIdentity',
      [allow({ StringEquals: { 'sts:SourceIdentity': 'CN=x' } })],
      ['key-of-another-action 1'],
    ],
    [
      'the same in two statements',
      [
        allow(
          { StringEquals: { 'sts:SourceIdentity': 'CN=x' } },
          { Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'] },
        ),
        allow({ StringEquals: { [cn]: 'x' } }, { Action: 'sts:TagSession' }),
      ],
      [],
    ],
    [
      'a list without a set operator',
      [
        allow({ StringEquals: { 'aws:TagKeys': 'x' } }, { Action: ['sts:AssumeRole', 'sts:TagSession'] }),
        allow({}, { Action: 'sts:SetSourceIdentity' }),
      ],
      ['set-operator 1'],
    ],
    ['a set operator on one value', [allow({ 'ForAnyValue:StringEquals': { [cn]: 'x' } })], ['set-operator 1']],
    ['an address', [allow({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } })], ['client-address 1']],
    ['every action', [allow({}, { Action: '*' })], ['action-form 1']],
    ['a long policy', [allow({ StringEquals: { [cn]: 'x'.repeat(2048) } })], ['size']],
    ['another service', [statement({ Principal: { Service: 'ec2.amazonaws.com' } })], []],
  ])('%s', (_name, statements, expected) => {
    expect(warned(...statements)).toEqual(expected);
  });

  test('say what to do', () => {
    const { warnings } = readTrustPolicy({
      Statement: statement({ Action: all, Condition: { StringNotEquals: { [cn]: 'x' } } }),
    });
    expect(warnings.map(({ reason, hint }) => `${reason}: ${hint}`)).toEqual([
      'every trust anchor of the account reaches the role: neither aws:SourceArn nor aws:SourceAccount is asked for: ' +
        'add ArnEquals aws:SourceArn with the ARN of the trust anchor',
      `StringNotEquals ${cn} holds for a certificate without that attribute, and where a mapping leaves it out: ` +
        `name what is allowed by StringEquals, or add Null ${cn} "false"`,
    ]);
  });
});

test('a context has its keys in lower case, and lists of tag keys', () => {
  const tags = new Map([['x509Subject/CN', 'a']]);
  const keys = { 'aws:SourceArn': 'arn', 'sts:ExternalId': undefined };
  const context = makePolicyContext({ keys, principalTags: tags, requestTags: tags, transitiveTagKeys: tags.keys() });
  expect(Object.fromEntries(context)).toEqual({
    'aws:sourcearn': ['arn'],
    'sts:externalid': [],
    'aws:principaltag/x509subject/cn': ['a'],
    'aws:requesttag/x509subject/cn': ['a'],
    'aws:tagkeys': ['x509Subject/CN'],
    'sts:transitivetagkeys': ['x509Subject/CN'],
  });
});

describe('patterns', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
  const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '?'), maxLength: 8 });

  test('match as their regular expressions do', () => {
    fc.assert(
      fc.property(texts, patterns, (text, pattern) => {
        const source = pattern
          .replaceAll('.', String.raw`\.`)
          .replaceAll('*', '.*')
          .replaceAll('?', '.');
        expect(isLike(text, pattern)).toBe(new RegExp(`^${source}$`).test(text));
      }),
      { numRuns: 3000 },
    );
  });

  test('of many asterisks do not try every way to share a text out', () => {
    const start = process.cpuUsage();
    expect(isLike('a'.repeat(2000), `${'*a'.repeat(100)}*b`)).toBe(false);
    expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
  });
});
