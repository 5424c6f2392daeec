import { uncompressedPoint } from '../../../runtime/node/crypto.ts';
import { formatPkcs11Uri, type Pkcs11Uri } from '../../pkcs11-uri.ts';
import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { maxChainLength } from '../../x509/chain.ts';
import { encodeUnsigned, encodeElement } from '../../x509/der-writer.ts';
import {
  equalBytes,
  paddedElement,
  objectIdentifierOf,
  octetStringOf,
  onlyElement,
  tags,
  toHex,
} from '../../x509/der.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import {
  attributes,
  type CryptokiObject,
  type CryptokiSession,
  keyType,
  objectClass,
  readUnsigned,
  type Template,
} from './cryptoki.ts';
import type { FoundToken } from './find-token.ts';

/** A certificate on a token. */
export interface TokenCertificate {
  readonly certificate: Certificate;
  readonly token: FoundToken;
  /** CKA_ID; empty where there is none. */
  readonly id: Uint8Array;
  /** CKA_LABEL; empty where there is none. */
  readonly label: string;
  /** Token and object attributes: matches this certificate, and those with the same CKA_ID and label. */
  readonly uri: Pkcs11Uri;
}

/** What a URI or another object says about the object that is looked for. */
export type ObjectFilter = Omit<Template, 'class'>;

/** Reads the certificates of a token; `warn` is told of those that cannot be read. */
export interface CertificateReader {
  readonly session: CryptokiSession;
  readonly token: FoundToken;
  readonly warn: (message: string) => void;
}

/** The object attributes of a URI. */
export function filterOf({ id, object }: Pkcs11Uri): ObjectFilter {
  return { ...(id === undefined ? {} : { id }), ...(object === undefined ? {} : { label: object }) };
}

/** The X.509 certificates that match; what claims to be one and cannot be read is left out. */
export async function findCertificates(
  reader: CertificateReader,
  filter: ObjectFilter,
): Promise<readonly TokenCertificate[]> {
  const found: TokenCertificate[] = [];
  for (const object of await reader.session.find({ class: objectClass.certificate, ...filter })) {
    found.push(...(await readCertificate(reader, object)));
  }
  return found;
}

/**
 * Certificates of the leaf's token that may be its issuers, or issuers of those, by their CKA_SUBJECT. Whether they are
 * is for the signatures to tell.
 */
export async function findPossibleIssuers(
  reader: CertificateReader,
  leaf: Certificate,
): Promise<readonly Certificate[]> {
  const found: Certificate[] = [];
  const names = [leaf.issuer];
  // One step more than a chain is long: the self-signed root, which is left out later.
  for (let next = 0; next < names.length && next <= maxChainLength; next += 1) {
    for (const { certificate } of await findCertificates(reader, { subject: names[next] ?? leaf.issuer })) {
      found.push(certificate);
      if (!names.some((name) => equalBytes(name, certificate.issuer))) names.push(certificate.issuer);
    }
  }
  return found;
}

async function readCertificate(
  { token, warn }: CertificateReader,
  object: CryptokiObject,
): Promise<readonly TokenCertificate[]> {
  if ((await isForeign(object)) || (await isTransient(object))) return [];
  const id = (await object.read(attributes.id)) ?? new Uint8Array();
  const label = Buffer.from((await object.read(attributes.label)) ?? []).toString('utf8');
  const uri: Pkcs11Uri = {
    ...token.uri,
    ...(id.length === 0 ? {} : { id }),
    ...(label === '' ? {} : { object: label }),
    type: 'cert',
  };
  try {
    // Some tokens give the whole of the memory that it may fill.
    const { encoded } = paddedElement((await object.read(attributes.value)) ?? new Uint8Array());
    const certificate = parseX509(encoded);
    return [{ certificate, token, id, label, uri }];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    warn(`${formatPkcs11Uri(uri)} ${error.message}`);
    return [];
  }
}

/**
 * CKA_TOKEN is false of what the token does not store. Yubico's module makes up an attestation certificate beside each
 * one, with the same CKA_ID and the same public key.
 */
async function isTransient(object: CryptokiObject): Promise<boolean> {
  return (await object.read(attributes.token))?.every((octet) => octet === 0) ?? false;
}

/** CKC_X_509 is 0; attribute certificates and WTLS are the others. */
async function isForeign(object: CryptokiObject): Promise<boolean> {
  return (await object.read(attributes.certificateType))?.some((octet) => octet !== 0) ?? false;
}

/** A private key on a token that can sign for Roles Anywhere. */
export interface TokenKey {
  readonly object: CryptokiObject;
  readonly algorithm: 'RSA' | 'ECDSA';
  /** Bytes of the order of an EC key's curve; 0 for RSA. */
  readonly orderBytes: number;
  /** CKA_ID; empty where there is none. */
  readonly id: Uint8Array;
  /** CKA_LABEL; empty where there is none. */
  readonly label: string;
  /** DER INTEGER of an RSA key that tells it. */
  readonly modulus: Uint8Array | undefined;
  /** DER SubjectPublicKeyInfo, where the private key object itself tells it. */
  readonly publicKeyInfo: Uint8Array | undefined;
  /** Whether the token wants a PIN for every signature (CKA_ALWAYS_AUTHENTICATE). */
  readonly alwaysAuthenticate: boolean;
  readonly uri: Pkcs11Uri;
}

/** Keys that match, and why others that match cannot be used. */
export interface FoundKeys {
  readonly keys: readonly TokenKey[];
  /** `EC secp256k1 keys are not supported`; one for each such key. */
  readonly unusable: readonly string[];
}

/** The session must be logged in: private keys do not show otherwise. */
export async function findKeys(session: CryptokiSession, token: FoundToken, filter: ObjectFilter): Promise<FoundKeys> {
  const found: (TokenKey | string)[] = [];
  for (const object of await session.find({ class: objectClass.privateKey, ...filter })) {
    found.push(await readKey(object, token));
  }
  return {
    keys: found.filter((key) => typeof key !== 'string'),
    unusable: found.filter((key) => typeof key === 'string'),
  };
}

/** The public half of a key out of the public key object beside it, which has the same CKA_ID. */
export async function findPublicKeyInfo(
  session: CryptokiSession,
  { id, algorithm }: TokenKey,
): Promise<Uint8Array | undefined> {
  if (id.length === 0) return undefined;
  for (const object of await session.find({ class: objectClass.publicKey, id })) {
    const kind = await readKind(object);
    if (typeof kind !== 'string' && kind.algorithm === algorithm && kind.publicKeyInfo !== undefined) {
      return kind.publicKeyInfo;
    }
  }
  return undefined;
}

async function readKey(object: CryptokiObject, token: FoundToken): Promise<TokenKey | string> {
  const kind = await readKind(object);
  if (typeof kind === 'string') return kind;
  // Absent means that nobody forbade it.
  if (isFalse(await object.read(attributes.sign))) return 'its CKA_SIGN is false: it was not made for signatures';
  const id = (await object.read(attributes.id)) ?? new Uint8Array();
  const label = Buffer.from((await object.read(attributes.label)) ?? []).toString('utf8');
  return {
    ...kind,
    object,
    id,
    label,
    alwaysAuthenticate: isTrue(await object.read(attributes.alwaysAuthenticate)),
    uri: {
      ...token.uri,
      ...(id.length === 0 ? {} : { id }),
      ...(label === '' ? {} : { object: label }),
      type: 'private',
    },
  };
}

type KeyKind = Pick<TokenKey, 'algorithm' | 'orderBytes' | 'modulus' | 'publicKeyInfo'>;

async function readKind(object: CryptokiObject): Promise<KeyKind | string> {
  const type = await keyTypeOf(object);
  if (type === undefined) return 'the token does not tell its CKA_KEY_TYPE';
  if (type === keyType.rsa) return rsaKind(object);
  return type === keyType.ec ? ecKind(object) : `keys of type 0x${type.toString(16)} are not supported`;
}

/** Modules that do not tell the type of a key show by its parts what it is. */
async function keyTypeOf(object: CryptokiObject): Promise<number | undefined> {
  const type = await object.read(attributes.keyType);
  if (type !== undefined && type.length > 0) return Number(readUnsigned(type));
  if ((await object.read(attributes.ecParams)) !== undefined) return keyType.ec;
  return (await object.read(attributes.modulus)) === undefined ? undefined : keyType.rsa;
}

/** Most tokens show the public half of an RSA key on the private key object (PKCS#11 v2.40, section 2.1.3). */
async function rsaKind(object: CryptokiObject): Promise<KeyKind> {
  const modulus = await readUnsignedInteger(object, attributes.modulus);
  const exponent = await readUnsignedInteger(object, attributes.publicExponent);
  const publicKeyInfo = modulus && exponent && rsaPublicKeyInfo(modulus, exponent);
  return { algorithm: 'RSA', orderBytes: 0, modulus, publicKeyInfo };
}

/** Few tokens show the point on the private key object. */
async function ecKind(object: CryptokiObject): Promise<KeyKind | string> {
  const parameters = (await object.read(attributes.ecParams)) ?? new Uint8Array();
  const orderBytes = curveOf(parameters)?.orderBytes;
  if (orderBytes === undefined) return `EC keys on ${describeCurve(parameters)} are not supported`;
  const point = await object.read(attributes.ecPoint);
  const publicKeyInfo = point && ecPublicKeyInfo(point, parameters);
  return { algorithm: 'ECDSA', orderBytes, modulus: undefined, publicKeyInfo };
}

/** A big integer (PKCS#11 v2.40, section 3.4) as DER; undefined where the object does not tell it. */
async function readUnsignedInteger(object: CryptokiObject, attribute: number): Promise<Uint8Array | undefined> {
  const bytes = await object.read(attribute);
  return bytes === undefined || bytes.length === 0 ? undefined : encodeUnsigned(bytes);
}

function isTrue(value: Uint8Array | undefined): boolean {
  return value?.some((octet) => octet !== 0) ?? false;
}

function isFalse(value: Uint8Array | undefined): boolean {
  return value !== undefined && value.length > 0 && !isTrue(value);
}

/** A curve that Roles Anywhere knows. */
interface Curve {
  /** As node:crypto has it. */
  readonly name: string;
  /** Bytes of the order, and of a coordinate. */
  readonly orderBytes: number;
}

/** CKA_EC_PARAMS, DER of an object identifier -> the curve. */
const curves: Readonly<Record<string, Curve>> = {
  '06082a8648ce3d030107': { name: 'prime256v1', orderBytes: 32 },
  '06052b81040022': { name: 'secp384r1', orderBytes: 48 },
  '06052b81040023': { name: 'secp521r1', orderBytes: 66 },
};

/** @param parameters CKA_EC_PARAMS */
function curveOf(parameters: Uint8Array): Curve | undefined {
  return curves[toHex(parameters)];
}

/** `curve 1.3.132.0.10`, for messages. */
function describeCurve(parameters: Uint8Array): string {
  try {
    return `curve ${objectIdentifierOf(onlyElement(parameters))}`;
  } catch {
    return 'a curve without a name';
  }
}

const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex');
const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');

/** DER SubjectPublicKeyInfo out of two DER INTEGERs. */
function rsaPublicKeyInfo(modulus: Uint8Array, publicExponent: Uint8Array): Uint8Array {
  return publicKeyInfoOf(rsaEncryption, encodeElement(tags.sequence, modulus, publicExponent));
}

/**
 * DER SubjectPublicKeyInfo out of CKA_EC_POINT; undefined for what is no point of the curve. A test signature then tells
 * the same.
 */
export function ecPublicKeyInfo(value: Uint8Array, parameters: Uint8Array): Uint8Array | undefined {
  const curve = curveOf(parameters);
  const point = curve && pointOf(value, curve);
  return point && publicKeyInfoOf(encodeElement(tags.sequence, ecPublicKey, parameters), point);
}

function publicKeyInfoOf(algorithm: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return encodeElement(tags.sequence, algorithm, encodeElement(tags.bitString, Buffer.alloc(1), publicKey));
}

/**
 * The point `04 ‖ X ‖ Y`. CKA_EC_POINT is a DER OCTET STRING around it (PKCS#11 v2.40 mechanisms, section 2.3.3); modules
 * also give the point as it is, and X ‖ Y alone. Its length tells these apart, and not its first byte: 04 begins a point and
 * an OCTET STRING alike.
 */
function pointOf(value: Uint8Array, curve: Curve): Uint8Array | undefined {
  return onCurve(value, curve) ?? onCurve(octetsIn(value), curve);
}

function octetsIn(value: Uint8Array): Uint8Array {
  try {
    return octetStringOf(onlyElement(value));
  } catch {
    return new Uint8Array();
  }
}

function onCurve(bytes: Uint8Array, { name, orderBytes }: Curve): Uint8Array | undefined {
  const point = bytes.length === 2 * orderBytes ? Buffer.concat([Uint8Array.of(0x04), bytes]) : bytes;
  const isPoint = point.length === 1 + 2 * orderBytes || point.length === 1 + orderBytes;
  return isPoint ? uncompressedPoint(point, name) : undefined;
}
