import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import type { IdentitySource, ReloadingIdentity, SigningIdentity } from '../../src/identity/identity.ts';
import { identityPool } from '../../src/identity/reloading-identity.ts';
import { reloadingIdentity } from '../../src/identity/reloading-identity.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, openssl, removeFolder } from '../support/openssl.ts';
import { signsWell } from '../support/pkcs11.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule, spyModule, type Token } from '../support/softhsm.ts';
import { needs } from '../support/programs.ts';
import { rejectionOf } from '../support/thrown.ts';
import { bytes, file } from './given.ts';

const day = 24 * 60 * 60 * 1000;

let made: string;
let folder: string;
let root: Issued;
let ec: Issued;
let otherEc: Issued;
let rsa: Issued;

beforeAll(() => {
  made = makeFolder();
  root = makeCa(made, 'root');
  ec = makeLeaf(made, 'ec', root);
  otherEc = makeLeaf(made, 'other-ec', root);
  rsa = makeLeaf(made, 'rsa', root, { keyType: 'rsa:2048' });
});
beforeEach(() => {
  folder = makeFolder();
});
afterEach(() => removeFolder(folder));
afterAll(() => removeFolder(made));

/** Puts a certificate and its key where the identity is kept from. */
function install(leaf: Issued, into = folder): IdentitySource {
  copyFileSync(leaf.certificate, join(into, 'leaf.pem'));
  copyFileSync(leaf.key, join(into, 'leaf.key'));
  return source(into);
}

function source(from = folder): IdentitySource {
  return { certificate: file(join(from, 'leaf.pem')), privateKey: file(join(from, 'leaf.key'), '--private-key') };
}

function expiringTomorrow(): Issued {
  return makeLeaf(folder, 'short', root, { notAfter: new Date(Date.now() + day) });
}

/** A context whose clock can be moved, with a person who gives these answers and then gives up. */
function world(...answers: readonly string[]) {
  const left = [...answers];
  const warnings: string[] = [];
  const questions: string[] = [];
  let time = Date.now();
  return {
    now: () => new Date(time),
    warn: (message: string) => warnings.push(message),
    askSecret: (question: string) => {
      questions.push(question);
      return Promise.resolve(left.shift());
    },
    environment: {},
    warnings,
    questions,
    wait: (milliseconds: number) => void (time += milliseconds),
  };
}

/** The open identity, after it has signed. */
function opened(reloading: ReloadingIdentity): Promise<SigningIdentity> {
  return reloading.use(async (identity) => {
    expect(await signsWell(identity)).toBe(true);
    return identity;
  });
}

describe('files', () => {
  it('are opened once for as long as they stay the same', async () => {
    const reloading = reloadingIdentity(install(ec), world());
    const first = await opened(reloading);
    expect(await opened(reloading)).toBe(first);
    utimesSync(join(folder, 'leaf.pem'), new Date(), new Date());
    expect(await opened(reloading)).toBe(first);
    await reloading.close();
  });

  it('are opened anew as one pair when they change, whatever the kind of key', async () => {
    const reloading = reloadingIdentity(install(rsa), world());
    expect((await opened(reloading)).signer.algorithm).toBe('RSA');
    install(ec);
    expect((await opened(reloading)).signer.algorithm).toBe('ECDSA');
    install(rsa);
    expect((await opened(reloading)).signer.algorithm).toBe('RSA');
    await reloading.close();
  });

  it('with intermediates that change are opened anew', async () => {
    const between = makeCa(folder, 'between', { issuer: root });
    const leaf = makeLeaf(folder, 'below', between);
    const chain = join(folder, 'chain.pem');
    copyFileSync(root.certificate, chain);
    const context = world();
    const reloading = reloadingIdentity({ ...install(leaf), intermediates: file(chain, '--intermediates') }, context);
    expect((await opened(reloading)).chain).toHaveLength(0);
    copyFileSync(between.certificate, chain);
    expect((await opened(reloading)).chain).toHaveLength(1);
    await reloading.close();
  });

  it('out of the environment are read again', async () => {
    const environment: Record<string, string> = { CERTIFICATE: readFileSync(ec.certificate, 'utf8') };
    environment['KEY'] = readFileSync(ec.key, 'utf8');
    const reloading = reloadingIdentity(
      {
        certificate: { option: '--certificate', kind: 'env', name: 'CERTIFICATE' },
        privateKey: { option: '--private-key', kind: 'env', name: 'KEY' },
      },
      { ...world(), environment },
    );
    const first = await opened(reloading);
    environment['CERTIFICATE'] = readFileSync(otherEc.certificate, 'utf8');
    environment['KEY'] = readFileSync(otherEc.key, 'utf8');
    expect((await opened(reloading)).certificate.serialNumber).not.toBe(first.certificate.serialNumber);
    await reloading.close();
  });
});

describe('a broken new pair', () => {
  it('leaves the one before in use, with one warning until it is mended', async () => {
    const context = world();
    const reloading = reloadingIdentity(install(ec), context);
    const first = await opened(reloading);
    copyFileSync(rsa.key, join(folder, 'leaf.key'));
    expect(await opened(reloading)).toBe(first);
    expect(await opened(reloading)).toBe(first);
    expect(context.warnings).toEqual([
      expect.stringMatching(
        /^the certificate and key that are there now cannot be used, those before are kept: .*leaf\.key.* is not the key of /,
      ),
    ]);

    install(otherEc);
    expect(await opened(reloading)).not.toBe(first);
    copyFileSync(rsa.key, join(folder, 'leaf.key'));
    await opened(reloading);
    expect(context.warnings).toHaveLength(2);
    await reloading.close();
  });

  it('that is put back as it was is warned of again the next time', async () => {
    const context = world();
    const reloading = reloadingIdentity(install(ec), context);
    const first = await opened(reloading);
    for (const leaf of [rsa, ec, rsa]) {
      copyFileSync(leaf.key, join(folder, 'leaf.key'));
      expect(await opened(reloading)).toBe(first);
    }
    expect(context.warnings).toHaveLength(2);
    await reloading.close();
  });

  it.each([
    ['missing', () => rmSync(join(folder, 'leaf.pem')), /does not exist/],
    ['empty', () => writeFileSync(join(folder, 'leaf.key'), ''), /is empty/],
    [
      'half written',
      () => writeFileSync(join(folder, 'leaf.pem'), readFileSync(ec.certificate).subarray(0, 300)),
      /leaf\.pem/,
    ],
  ])('may be one whose file is %s', async (_, breakIt, why) => {
    const context = world();
    const reloading = reloadingIdentity(install(ec), context);
    const first = await opened(reloading);
    breakIt();
    expect(await opened(reloading)).toBe(first);
    expect(context.warnings).toEqual([expect.stringMatching(why)]);
    await reloading.close();
  });

  it('is told as an error once the certificate before has expired, and from the start', async () => {
    const context = world();
    const reloading = reloadingIdentity(install(expiringTomorrow()), context);
    await opened(reloading);
    copyFileSync(rsa.key, join(folder, 'leaf.key'));
    context.wait(2 * day);
    expect((await rejectionOf(opened(reloading))).code).toBe('KEY_MISMATCH');
    install(ec);
    await opened(reloading);
    await reloading.close();

    copyFileSync(rsa.key, join(folder, 'leaf.key'));
    const other = reloadingIdentity(source(), context);
    expect((await rejectionOf(opened(other))).code).toBe('KEY_MISMATCH');
    install(ec);
    await opened(other);
    await other.close();
  });

  it('the same pair is refused once it has expired', async () => {
    const context = world();
    const reloading = reloadingIdentity(install(expiringTomorrow()), context);
    await opened(reloading);
    context.wait(2 * day);
    expect((await rejectionOf(opened(reloading))).code).toBe('CERTIFICATE_EXPIRED');
    await reloading.close();
  });

  it('is taken once it has become valid, though no file changes', async () => {
    const context = world();
    const reloading = reloadingIdentity(install(ec), context);
    const first = await opened(reloading);
    install(makeLeaf(folder, 'later', root, { notBefore: new Date(Date.now() + day) }));
    expect(await opened(reloading)).toBe(first);
    context.wait(2 * day);
    expect(await opened(reloading)).not.toBe(first);
    await reloading.close();
  });
});

describe('what can be read only once', needs('mkfifo'), () => {
  /** A pipe that another process writes into as soon as it is opened. */
  function pipe(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    execFileSync('mkfifo', [path]);
    const child = spawn('sh', ['-c', 'cat > "$0"', path], { stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.end(content);
    return path;
  }

  it('is held: a pipe by its path, a descriptor, and the password out of one', async () => {
    const encrypted = openssl(['pkcs8', '-topk8', '-in', ec.key, '-passout', 'pass:secret', '-v2', 'aes-256-cbc']);
    const certificate = pipe('certificate', readFileSync(ec.certificate));
    const key = openSync(pipe('key', encrypted), 'r');
    const password = openSync(pipe('password', 'secret\n'), 'r');
    const reloading = reloadingIdentity(
      {
        certificate: file(certificate),
        privateKey: { option: '--private-key', kind: 'fd', fd: key },
        keyPassword: { option: '--pkcs8-password-fd', kind: 'fd', fd: password },
      },
      world(),
    );
    const first = await opened(reloading);
    closeSync(key);
    closeSync(password);
    reloading.reload();
    const second = await opened(reloading);
    expect(second).not.toBe(first);
    expect(second.certificate.serialNumber).toBe(first.certificate.serialNumber);
    await reloading.close();
  });

  it('is held once where certificate and key come out of one', async () => {
    const both = openSync(pipe('both', Buffer.concat([ec.certificate, ec.key].map((path) => readFileSync(path)))), 'r');
    const fd = { kind: 'fd', fd: both } as const;
    const reloading = reloadingIdentity(
      { certificate: { option: '--certificate', ...fd }, privateKey: { option: '--private-key', ...fd } },
      world(),
    );
    await opened(reloading);
    reloading.reload();
    await opened(reloading);
    closeSync(both);
    await reloading.close();
  });

  it('is named in messages as what it was', async () => {
    const path = pipe('nothing', 'no certificate');
    const reloading = reloadingIdentity({ ...install(ec), certificate: file(path) }, world());
    expect((await rejectionOf(opened(reloading))).message).toMatch(
      /^--certificate: .*\/nothing is neither PEM nor DER/,
    );
    await reloading.close();
  });
});

describe('a password', () => {
  function encrypt(leaf: Issued, password: string): void {
    const key = openssl(['pkcs8', '-topk8', '-in', leaf.key, '-passout', `pass:${password}`, '-v2', 'aes-256-cbc']);
    writeFileSync(join(folder, 'leaf.key'), key, { mode: 0o600 });
    copyFileSync(leaf.certificate, join(folder, 'leaf.pem'));
  }

  it('that was typed is remembered, and asked for anew when it is refused', async () => {
    const context = world('wrong', 'first', 'second');
    encrypt(ec, 'first');
    const reloading = reloadingIdentity(source(), context);
    await opened(reloading);
    expect(context.questions).toHaveLength(2);
    encrypt(otherEc, 'first');
    reloading.reload();
    await opened(reloading);
    expect(context.questions).toHaveLength(2);

    encrypt(ec, 'second');
    await opened(reloading);
    expect(context.questions).toHaveLength(3);
    reloading.reload();
    await opened(reloading);
    expect(context.questions).toHaveLength(3);
    await reloading.close();
  });

  it('is asked for no more once the person was wrong too often, until the key changes or a reload', async () => {
    const context = world('no', 'no', 'no', 'no', 'no', 'no', 'right');
    encrypt(ec, 'right');
    const reloading = reloadingIdentity(source(), context);
    const error = await rejectionOf(opened(reloading));
    expect(error.code).toBe('PASSWORD_WRONG');
    expect(await rejectionOf(opened(reloading))).toBe(error);
    copyFileSync(otherEc.certificate, join(folder, 'leaf.pem'));
    expect(await rejectionOf(opened(reloading))).toBe(error);
    expect(context.questions).toHaveLength(3);

    encrypt(otherEc, 'right');
    expect((await rejectionOf(opened(reloading))).code).toBe('PASSWORD_WRONG');
    expect(context.questions).toHaveLength(6);
    reloading.reload();
    await opened(reloading);
    expect(context.questions).toHaveLength(7);
    await reloading.close();
  });

  it('is not asked for again of a person who gave up', async () => {
    const context = world();
    encrypt(ec, 'right');
    const reloading = reloadingIdentity(source(), context);
    expect((await rejectionOf(opened(reloading))).code).toBe('PASSWORD_MISSING');
    expect((await rejectionOf(opened(reloading))).code).toBe('PASSWORD_MISSING');
    expect(context.questions).toHaveLength(1);
    await reloading.close();
  });

  it('out of a file is read again when that changes', async () => {
    encrypt(ec, 'right');
    const path = join(folder, 'password');
    writeFileSync(path, 'wrong\n');
    const keyPassword = { option: '--pkcs8-password-file', kind: 'file', path } as const;
    const reloading = reloadingIdentity({ ...source(), keyPassword }, world());
    const error = await rejectionOf(opened(reloading));
    expect(error.code).toBe('PASSWORD_WRONG');
    expect(await rejectionOf(opened(reloading))).toBe(error);
    writeFileSync(path, 'right\n');
    await opened(reloading);
    await reloading.close();
  });

  it('that is refused for a new key leaves the old one in use', async () => {
    const context = world('first');
    encrypt(ec, 'first');
    const reloading = reloadingIdentity(source(), context);
    const first = await opened(reloading);
    encrypt(otherEc, 'second');
    expect(await opened(reloading)).toBe(first);
    expect(await opened(reloading)).toBe(first);
    expect(context.questions).toHaveLength(2);
    expect(context.warnings).toEqual([expect.stringMatching(/those before are kept/)]);
    await reloading.close();
  });
});

describe('a change', () => {
  const soon = { lookEveryMs: 10 };

  /** Resolves at the next change that is told; the test's own time-out is the bound. */
  function nextChange(reloading: ReloadingIdentity): Promise<void> {
    return new Promise((resolve) => {
      const end = reloading.onChange(() => {
        end();
        resolve();
      });
    });
  }

  it.each([
    ['in place', () => install(otherEc)],
    [
      'by rename',
      () => {
        for (const name of ['leaf.pem', 'leaf.key'] as const) {
          const from = name === 'leaf.pem' ? otherEc.certificate : otherEc.key;
          copyFileSync(from, join(folder, `.${name}.new`));
          renameSync(join(folder, `.${name}.new`), join(folder, name));
        }
      },
    ],
    ['by removal', () => rmSync(join(folder, 'leaf.pem'))],
  ])('%s is told', async (_, change) => {
    const reloading = reloadingIdentity(install(ec), world(), soon);
    await opened(reloading);
    const told = nextChange(reloading);
    change();
    await expect(told).resolves.toBeUndefined();
    await reloading.close();
  });

  it('of the link that Kubernetes turns is told, and the new pair is read as one', async () => {
    for (const [name, leaf] of [
      ['..2026_01', ec],
      ['..2026_02', rsa],
    ] as const) {
      mkdirSync(join(folder, name));
      install(leaf, join(folder, name));
    }
    symlinkSync('..2026_01', join(folder, '..data'));
    for (const name of ['leaf.pem', 'leaf.key']) symlinkSync(`..data/${name}`, join(folder, name));
    const reloading = reloadingIdentity(source(), world(), soon);
    await opened(reloading);
    const told = nextChange(reloading);
    symlinkSync('..2026_02', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await told;
    expect((await opened(reloading)).signer.algorithm).toBe('RSA');
    await reloading.close();
  });

  it('of the dates alone is none, and what comes after it is told once', async () => {
    const reloading = reloadingIdentity(install(ec), world(), soon);
    await opened(reloading);
    let changes = 0;
    reloading.onChange(() => (changes += 1));
    utimesSync(join(folder, 'leaf.pem'), new Date(), new Date(0));
    const told = nextChange(reloading);
    install(rsa);
    await told;
    const again = nextChange(reloading);
    install(ec);
    await again;
    expect(changes).toBeLessThanOrEqual(2);
    await reloading.close();
  });

  it('is told to nobody who has ended that, nor after the close', async () => {
    const reloading = reloadingIdentity(install(ec), world(), soon);
    await opened(reloading);
    let changes = 0;
    const end = reloading.onChange(() => (changes += 1));
    end();
    reloading.onChange(() => (changes += 1));
    await reloading.close();
    install(rsa);
    const other = reloadingIdentity(source(), world(), soon);
    await opened(other);
    const told = nextChange(other);
    install(ec);
    await told;
    expect(changes).toBe(0);
    await other.close();
  });
});

describe('close', () => {
  it('comes after the last use, and there is none after it', async () => {
    const reloading = reloadingIdentity(install(ec), world());
    const order: string[] = [];
    let end = (): void => undefined;
    const using = reloading.use(async (identity) => {
      await new Promise<void>((resolve) => (end = resolve));
      order.push(`signed ${await signsWell(identity)}`);
    });
    await reloading.use(async () => undefined);
    const closing = reloading.close();
    end();
    await using;
    await closing;
    expect(order).toEqual(['signed true']);
    await expect(reloading.use(async () => undefined)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

it('the same sources are kept once, whichever options give them', async () => {
  const identities = identityPool(world());
  const one = identities.reloading(install(ec));
  const same = identities.reloading({
    ...source(),
    certificate: file(join(folder, 'leaf.pem'), 'roles_anywhere_certificate'),
  });
  const other = identities.reloading({
    certificate: bytes(readFileSync(ec.certificate)),
    privateKey: bytes(readFileSync(ec.key)),
  });
  expect(same).toBe(one);
  expect(other).not.toBe(one);
  const first = await opened(one);
  identities.reload();
  expect(await opened(one)).not.toBe(first);
  await identities.close();
  await expect(opened(other)).rejects.toMatchObject({ name: 'AbortError' });
});

describe('a token', needsSoftHsm(), () => {
  let token: Token;
  let pin: string;
  /** Length of the spy's log when the test began. */
  let logged: number;

  // The module reads these once.
  beforeAll(() => {
    process.env['PKCS11SPY'] = softHsmModule;
    process.env['PKCS11SPY_OUTPUT'] = join(made, 'spy.log');
  });

  beforeEach(() => {
    token = makeSoftHsm(folder).makeToken('hsm');
    token.addKey(ec.key, { label: 'leaf', id: '01' });
    token.addPublicKey(ec.key, { label: 'leaf', id: '01' });
    pin = join(folder, 'pin');
    writeFileSync(pin, '1234');
    logged = readLog().length;
  });

  function held(): IdentitySource {
    copyFileSync(ec.certificate, join(folder, 'leaf.pem'));
    return {
      certificate: file(join(folder, 'leaf.pem')),
      privateKey: {
        option: '--private-key',
        kind: 'pkcs11',
        uri: `pkcs11:token=hsm;object=leaf?pin-source=file:${pin}`,
      },
      pkcs11: { module: { option: '--pkcs11-lib', text: spyModule } },
    };
  }

  function readLog(): string {
    const log = join(made, 'spy.log');
    return existsSync(log) ? readFileSync(log, 'latin1') : '';
  }

  /** How often the token was called since the test began. */
  function calls(name: string): number {
    return readLog().slice(logged).split(`: ${name}\n`).length - 1;
  }

  it('is held open: one session, one login', async () => {
    const reloading = reloadingIdentity(held(), world());
    const first = await opened(reloading);
    expect(await opened(reloading)).toBe(first);
    expect(await opened(reloading)).toBe(first);
    await reloading.close();
    expect(calls('C_Login')).toBe(1);
    expect(calls('C_Sign')).toBe(3);
    expect(calls('C_Finalize')).toBe(1);
  });

  it('is opened anew when the certificate is renewed, and the session before closed after its last use', async () => {
    const reloading = reloadingIdentity(held(), world());
    let end = (): void => undefined;
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const using = reloading.use(async (identity) => {
      begun();
      await new Promise<void>((resolve) => (end = resolve));
      return signsWell(identity);
    });
    await hasBegun;
    const renewed = makeLeaf(folder, 'renewed', root, { key: ec.key });
    copyFileSync(renewed.certificate, join(folder, 'leaf.pem'));
    const second = await opened(reloading);
    expect(calls('C_CloseSession')).toBe(calls('C_OpenSession') - 2);
    end();
    expect(await using).toBe(true);
    expect(await opened(reloading)).toBe(second);
    await reloading.close();
    expect(calls('C_Login')).toBe(1);
    expect(calls('C_CloseSession')).toBe(calls('C_OpenSession'));
  });

  it('never gets a wrong PIN twice, but a new one at once', async () => {
    writeFileSync(pin, '9999');
    const reloading = reloadingIdentity(held(), world());
    const error = await rejectionOf(opened(reloading));
    expect(error.code).toBe('PIN_WRONG');
    for (let use = 0; use < 5; use += 1) expect(await rejectionOf(opened(reloading))).toBe(error);
    copyFileSync(makeLeaf(folder, 'renewed', root, { key: ec.key }).certificate, join(folder, 'leaf.pem'));
    expect(await rejectionOf(opened(reloading))).toBe(error);
    expect(calls('C_Login')).toBe(1);

    writeFileSync(pin, '1234');
    await opened(reloading);
    expect(calls('C_Login')).toBe(2);
    await reloading.close();
  });

  it('is opened anew after what that may mend', async () => {
    const reloading = reloadingIdentity(held(), world());
    const first = await opened(reloading);
    const lost = new RolesAnywhereError('PKCS11_NOT_FOUND', 'the key is not there any more');
    expect(await rejectionOf(reloading.use(() => Promise.reject(lost)))).toBe(lost);
    expect(await opened(reloading)).not.toBe(first);
    const refused = new RolesAnywhereError('REFUSED_ROLE', 'no');
    const second = await opened(reloading);
    await rejectionOf(reloading.use(() => Promise.reject(refused)));
    expect(await opened(reloading)).toBe(second);
    await reloading.close();
  });

  it('that refuses the PIN while it is in use is left alone', async () => {
    const reloading = reloadingIdentity(held(), world());
    await opened(reloading);
    const wrong = new RolesAnywhereError('PIN_WRONG', 'no');
    expect(await rejectionOf(reloading.use(() => Promise.reject(wrong)))).toBe(wrong);
    expect(await rejectionOf(opened(reloading))).toBe(wrong);
    reloading.reload();
    await opened(reloading);
    await reloading.close();
  });

  it('asks for a PIN once', async () => {
    const context = world('1234');
    const uri = 'pkcs11:token=hsm;object=leaf';
    const reloading = reloadingIdentity(
      { ...held(), privateKey: { option: '--private-key', kind: 'pkcs11', uri } },
      context,
    );
    const first = await opened(reloading);
    const lost = new RolesAnywhereError('PKCS11_FAILED', 'lost');
    await rejectionOf(reloading.use(() => Promise.reject(lost)));
    expect(await opened(reloading)).not.toBe(first);
    expect(context.questions).toEqual([expect.stringMatching(/^PIN of token "hsm"/)]);
    expect(calls('C_Login')).toBe(2);
    await reloading.close();
  });
});

describe('a key that can be opened and does not come to an end', () => {
  /** Resolves when a pipe is open beside the end that the test holds itself. */
  const isRead = async (path: string): Promise<void> => {
    const { ino } = statSync(path);
    const ends = (): number =>
      readdirSync('/proc/self/fd').filter(
        (fd) => statSync(`/proc/self/fd/${fd}`, { throwIfNoEntry: false })?.ino === ino,
      ).length;
    await expect.poll(ends).toBe(2);
  };

  it('does not hold up close()', async () => {
    const identity = reloadingIdentity(install(ec), world());
    await identity.use(async () => undefined);
    rmSync(join(folder, 'leaf.key'));
    execFileSync('mkfifo', [join(folder, 'leaf.key')]);
    const writer = openSync(join(folder, 'leaf.key'), 'r+');
    identity.reload();
    const used = identity.use(async () => undefined).catch((error: unknown) => error);
    await isRead(join(folder, 'leaf.key'));
    const start = performance.now();
    await identity.close();
    expect(await used).toMatchObject({ name: 'AbortError', message: 'the identity was closed' });
    // A pipe with a writer has a minute.
    expect(performance.now() - start).toBeLessThan(30_000);
    closeSync(writer);
  });

  it('is given up when the file is back in its place', async () => {
    const identity = reloadingIdentity(install(ec), world());
    await identity.use(async () => undefined);
    rmSync(join(folder, 'leaf.key'));
    execFileSync('mkfifo', [join(folder, 'leaf.key')]);
    const writer = openSync(join(folder, 'leaf.key'), 'r+');
    identity.reload();
    const start = performance.now();
    const used = identity.use(({ certificate }) => Promise.resolve(certificate.serialNumber));
    await isRead(join(folder, 'leaf.key'));
    copyFileSync(otherEc.certificate, join(folder, 'leaf.pem'));
    copyFileSync(otherEc.key, join(folder, 'new.key'));
    renameSync(join(folder, 'new.key'), join(folder, 'leaf.key'));
    await used;
    expect(performance.now() - start).toBeLessThan(30_000);
    expect(await identity.use(({ certificate }) => Promise.resolve(certificate.serialNumber))).not.toEqual(await used);
    await identity.close();
    closeSync(writer);
  });
});
