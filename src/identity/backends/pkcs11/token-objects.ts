import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { maxChainLength } from '../../x509/chain.ts';
import { encodeElement } from '../../x509/der-writer.ts';
import { equalBytes, objectIdentifierOf, octetStringOf, onlyElement, tags, toHex } from '../../x509/der.ts';
import { encodeUnsigned } from '../../x509/ecdsa-signature.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
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
import { formatPkcs11Uri, type Pkcs11Uri } from './pkcs11-uri.ts';

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
export function findCertificates(reader: CertificateReader, filter: ObjectFilter): readonly TokenCertificate[] {
  return reader.session
    .find({ class: objectClass.certificate, ...filter })
    .flatMap((object) => readCertificate(reader, object));
}

/**
 * Certificates of the leaf's token that may be its issuers, or issuers of those, by their CKA_SUBJECT. Whether they are
 * is for the signatures to tell.
 */
export function findPossibleIssuers(reader: CertificateReader, leaf: Certificate): readonly Certificate[] {
  const found: Certificate[] = [];
  const names = [leaf.issuer];
  // One step more than a chain is long: the self-signed root, which is left out later.
  for (let next = 0; next < names.length && next <= maxChainLength; next += 1) {
    for (const { certificate } of findCertificates(reader, { subject: names[next] ?? leaf.issuer })) {
      found.push(certificate);
      if (!names.some((name) => equalBytes(name, certificate.issuer))) names.push(certificate.issuer);
    }
  }
  return found;
}

function readCertificate({ token, warn }: CertificateReader, object: CryptokiObject): readonly TokenCertificate[] {
  if (isForeign(object) || isTransient(object)) return [];
  const id = object.read(attributes.id) ?? new Uint8Array();
  const label = Buffer.from(object.read(attributes.label) ?? []).toString('utf8');
  const uri: Pkcs11Uri = {
    ...token.uri,
    ...(id.length === 0 ? {} : { id }),
    ...(label === '' ? {} : { object: label }),
    type: 'cert',
  };
  try {
    const certificate = parseCertificate(object.read(attributes.value) ?? new Uint8Array());
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
function isTransient(object: CryptokiObject): boolean {
  return object.read(attributes.token)?.every((octet) => octet === 0) ?? false;
}

/** CKC_X_509 is 0; attribute certificates and WTLS are the others. */
function isForeign(object: CryptokiObject): boolean {
  return object.read(attributes.certificateType)?.some((octet) => octet !== 0) ?? false;
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
export function findKeys(session: CryptokiSession, token: FoundToken, filter: ObjectFilter): FoundKeys {
  const found = session.find({ class: objectClass.privateKey, ...filter }).map((object) => readKey(object, token));
  return {
    keys: found.filter((key) => typeof key !== 'string'),
    unusable: found.filter((key) => typeof key === 'string'),
  };
}

/** The public half of a key out of the public key object beside it, which has the same CKA_ID. */
export function findPublicKeyInfo(session: CryptokiSession, { id, algorithm }: TokenKey): Uint8Array | undefined {
  if (id.length === 0) return undefined;
  for (const object of session.find({ class: objectClass.publicKey, id })) {
    const kind = readKind(object);
    if (typeof kind !== 'string' && kind.algorithm === algorithm && kind.publicKeyInfo !== undefined) {
      return kind.publicKeyInfo;
    }
  }
  return undefined;
}

function readKey(object: CryptokiObject, token: FoundToken): TokenKey | string {
  const kind = readKind(object);
  if (typeof kind === 'string') return kind;
  // Absent means that nobody forbade it.
  if (isFalse(object.read(attributes.sign))) return 'its CKA_SIGN is false: it was not made for signatures';
  const id = object.read(attributes.id) ?? new Uint8Array();
  const label = Buffer.from(object.read(attributes.label) ?? []).toString('utf8');
  return {
    ...kind,
    object,
    id,
    label,
    alwaysAuthenticate: isTrue(object.read(attributes.alwaysAuthenticate)),
    uri: {
      ...token.uri,
      ...(id.length === 0 ? {} : { id }),
      ...(label === '' ? {} : { object: label }),
      type: 'private',
    },
  };
}

type KeyKind = Pick<TokenKey, 'algorithm' | 'orderBytes' | 'modulus' | 'publicKeyInfo'>;

function readKind(object: CryptokiObject): KeyKind | string {
  const type = Number(readUnsigned(object.read(attributes.keyType) ?? new Uint8Array()));
  if (type === keyType.rsa) {
    const modulus = readUnsignedInteger(object, attributes.modulus);
    return { algorithm: 'RSA', orderBytes: 0, modulus, publicKeyInfo: rsaPublicKeyInfo(object, modulus) };
  }
  if (type !== keyType.ec) return `keys of type 0x${type.toString(16)} are not supported`;
  const parameters = object.read(attributes.ecParams) ?? new Uint8Array();
  const orderBytes = orders[toHex(parameters)];
  if (orderBytes === undefined) return `EC keys on ${curveName(parameters)} are not supported`;
  const publicKeyInfo = ecPublicKeyInfo(object, { parameters, orderBytes });
  return { algorithm: 'ECDSA', orderBytes, modulus: undefined, publicKeyInfo };
}

/** DER of the curve's object identifier -> bytes of its order. */
const orders: Readonly<Record<string, number>> = {
  '06082a8648ce3d030107': 32,
  '06052b81040022': 48,
  '06052b81040023': 66,
};

function curveName(parameters: Uint8Array): string {
  try {
    return `curve ${objectIdentifierOf(onlyElement(parameters))}`;
  } catch {
    return 'a curve without a name';
  }
}

interface EcCurve {
  /** DER of its object identifier. */
  readonly parameters: Uint8Array;
  readonly orderBytes: number;
}

const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex');
const ecPublicKey = Buffer.from('06072a8648ce3d0201', 'hex');

/** Most tokens show the public half of an RSA key on the private key object (PKCS#11 v2.40, section 2.1.3). */
function rsaPublicKeyInfo(object: CryptokiObject, modulus: Uint8Array | undefined): Uint8Array | undefined {
  const exponent = readUnsignedInteger(object, attributes.publicExponent);
  if (modulus === undefined || exponent === undefined) return undefined;
  const publicKey = encodeElement(tags.sequence, modulus, exponent);
  return encodeElement(tags.sequence, rsaEncryption, encodeElement(tags.bitString, Buffer.alloc(1), publicKey));
}

/** A big integer (PKCS#11 v2.40, section 3.4) as DER; undefined where the object does not tell it. */
function readUnsignedInteger(object: CryptokiObject, attribute: number): Uint8Array | undefined {
  const bytes = object.read(attribute);
  return bytes === undefined || bytes.length === 0 ? undefined : encodeUnsigned(bytes);
}

/** Few tokens show the point on the private key object. Where they do not, a test signature tells the same. */
function ecPublicKeyInfo(object: CryptokiObject, curve: EcCurve): Uint8Array | undefined {
  const point = pointOf(object.read(attributes.ecPoint) ?? new Uint8Array(), curve.orderBytes);
  if (point === undefined) return undefined;
  const algorithm = encodeElement(tags.sequence, ecPublicKey, curve.parameters);
  return encodeElement(tags.sequence, algorithm, encodeElement(tags.bitString, Buffer.alloc(1), point));
}

/**
 * CKA_EC_POINT is an OCTET STRING around the point (PKCS#11 v2.40, section 2.3.3); some modules leave that out. The
 * length decides, for a point may begin like an OCTET STRING.
 */
function pointOf(value: Uint8Array, orderBytes: number): Uint8Array | undefined {
  if (isPoint(value, orderBytes)) return value;
  try {
    const inner = octetStringOf(onlyElement(value));
    return isPoint(inner, orderBytes) ? inner : undefined;
  } catch {
    return undefined;
  }
}

/** SEC 1, section 2.3.3: 04 X Y, or 02 or 03 and X. */
function isPoint(bytes: Uint8Array, orderBytes: number): boolean {
  const [form] = bytes;
  return form === 4
    ? bytes.length === 1 + 2 * orderBytes
    : (form === 2 || form === 3) && bytes.length === 1 + orderBytes;
}

function isTrue(value: Uint8Array | undefined): boolean {
  return value?.some((octet) => octet !== 0) ?? false;
}

function isFalse(value: Uint8Array | undefined): boolean {
  return value !== undefined && value.length > 0 && !isTrue(value);
}
