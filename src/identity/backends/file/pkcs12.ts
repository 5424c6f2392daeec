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
import { parseX509 } from '../../x509/parse-certificate.ts';
import { berToDer } from './ber.ts';
import { type FileContents, namingCertificate, setAside } from './file-contents.ts';
import { decryptPrivateKeyInfo } from './encrypted-key.ts';
import type { Wanted } from './explain-file.ts';
import type { PrivateKey } from '../../private-key.ts';
import { checkCost, decryptPbe, type PbePassword } from './pbe.ts';
import { bmpString } from './pkcs12-kdf.ts';
import { isMacRight, type Pkcs12Mac, readPkcs12Mac } from './pkcs12-mac.ts';
import { openPlain } from './plain-key.ts';
import { isWrongPassword, type Lock, unlock, wrongPassword } from './unlock.ts';

const noPassword = Buffer.alloc(0);

/**
 * Opens a PKCS#12 file (RFC 7292) that is there for its certificate or for its private key: without a password first
 * when none is given, as many are made, then with the one that `lock` has. For its certificate it need not have a key
 * that opens.
 *
 * @throws Problem PASSWORD_WRONG, PASSWORD_MISSING, KEY_UNSUPPORTED, or without a code for a damaged file or one that
 * does not hold what is wanted
 */
export async function readPkcs12(wanted: Wanted, bytes: Buffer, lock: Lock): Promise<FileContents> {
  const contents = await openFile(wanted, readFile(bytes), lock);
  const { certificates, keys, damaged, keyProblem } = contents;
  if ((wanted === 'private key' ? keys : certificates).length > 0) return contents;
  const problem = wanted === 'private key' ? keyProblem : damaged[0]?.problem;
  throw problem ?? new Problem(`is a PKCS#12 file without a ${wanted}`);
}

async function openFile(wanted: Wanted, file: Pkcs12File, lock: Lock): Promise<FileContents> {
  const open = (password: Buffer): Promise<FileContents> => openWithAnyForm(wanted, file, password);
  if (lock.password === undefined) {
    try {
      return await open(noPassword);
    } catch (error) {
      if (!isWrongPassword(error)) throw error;
    }
  }
  return unlock(lock, open);
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
async function openWithAnyForm(wanted: Wanted, file: Pkcs12File, utf8: Buffer): Promise<FileContents> {
  const bmp = bmpString(utf8);
  try {
    return await open(wanted, file, { utf8, bmp });
  } catch (error) {
    if (utf8.length > 0 || !isWrongPassword(error)) throw error;
    return await open(wanted, file, { utf8, bmp: noPassword });
  } finally {
    bmp.fill(0);
  }
}

async function open(wanted: Wanted, file: Pkcs12File, password: PbePassword): Promise<FileContents> {
  const { authenticatedSafe, mac } = file;
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
    const { keys, keyProblem } = await openKeys(bags, password);
    const isPasswordProven = mac !== undefined || contents.some(({ type }) => type === contentTypes.encryptedData);
    const isUnproven = !isPasswordProven && isWrongPassword(keyProblem);
    if (isUnproven && wanted === 'private key') throw wrongPassword();
    const certificateBags = bags.filter(({ type }) => type === bagTypes.certificate);
    const found = setAside(keys.length > 0 ? certificateBags : leafFirst(certificateBags), certificatesOf);
    return { ...found, keys, keyProblem: isUnproven ? undefined : keyProblem };
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
  /** What follows: the attributes of a SafeBag. */
  readonly rest: readonly Element[];
}

/** ContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, content [0] EXPLICIT ANY }, and so begin bags. */
function contentInfoOf(element: Element | undefined): Content {
  const [type, content, ...rest] = sequenceOf(element);
  return { type: objectIdentifierOf(type), value: onlyElement(expectTag(content, constructed(0)).contents), rest };
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

/** Each is tried with each certificate. */
const maxKeys = 100;

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
    return type === x509Certificate ? [parseX509(Buffer.from(octetStringOf(value)))] : [];
  });
}

/** The attribute localKeyId, which the certificate of a private key has (RFC 2985, section 5.5.2), before the others. */
const localKeyId = Buffer.from('06092a864886f70d010915', 'hex');

function leafFirst(bags: readonly Content[]): readonly Content[] {
  const isOfKey = ({ rest }: Content): boolean => rest.some(({ encoded }) => Buffer.from(encoded).includes(localKeyId));
  return [...bags.filter(isOfKey), ...bags.filter((bag) => !isOfKey(bag))];
}

/** Keys that do not open or are of types that cannot be used matter only where there is no other. */
async function openKeys(
  bags: readonly Content[],
  password: PbePassword,
): Promise<Pick<FileContents, 'keys' | 'keyProblem'>> {
  const own = bags.filter(({ type }) => type === bagTypes.key || type === bagTypes.shroudedKey);
  if (own.length > maxKeys) throw new Problem(`holds ${own.length} private keys, more than ${maxKeys}`);
  checkCost(own.filter(({ type }) => type === bagTypes.shroudedKey).flatMap(decryptableBy));
  const keys: PrivateKey[] = [];
  const problems: Problem[] = [];
  for (const bag of own) {
    try {
      keys.push(await openPlain(await plainKeyOf(bag, password)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problems.push(isWrongPassword(error) ? otherPassword() : error);
    }
  }
  return { keys, keyProblem: keys.length > 0 ? undefined : problems[0] };
}

/** How a key is encrypted; nothing where that cannot be done, which is told where the key is opened. */
function decryptableBy({ value }: Content): readonly Element[] {
  try {
    const [algorithm] = sequenceOf(value);
    checkCost([algorithm]);
    return algorithm === undefined ? [] : [algorithm];
  } catch (error) {
    if (error instanceof Problem) return [];
    throw error;
  }
}

/** A copy, which `openPlain` wipes. */
async function plainKeyOf({ type, value }: Content, password: PbePassword): Promise<Buffer> {
  return type === bagTypes.key ? Buffer.from(value.encoded) : decryptPrivateKeyInfo(value.encoded, password);
}

function otherPassword(): Problem {
  return new Problem('holds a private key that is encrypted with another password than the file', 'PASSWORD_WRONG', {
    hints: [
      'give both the same one: keytool -importkeystore -srckeystore FILE -destkeystore NEW -deststoretype PKCS12',
    ],
  });
}

function notByPassword(): Problem {
  return new Problem('is a PKCS#12 file that is protected by a public key instead of a password', 'KEY_UNSUPPORTED');
}
