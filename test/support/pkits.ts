/**
 * NIST's Public Key Interoperability Test Suite, edition of 2011, as Debian's python3-cryptography-vectors has it: path
 * validation (RFC 5280, section 6) in 224 signed messages, each with the certificates and CRLs of one test.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { derTag, outer, readElements, readInside, readOnly } from '../../src/trust/x509/der.ts';

const folder = '/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data';

export const isPkitsInstalled = existsSync(join(folder, 'smime'));

export interface PkitsTest {
  /** `Valid Signatures Test1`. */
  readonly name: string;
  /** DER. */
  readonly leaf: Buffer;
  /** DER of the certificates that come with it, the anchor not among them. */
  readonly chain: readonly Buffer[];
  readonly crls: readonly Buffer[];
}

/** The anchor of all tests, and its CRL. */
export function pkitsAnchor(): Buffer {
  return readFileSync(join(folder, 'certs', 'TrustAnchorRootCertificate.crt'));
}

export function pkitsTests(): PkitsTest[] {
  return readdirSync(join(folder, 'smime')).map((file) =>
    readMessage(readFileSync(join(folder, 'smime', file), 'latin1')),
  );
}

/** SignedData ::= SEQUENCE { version, digestAlgorithms, encapContentInfo, certificates [0], crls [1], signerInfos } (RFC 5652) */
function readMessage(text: string): PkitsTest {
  const [, name = ''] = /^Subject: (.*?)\r?$/m.exec(text) ?? [];
  const [, base64 = ''] = /name="smime\.p7s"[\s\S]*?\r?\n\r?\n([A-Za-z0-9+/=\s]+)/.exec(text) ?? [];
  const [, content] = readInside(readOnly(Buffer.from(base64, 'base64')));
  const fields = readInside(readOnly(content?.content ?? Buffer.of()));
  const within = (tag: number): Buffer[] =>
    fields
      .filter((field) => field.tag === tag)
      .flatMap(({ content }) => readElements(content).map(({ raw }) => Buffer.from(raw)));
  const certificates = within(outer(0));
  const [signer] = within(derTag.set).slice(-1);
  const [, issuerAndSerial] = readInside(readOnly(signer ?? Buffer.of()));
  const leaf = certificates.find((der) => isNamedBy(der, issuerAndSerial?.content ?? Buffer.of()));
  if (leaf === undefined) throw new Error(`${name} has no certificate of its signer`);
  return { name, leaf, chain: certificates.filter((der) => der !== leaf), crls: within(outer(1)) };
}

/** Whether issuer and serial number are those of the certificate. */
function isNamedBy(der: Buffer, issuerAndSerial: Uint8Array): boolean {
  const [signedPart] = readInside(readOnly(der));
  const [, serialNumber, , issuer] = readInside(signedPart);
  return Buffer.concat([issuer?.raw ?? Buffer.of(), serialNumber?.raw ?? Buffer.of()]).equals(issuerAndSerial);
}
