import { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { maxChainLength } from '../../x509/chain.ts';
import { equalBytes } from '../../x509/der.ts';
import { parseCertificate } from '../../x509/parse-certificate.ts';
import { attributes, type CryptokiObject, type CryptokiSession, objectClass, type Template } from './cryptoki.ts';
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
