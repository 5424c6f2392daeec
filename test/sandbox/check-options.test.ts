import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RolesAnywhereError } from '../../src/core/errors.ts';
import { createCertificateAuthority, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox();
});

afterAll(() => sandbox.close());

describe('a sandbox refuses names that nobody reads, with the one that was meant', () => {
  test.each<[object, message: string, hint: string]>([
    [{ account: '111122223333' }, 'unknown option account', 'did you mean accountId?'],
    [{ sessionlifetime: 1 }, 'unknown option sessionlifetime', 'did you mean sessionLifetime?'],
    [{ whatever: 1 }, 'unknown option whatever', 'docs/sandbox.md tells of the options'],
    [
      { profile: { acceptSessionName: true } },
      'unknown option profile.acceptSessionName',
      'did you mean acceptRoleSessionName?',
    ],
    [{ profile: { duration: 900 } }, 'unknown option profile.duration', 'did you mean durationSeconds?'],
    [
      { roles: ['A', { name: 'B', externalID: 'x' }] },
      'unknown option roles[1].externalID',
      'did you mean externalId?',
    ],
    [{ tls: { key: 'x', certificate: 'y' } }, 'unknown option tls.certificate', 'docs/sandbox.md'],
    [{ identity: { certificate: '/x' } }, 'unknown option identity.certificate', 'did you mean certificatePath?'],
  ])('startSandbox(%j)', async (options, message, hint) => {
    const error = await rejectionOf(startSandbox(options));
    expect(error).toMatchObject({ code: 'OPTION_UNKNOWN', message });
    expect(error.hints.join()).toContain(hint);
  });

  test.each<[string, () => unknown, message: string]>([
    ['failNext', () => sandbox.failNext({ statuscode: 503 } as object), 'unknown option statuscode'],
    ['addRole', () => sandbox.addRole({ name: 'X', maxDuration: 1 } as never), 'unknown option maxDuration'],
    ['addProfile', () => sandbox.addProfile({ name: 'x', rolearns: [] } as never), 'unknown option rolearns'],
    ['addTrustAnchor', () => sandbox.addTrustAnchor({ name: 'x', certs: [] } as never), 'unknown option certs'],
  ])('%s', (_name, call, message) => {
    expect(thrownBy(call)).toMatchObject({ code: 'OPTION_UNKNOWN', message });
  });

  test.each<[string, () => Promise<unknown>, message: string]>([
    ['issueLeaf', () => sandbox.ca.issueLeaf({ keytype: 'RSA-2048' } as object), 'unknown option keytype'],
    ['issueIntermediate', () => sandbox.ca.issueIntermediate({ path: 1 } as object), 'unknown option path'],
    ['createCertificateAuthority', () => createCertificateAuthority({ day: 1 } as object), 'unknown option day'],
  ])('%s', async (_name, call, message) => {
    expect(await rejectionOf(call())).toMatchObject({ code: 'OPTION_UNKNOWN', message });
  });
});

test.each<[object | null, message: string]>([
  [null, 'startSandbox takes an object of options, not null'],
  [{ roles: [null] }, 'roles[0] must be a name, an ARN or an object with name, not null'],
  [{ roles: 'A' }, 'roles must be a list, not a value of type string'],
  [{ profile: [] }, 'a profile must be an object, not a list'],
  [{ tls: 'x' }, 'tls must be an object with key and cert, not a value of type string'],
])('startSandbox(%j) is no TypeError', async (options, message) => {
  const error: RolesAnywhereError = await rejectionOf(startSandbox(options as object));
  expect(error).toMatchObject({ code: 'OPTION_INVALID', message });
});
