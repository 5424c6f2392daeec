import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type * as Keychains from '../../../../src/identity/backends/macos-keychain/open-keychain.ts';
import { openKeychainCalls } from '../../../../src/identity/backends/macos-keychain/keychain-calls.ts';
import { listStoreCertificates } from '../../../../src/identity/backends/system-store/open-from-store.ts';
import { openWindowsCalls } from '../../../../src/identity/backends/windows-store/windows-calls.ts';
import type * as WindowsStores from '../../../../src/identity/backends/windows-store/open-windows-store.ts';
import type { CertificateSelection, IdentityContext, IdentitySource } from '../../../../src/identity/identity.ts';
import { openIdentity, openSigner } from '../../../../src/identity/open-identity.ts';
import { reloadingIdentity } from '../../../../src/identity/reloading-identity.ts';
import { keepUpdated } from '../../../../src/outputs/update/keep-updated.ts';
import type { CredentialPlan } from '../../../../src/pipeline/credential-plan.ts';
import { fromRolesAnywhere } from '../../../../src/index.ts';
import { startSandbox } from '../../../../src/sandbox/index.ts';
import {
  type CertificateOptions,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  openssl,
  removeFolder,
} from '../../../support/openssl.ts';
import { calledAtGate } from '../../../support/gate.ts';
import { opensslJudge } from '../../../support/openssl-judge.ts';
import { needsFfi } from '../../../support/programs.ts';
import { makeStandIn, needsStandIns, type StandIn, type SystemName } from '../../../support/store-stand-ins.ts';
import { rejectionOf } from '../../../support/thrown.ts';
import { planFor, serveSandbox } from '../../../outputs/serve/served-sandbox.ts';
import { type FakeClock, fakeClock, passToRenewal } from '../../../support/fake-clock.ts';
import { recordingContext } from '../../given.ts';

/** Paths of the stand-ins, which are in the place of the system's libraries. */
const paths = vi.hoisted((): Partial<Record<SystemName, string>> => ({}));

vi.mock('../../../../src/identity/backends/macos-keychain/open-keychain.ts', async (load) => {
  const { openKeychain } = await load<typeof Keychains>();
  const library = () => paths.keychain ?? '';
  return {
    openKeychain: (source: Parameters<typeof openKeychain>[0]) =>
      openKeychain(source, { foundation: library(), security: library() }),
  };
});

vi.mock('../../../../src/identity/backends/windows-store/open-windows-store.ts', async (load) => {
  const { openWindowsStore } = await load<typeof WindowsStores>();
  const library = () => paths['windows-store'] ?? '';
  return {
    openWindowsStore: (source: Parameters<typeof openWindowsStore>[0]) =>
      openWindowsStore(source, { crypt32: library(), ncrypt: library(), advapi32: library() }),
  };
});

const message = Buffer.from('to be signed');
const kinds = [
  ['rsa', 'rsa:2048', 'RSA'],
  ['p256', 'p256', 'ECDSA'],
  ['p384', 'p384', 'ECDSA'],
] as const;

describe.each(['keychain', 'windows-store'] as const)('certificates of a %s', needsStandIns(), (system) => {
  let folder: string;
  let store: StandIn;
  let ca: Issued;
  let intermediate: Issued;
  const leaf = (name: string, options: CertificateOptions = {}): Issued =>
    makeLeaf(folder, name, intermediate, options);

  beforeAll(async () => {
    folder = makeFolder();
    store = await makeStandIn(folder, system);
    paths[system] = store.path;
    ca = makeCa(folder, 'ca');
    intermediate = makeCa(folder, 'intermediate', { issuer: ca });
    store.putIssuer(intermediate);
    for (const [kind, keyType] of kinds) store.put(kind, leaf(kind, { keyType }), kind);
    store.put('keyless', leaf('keyless'));
  });
  afterEach(() => assert.equal(store.live(), 0, 'something was not given back'));
  afterAll(() => removeFolder(folder));

  const sourceOf = (selection: CertificateSelection, more: Partial<IdentitySource> = {}): IdentitySource => ({
    certificate: { ...store.source, ...selection },
    ...more,
  });

  /** Opens, uses and closes. */
  async function signWith(source: IdentitySource, context: IdentityContext = recordingContext()): Promise<Uint8Array> {
    const identity = await openIdentity(source, context);
    try {
      return await identity.signer.sign(message);
    } finally {
      await identity.close();
    }
  }

  test.each(kinds)('%s: every digest, as openssl judges it, and the chain', async (kind, _keyType, algorithm) => {
    const identity = await openIdentity(sourceOf({ subject: `CN=${kind}` }), recordingContext());
    const verify = opensslJudge(folder, identity.certificate.publicKeyInfo);
    expect(identity.signer.algorithm).toBe(algorithm);
    for (const digest of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
      expect(verify(message, await identity.signer.sign(message, digest), digest)).toBe(true);
    }
    expect(identity.chain.map(({ der }) => Buffer.from(der))).toEqual([derOf(intermediate)]);
    await identity.close();
  });

  test('are read while everything else goes on', async () => {
    const called = await calledAtGate(join(folder, 'gate'), () => signWith(sourceOf({ subject: 'CN=p256' })));
    const slow = { keychain: ['SecItemCopyMatching', 'SecTrustEvaluateWithError'], 'windows-store': ['CertOpenStore'] };
    expect(called).toEqual(slow[system]);
  });

  test('sign-string needs the key alone', async () => {
    const certificate = { ...store.source, subject: 'CN=p256' };
    const opened = await openSigner({ certificate }, recordingContext());
    const { signer, publicKeyInfo } = opened;
    expect(opensslJudge(folder, publicKeyInfo ?? Buffer.alloc(0))(message, await signer.sign(message), 'SHA-256')).toBe(
      true,
    );
    await opened.close();
    const elsewhere = { certificate, privateKey: { option: '--private-key', kind: 'stdin' } as const };
    expect(await rejectionOf(openSigner(elsewhere, recordingContext()))).toMatchObject({ code: 'OPTION_CONFLICT' });
  });

  test('are listed as read-certificate-data does, with the URI of each', async () => {
    const found = await listStoreCertificates(sourceOf({ issuer: 'CN=intermediate' }));
    expect(found).toHaveLength(4);
    const uris = {
      keychain: /^keychain:\?thumbprint=[\da-f]{40}$/,
      'windows-store': /^cert:\/CurrentUser\/MY\?thumbprint=[\da-f]{40}$/,
    };
    expect(found.every(({ uri }) => uris[system].test(uri))).toBe(true);
  });

  test('without a key are told of, as are those that do not match', async () => {
    const { code, hints } = await rejectionOf(openIdentity(sourceOf({ subject: 'CN=keyless' }), recordingContext()));
    expect(code).toBe('STORE_NOT_FOUND');
    expect(hints[0]).toMatch(/^CN=keyless \([\da-f]{40}, until .*\) has no private key$/);
    expect(hints).toHaveLength(4);
    expect(await rejectionOf(openIdentity(sourceOf({}), recordingContext()))).toMatchObject({
      code: 'STORE_AMBIGUOUS',
    });
  });

  test('with an ML-DSA key are refused with the reason', async () => {
    const certificate = new URL('../../../../certs-fixtures/made/ml-dsa-44-by-ec.pem', import.meta.url).pathname;
    // Whose key it is nobody looks at.
    store.put('ml-dsa', { certificate, key: ca.key }, 'p256');
    const thumbprint = createHash('sha256').update(derOf({ certificate })).digest('hex');
    const { code, hints } = await rejectionOf(openIdentity(sourceOf({ thumbprint }), recordingContext()));
    store.take('ml-dsa');
    expect([code, hints[0]]).toEqual(['STORE_NOT_FOUND', expect.stringContaining('has an ML-DSA key')]);
  });

  test('whose keys ask do so where there is a terminal, or leave for it', async () => {
    store.put('asking', leaf('asking'), 'p256', { ask: '' });
    const source = sourceOf({ subject: 'CN=asking' });
    const before = store.asked();
    const { code, message: words, hints } = await rejectionOf(signWith(source));
    expect([code, hints.join(' ')]).toEqual(['STORE_LOCKED', expect.stringContaining('--allow-ui')]);
    expect(words).toContain(
      system === 'keychain' ? 'User interaction is not allowed. (-25308)' : 'did not sign (0x80090022)',
    );
    expect(store.asked()).toBe(before);
    await signWith(source, recordingContext([]));
    await signWith({ ...source, systemStore: { allowUi: true } });
    expect(store.asked()).toBe(before + 2);
    const identity = await openIdentity(source, recordingContext([]));
    await Promise.all([1, 2, 3].map(() => identity.signer.sign(message)));
    await identity.close();
    expect(store.asked()).toBe(before + 5);
    store.take('asking');
  });

  test('whose keys somebody denies say so', async () => {
    store.put('denied', leaf('denied'), 'p256', { deny: '', status: '0x8010006e' });
    const { code, hints } = await rejectionOf(signWith(sourceOf({ subject: 'CN=denied' }), recordingContext([])));
    expect([code, hints[0]]).toEqual([
      'STORE_REFUSED',
      expect.stringMatching(/^somebody (chose Deny|closed the window)/),
    ]);
    store.take('denied');
  });

  test('that are renewed are taken at the next use, and the old key is given back', async () => {
    const context = recordingContext();
    store.put('old', leaf('old', { subject: '/CN=renewed' }), 'p256');
    const identity = reloadingIdentity(sourceOf({ subject: 'CN=renewed' }), context);
    const used = () =>
      identity.use(async ({ certificate, signer }) => {
        await signer.sign(message);
        return Buffer.from(certificate.der);
      });
    const first = await used();
    expect(await used()).toEqual(first);

    const renewed = leaf('new', { subject: '/CN=renewed' });
    store.put('new', renewed, 'p256');
    expect(await used()).toEqual(first);
    expect(context.warnings).toEqual([expect.stringContaining('has 2 certificates that match')]);

    store.take('old');
    expect(await used()).toEqual(derOf(renewed));
    await identity.close();
    store.take('new');
  });

  test('that are renewed beside the old one are taken where the last to expire is wanted', async () => {
    const now = Date.now();
    store.put('old', leaf('old', { subject: '/CN=renewed', notAfter: new Date(now + 60_000) }), 'p256');
    const identity = reloadingIdentity(
      sourceOf({ subject: 'CN=renewed' }, { systemStore: { useLatestExpiring: true } }),
      recordingContext(),
    );
    await identity.use(({ signer }) => signer.sign(message));
    const renewed = leaf('new', { subject: '/CN=renewed' });
    store.put('new', renewed, 'p256');
    expect(await identity.use(async ({ certificate }) => Buffer.from(certificate.der))).toEqual(derOf(renewed));
    await identity.close();
    store.take('old');
    store.take('new');
  });

  test('whose key is locked are tried again', async () => {
    const issued = leaf('locked');
    store.put('locked', issued, 'p256', { ask: '' });
    const identity = reloadingIdentity(sourceOf({ subject: 'CN=locked' }), recordingContext());
    const used = () => identity.use(({ signer }) => signer.sign(message));
    expect(await rejectionOf(used())).toMatchObject({ code: 'STORE_LOCKED' });
    store.take('locked');
    store.put('locked', issued, 'p256');
    expect(await used()).toBeInstanceOf(Uint8Array);
    await identity.close();
    store.take('locked');
  });

  test('whose key was refused are tried again when they were renewed', async () => {
    store.put('old', leaf('old', { subject: '/CN=refused' }), 'p256', { status: '0x8010006e', deny: '' });
    const identity = reloadingIdentity(sourceOf({ subject: 'CN=refused' }), recordingContext([]));
    const used = () => identity.use(({ signer }) => signer.sign(message));
    expect(await rejectionOf(used())).toMatchObject({ code: 'STORE_REFUSED' });
    store.take('old');
    store.put('new', leaf('new', { subject: '/CN=refused' }), 'p256');
    expect(await used()).toBeInstanceOf(Uint8Array);
    await identity.close();
    store.take('new');
  });
});

describe.each(['keychain', 'windows-store'] as const)('before a service, a %s', needsStandIns(), (system) => {
  test('makes sessions, the next one by a certificate that was renewed meanwhile', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, system);
    paths[system] = store.path;
    const ca = makeCa(folder, 'ca');
    const sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')] });
    const { trustAnchorArn, profileArn, roleArn, endpoint } = sandbox;
    const certificate = `${system === 'keychain' ? 'keychain:?' : 'cert:/CurrentUser/MY?'}subject=CN=served`;
    const provider = fromRolesAnywhere({ trustAnchorArn, profileArn, roleArn, endpoint, certificate });
    for (const serial of ['0A', '0B']) {
      store.put(serial, makeLeaf(folder, serial, ca, { subject: '/CN=served', serial }), 'p256');
      await provider({ forceRefresh: true });
      store.take(serial);
    }
    expect(sandbox.requests.map(({ session }) => session?.arn.replace(/.*\//, ''))).toEqual(['0a', '0b']);
    // What was renewed was given back: one key is open, and on Windows the certificate that may own it.
    expect(store.live()).toBe(system === 'keychain' ? 1 : 2);
    await sandbox.close();
    removeFolder(folder);
  });
});

describe.each(['serve', 'update'] as const)('before %s', needsStandIns(), (output) => {
  test('a certificate that was renewed in a keychain is taken at the next renewal, without a restart', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'keychain');
    paths.keychain = store.path;
    const ca = makeCa(folder, 'ca');
    const put = (serial: string) =>
      store.put(serial, makeLeaf(folder, serial, ca, { subject: '/CN=served', serial }), 'p256');
    put('0A');
    const clock = fakeClock(Date.now());
    const sandbox = await startSandbox({ anchors: [readFileSync(ca.certificate, 'utf8')], now: clock.now });
    const identity = { certificate: { ...store.source, subject: 'CN=served' } };
    const close = await starters[output](planFor(sandbox, { identity }), clock, folder);
    store.take('0A');
    put('0B');
    await passToRenewal(clock);
    await expect
      .poll(() => sandbox.requests.map(({ session }) => session?.arn.replace(/.*\//, '')))
      .toEqual(['0a', '0b']);
    await close();
    expect(store.live()).toBe(0);
    await sandbox.close();
    removeFolder(folder);
  });
});

type Start = (plan: CredentialPlan, clock: FakeClock, folder: string) => Promise<() => Promise<unknown>>;

const starters: Readonly<Record<'serve' | 'update', Start>> = {
  serve: async (plan, clock) => {
    const served = await serveSandbox({ clock, plans: () => [{ profile: undefined, plan }] });
    return () => served.close();
  },
  update: async (plan, clock, folder) => {
    const process = { pid: 1, isRunning: () => true };
    const sleep = () => Promise.resolve();
    const told = () => undefined;
    const updating = await keepUpdated([{ profile: 'default', plan }], {
      path: join(folder, 'credentials'),
      clock,
      pipeline: { now: clock.now, sleep, random: () => 0.5, warn: told, userAgent: 'test' },
      lock: { process, userId: undefined, monotonic: clock.monotonic, sleep, random: () => 0.5 },
      warn: told,
      tell: told,
    });
    return () => updating.close();
  },
};

describe('a key of a keychain', needsStandIns(), () => {
  test('that waits for somebody does not hold up the process', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'keychain');
    paths.keychain = store.path;
    const ca = makeCa(folder, 'ca');
    store.put('slow', makeLeaf(folder, 'slow', ca), 'p256', { slow: '' });
    const identity = await openIdentity({ certificate: store.source }, recordingContext());
    const order: string[] = [];
    const signing = identity.signer.sign(message).then(() => order.push('signed'));
    await setTimeout(20).then(() => order.push('something else'));
    await signing;
    expect(order).toEqual(['something else', 'signed']);
    await identity.close();
    expect(store.live()).toBe(0);
    removeFolder(folder);
  });

  test('is looked for in one keychain alone, where that is named', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'keychain');
    paths.keychain = store.path;
    const ca = makeCa(folder, 'ca');
    store.put('leaf', makeLeaf(folder, 'leaf', ca), 'p256');
    const at = (keychain: string) =>
      openIdentity({ certificate: { ...store.source, kind: 'keychain', keychain } }, recordingContext());
    await (await at(`${folder}/keychain`)).close();
    expect((await rejectionOf(at(folder))).code).toBe('STORE_NOT_FOUND');
    const { code, message: words } = await rejectionOf(at('/no/such.keychain'));
    expect([code, words]).toEqual([
      'STORE_UNAVAILABLE',
      '--cert-selector: the keychain /no/such.keychain cannot be read: The specified keychain could not be found. (-25294)',
    ]);
    expect(store.live()).toBe(0);
    removeFolder(folder);
  });
});

describe('a key of a Windows store', needsStandIns(), () => {
  test.each([
    ['of an older provider', { legacy: '' }, 0],
    ["that is the certificate's own", { borrowed: '' }, 0],
    ['that asks when it is opened', { 'ask-open': '' }, 1],
  ])('%s', async (_, traits, asked) => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'windows-store');
    paths['windows-store'] = store.path;
    store.put('leaf', makeLeaf(folder, 'leaf', makeCa(folder, 'ca'), { keyType: 'rsa:2048' }), 'rsa', {
      ...traits,
      friendly: 'the leaf',
    });
    const source = { certificate: { ...store.source, friendlyName: 'the leaf' } };
    const identity = await openIdentity(source, recordingContext(asked === 1 ? [] : undefined));
    const { signer, certificate } = identity;
    const verify = opensslJudge(folder, certificate.publicKeyInfo);
    for (const digest of ['SHA-256', 'SHA-512'] as const) {
      expect(verify(message, await signer.sign(message, digest), digest)).toBe(true);
    }
    await identity.close();
    expect([store.asked(), store.live()]).toEqual([asked, 0]);
    removeFolder(folder);
  });

  test('is refused by what somebody said, and by nothing else, whether it may ask or not', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'windows-store');
    paths['windows-store'] = store.path;
    const issued = makeLeaf(folder, 'leaf', makeCa(folder, 'ca'));
    const codeFor = async (traits: Record<string, string>, lines?: string[]) => {
      store.put('leaf', issued, 'p256', traits);
      const identity = reloadingIdentity({ certificate: store.source }, recordingContext(lines));
      const { code } = await rejectionOf(identity.use(({ signer }) => signer.sign(message)));
      await identity.close();
      store.take('leaf');
      return code;
    };
    const said = ['0x8010006e', '0x8010006b', '0x8010006c', '0x800704c7', '0x80090036', '0x80090033'];
    // NTE_FAIL, NTE_DEVICE_NOT_READY, SCARD_W_REMOVED_CARD, SCARD_E_NO_SERVICE
    const passing = ['0x80090020', '0x80090030', '0x80100069', '0x8010001d'];
    for (const lines of [undefined, [] as string[]]) {
      for (const status of said) expect([status, await codeFor({ status }, lines)]).toEqual([status, 'STORE_REFUSED']);
      for (const status of passing)
        expect([status, await codeFor({ status }, lines)]).toEqual([status, 'STORE_LOCKED']);
      expect(await codeFor({ refused: '' }, lines)).toBe('STORE_LOCKED');
    }
    expect(store.live()).toBe(0);
    removeFolder(folder);
  });

  test('that could not be opened to ask once is opened so by a later signature', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'windows-store');
    paths['windows-store'] = store.path;
    const issued = makeLeaf(folder, 'leaf', makeCa(folder, 'ca'));
    store.put('leaf', issued, 'p256', { ask: '', 'no-window': '' });
    const identity = await openIdentity({ certificate: store.source }, recordingContext([]));
    expect(await rejectionOf(identity.signer.sign(message))).toMatchObject({ code: 'STORE_LOCKED' });
    store.take('leaf');
    store.put('leaf', issued, 'p256', { ask: '' });
    expect(await identity.signer.sign(message)).toBeInstanceOf(Uint8Array);
    await identity.close();
    expect([store.asked(), store.live()]).toEqual([1, 0]);
    removeFolder(folder);
  });

  test('that a user has no right to is refused, and a store that is not there unavailable', async () => {
    const folder = makeFolder();
    const store = await makeStandIn(folder, 'windows-store');
    paths['windows-store'] = store.path;
    store.put('leaf', makeLeaf(folder, 'leaf', makeCa(folder, 'ca')), 'p256', { refused: '' });
    const { code, hints } = await rejectionOf(openIdentity({ certificate: store.source }, recordingContext()));
    expect([code, hints[0]]).toEqual(['STORE_LOCKED', expect.stringContaining('certlm.msc')]);
    const machine = { ...store.source, kind: 'windows-store', location: 'LocalMachine', store: 'MY' } as const;
    expect(await rejectionOf(openIdentity({ certificate: machine }, recordingContext()))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: String.raw`--cert-selector: the store LocalMachine\MY cannot be opened`,
    });
    expect(store.live()).toBe(0);
    removeFolder(folder);
  });
});

test.each([
  ['Windows', () => openWindowsCalls('--cert-selector', { crypt32: '/none', ncrypt: '/none', advapi32: '/none' })],
  ['macOS', () => openKeychainCalls('--cert-selector', { foundation: '/none', security: '/none' })],
])('a %s without the libraries of its stores has none', needsFfi(), async (_system, open) => {
  expect((await rejectionOf(open())).code).toBe('STORE_UNAVAILABLE');
});

const bun = process.env['BUN'];
if (bun === undefined) console.log('skipped: stores of operating systems on Bun, whose executable BUN would name');

describe('on Bun', { skip: bun === undefined || needsStandIns().skip }, () => {
  test('keys of both sign, and everything is given back', () => {
    const program = join(import.meta.dirname, 'bun-program.ts');
    const told = execFileSync(bun ?? '', [program], { encoding: 'utf8', timeout: 60_000 });
    const isRight = [true, 0];
    expect(JSON.parse(told)).toEqual({
      'keychain rsa': isRight,
      'keychain p256': isRight,
      'windows-store rsa': isRight,
      'windows-store p256': isRight,
    });
  });
});

function derOf({ certificate }: Pick<Issued, 'certificate'>): Buffer {
  return openssl(['x509', '-in', certificate, '-outform', 'DER']);
}
