import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTpmSigner } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import type { SigningIdentity } from '../../../../src/identity/identity.ts';
import { parseX509 } from '../../../../src/identity/x509/parse-certificate.ts';
import { obtainCredentials } from '../../../../src/pipeline/pipeline.ts';
import { type Sandbox, startSandbox } from '../../../../src/sandbox/index.ts';
import { certificateDer, type Issued, makeCa, openssl } from '../../../support/openssl.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { at, given } from './judge.ts';
import { opensslKey } from './keys.ts';

const region = 'us-east-1';

describe('CreateSession with a key in a TPM, a certificate for it, and a sandbox that verifies', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  let ca: Issued;
  let sandbox: Sandbox;

  beforeAll(async () => {
    ca = makeCa(folder, 'ca');
    sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
    const lines = [
      'basicConstraints=critical,CA:FALSE',
      'keyUsage=critical,digitalSignature',
      'extendedKeyUsage=clientAuth',
    ];
    writeFileSync(join(folder, 'leaf.ext'), `${lines.join('\n')}\n`);
  });

  afterAll(async () => {
    await sandbox.close();
  });

  /** As docs/backends/tpm.md has it: the request is signed in the TPM, the certificate by the CA. */
  async function issue(key: string, password: string): Promise<string> {
    const [request, certificate] = [`${key}.csr`, `${key}.pem`];
    const provider = ['-propquery', '?provider=tpm2', '-passin', `pass:${password}`];
    await tpm.openssl('req', '-new', ...provider, '-key', key, '-subj', '/CN=host.example', '-out', request);
    const signing = ['-CA', ca.certificate, '-CAkey', ca.key, '-days', '2', '-extfile', join(folder, 'leaf.ext')];
    openssl(['x509', '-req', '-in', request, ...signing, '-out', certificate]);
    return certificate;
  }

  test.each([
    ['RSA 2048', 'RSA', 'bits:2048'],
    ['RSA 3072', 'RSA', 'bits:3072'],
    ['P-256', 'EC', 'group:P-256'],
    ['P-384', 'EC', 'group:P-384'],
    ['P-521', 'EC', 'group:P-521'],
  ])('%s, with and without password', async (name, algorithm, option) => {
    for (const password of ['', 'correct horse']) {
      const path = join(folder, `${name}.tpm`);
      const source = await opensslKey(tpm, path, algorithm, [
        option,
        ...(password === '' ? [] : [`user-auth:${password}`]),
      ]);
      const certificate = parseX509(certificateDer(await issue(path, password)));
      const key = await openTpmSigner(source, at(tpm, { keyPassword: given(password) }), {});
      expect(Buffer.from(key.publicKeyInfo)).toEqual(Buffer.from(certificate.publicKeyInfo));
      const identity: SigningIdentity = { certificate, chain: [], signer: key.signer, close: () => key.close() };
      const credentials = await obtainCredentials(
        {
          identity,
          session: {
            trustAnchorArn: sandbox.trustAnchorArn,
            profileArn: sandbox.profileArn,
            roleArn: sandbox.roleArn,
            region,
          },
          endpoint: {
            partition: 'aws',
            region,
            custom: { url: sandbox.endpoint, option: '--endpoint' },
            fips: false,
            dualStack: false,
          },
          network: { verify: true, maxAttempts: 1, connectTimeout: 5000, requestTimeout: 20_000 },
        },
        {
          now: () => new Date(),
          warn: () => undefined,
          random: () => 0,
          sleep: () => Promise.resolve(),
          userAgent: 'roles-anywhere/test',
        },
      );
      await key.close();
      expect(credentials.accessKeyId).toMatch(/^ASIA/);
      expect(sandbox.refusals).toEqual([]);
      expect(await tpm.leftovers()).toEqual([]);
    }
  });
});
