import { describe, expect, test } from 'vitest';
import type { CredentialPlan, CredentialRequest } from '../../../src/pipeline/credential-plan.ts';
import type { IdentitySource } from '../../../src/identity/identity.ts';
import { entryKey } from '../../../src/pipeline/disk-cache/entry-key.ts';

const secret = { option: '--secret', kind: 'value', value: 'hunter2' } as const;

const source: Required<IdentitySource> = {
  certificate: { option: '--certificate', kind: 'file', path: '/etc/pki/leaf.pem' },
  privateKey: { option: '--private-key', kind: 'file', path: '/etc/pki/leaf.key' },
  intermediates: { option: '--intermediates', kind: 'file', path: '/etc/pki/chain.pem' },
  keyPassword: secret,
  pkcs11: {
    module: { option: '--pkcs11-lib', text: '/lib/one.so' },
    defaultModule: { option: 'PKCS11_MODULE_PATH', text: '/lib/two.so' },
    pin: secret,
    reusePin: true,
    useLatestExpiring: true,
  },
  tpm: {
    device: { option: '--tpm-device', text: '/dev/tpmrm0' },
    keyPassword: secret,
    noKeyPassword: true,
    parentPassword: secret,
    hierarchyPassword: secret,
  },
  spiffe: {
    id: { option: '--spiffe-id', text: 'spiffe://example.org/one' },
    hint: { option: '--spiffe-hint', text: 'one' },
  },
  systemStore: { allowUi: true, useLatestExpiring: true },
};

/** Every field that a request may have, so that none can be forgotten: the compiler asks for all of them. */
const request: Required<CredentialRequest> = {
  identity: source,
  session: {
    trustAnchorArn: 'arn:anchor',
    profileArn: 'arn:profile',
    roleArn: 'arn:role',
    region: 'eu-west-1',
    durationSeconds: 3600,
    roleSessionName: 'session',
  } satisfies Required<CredentialRequest['session']>,
  endpoint: {
    partition: 'aws',
    region: 'eu-west-1',
    custom: { url: 'https://one.example', option: '--endpoint' },
    fips: false,
    dualStack: false,
  } satisfies Required<CredentialRequest['endpoint']>,
  network: {
    caBundle: { path: '/etc/ca.pem', option: '--ca-bundle' },
    roots: { file: '/etc/more.pem', folders: '/etc/roots', extra: '/etc/extra.pem' },
    verify: true,
    proxy: { url: 'http://proxy', option: 'HTTPS_PROXY', except: 'internal' },
    maxAttempts: 3,
    connectTimeout: 10_000,
    requestTimeout: 60_000,
  } satisfies Required<CredentialRequest['network']>,
  roleChain: [
    {
      option: '--assume-role',
      roleArn: 'arn:hop',
      externalId: 'external',
      roleSessionName: 'hop',
      durationSeconds: 900,
      policy: '{}',
      policyArns: ['arn:policy'],
      tags: { option: 'a', team: 'b' },
      transitiveTagKeys: ['team'],
      region: 'eu-west-2',
    } satisfies Required<NonNullable<CredentialRequest['roleChain']>[number]>,
  ],
  sts: {
    endpoint: { url: 'https://sts.example', option: '--sts-endpoint' },
    fips: false,
    dualStack: false,
    clientConfig: { userAgentAppId: 'app' },
  } satisfies Required<NonNullable<CredentialRequest['sts']>>,
};

/** What may change without other credentials coming of it. */
const notDeciding = [
  /\.option$/,
  /^network\.(?:proxy\..*|maxAttempts|connectTimeout|requestTimeout)$/,
  /^sts\.clientConfig/,
  /^identity\.(?:intermediates|keyPassword)\./,
  // Its bytes count.
  /^identity\.certificate\./,
  /^identity\.pkcs11\.(?:pin\..*|reusePin)$/,
  /^identity\.systemStore\.allowUi$/,
  /^identity\.tpm\.(?:(?:key|parent|hierarchy)Password\..*|noKeyPassword)$/,
];

const leaf = Buffer.from('certificate');

function keyOf(changed: CredentialRequest, certificate: Uint8Array | undefined = leaf, onRefusal = false): string {
  const plan: CredentialPlan = { targets: [{ name: 'on-prem', request: changed }], failoverOnRefusal: onRefusal };
  const { identity } = changed;
  if (!('certificate' in identity) || 'signer' in identity) throw new Error('not of sources');
  return entryKey(plan, [{ source: identity, certificate }]);
}

/** Paths of everything in a value that is no object. */
function leavesOf(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null) return [path.slice(1)];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, `${path}.${name}`));
}

/** A copy with the value at a path turned into another one. */
function changedAt(path: string): CredentialRequest {
  const copy = structuredClone(request);
  const names = path.split('.');
  let holder: Record<string, unknown> = { ...copy };
  for (const name of names.slice(0, -1)) holder = holder[name] as Record<string, unknown>;
  const last = names.at(-1) ?? '';
  const value = holder[last];
  holder[last] = typeof value === 'boolean' ? !value : typeof value === 'number' ? value + 1 : `${String(value)}x`;
  return copy;
}

describe('the name of an entry', () => {
  test('is the same for the same plan, in whatever order its parts were put together', () => {
    const turned = Object.fromEntries(Object.entries(request).reverse()) as unknown as CredentialRequest;
    expect(keyOf(turned)).toBe(keyOf(request));
    expect(keyOf(request)).toMatch(/^[0-9a-f]{64}$/);
  });

  // Of the chain's tag "option" too, which is no name of a place.
  const paths = leavesOf(request).filter((path) => !path.endsWith('.kind'));
  const isDeciding = (path: string): boolean =>
    path === 'roleChain.0.tags.option' || !notDeciding.some((pattern) => pattern.test(path));

  test.each(paths.filter(isDeciding))('is another one with another %s', (path) => {
    expect(keyOf(changedAt(path))).not.toBe(keyOf(request));
  });

  test.each(paths.filter((path) => !isDeciding(path)))('is the same with another %s', (path) => {
    expect(keyOf(changedAt(path))).toBe(keyOf(request));
  });

  test('is another one without a part', () => {
    const { sts: _sts, ...without } = request;
    expect(keyOf(without)).not.toBe(keyOf(request));
    const { roleChain: _roleChain, ...withoutChain } = request;
    expect(keyOf(withoutChain)).not.toBe(keyOf(request));
  });

  test('follows the bytes of the certificate, not where they are', () => {
    expect(keyOf(request, Buffer.from('another'))).not.toBe(keyOf(request));
  });

  test('depends on failing over after a refusal, and on the order of the targets', () => {
    expect(keyOf(request, leaf, true)).not.toBe(keyOf(request));
    const other = changedAt('session.roleArn');
    const [one, two] = [request, other].map((each) => ({ name: 'a', request: each }));
    if (one === undefined || two === undefined) throw new Error('not there');
    const identities = [source, source].map((each) => ({ source: each, certificate: leaf }));
    const keyFor = (...targets: readonly [typeof one, typeof two]): string =>
      entryKey({ targets, failoverOnRefusal: false }, identities);
    expect(keyFor(one, two)).not.toBe(keyFor(two, one));
  });
});

describe('a certificate on a token', () => {
  const onToken = (uri: string): string => {
    const identity: IdentitySource = { certificate: { option: '--certificate', kind: 'pkcs11', uri } };
    const plan: CredentialPlan = {
      targets: [{ name: 'on-prem', request: { ...request, identity } }],
      failoverOnRefusal: false,
    };
    return entryKey(plan, [{ source: identity, certificate: undefined }]);
  };

  test.each(['pkcs11:token=hsm;object=other', 'pkcs11:token=hsm;object=leaf?module-path=/lib/a.so'])(
    'counts by its URI: %s',
    (uri) => {
      expect(onToken(uri)).not.toBe(onToken('pkcs11:token=hsm;object=leaf'));
    },
  );

  test('counts without its PIN, which the name would give away to who guesses', () => {
    const plain = onToken('pkcs11:object=leaf?module-name=a');
    expect(onToken('pkcs11:object=leaf?module-name=a&pin-value=1234')).toBe(plain);
    expect(onToken('pkcs11:object=leaf?pin-source=/run/pin&module-name=a')).toBe(plain);
  });

  test('says who is who among keys of bytes', () => {
    const withKey = (text: string): string =>
      keyOf({
        ...request,
        identity: { ...source, privateKey: { option: 'privateKey', kind: 'bytes', bytes: Buffer.from(text) } },
      });
    expect(withKey('one')).not.toBe(withKey('two'));
  });
});
