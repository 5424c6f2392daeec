import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import {
  constructed,
  type Element,
  elementsOf,
  expectTag,
  objectIdentifierOf,
  octetStringOf,
  onlyElement,
  primitive,
  sequenceOf,
} from '../../x509/der.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import { berToDer } from './ber.ts';
import { type CertificateContents, namingCertificate, setAside } from './damaged-certificates.ts';
import { decryptPrivateKeyInfo } from './decrypt-pkcs8.ts';
import type { PrivateKey } from '../../private-key.ts';
import { checkCost, decryptPbe, type PbePassword } from './pbe.ts';
import { bmpString } from './pkcs12-kdf.ts';
import { isMacRight, type Pkcs12Mac, readPkcs12Mac } from './pkcs12-mac.ts';
import { openPlain } from './unusual-key.ts';
import { isGiven, isWrongPassword, type Lock, unlock, wrongPassword } from './unlock.ts';

/** What a PKCS#12 file holds, in its order. */
export interface Pkcs12Contents extends CertificateContents {
  readonly keys: readonly PrivateKey[];
}

const noPassword = Buffer.alloc(0);

/**
 * The same of a file that is there for its certificate or for its private key.
 *
 * @throws Problem as `readPkcs12`, and where it holds none
 */
export async function readPkcs12With(
  wanted: 'certificate' | 'private key',
  bytes: Buffer,
  lock: Lock,
): Promise<Pkcs12Contents> {
  const contents = await readPkcs12(bytes, lock);
  const { certificates, keys, damaged } = contents;
  const isForKey = wanted === 'private key';
  if ((isForKey ? keys : certificates).length > 0) return contents;
  const [first] = isForKey ? [] : damaged;
  throw first?.problem ?? new Problem(`is a PKCS#12 file without a ${wanted}`);
}

/**
 * Opens a PKCS#12 file (RFC 7292): without a password first when none is given, as many are made, then with the one
 * that `lock` has.
 *
 * @throws Problem PASSWORD_WRONG, PASSWORD_MISSING, KEY_UNSUPPORTED, or without a code for a damaged file
 */
async function readPkcs12(bytes: Buffer, lock: Lock): Promise<Pkcs12Contents> {
  const file = readFile(bytes);
  if (!isGiven(lock.password)) {
    try {
      return await openWithAnyForm(file, noPassword);
    } catch (error) {
      if (!isWrongPassword(error)) throw error;
    }
  }
  return unlock(lock, (password) => openWithAnyForm(file, password));
}

interface Pkcs12File {
  /** DER of the AuthenticatedSafe, which the MAC is made over as it stands in the file. */
  readonly authenticatedSafe: Uint8Array;
  readonly mac: Pkcs12Mac | undefined;
}

/** PFX ::= SEQUENCE { version INTEGER, authSafe ContentInfo, macData MacData OPTIONAL } (RFC 7292, section 4) */
function readFile(bytes: Buffer): Pkcs12File {
  const [, authSafe, macData] = sequenceOf(onlyElement(berToDer(bytes)));
  const content = contentInfoOf(authSafe);
  if (content.type !== contentTypes.data) throw notByPassword();
  return {
    authenticatedSafe: octetStringOf(content.value),
    mac: macData === undefined ? undefined : readPkcs12Mac(macData),
  };
}

/** No password is, for the key derivation of PKCS#12, either an empty string with its zero or nothing at all. */
async function openWithAnyForm(file: Pkcs12File, utf8: Buffer): Promise<Pkcs12Contents> {
  const bmp = bmpString(utf8);
  try {
    return await open(file, { utf8, bmp });
  } catch (error) {
    if (utf8.length > 0 || !isWrongPassword(error)) throw error;
    return await open(file, { utf8, bmp: noPassword });
  } finally {
    bmp.fill(0);
  }
}

async function open({ authenticatedSafe, mac }: Pkcs12File, password: PbePassword): Promise<Pkcs12Contents> {
  const contents = sequenceOf(onlyElement(berToDer(authenticatedSafe))).map(contentInfoOf);
  checkCost(
    contents
      .filter(({ type }) => type === contentTypes.encryptedData)
      .map(({ value }) => encryptedPart(value).algorithm),
  );
  if (mac !== undefined && !(await isMacRight(mac, authenticatedSafe, password))) throw wrongPassword();
  const safes: Buffer[] = [];
  try {
    for (const content of contents) safes.push(await openContent(content, password));
    const bags = safes.flatMap((safe) => bagsOf(safe, 0));
    const certificateBags = bags.filter(({ type }) => type === bagTypes.certificate);
    const found = setAside(certificateBags, certificatesOf);
    return { ...found, keys: await openKeys(bags, password) };
  } finally {
    for (const safe of safes) safe.fill(0);
  }
}

const contentTypes = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
} as const;

interface Content {
  readonly type: string;
  readonly value: Element;
}

/** ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY } */
function contentInfoOf(element: Element | undefined): Content {
  const [type, content] = sequenceOf(element);
  return { type: objectIdentifierOf(type), value: onlyElement(expectTag(content, constructed(0)).contents) };
}

/** EncryptedData ::= SEQUENCE { version, SEQUENCE { contentType, algorithm, encryptedContent [0] IMPLICIT OCTET STRING } } */
function encryptedPart(value: Element): { readonly algorithm: Element | undefined; readonly data: Uint8Array } {
  const [, algorithm, content] = sequenceOf(sequenceOf(value)[1]);
  if (content?.tag === primitive(0)) return { algorithm, data: content.contents };
  // BER in several pieces.
  return { algorithm, data: Buffer.concat(elementsOf(expectTag(content, constructed(0)).contents).map(octetStringOf)) };
}

/** The DER of a SafeContents. */
async function openContent({ type, value }: Content, password: PbePassword): Promise<Buffer> {
  if (type === contentTypes.data) return berToDer(octetStringOf(value));
  if (type !== contentTypes.encryptedData) throw notByPassword();
  const { algorithm, data } = encryptedPart(value);
  const plain = await decryptPbe(algorithm, data, password);
  try {
    return berToDer(plain);
  } catch (error) {
    // Without a MAC only this tells a wrong password from the right one.
    throw wrongPassword(error);
  }
}

const bagTypes = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  safeContents: '1.2.840.113549.1.12.10.1.6',
} as const;

const x509Certificate = '1.2.840.113549.1.9.22.1';

const maxNesting = 8;

/** SafeContents ::= SEQUENCE OF SafeBag; SafeBag ::= SEQUENCE { bagId, bagValue [0] EXPLICIT ANY, … } */
function bagsOf(safeContents: Uint8Array, depth: number): readonly Content[] {
  if (depth > maxNesting) throw new Problem('is damaged: it nests too deeply');
  return sequenceOf(onlyElement(safeContents))
    .map(contentInfoOf)
    .flatMap((bag) => (bag.type === bagTypes.safeContents ? bagsOf(bag.value.encoded, depth + 1) : [bag]));
}

/**
 * CertBag ::= SEQUENCE { certId OBJECT IDENTIFIER, certValue [0] EXPLICIT OCTET STRING }; copied, as safes are wiped.
 * What is no X.509, as an SDSI certificate, is left alone.
 */
function certificatesOf(bag: Content, index: number): readonly Certificate[] {
  return namingCertificate(`as number ${index + 1}`, () => {
    const { type, value } = contentInfoOf(bag.value);
    return type === x509Certificate ? [parseCertificate(Buffer.from(octetStringOf(value)))] : [];
  });
}

/** Keys of types that cannot be used matter only where there is no other. */
async function openKeys(bags: readonly Content[], password: PbePassword): Promise<readonly PrivateKey[]> {
  const shrouded = bags.filter(({ type }) => type === bagTypes.shroudedKey);
  checkCost(shrouded.map(({ value }) => sequenceOf(value)[0]));
  const keys: PrivateKey[] = [];
  const problems: unknown[] = [];
  for (const { type, value } of bags) {
    if (type !== bagTypes.key && type !== bagTypes.shroudedKey) continue;
    const plain =
      type === bagTypes.key ? Buffer.from(value.encoded) : await decryptPrivateKeyInfo(value.encoded, password);
    try {
      keys.push(await openPlain(plain));
    } catch (error) {
      problems.push(error);
    }
  }
  if (keys.length === 0 && problems.length > 0) throw problems[0];
  return keys;
}

function notByPassword(): Problem {
  return new Problem('is a PKCS#12 file that is protected by a public key instead of a password', 'KEY_UNSUPPORTED');
}
