import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFfi } from '../../src/ffi/find-ffi.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { runCommand } from '../support/command.ts';
import { capiStore } from './capi-store.ts';

let sandbox: Sandbox;
let other: Sandbox;
let store: ReturnType<typeof capiStore>;
let thumbprint: string;
beforeAll(async () => {
  sandbox = await startSandbox({ keyType: 'RSA-2048' });
  other = await startSandbox({ keyType: 'RSA-2048' });
  const ffi = await findFfi();
  if (!('open' in ffi)) throw new Error(ffi.missing);
  store = capiStore(ffi);
  store.clear('MY');
  store.add('MY', sandbox.certificate, { key: sandbox.privateKey, friendlyName: 'the leaf' });
  thumbprint = new X509Certificate(sandbox.certificate).fingerprint.replaceAll(':', '');
});
afterAll(async () => {
  store.clear('MY');
  await Promise.all([sandbox.close(), other.close()]);
});

const run = (command: string, certificate: string | readonly string[], more: readonly string[] = []) => {
  const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
  const arns = ['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn];
  const session = command === 'credential-process' ? [...arns, '--endpoint', endpoint] : [];
  const source = typeof certificate === 'string' ? ['--certificate', certificate] : certificate;
  return runCommand([command, ...session, ...source, ...more]);
};

describe('a certificate of a store of Windows', () => {
  test.each([
    ['as PowerShell names it', () => `cert:\\CurrentUser\\My\\${thumbprint}`],
    ['by its friendly name', () => 'cert:/CurrentUser/My?friendly-name=the%20leaf'],
    ['by some of its subject', () => `cert:/CurrentUser/MY?subject=${encodeURIComponent(subjectOf(sandbox))}`],
  ])('%s makes a session with the key that Windows keeps', async (_, certificate) => {
    const { status, stdout, stderr } = await run('credential-process', certificate());
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ AccessKeyId: expect.stringMatching(/^ASIA/) as string });
  });

  test('is selected as the official helper does, and listed so', async () => {
    const selector = `Key=x509Subject,Value=${subjectOf(sandbox)} Key=x509Serial,Value=${new X509Certificate(sandbox.certificate).serialNumber}`;
    const session = await run('credential-process', ['--cert-selector', selector, '--system-store-name', 'MY']);
    expect([session.status, session.stderr]).toEqual([0, '']);
    const listed = await run('read-certificate-data', ['--cert-selector', selector]);
    expect(listed.stdout).toContain(`Matching identities\n1) Hex Fingerprint: ${thumbprint.toLowerCase()}\nSubject: `);
    const { status, stderr } = await run('sign-string', ['--cert-selector', 'Key=x509Issuer,Value=CN=absent']);
    expect([status, stderr]).toEqual([3, expect.stringMatching(/\) has another issuer/)]);
  });

  test('is listed as the official helper does', async () => {
    const { stdout } = await run('read-certificate-data', 'cert:/CurrentUser/My');
    expect(stdout).toContain('Matching identities\n1) Hex Fingerprint: ');
    expect(stdout).toContain(`URI: cert:/CurrentUser/My?thumbprint=${thumbprint.toLowerCase()}`);
  });

  test('signs by every digest', async () => {
    for (const digest of ['SHA256', 'SHA384', 'SHA512']) {
      const { status, stderr } = await runCommand(
        ['sign-string', '--certificate', `cert:\\CurrentUser\\My\\${thumbprint}`, '--digest', digest],
        { input: 'text' },
      );
      expect([status, stderr]).toEqual([0, '']);
    }
  });

  test('that is not there: what is, and why it does not match', async () => {
    const { status, stderr } = await run('credential-process', 'cert:/CurrentUser/My?subject=CN=absent');
    expect(status).toBe(3);
    expect(stderr).toContain('the store CurrentUser\\My has no certificate that matches');
    expect(stderr).toMatch(/hint: CN=.* \([\da-f]{40}, until \d{4}-\d\d-\d\d\) has another subject/);
  });

  test('among several is asked for, unless the last to expire is wanted', async () => {
    store.add('MY', other.certificate, { key: other.privateKey });
    const { status, stderr } = await run('credential-process', 'cert:/CurrentUser/My');
    expect(status).toBe(3);
    expect(stderr).toContain('has 2 certificates that match');
    expect(stderr).toContain('select by thumbprint, or give --use-latest-expiring-certificate');
    const latest = await run('sign-string', 'cert:/CurrentUser/My', ['--use-latest-expiring-certificate']);
    expect(latest.stderr).toBe('');
  });
});

function subjectOf({ certificate }: Sandbox): string {
  return new X509Certificate(certificate).subject.split('\n').at(-1) ?? '';
}
