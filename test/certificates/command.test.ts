import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportCertificates } from '../../src/certificates/report-certificates.ts';
import { reportCsv } from '../../src/certificates/report-csv.ts';
import { reportTable } from '../../src/certificates/report-table.ts';
import { serverChain } from '../../src/certificates/server-chain.ts';
import { main } from '../../src/cli/main.ts';
import { fakeTerminal } from '../cli/terminal/fake-terminal.ts';
import {
  certificateDer,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  makePkcs12,
  openssl,
  removeFolder,
} from '../support/openssl.ts';
import { deadPort } from '../support/ports.ts';
import { rejectionOf } from '../support/thrown.ts';
import { makeSoftHsm, needsSoftHsm, softHsmModule } from '../support/softhsm.ts';

const day = 86_400_000;
/** So that no test sees a day end. */
const inDays = (days: number): Date => new Date(Date.now() + days * day + day / 2);

const folder = makeFolder();
let root: Issued;
let leaf: Issued;
let soon: Issued;
let gone: Issued;
let weak: Issued;

beforeAll(() => {
  root = makeCa(folder, 'root', { subject: '/O=Example/CN=root', notAfter: inDays(1000) });
  const serial = '00DEADBEEF';
  leaf = makeLeaf(folder, 'leaf', root, { subject: '/O=Example/CN=leaf', notAfter: inDays(90), serial });
  soon = makeLeaf(folder, 'soon', root, { subject: '/CN=soon', notAfter: inDays(12) });
  gone = makeLeaf(folder, 'gone', root, { subject: '/CN=gone', notAfter: inDays(-3), notBefore: inDays(-30) });
  weak = makeLeaf(folder, 'weak', root, { subject: '/CN=weak', extensions: ['keyUsage = keyEncipherment'] });
});
afterAll(() => removeFolder(folder));

async function run(...args: readonly string[]) {
  const terminal = fakeTerminal({});
  const status = await main(['certificates', ...args], terminal);
  return { status, stdout: terminal.written(), stderr: terminal.lines.join('\n') };
}

async function json(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { status, stdout, stderr } = await run('--json', ...args);
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('what is listed', () => {
  test('of a file: kind, names, serial number in both forms, key, days', async () => {
    const [found, ...more] = await json(leaf.certificate);
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      kind: 'leaf',
      subject: 'O=Example, CN=leaf',
      issuer: 'O=Example, CN=root',
      serialNumber: '3735928559',
      serialNumberHex: 'deadbeef',
      key: 'P-256',
      daysLeft: 90,
      objections: [],
      places: [leaf.certificate],
    });
    const fingerprint = openssl(['x509', '-in', leaf.certificate, '-noout', '-fingerprint', '-sha256']).toString();
    expect(found?.['id']).toBe(fingerprint.replace(/^.*=/, '').trim().replaceAll(':', '').toLowerCase());
  });

  test('leaf, intermediate and root are told apart', async () => {
    const sub = makeCa(folder, 'sub', { issuer: root });
    const kinds = (await json(leaf.certificate, sub.certificate, root.certificate)).map(({ kind }) => kind);
    expect(kinds).toEqual(['leaf', 'intermediate', 'root']);
  });

  test('what Roles Anywhere would object to', async () => {
    const [expired, unfit] = await json(gone.certificate, weak.certificate);
    expect(expired).toMatchObject({ daysLeft: -3, objections: [expect.stringMatching(/^it expired at /)] });
    expect(unfit).toMatchObject({ objections: ['the leaf has no digitalSignature key usage'] });
  });

  test('a folder: each certificate once, with all its places; keys, texts and what begins with a dot are passed over', async () => {
    const tree = join(folder, 'tree');
    mkdirSync(join(tree, 'below'), { recursive: true });
    mkdirSync(join(tree, '..data'));
    copyFileSync(leaf.certificate, join(tree, 'a.pem'));
    copyFileSync(leaf.certificate, join(tree, '..data', 'tls.crt'));
    symlinkSync(join('..data', 'tls.crt'), join(tree, 'tls.crt'));
    symlinkSync('nowhere', join(tree, 'broken.crt'));
    copyFileSync(leaf.key, join(tree, 'a.key'));
    writeFileSync(join(tree, 'README'), 'how it was made');
    copyFileSync(soon.certificate, join(tree, 'below', 'no-ending'));
    openssl(['x509', '-in', root.certificate, '-outform', 'DER', '-out', join(tree, 'below', 'root.cer')]);
    const found = await json(tree);
    expect(found.map(({ subject, places }) => [subject, places])).toEqual([
      ['O=Example, CN=leaf', [join(tree, 'a.pem'), join(tree, 'tls.crt')]],
      ['CN=soon', [join(tree, 'below', 'no-ending')]],
      ['O=Example, CN=root', [join(tree, 'below', 'root.cer')]],
    ]);
  });

  test('what cannot be read in a folder is told, and hides nothing', async () => {
    const mixed = join(folder, 'mixed');
    mkdirSync(mixed);
    writeFileSync(join(mixed, 'a.crt'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    copyFileSync(leaf.certificate, join(mixed, 'b.crt'));
    const { status, stdout, stderr } = await run(mixed, '--prometheus');
    expect(status).toBe(0);
    expect(stderr).toMatch(/^roles-anywhere: warning: not listed: .*a\.crt /);
    expect(stdout).toContain('subject="O=Example, CN=leaf"');
    expect(stdout).toContain('roles_anywhere_certificates_unreadable 1\n');
  });

  test('a folder below that is not looked into is told, and hides nothing', async () => {
    const deep = join(folder, 'deep');
    const eighth = join(deep, '2', '3', '4', '5', '6', '7', '8');
    mkdirSync(join(eighth, '9'), { recursive: true });
    for (const place of [join(eighth, '9', 'far.crt'), join(eighth, 'near.crt'), join(deep, 'z.crt')]) {
      copyFileSync(leaf.certificate, place);
    }
    const { status, stdout, stderr } = await run(deep, '--json');
    expect([status, JSON.parse(stdout)[0].places]).toEqual([0, [join(eighth, 'near.crt'), join(deep, 'z.crt')]]);
    expect(stderr).toBe(`roles-anywhere: warning: not listed: the folder ${join(eighth, '9')} is more than 8 deep`);
  });

  test('PKCS#12 with its password, which is asked for nowhere in a folder', async () => {
    const p12s = join(folder, 'p12s');
    mkdirSync(p12s);
    const made = makePkcs12(folder, 'bundle', leaf, { others: [root], password: 'open sesame' });
    copyFileSync(made, join(p12s, 'bundle.p12'));
    writeFileSync(join(folder, 'password'), 'open sesame');
    const opened = await json(p12s, '--pkcs8-password-file', join(folder, 'password'));
    expect(new Set(opened.map(({ kind }) => kind))).toEqual(new Set(['leaf', 'root']));
    const { stderr } = await run(p12s);
    expect(stderr).toContain('not listed: ');
  });

  test('without a place: the certificate and the intermediates of the options', async () => {
    const found = await json('--certificate', leaf.certificate, '--intermediates', root.certificate);
    expect(found.map(({ kind, places }) => [kind, places])).toEqual([
      ['leaf', [leaf.certificate]],
      ['root', [root.certificate]],
    ]);
    const { status, stderr } = await run();
    expect([status, stderr.split('\n')[0]]).toEqual([2, 'roles-anywhere: --certificate is missing']);
  });

  test('of several places one that is not there: the others are listed, and the status is that of the error', async () => {
    const { status, stdout, stderr } = await run(join(folder, 'missing.pem'), leaf.certificate);
    expect(status).toBe(3);
    expect(stdout).toContain('CN=leaf');
    expect(stderr).toContain('missing.pem');
  });

  test('a place below a file', async () => {
    const { status, stderr } = await run(join(leaf.certificate, 'below'));
    expect([status, stderr]).toEqual([3, expect.stringContaining('part of the path is no directory')]);
  });

  test('a server that sends a byte now and then is waited for no longer than one that sends none', async () => {
    const server = createTcpServer((socket) => {
      // The head of a handshake record of 16 KiB.
      socket.on('error', () => undefined).write(Buffer.from([0x16, 3, 3, 0x40, 0]));
      const timer = setInterval(() => socket.write(Buffer.alloc(1)), 20);
      socket.on('close', () => clearInterval(timer));
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    const { port } = server.address() as AddressInfo;
    try {
      expect(await rejectionOf(serverChain(new URL(`https://127.0.0.1:${port}`), 200))).toMatchObject({
        code: 'NETWORK_TIMEOUT',
        message: `127.0.0.1:${port} did not finish a TLS handshake within 0.2 seconds`,
      });
    } finally {
      server.close();
    }
  });

  test('a server shows what nobody trusts any more, too', async () => {
    const server = createServer({
      key: readFileSync(gone.key),
      cert: readFileSync(gone.certificate, 'utf8') + readFileSync(root.certificate, 'utf8'),
    });
    await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
    const { port } = server.address() as AddressInfo;
    try {
      const url = `https://127.0.0.1:${port}`;
      const found = await json(url);
      expect(found.map(({ subject, places }) => [subject, places])).toEqual([
        ['CN=gone', [url]],
        ['O=Example, CN=root', [url]],
      ]);
    } finally {
      server.close();
    }
    const { status, stderr } = await run(`https://127.0.0.1:${deadPort}`);
    expect([status, stderr.split('\n')[0]]).toEqual([
      5,
      `roles-anywhere: 127.0.0.1:${deadPort} cannot be reached: ECONNREFUSED`,
    ]);
  });

  test('stores of the system, where it has none', { skip: process.platform === 'win32' }, async () => {
    const { status, stderr } = await run('store');
    expect([status, stderr.split('\n')[0]]).toEqual([
      3,
      'roles-anywhere: this system has no store of certificates that can be listed',
    ]);
  });

  test.each([
    ['https://user@host', 'the URL of the server cannot be read'],
    ['handle:0x81000001', 'handle:0x81000001 names a handle of the TPM, which holds keys and no certificates'],
  ])('%s is refused', async (place, message) => {
    const { status, stderr } = await run(place);
    expect([status, stderr.split('\n')[0]]).toEqual([2, `roles-anywhere: ${message}`]);
  });
});

describe('a token', needsSoftHsm(), () => {
  test('without its PIN', async () => {
    const token = makeSoftHsm(folder).makeToken('watched');
    token.addCertificate(soon.certificate, { label: 'soon', id: '01' });
    const found = await json('pkcs11:token=watched', '--pkcs11-lib', softHsmModule);
    expect(found).toMatchObject([{ subject: 'CN=soon', places: [expect.stringContaining('token=watched')] }]);
  });
});

describe('--within', () => {
  test.each([
    ['11d', 0],
    ['13d', 1],
    ['2w', 1],
    ['12h', 0],
    ['13', 1],
  ])('%s of a certificate with twelve days and a half: %d', async (within, status) => {
    expect((await run(soon.certificate, leaf.certificate, '--within', within)).status).toBe(status);
  });

  test('what has expired is within any time', async () => {
    expect((await run(gone.certificate, '--within', '0d')).status).toBe(1);
  });

  test('what is no time is refused before anything is read', async () => {
    const { status, stdout, stderr } = await run(leaf.certificate, '--within', 'soon');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--within must be a number of hours, days or weeks, not "soon"');
  });
});

describe('forms', () => {
  test('a table for people', async () => {
    const { stdout } = await run(leaf.certificate, gone.certificate);
    const date = inDays(90).toISOString().slice(0, 10);
    expect(stdout.split('\n').slice(0, 4)).toEqual([
      'KIND  DAYS  EXPIRES     KEY    SUBJECT',
      `leaf    90  ${date}  P-256  O=Example, CN=leaf`,
      '  serial 3735928559 (0xdeadbeef)',
      `  ${leaf.certificate}`,
    ]);
    expect(stdout).toMatch(/\n {2}! it expired at .*\n$/);
  });

  test('CSV, in which no text of others is a formula', async () => {
    const { stdout } = await run(leaf.certificate, gone.certificate, '--csv');
    const [head = '', one = '', two = ''] = stdout.split('\r\n');
    expect(head).toMatch(
      /^kind,subject,issuer,serial,serial_hex,key,not_before,not_after,days_left,id,places,objections/,
    );
    expect(one).toMatch(/^leaf,"O=Example, CN=leaf","O=Example, CN=root",3735928559,deadbeef,P-256,/);
    expect(two).toContain(',-3,');
    const [found] = reportCertificates(
      [{ place: '=1+"1"', der: certificateDer(leaf.certificate) }],
      new Date(),
    ).certificates;
    if (found === undefined) throw new Error('nothing was found');
    expect(reportCsv([found])).toContain(`,"'=1+""1""",`);
    const odd = { ...found, subject: '\u001B[2J\t=a', id: '@b', serialNumber: '+1', serialNumberHex: '\r\n-c' };
    expect(reportCsv([odd])).toMatch(/^leaf,\[2J =a,[^\n]+,'\+1,'-c,[^\n]+,'@b,/m);
    expect(reportCsv([{ ...found, serialNumber: '-5' }])).toContain(',-5,');
    expect(reportTable([{ ...odd, serialNumber: '\u001B[2J' }])).not.toContain('\u001B');
  });

  test('metrics, with labels that cannot be broken out of', async () => {
    const odd = makeLeaf(folder, 'odd', root, { subject: String.raw`/CN=a\"b\\c`, notAfter: inDays(5) });
    const { stdout } = await run(odd.certificate, '--prometheus');
    const expires = Math.floor(Date.parse(String((await json(odd.certificate))[0]?.['notAfter'])) / 1000);
    expect(stdout).toMatch(
      new RegExp(
        String.raw`^roles_anywhere_certificate_not_after_timestamp_seconds\{kind="leaf",subject="CN=a\\"b\\\\c",.*\} ${expires}$`,
        'm',
      ),
    );
    expect(stdout.match(/^# TYPE \w+ gauge$/gm)).toHaveLength(4);
  });

  test('one certificate to read', async () => {
    const named = makeLeaf(folder, 'named', root, {
      subject: '/CN=named',
      extensions: [
        'basicConstraints = critical, CA:FALSE',
        'keyUsage = critical, digitalSignature, keyAgreement',
        'extendedKeyUsage = clientAuth, 1.2.3.4',
        'subjectAltName = DNS:named.example, URI:spiffe://example.org/named, IP:192.0.2.1',
        'crlDistributionPoints = URI:http://crl.example/root.crl',
        'certificatePolicies = 1.3.6.1.4.1.99999.1',
        '1.2.3.4.5 = ASN1:UTF8String:odd',
      ],
      serial: '0A0B',
    });
    const { stdout } = await run(named.certificate, '--details');
    const fields = Object.fromEntries(
      stdout
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith(' '))
        .map((line) => line.split(/:\s+/, 2)),
    );
    expect(fields).toMatchObject({
      Subject: 'CN=named',
      Issuer: 'O=Example, CN=root',
      'Serial number': '2571',
      Kind: 'leaf, X.509 v3',
      Key: 'P-256',
      'Signed by': 'ECDSA with SHA-256',
      'Basic constraints (critical)': 'CA:FALSE',
      'Key usage (critical)': 'digitalSignature, keyAgreement',
      'Extended key usage': 'clientAuth, 1.2.3.4',
      'Alternative names': 'DNS:named.example',
      'CRLs at': 'http://crl.example/root.crl',
      Policies: '1.3.6.1.4.1.99999.1',
      '1.2.3.4.5': '0c036f6464',
      'Roles Anywhere': 'no objections',
    });
    expect(stdout).toContain('0a:0b\n');
    expect(stdout).toContain(' URI:spiffe://example.org/named\n');
    expect(stdout).toContain(' IP:192.0.2.1\n');
  });

  test('two at once are refused', async () => {
    const { status, stderr } = await run(leaf.certificate, '--json', '--csv');
    expect([status, stderr]).toEqual([2, 'roles-anywhere: --json and --csv exclude each other']);
  });

  test('a name that would drive the terminal does not', async () => {
    const escape = makeLeaf(folder, 'escape', root, { subject: '/CN=a\u001b[2Jb', notAfter: inDays(5) });
    expect((await run(escape.certificate)).stdout).not.toContain('\u001b');
    expect((await run(escape.certificate, '--details')).stdout).not.toContain('\u001b');
  });
});
