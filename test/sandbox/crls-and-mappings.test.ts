/** What an administrator sets up besides: CRLs of the trust anchor, and the attribute mapping of the profile. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sandbox as sandboxCommand } from '../../src/cli/commands/sandbox/sandbox.ts';
import { sandboxOptions } from '../../src/cli/commands/sandbox/sandbox-options.ts';
import { type ProfileOptions, type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { fakeTerminal } from '../cli/terminal/fake-terminal.ts';
import { valuesOf } from '../options/parse/values.ts';
import {
  certificateDer,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  openssl,
  removeFolder,
} from '../support/openssl.ts';
import { type CrlOptions, makeCrl } from '../support/openssl-crl.ts';
import { rejectionOf, thrownBy } from '../support/thrown.ts';
import { createSession, seen, sessionBody } from './hand-made-request.ts';

const day = 86_400_000;
let folder: string;
let ca: Issued;
let stranger: Issued;
let leaf: Issued;
/** For what is refused, and changes nothing. */
let shared: Sandbox;

beforeAll(async () => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  stranger = makeCa(folder, 'stranger');
  leaf = makeLeaf(folder, 'leaf', ca, { serial: '2001', subject: '/O=Example/OU=Build/CN=leaf' });
  shared = await startSandbox({ anchors: [readFileSync(ca.certificate, 'latin1')] });
});
afterAll(async () => {
  await shared.close();
  removeFolder(folder);
});

const pem = (path: string): string => readFileSync(path, 'latin1');
const listed: CrlOptions = { revoked: [['2001', 'keyCompromise']] };
const crlOf = (options: CrlOptions = {}, issuer = ca): string => makeCrl(folder, issuer, options);
const point = (line: string): CrlOptions => ({
  extensions: ['issuingDistributionPoint = critical, @point', '[point]', line],
});

async function withSandbox<T>(options: SandboxOptions, use: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const sandbox = await startSandbox({ anchors: [pem(ca.certificate)], ...options });
  try {
    return await use(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** What becomes of the leaf's CreateSession. */
async function verdict(sandbox: Sandbox, body = sessionBody(sandbox)): Promise<string> {
  const reply = await createSession(sandbox, { certificate: pem(leaf.certificate), privateKey: pem(leaf.key), body });
  return reply.status === 201 ? 'accepted' : seen(reply).message;
}

describe('CRLs', () => {
  test('a serial number that is listed is refused, another one is not', async () => {
    await withSandbox({ crls: [crlOf(listed)] }, async (sandbox) => {
      expect(await verdict(sandbox)).toBe('Certificate revoked');
      expect(sandbox.refusals.at(-1)?.reason).toBe(
        '"O=Example, OU=Build, CN=leaf", serial number 8193, is revoked by the CRL of "CN=ca" (keyCompromise)',
      );
    });
    await withSandbox({ crls: [crlOf({ revoked: [['2002']] })] }, async (sandbox) => {
      expect(await verdict(sandbox)).toBe('accepted');
    });
  });

  test('what a list past its time has stays revoked; what it has not is accepted', async () => {
    const past = { lastUpdate: new Date(Date.now() - 2 * day), nextUpdate: new Date(Date.now() - day) };
    await withSandbox({ crls: [crlOf({ ...past, ...listed })] }, async (sandbox) => {
      expect(await verdict(sandbox)).toBe('Certificate revoked');
    });
    await withSandbox({ crls: [crlOf(past)] }, async (sandbox) => expect(await verdict(sandbox)).toBe('accepted'));
  });

  test('one is imported, switched off, on and replaced while the sandbox runs', async () => {
    await withSandbox({}, async (sandbox) => {
      const arn = await sandbox.importCrl({ name: 'first', crl: crlOf(listed) });
      expect(arn).toMatch(/^arn:aws:rolesanywhere:us-east-1:111122223333:crl\/[0-9a-f-]{36}$/);
      expect(await verdict(sandbox)).toBe('Certificate revoked');
      sandbox.disable(arn);
      expect(await verdict(sandbox)).toBe('accepted');
      sandbox.enable(arn);
      expect(await verdict(sandbox)).toBe('Certificate revoked');
      expect(await sandbox.importCrl({ name: 'first', crl: crlOf() })).toBe(arn);
      expect(await verdict(sandbox)).toBe('accepted');
    });
  });

  test('one of another trust anchor does not count', async () => {
    await withSandbox({}, async (sandbox) => {
      const other = sandbox.addTrustAnchor({ name: 'other', certificates: [pem(ca.certificate)] });
      await sandbox.importCrl({ name: 'first', crl: crlOf(listed), trustAnchorArn: other });
      expect(await verdict(sandbox)).toBe('accepted');
      expect(await verdict(sandbox, sessionBody({ ...sandbox, trustAnchorArn: other }))).toBe('Certificate revoked');
    });
  });

  test('a trust anchor takes two, and no third', async () => {
    await withSandbox({ crls: [crlOf(), crlOf()] }, async (sandbox) => {
      expect(await rejectionOf(sandbox.importCrl({ name: 'third', crl: crlOf() }))).toMatchObject({
        code: 'OPTION_INVALID',
        message: 'the CRL number 42 of "CN=ca" is one too many: a trust anchor has 2 CRLs at the most',
      });
      const other = sandbox.addTrustAnchor({ name: 'other', certificates: [pem(ca.certificate)] });
      await sandbox.importCrl({ name: 'third', crl: crlOf(), trustAnchorArn: other });
    });
  });

  const der = (): string => openssl(['crl', '-outform', 'DER'], crlOf()).toString('latin1');
  const many = Array.from({ length: 14_000 }, (_, at): [string] => [(0x100000 + at).toString(16).padStart(8, '0')]);
  test.each<[name: string, make: () => string, message: RegExp]>([
    ['DER', der, /is DER; ImportCrl takes PEM only$/],
    ['too many bytes', () => crlOf({ revoked: many }), /ImportCrl takes 300000 at the most$/],
    ['one of another CA', () => crlOf({}, stranger), /^the CRL number 42 of "CN=stranger" is not issued by "CN=ca"$/],
    [
      'one that another key of that name signed',
      () => crlOf({}, makeCa(folder, 'twin', { subject: '/CN=ca' })),
      /is not signed by the key of its issuer/,
    ],
    ['a delta CRL', () => crlOf({ extensions: ['2.5.29.27 = critical, ASN1:INTEGER:1'] }), /is a delta CRL/],
    ['an indirect CRL', () => crlOf(point('indirectCRL = TRUE')), /is an indirect CRL/],
    ['one of CAs', () => crlOf(point('onlyCA = TRUE')), /is about CA certificates only/],
    ['an unknown critical extension', () => crlOf({ extensions: ['1.2.3.4 = critical, ASN1:NULL'] }), /1\.2\.3\.4/],
    ['a weak signature', () => crlOf({ args: ['-md', 'sha1'] }), /it is signed with SHA-1/],
    ['no CRL', () => pem(ca.certificate), /^the CRL cannot be read: /],
  ])('%s is refused', async (_name, make, message) => {
    const error = await rejectionOf(shared.importCrl({ name: 'refused', crl: make() }));
    expect(error.message).toMatch(message);
  });

  test('an anchor that must not sign CRLs has none', async () => {
    const mute = makeCa(folder, 'mute', {
      extensions: [
        'basicConstraints = critical, CA:TRUE',
        'keyUsage = critical, keyCertSign',
        'subjectKeyIdentifier = hash',
      ],
    });
    const trustAnchorArn = shared.addTrustAnchor({ name: 'mute', certificates: [pem(mute.certificate)] });
    const error = await rejectionOf(shared.importCrl({ name: 'mute', crl: crlOf({}, mute), trustAnchorArn }));
    expect(error.message).toMatch(/^its issuer must not sign the CRL/);
  });

  test('nobody’s trust anchor, and what is no text', async () => {
    await withSandbox({}, async (sandbox) => {
      const to = { name: 'x', crl: crlOf(), trustAnchorArn: 'arn:aws:x' };
      expect((await rejectionOf(sandbox.importCrl(to))).message).toBe('there is no trust anchor arn:aws:x');
    });
    const bytes = [certificateDer(ca.certificate)] as unknown as string[];
    expect((await rejectionOf(startSandbox({ crls: bytes }))).message).toMatch(/^crls\[0\] must be PEM text, not /);
  });
});

const tagsOf = (sandbox: Sandbox): readonly string[] =>
  Object.keys(sandbox.requests.at(-1)?.session?.tags ?? {}).sort((one, other) => one.localeCompare(other, 'en'));

describe('attribute mappings', () => {
  test('those of a new profile when none are given', async () => {
    await withSandbox({}, async (sandbox) => {
      expect(await verdict(sandbox)).toBe('accepted');
      expect(tagsOf(sandbox)).toEqual(['x509Issuer/CN', 'x509Subject/CN', 'x509Subject/O', 'x509Subject/OU']);
    });
  });

  test('of the start, and of a further profile', async () => {
    const attributeMappings = [{ certificateField: 'x509Subject', mappingRules: [{ specifier: 'OU' }] }] as const;
    await withSandbox({ profile: { attributeMappings } }, async (sandbox) => {
      expect(await verdict(sandbox)).toBe('accepted');
      expect(tagsOf(sandbox)).toEqual(['x509Subject/OU']);
      const { roleArn } = sandbox;
      const profileArn = sandbox.addProfile({ name: 'none', roleArns: [roleArn], attributeMappings: [] });
      expect(await verdict(sandbox, sessionBody({ ...sandbox, profileArn }))).toBe('accepted');
      expect(tagsOf(sandbox)).toEqual([]);
    });
  });

  test.each<[name: string, mappings: unknown, message: string]>([
    [
      'another field',
      [{ certificateField: 'subject', mappingRules: [] }],
      'attributeMappings[0].certificateField must be one of x509Subject, x509Issuer, x509SAN, not "subject"',
    ],
    [
      'a specifier of another field',
      [{ certificateField: 'x509Subject', mappingRules: [{ specifier: 'Name/CN' }] }],
      'the attribute mapping of x509Subject takes * or the name of an attribute, as CN or 2.5.4.3, not "Name/CN"',
    ],
    [
      'a specifier that is too long',
      [{ certificateField: 'x509Issuer', mappingRules: [{ specifier: 'A'.repeat(61) }] }],
      `the attribute mapping of x509Issuer takes * or the name of an attribute, as CN or 2.5.4.3, not "${'A'.repeat(61)}"`,
    ],
    [
      'everything of alternative names',
      [{ certificateField: 'x509SAN', mappingRules: [{ specifier: '*' }] }],
      'the attribute mapping of x509SAN takes DNS, URI, Name/* or Name/CN, not "*"',
    ],
    [
      'a field twice',
      ['x509SAN', 'x509SAN'].map((certificateField) => ({ certificateField, mappingRules: [{ specifier: 'DNS' }] })),
      'attributeMappings has x509SAN twice',
    ],
    ['no list', 'x509SAN', 'attributeMappings must be a list, not a value of type string'],
    [
      'a specifier that is none',
      [{ certificateField: 'x509SAN', mappingRules: [{ specifier: 1 }] }],
      'attributeMappings[0].mappingRules[0] must be an object with specifier, a text',
    ],
  ])('%s is refused', async (_name, attributeMappings, message) => {
    const add = (): string => shared.addProfile({ name: 'refused', attributeMappings } as ProfileOptions);
    expect(thrownBy(add)).toMatchObject({ code: 'OPTION_INVALID', message });
  });
});

describe('the command', () => {
  const start = async (...args: string[]) =>
    sandboxCommand.run(await valuesOf('sandbox', { args, rows: sandboxOptions }), {
      ...fakeTerminal(),
      untilStopped: async () => undefined,
    });

  test('takes both', async () => {
    const path = join(folder, 'listed.pem');
    writeFileSync(path, crlOf(listed));
    expect(
      await start('--anchor', ca.certificate, '--crl', path, '--attribute-mapping', 'x509Subject=CN,OU'),
    ).toBeUndefined();
  });

  test('and refuses what is neither', async () => {
    expect((await rejectionOf(start('--crl', leaf.certificate))).message).toMatch(/^the CRL cannot/);
    expect((await rejectionOf(start('--crl', join(folder, 'none')))).message).toMatch(/^--crl: cannot read/);
    for (const text of ['CN', 'x509Subject=', 'subject=CN']) {
      const error = await rejectionOf(start('--attribute-mapping', text));
      expect(error.message).toContain(
        `--attribute-mapping must be x509Subject, x509Issuer, x509SAN and specifiers after =, not ${JSON.stringify(text)}`,
      );
    }
  });
});
