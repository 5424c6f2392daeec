import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SigningIdentity } from '../../../../src/identity/identity.ts';
import {
  listPkcs11Certificates,
  openPkcs11Identity,
  openPkcs11Signer,
  type Pkcs11IdentitySource,
} from '../../../../src/identity/backends/pkcs11/open-pkcs11.ts';
import type { Pkcs11Options } from '../../../../src/identity/backends/pkcs11/pkcs11-options.ts';
import { parsePkcs11Uri, type Pkcs11Uri } from '../../../../src/identity/pkcs11-uri.ts';
import { parseX509 } from '../../../../src/identity/x509/parse-certificate.ts';
import {
  certificateDer,
  type CertificateOptions,
  type Issued,
  makeCa,
  makeFolder,
  makeLeaf,
  removeFolder,
} from '../../../support/openssl.ts';
import { certificateAt, optionsWith, personWho, privateKeyAt, signsWell } from '../../../support/pkcs11.ts';
import { needs } from '../../../support/programs.ts';
import {
  makeSoftHsm,
  needsSoftHsm,
  softHsmModule,
  spyModule,
  type SoftHsm,
  type Token,
} from '../../../support/softhsm.ts';
import { rejectionOf } from '../../../support/thrown.ts';

const byId = (one: Pkcs11Uri, other: Pkcs11Uri): number =>
  Buffer.compare(one.id ?? Buffer.alloc(0), other.id ?? Buffer.alloc(0));

const day = 24 * 60 * 60 * 1000;

function open(source: Pkcs11IdentitySource, options: Partial<Pkcs11Options> = {}): Promise<SigningIdentity> {
  return openPkcs11Identity(source, optionsWith(options), personWho());
}

const der = (issued: Issued): Buffer => certificateDer(issued.certificate);

/** Opens, signs, closes; what came out, and whether the signature fits the certificate. */
async function use(source: Pkcs11IdentitySource, options: Partial<Pkcs11Options> = {}) {
  const identity = await open(source, options);
  const isVerified = await signsWell(identity);
  await identity.close();
  return { ...identity, isVerified };
}

const parsed = (issued: Issued) => parseX509(der(issued));

/** Shows only after the login. */
function addHiddenCertificate(token: Token, issued: Issued, label: string, id: string): void {
  const { subject } = parsed(issued);
  token.addCertificateObject({ label, id, subject, value: der(issued), isHidden: true });
}

describe('with SoftHSM', needsSoftHsm(), () => {
  let made: string;
  let root: Issued;
  let intermediate: Issued;
  let stranger: Issued;
  let leaf: Issued;
  let other: Issued;
  let rsa: Issued;
  /** A folder for each test, for the tokens. */
  let folder: string;
  let hsm: SoftHsm;

  beforeAll(() => {
    made = makeFolder();
    root = makeCa(made, 'root');
    intermediate = makeCa(made, 'intermediate', { issuer: root });
    stranger = makeCa(made, 'stranger');
    leaf = makeLeaf(made, 'leaf', intermediate);
    other = makeLeaf(made, 'other', root);
    rsa = makeLeaf(made, 'rsa', root, { keyType: 'rsa:2048' });
  });

  beforeEach(() => {
    folder = makeFolder();
    hsm = makeSoftHsm(folder);
  });

  afterEach(() => removeFolder(folder));
  afterAll(() => removeFolder(made));

  const reissue = (name: string, issued: Issued, options: CertificateOptions = {}): Issued =>
    makeLeaf(folder, name, root, { key: issued.key, ...options });

  describe('the pair', () => {
    test('certificate and key by one URI', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const identity = await use({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') });
      expect(identity.isVerified).toBe(true);
      expect(identity.certificate.der).toEqual(der(leaf));
      expect(identity.chain).toEqual([]);
    });

    test('by every kind of attribute', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'a key', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'a certificate', id: '01' });
      const paths = [
        'token=hsm;id=%01',
        `serial=${token.serial};id=%01`,
        'model=SoftHSM%20v2;manufacturer=SoftHSM%20project;id=%01',
        'library-manufacturer=SoftHSM;library-description=Implementation%20of%20PKCS11;id=%01',
        'slot-manufacturer=SoftHSM%20project;id=%01',
        'token=hsm;id=%01;type=cert',
        'token=hsm;id=%01;type=private',
        'token=hsm',
        'token=hsm;x-favourite=yes',
      ];
      for (const path of paths) {
        const identity = await use({ certificate: certificateAt(`pkcs11:${path}?pin-value=1234`) });
        expect([path, identity.isVerified]).toEqual([path, true]);
      }
    });

    test('the key of another label is found by the CKA_ID of the certificate', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(other.key, { label: 'other', id: '02' });
      token.addKey(leaf.key, { label: 'a key', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'a certificate', id: '01' });
      const identity = await use({
        certificate: certificateAt('pkcs11:token=hsm;object=a%20certificate?pin-value=1234'),
      });
      expect(identity.isVerified).toBe(true);
    });

    test('the certificate of another label is found by the CKA_ID of the key', async () => {
      const token = hsm.makeToken('hsm');
      token.addCertificate(other.certificate, { label: 'other', id: '02' });
      token.addKey(leaf.key, { label: 'a key', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'a certificate', id: '01' });
      const identity = await use({ certificate: certificateAt('pkcs11:token=hsm;object=a%20key?pin-value=1234') });
      expect(identity.isVerified).toBe(true);
    });

    test('the key is found by its label where no CKA_ID is the same', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '0c' });
      const byId = await use({ certificate: certificateAt('pkcs11:token=hsm;id=%0c?pin-value=1234') });
      expect(byId.isVerified).toBe(true);
    });

    test('a URI of its own for the key, by label or by that of its certificate', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(other.key, { label: 'other', id: '02' });
      token.addKey(leaf.key, { label: 'a key', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'a certificate', id: '01' });
      for (const object of ['a%20key', 'a%20certificate']) {
        const identity = await use({
          certificate: certificateAt('pkcs11:token=hsm;object=a%20certificate'),
          privateKey: privateKeyAt(`pkcs11:token=hsm;object=${object}?pin-value=1234`),
        });
        expect(identity.isVerified).toBe(true);
      }
    });

    test('a certificate that shows only after the login', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      addHiddenCertificate(token, leaf, 'leaf', '01');
      const identity = await use({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') });
      expect(identity.isVerified).toBe(true);
    });

    test('a certificate from a file and its key on the token', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      const identity = await use({
        certificate: { option: '--certificate', certificates: [parsed(leaf), parsed(intermediate), parsed(root)] },
        privateKey: privateKeyAt('pkcs11:token=hsm;object=leaf?pin-value=1234'),
      });
      expect(identity.isVerified).toBe(true);
      expect(identity.chain.map((certificate) => certificate.der)).toEqual([der(intermediate)]);
    });

    test.each([true, false])(
      'a certificate of another key, with a public key object beside the key: %s',
      async (has) => {
        const token = hsm.makeToken('hsm');
        token.addKey(leaf.key, { label: 'leaf', id: '01' });
        if (has) token.addPublicKey(leaf.key, { label: 'leaf', id: '01' });
        const privateKey = privateKeyAt('pkcs11:token=hsm;object=leaf?pin-value=1234');
        const withFile = (issued: Issued): Pkcs11IdentitySource => ({
          certificate: { option: '--certificate', certificates: [parsed(issued)] },
          privateKey,
        });
        expect((await use(withFile(leaf))).isVerified).toBe(true);
        expect((await rejectionOf(open(withFile(other)))).code).toBe('KEY_MISMATCH');
      },
    );

    test.each([
      ['EC', () => leaf, () => other],
      ['RSA', () => rsa, () => leaf],
    ])('of several %s keys the one that signs for the certificate', async (_, mine, theirs) => {
      const token = hsm.makeToken('hsm');
      token.addKey(theirs().key, { label: 'a', id: '01' });
      token.addKey(mine().key, { label: 'b', id: '02' });
      const identity = await use({
        certificate: { option: '--certificate', certificates: [parsed(mine())] },
        privateKey: privateKeyAt('pkcs11:token=hsm?pin-value=1234'),
      });
      expect(identity.isVerified).toBe(true);
    });

    test('of several certificates with one CKA_ID the one that belongs to the key', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(other.certificate, { label: 'attestation', id: '01' });
      token.addCertificate(rsa.certificate, { label: 'of another algorithm', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const identity = await use({ certificate: certificateAt('pkcs11:token=hsm;id=%01?pin-value=1234') });
      expect(identity.certificate.der).toEqual(der(leaf));
      expect(identity.isVerified).toBe(true);
    });

    test.each([
      ['EC', () => leaf, () => other],
      ['RSA', () => rsa, () => makeLeaf(made, 'rsa2', root, { keyType: 'rsa:2048' })],
    ])('an %s key and the certificate of another key are no pair', async (_, certificate, key) => {
      const token = hsm.makeToken('hsm');
      token.addKey(key().key, { label: 'one', id: '01' });
      token.addKey(other.key, { label: 'another', id: '01' });
      token.addCertificate(certificate().certificate, { label: 'leaf', id: '01' });
      const error = await rejectionOf(
        open({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') }),
      );
      expect(error.code).toBe('KEY_MISMATCH');
      expect(error.message).toBe('--certificate: the certificate does not belong to the private key on the token');
    });

    test('one certificate and one key are not tested with a signature when they are opened', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const log = join(folder, 'spy.log');
      process.env['PKCS11SPY'] = softHsmModule;
      process.env['PKCS11SPY_OUTPUT'] = log;
      const identity = await open(
        { certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') },
        { module: { option: '--pkcs11-lib', path: spyModule } },
      );
      expect(readFileSync(log, 'utf8')).not.toContain('C_SignInit');
      await identity.signer.sign(Buffer.from('message'));
      await identity.close();
      const calls = readFileSync(log, 'utf8').match(/^\d+: C_\w+/gm) ?? [];
      expect(calls.filter((call) => call.endsWith('C_Sign'))).toHaveLength(1);
      expect(calls.at(-1)).toMatch(/C_Finalize$/);
    });
  });

  describe('several certificates of one key', () => {
    const uri = 'pkcs11:token=hsm;id=%01?pin-value=1234';

    test('are listed by URIs that each name one', async () => {
      const token = hsm.makeToken('hsm');
      const renewed = reissue('renewed', leaf);
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'first', id: '01' });
      token.addCertificate(renewed.certificate, { label: 'second', id: '01' });
      const error = await rejectionOf(open({ certificate: certificateAt(uri) }));
      expect(error.code).toBe('PKCS11_AMBIGUOUS');
      expect(error.message).toBe('--certificate: 2 certificates match, and each has its private key');
      const of = (object: string): string =>
        `write pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=${token.serial};token=hsm;id=%01;object=${object};type=cert`;
      expect([...error.hints].sort()).toEqual(
        [of('first'), of('second'), 'or take the one that expires last with --use-latest-expiring-certificate'].sort(),
      );
      const named = await use({ certificate: certificateAt(`${of('second').slice('write '.length)}?pin-value=1234`) });
      expect(named.certificate.der).toEqual(der(renewed));
    });

    test('of which the one that expires last is taken, if it is valid already', async () => {
      const token = hsm.makeToken('hsm');
      const soon = reissue('soon', leaf, { notAfter: new Date(Date.now() + day) });
      const late = reissue('late', leaf, { notAfter: new Date(Date.now() + 30 * day) });
      const future = reissue('future', leaf, {
        notBefore: new Date(Date.now() + day),
        notAfter: new Date(Date.now() + 60 * day),
      });
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      for (const [index, issued] of [soon, late, future].entries()) {
        token.addCertificate(issued.certificate, { label: `certificate ${index}`, id: '01' });
      }
      const identity = await use({ certificate: certificateAt(uri) }, { useLatestExpiring: true });
      expect(identity.certificate.der).toEqual(der(late));
    });

    test('that are the same, written twice, are one', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'first', id: '01' });
      token.addCertificate(leaf.certificate, { label: 'second', id: '01' });
      expect((await use({ certificate: certificateAt(uri) })).isVerified).toBe(true);
    });
  });

  describe('the chain', () => {
    test('is of certificates that issued the leaf, and of no others that the token holds', async () => {
      const token = hsm.makeToken('hsm');
      const twin = makeCa(folder, 'twin', { subject: intermediate.subject });
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(stranger.certificate, { label: 'stranger', id: '0a' });
      token.addCertificate(twin.certificate, { label: 'same name, other key', id: '0b' });
      token.addCertificate(root.certificate, { label: 'root', id: '0c' });
      token.addCertificate(other.certificate, { label: 'other leaf', id: '0d' });
      token.addCertificate(intermediate.certificate, { label: 'intermediate', id: '0e' });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const identity = await use({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') });
      expect(identity.chain.map((certificate) => certificate.der)).toEqual([der(intermediate)]);
    });

    test('is made although a certificate beside is damaged in its key or its name, and another padded', async () => {
      const token = hsm.makeToken('hsm');
      const damage = (mark: string, value: number): Buffer => {
        const copy = der(stranger);
        copy[copy.indexOf(Buffer.from(mark, 'hex')) + mark.length / 2] = value;
        return copy;
      };
      const subject = parsed(intermediate).subject;
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificateObject({ label: 'key', id: '0a', subject, value: damage('06082a8648ce3d0301070342', 0x0a) });
      token.addCertificateObject({ label: 'name', id: '0b', subject, value: damage('0603550403', 0x1f) });
      token.addCertificateObject({ label: 'point', id: '0c', subject, value: damage('2a8648ce3d030107034200', 0x02) });
      const padded = Buffer.concat([der(intermediate), Buffer.alloc(64)]);
      token.addCertificateObject({ label: 'intermediate', id: '0e', subject, value: padded });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      for (const uri of ['pkcs11:token=hsm;object=leaf?pin-value=1234', 'pkcs11:token=hsm?pin-value=1234']) {
        const identity = await use({ certificate: certificateAt(uri) });
        expect(identity.chain.map((certificate) => certificate.der)).toEqual([der(intermediate)]);
      }
      const person = personWho();
      const listed = await listPkcs11Certificates(certificateAt('pkcs11:token=hsm'), optionsWith(), person);
      expect(listed.map(({ uri }) => uri).filter((uri) => /object=(leaf|intermediate)/.test(uri))).toHaveLength(2);
      expect(person.warnings.sort()).toEqual([
        expect.stringMatching(/object=key;type=cert is damaged: a bit string is malformed/),
        expect.stringMatching(/object=name;type=cert is damaged: it uses a tag of several bytes/),
      ]);
    });

    test('is in order, issuer of the leaf first, and takes what the token lacks from the intermediates', async () => {
      const token = hsm.makeToken('hsm');
      const lower = makeCa(folder, 'lower', { issuer: intermediate });
      const lowest = makeCa(folder, 'lowest', { issuer: lower });
      const deep = makeLeaf(folder, 'deep', lowest);
      token.addKey(deep.key, { label: 'deep', id: '01' });
      token.addCertificate(intermediate.certificate, { label: 'intermediate' });
      token.addCertificate(lowest.certificate, { label: 'lowest' });
      token.addCertificate(deep.certificate, { label: 'deep', id: '01' });
      const identity = await use({
        certificate: certificateAt('pkcs11:token=hsm;object=deep?pin-value=1234'),
        intermediates: [parsed(root), parsed(lower), parsed(intermediate)],
      });
      expect(identity.chain.map((certificate) => certificate.der)).toEqual([
        der(lowest),
        der(lower),
        der(intermediate),
      ]);
    });

    test('of a leaf that Roles Anywhere would refuse is not asked for: the leaf is refused', async () => {
      const token = hsm.makeToken('hsm');
      const expired = reissue('expired', leaf, { notBefore: new Date(0), notAfter: new Date(Date.now() - day) });
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addCertificate(expired.certificate, { label: 'leaf', id: '01' });
      const error = await rejectionOf(
        open({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') }),
      );
      expect(error.code).toBe('CERTIFICATE_EXPIRED');
      expect(error.message).toMatch(/^--certificate: pkcs11:.*;object=leaf;type=cert holds the certificate CN=expired/);
    });
  });

  describe('several tokens', () => {
    /** What is sent to tokens shows in their flags: a wrong PIN leaves a mark. */
    test('with one label get no PIN: the candidates are listed by serial number', async () => {
      const tokens = [hsm.makeToken('hsm'), hsm.makeToken('hsm')];
      for (const token of tokens) {
        token.addKey(leaf.key, { label: 'leaf', id: '01' });
        token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      }
      const error = await rejectionOf(
        open({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=9999') }),
      );
      expect(error.code).toBe('PKCS11_AMBIGUOUS');
      expect(error.message).toBe('--certificate: certificates on 2 tokens match the PKCS#11 URI');
      for (const token of tokens) {
        expect(
          error.hints.filter((hint) => hint.includes(`serial=${token.serial};token=hsm;id=%01;object=leaf`)),
        ).toHaveLength(1);
        expect(token.flags()).not.toContain('count low');
      }
      const [first = ''] = error.hints;
      const named = await use({ certificate: certificateAt(`${first.slice('write '.length)}?pin-value=1234`) });
      expect(named.isVerified).toBe(true);
    });

    test('of which one holds the certificate are told apart by it', async () => {
      const [empty, full] = [hsm.makeToken('hsm'), hsm.makeToken('hsm')];
      full?.addKey(leaf.key, { label: 'leaf', id: '01' });
      full?.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const wrong = await rejectionOf(
        open({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=9999') }),
      );
      expect(wrong.code).toBe('PIN_WRONG');
      expect(empty?.flags()).not.toContain('count low');
      expect(full?.flags()).toContain('count low');
      const identity = await use({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') });
      expect(identity.isVerified).toBe(true);
    });

    test('that match the URI of a key alone', async () => {
      const tokens = [hsm.makeToken('one'), hsm.makeToken('two')];
      const error = await rejectionOf(
        openPkcs11Signer({ privateKey: privateKeyAt('pkcs11:object=leaf?pin-value=9999') }, optionsWith(), personWho()),
      );
      expect(error.code).toBe('PKCS11_AMBIGUOUS');
      expect(error.message).toBe('--private-key: 2 tokens match the PKCS#11 URI');
      expect([...error.hints].sort()).toEqual(
        tokens
          .map(
            ({ serial, label }) =>
              `write pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=${serial};token=${label}`,
          )
          .sort(),
      );
      for (const token of tokens) expect(token.flags()).not.toContain('count low');
    });

    test('certificate on one, key on the other', async () => {
      const [one, two] = [hsm.makeToken('one'), hsm.makeToken('two')];
      one?.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      one?.addCertificate(intermediate.certificate, { label: 'intermediate' });
      two?.addKey(leaf.key, { label: 'leaf', id: '01' });
      const identity = await use({
        certificate: certificateAt('pkcs11:token=one;object=leaf'),
        privateKey: privateKeyAt('pkcs11:token=two;object=leaf?pin-value=1234'),
      });
      expect(identity.isVerified).toBe(true);
      expect(identity.chain).toHaveLength(1);
    });

    test('the PIN in the URI of the one is not sent to the other', async () => {
      const [one, two] = [hsm.makeToken('one'), hsm.makeToken('two')];
      one?.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      two?.addKey(leaf.key, { label: 'leaf', id: '01' });
      const source = {
        certificate: certificateAt('pkcs11:token=one;object=leaf?pin-value=9999'),
        privateKey: privateKeyAt('pkcs11:token=two;object=leaf'),
      };
      expect((await rejectionOf(open(source))).code).toBe('PIN_MISSING');
      expect(two?.flags()).not.toContain('count low');
    });

    test('a certificate that the one does not show is not looked for on the other', async () => {
      const [one, two] = [hsm.makeToken('one'), hsm.makeToken('two')];
      two?.addKey(leaf.key, { label: 'leaf', id: '01' });
      two?.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const source = {
        certificate: certificateAt('pkcs11:token=one;object=leaf'),
        privateKey: privateKeyAt('pkcs11:token=two;object=leaf?pin-value=1234'),
      };
      const error = await rejectionOf(open(source));
      expect(error.code).toBe('PKCS11_NOT_FOUND');
      expect(error.message).toBe(
        `--certificate: token "one" (serial ${one?.serial}) shows no certificate that matches the PKCS#11 URI`,
      );
    });
  });

  describe('nothing found', () => {
    test('no such token: those that are there are listed', async () => {
      const token = hsm.makeToken('hsm');
      const error = await rejectionOf(open({ certificate: certificateAt('pkcs11:token=hms;object=leaf') }));
      expect(error.code).toBe('PKCS11_NO_TOKEN');
      expect(error.message).toBe('--certificate: no token matches the PKCS#11 URI');
      expect(error.hints).toEqual([
        `there is pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=${token.serial};token=hsm`,
      ]);
    });

    test.each([
      'library-version=9.9',
      'library-manufacturer=Acme',
      'library-description=Acme',
      'slot-description=Acme',
      'slot-manufacturer=Acme',
      'slot-id=77',
      'model=Acme',
      'manufacturer=Acme',
      'serial=77',
    ])('%s matches no token', async (attribute) => {
      hsm.makeToken('hsm');
      const error = await rejectionOf(open({ certificate: certificateAt(`pkcs11:token=hsm;${attribute}`) }));
      expect(error.code).toBe('PKCS11_NO_TOKEN');
    });

    test('no token at all; an uninitialised one does not count', async () => {
      const error = await rejectionOf(open({ certificate: certificateAt('pkcs11:') }));
      expect(error.code).toBe('PKCS11_NO_TOKEN');
      expect(error.message).toBe(`--certificate: the PKCS#11 module ${softHsmModule} finds no token`);
    });

    test('no such certificate: those that are there are listed', async () => {
      const token = hsm.makeToken('hsm');
      token.addCertificate(other.certificate, { label: 'other', id: '02' });
      const error = await rejectionOf(
        open({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') }),
      );
      expect(error.code).toBe('PKCS11_NOT_FOUND');
      expect(error.message).toMatch(
        /^--certificate: no certificate on token "hsm" \(serial \w+\) matches the PKCS#11 URI$/,
      );
      expect(error.hints[0]).toContain(';id=%02;object=other;type=cert');
    });

    test('no such key: those that are there are listed', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(other.key, { label: 'other', id: '02' });
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      const error = await rejectionOf(
        open({ certificate: certificateAt('pkcs11:token=hsm;object=leaf?pin-value=1234') }),
      );
      expect(error.code).toBe('PKCS11_NOT_FOUND');
      expect(error.message).toMatch(
        /^--certificate: no private key on token "hsm" \(serial \w+\) matches the PKCS#11 URI$/,
      );
      expect(error.hints[0]).toContain(';id=%02;object=other;type=private');
    });

    test('several keys for a key alone: each by its URI', async () => {
      const token = hsm.makeToken('hsm');
      token.addKey(leaf.key, { label: 'leaf', id: '01' });
      token.addKey(other.key, { label: 'other', id: '02' });
      const error = await rejectionOf(
        openPkcs11Signer({ privateKey: privateKeyAt('pkcs11:token=hsm?pin-value=1234') }, optionsWith(), personWho()),
      );
      expect(error.code).toBe('PKCS11_AMBIGUOUS');
      expect(error.message).toBe('--private-key: 2 private keys match the PKCS#11 URI');
      expect(error.hints).toHaveLength(2);
    });

    test.each(['public', 'secret-key', 'data'])('type=%s is no key to sign with', async (type) => {
      const error = await rejectionOf(open({ certificate: certificateAt(`pkcs11:token=hsm;type=${type}`) }));
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).toContain(`type=${type}, which is no key to sign with`);
    });
  });

  describe('the list of certificates', () => {
    test('is of all tokens that match, without a PIN, each with a URI that finds it', async () => {
      const [one, two] = [hsm.makeToken('one'), hsm.makeToken('two')];
      one?.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      one?.addCertificate(intermediate.certificate, { label: 'intermediate' });
      two?.addCertificate(other.certificate, { label: 'other', id: '02' });
      const person = personWho();
      const list = await listPkcs11Certificates(certificateAt('pkcs11:'), optionsWith(), person);
      expect(person.questions).toEqual([]);
      expect(list.map(({ certificate }) => Buffer.from(certificate.der).toString('hex')).sort()).toEqual(
        [leaf, intermediate, other].map((issued) => der(issued).toString('hex')).sort(),
      );
      for (const { certificate, uri } of list) {
        const again = await listPkcs11Certificates(certificateAt(uri), optionsWith(), person);
        expect(again.map((found) => [found.uri, found.certificate.der])).toEqual([[uri, certificate.der]]);
      }
    });

    test('has the URIs that p11tool shows', needs('p11tool'), async () => {
      const token = hsm.makeToken('my token');
      token.addCertificate(leaf.certificate, { label: 'leaf (1/2)', id: '01ff' });
      token.addCertificate(other.certificate, { id: '02' });
      token.addCertificate(intermediate.certificate, { label: 'intermediate' });
      const args = ['--provider', softHsmModule, '--list-all-certs', '--only-urls', 'pkcs11:token=my%20token'];
      const shown =
        execFileSync('p11tool', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).match(
          /^pkcs11:.*$/gm,
        ) ?? [];
      const list = await listPkcs11Certificates(certificateAt('pkcs11:token=my%20token'), optionsWith(), personWho());
      expect(shown).toHaveLength(3);
      expect(list.map(({ uri }) => parsePkcs11Uri(uri, 'ours')).sort(byId)).toEqual(
        shown.map((uri) => parsePkcs11Uri(uri, 'theirs')).sort(byId),
      );
    });

    test('is narrowed by the URI', async () => {
      const token = hsm.makeToken('hsm');
      token.addCertificate(leaf.certificate, { label: 'leaf', id: '01' });
      token.addCertificate(other.certificate, { label: 'other', id: '02' });
      const list = await listPkcs11Certificates(certificateAt('pkcs11:object=other'), optionsWith(), personWho());
      expect(list.map(({ uri }) => uri)).toEqual([
        `pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=${token.serial};token=hsm;id=%02;object=other;type=cert`,
      ]);
    });

    test('is empty where nothing matches, and uses a PIN only where one was given', async () => {
      const token = hsm.makeToken('hsm');
      addHiddenCertificate(token, leaf, 'leaf', '01');
      const person = personWho('1234');
      expect(await listPkcs11Certificates(certificateAt('pkcs11:token=hsm'), optionsWith(), person)).toEqual([]);
      expect(person.questions).toEqual([]);
      const list = await listPkcs11Certificates(
        certificateAt('pkcs11:token=hsm?pin-value=1234'),
        optionsWith(),
        person,
      );
      expect(list).toHaveLength(1);
    });

    test('leaves out what is no certificate, and says so', async () => {
      const token = hsm.makeToken('hsm');
      const { subject } = parsed(leaf);
      token.addCertificateObject({ label: 'damaged', subject, value: der(leaf).subarray(0, 200) });
      const person = personWho();
      expect(await listPkcs11Certificates(certificateAt('pkcs11:token=hsm'), optionsWith(), person)).toEqual([]);
      expect(person.warnings).toEqual([expect.stringMatching(/;object=damaged;type=cert is damaged: /)]);
    });
  });
});
