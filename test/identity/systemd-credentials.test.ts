import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openIdentity } from '../../src/identity/open-identity.ts';
import { reloadingIdentity } from '../../src/identity/reloading-identity.ts';
import { runCommand } from '../support/command.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../support/openssl.ts';
import { thrownBy as refused } from '../support/thrown.ts';
import { readKeySource } from '../../src/options/resolve/read-sources.ts';
import { recordingContext } from './given.ts';

let folder: string;
let directory: string;
let leaf: Issued;
let next: Issued;
beforeAll(() => {
  folder = makeFolder();
  directory = join(folder, 'credentials');
  mkdirSync(directory);
  const ca = makeCa(folder, 'ca');
  leaf = makeLeaf(folder, 'leaf', ca);
  next = makeLeaf(folder, 'next', ca, { keyType: 'rsa:2048' });
  copyFileSync(leaf.certificate, join(directory, 'leaf.pem'));
  const encrypted = openssl(['pkcs8', '-topk8', '-in', leaf.key, '-passout', 'pass:sesame']);
  writeFileSync(join(directory, 'leaf.key'), encrypted);
  writeFileSync(join(directory, 'password'), 'sesame\n');
});
afterAll(() => removeFolder(folder));

const credential = (name: string) => ({ option: `--${name}`, kind: 'credential', name }) as const;
const source = () => ({
  certificate: credential('leaf.pem'),
  privateKey: credential('leaf.key'),
  keyPassword: credential('password'),
});

test('certificate, key and password are files of $CREDENTIALS_DIRECTORY', async () => {
  const environment = { CREDENTIALS_DIRECTORY: directory };
  const { signer } = await openIdentity(source(), { ...recordingContext(), environment });
  expect((await signer.sign(Buffer.from('message'))).length).toBeGreaterThan(60);
});

test('the command reads them by cred:NAME, password files too', async () => {
  const args = ['--private-key', 'cred:leaf.key', '--pkcs8-password-file', 'cred:password', '--format', 'text'];
  const result = await runCommand(['sign-string', ...args], { env: { CREDENTIALS_DIRECTORY: directory } });
  expect(result).toMatchObject({ status: 0, stdout: expect.stringMatching(/^30[\da-f]+$/) as string });
});

test('what is not there is named', async () => {
  const environment = { CREDENTIALS_DIRECTORY: directory };
  const missing = { ...source(), certificate: credential('none') };
  await expect(openIdentity(missing, { ...recordingContext(), environment })).rejects.toMatchObject({
    code: 'CERTIFICATE_UNREADABLE',
    message: "--none: systemd's credential none does not exist",
  });
  await expect(openIdentity(source(), recordingContext())).rejects.toMatchObject({
    code: 'CERTIFICATE_UNREADABLE',
    message: "--leaf.pem: systemd's credential leaf.pem is not there: CREDENTIALS_DIRECTORY is not set",
  });
  expect(refused(() => readKeySource('cred:../leaf.key', '--private-key')).code).toBe('OPTION_INVALID');
});

test('what systemd has put there anew is read by a process that lives on, and told', async () => {
  const environment = { CREDENTIALS_DIRECTORY: directory };
  const pair = { certificate: credential('pair.pem') };
  const write = ({ certificate, key }: Issued): void => {
    const text = openssl(['x509', '-in', certificate]).toString() + openssl(['pkey', '-in', key]).toString();
    writeFileSync(join(directory, 'pair.pem'), text, { mode: 0o600 });
  };
  write(leaf);
  const identity = reloadingIdentity(pair, { ...recordingContext(), environment }, { lookEveryMs: 20 });
  const algorithm = () => identity.use(({ signer }) => Promise.resolve(signer.algorithm));
  expect(await algorithm()).toBe('ECDSA');
  const told = new Promise<void>((settle) => identity.onChange(settle));
  write(next);
  await told;
  expect(await algorithm()).toBe('RSA');
  await identity.close();
});
