import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isLike } from '../../src/trust/policy-condition.ts';
import type { PolicyContext } from '../../src/trust/policy-condition.ts';
import { type PolicyPrincipal, readTrustPolicy } from '../../src/trust/trust-policy.ts';
import { thrownBy } from '../support/thrown.ts';

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
      'the trust policy denies sts:AssumeRole by a statement',
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
      'the trust policy does not allow sts:AssumeRole: StringEquals aws:A wants "x", the request has none and ' +
        'StringEquals aws:B wants "y" or "z", the request has "w"',
    );
  });
});

describe('what is not evaluated is refused', () => {
  test.each([
    [statement({ Condition: { NumericLessThan: { 'aws:MultiFactorAuthAge': '1' } } }), 'the operator NumericLessThan'],
    [statement({ Condition: { constructor: { a: 'b' } } }), 'the operator constructor'],
    [statement({ Condition: { StringEquals: { a: '${aws:username}' } } }), 'a policy variable'],
    [statement({ Condition: { StringEquals: 'x' } }), 'a value that is no object at StringEquals'],
    [statement({ Condition: { StringEquals: { a: null } } }), 'a value that is no text at StringEquals a'],
    [statement({ NotAction: 'x' }), 'NotAction at Statement'],
    [statement({ NotPrincipal: 'x' }), 'NotPrincipal at Statement'],
    [statement({ Effect: 'Maybe' }), 'neither Allow nor Deny at Effect'],
    [statement({ Principal: undefined }), 'a value that is no object at Principal'],
    ['text', 'a value that is no object at Statement'],
  ])('%j', (given, what) => {
    const error = thrownBy(() => readTrustPolicy({ Statement: given }));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain(`the trust policy has ${what}`);
  });

  test('text that is no JSON, and JSON that is no policy', () => {
    expect(thrownBy(() => readTrustPolicy('{')).message).toContain('text that is no JSON');
    expect(thrownBy(() => readTrustPolicy('[]')).message).toContain('a value that is no object at its top');
    const policy = readTrustPolicy(JSON.stringify({ Statement: [statement()] }));
    expect(policy.denial({ action: 'sts:AssumeRole', principal: service, context: new Map() })).toBeUndefined();
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
