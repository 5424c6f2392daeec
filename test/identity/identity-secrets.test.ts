import { expect, test } from 'vitest';
import { mapSecrets, secretsOf } from '../../src/identity/identity-secrets.ts';
import type { IdentitySource, SecretSource } from '../../src/identity/identity.ts';
import { file } from './given.ts';

const secret = (value: string): SecretSource => ({ option: `--${value}`, kind: 'value', value });

const source: Required<IdentitySource> = {
  certificate: file('leaf.pem'),
  privateKey: file('leaf.key'),
  intermediates: file('chain.pem'),
  keyPassword: secret('file'),
  pkcs11: { module: { option: '--pkcs11-lib', text: 'm.so' }, pin: secret('pin'), reusePin: true },
  tpm: {
    device: { option: '--tpm-device', text: '/dev/tpm0' },
    keyPassword: secret('key'),
    parentPassword: secret('parent'),
    hierarchyPassword: secret('hierarchy'),
    noKeyPassword: false,
  },
  spiffe: { id: { option: '--spiffe-id', text: 'spiffe://example.org/a' } },
  systemStore: { allowUi: true },
};

test('the secrets of an identity are those of its file and of every backend', () => {
  expect(secretsOf(source)).toEqual(['file', 'pin', 'key', 'parent', 'hierarchy'].map(secret));
  expect(secretsOf({ certificate: file('leaf.pem') })).toEqual([]);
});

test('each is replaced, and nothing else', async () => {
  const replaced = await mapSecrets(source, (one) => Promise.resolve(secret(`new ${Object(one).value}`)));
  expect(secretsOf(replaced)).toEqual(
    ['file', 'pin', 'key', 'parent', 'hierarchy'].map((name) => secret(`new ${name}`)),
  );
  expect(await mapSecrets(replaced, (one) => Promise.resolve(secret(String(Object(one).value).slice(4))))).toEqual(
    source,
  );
});
