/** Takes PKCS#12 files of openssl apart and puts them together in ways that openssl does not offer. */
import { createHmac, pbkdf2Sync } from 'node:crypto';
import { bmpString, derivePkcs12, purposes } from '../../../../src/identity/backends/file/pkcs12-kdf.ts';
import { encodeElement } from '../../../../src/identity/x509/der-writer.ts';
import { elementsOf, octetStringOf, onlyElement, sequenceOf } from '../../../../src/identity/x509/der.ts';

const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x30, ...parts);
const octets = (content: Uint8Array): Buffer => encodeElement(0x04, content);
const data = Buffer.from('06092a864886f70d010701', 'hex');

/** ContentInfo of type data. */
const dataContent = (content: Uint8Array): Buffer => sequence(data, encodeElement(0xa0, octets(content)));

/** The AuthenticatedSafe of a PKCS#12. */
function authenticatedSafeOf(pkcs12: Uint8Array): Uint8Array {
  const [, authSafe] = sequenceOf(onlyElement(pkcs12));
  return octetStringOf(onlyElement(sequenceOf(authSafe)[1]?.contents ?? Buffer.of()));
}

/** The SafeBags of a PKCS#12 made with `-certpbe NONE`. */
export function bagsOf(pkcs12: Uint8Array): readonly Uint8Array[] {
  return sequenceOf(onlyElement(authenticatedSafeOf(pkcs12))).flatMap((content) => {
    const safeContents = octetStringOf(onlyElement(sequenceOf(content)[1]?.contents ?? Buffer.of()));
    return sequenceOf(onlyElement(safeContents)).map(({ encoded }) => encoded);
  });
}

/** A PKCS#12 without a MAC out of SafeBags. */
export function pkcs12Of(bags: readonly Uint8Array[]): Buffer {
  return sequence(Buffer.from('020103', 'hex'), dataContent(sequence(dataContent(sequence(...bags)))));
}

/** A SafeBag that holds other SafeBags. */
export function nestedBag(bags: readonly Uint8Array[]): Buffer {
  const safeContentsBag = Buffer.from('060b2a864886f70d010c0a0106', 'hex');
  return sequence(safeContentsBag, encodeElement(0xa0, sequence(...bags)));
}

/** The same file with a MAC of SHA-1 by this password; undefined: by none, not even an empty one. */
export async function withMac(pkcs12: Uint8Array, password: string | undefined): Promise<Buffer> {
  const salt = Buffer.alloc(8, 9);
  const kdf = { hash: 'sha1', password: password === undefined ? Buffer.of() : bmpString(Buffer.from(password)), salt };
  const key = await derivePkcs12({ ...kdf, iterations: 1 }, purposes.mac, 20);
  const digest = createHmac('sha1', key).update(authenticatedSafeOf(pkcs12)).digest();
  const mac = sequence(sequence(Buffer.from('06052b0e03021a0500', 'hex')), octets(digest));
  const [version, authSafe] = elementsOf(onlyElement(pkcs12).contents).map(({ encoded }) => encoded);
  return sequence(version ?? Buffer.of(), authSafe ?? Buffer.of(), sequence(mac, octets(salt)));
}

/** The same file with a MAC of PBMAC1 (RFC 9579) in place of its own. */
export function withPbmac1(pkcs12: Uint8Array, password: string): Buffer {
  const safe = authenticatedSafeOf(pkcs12);
  const salt = Buffer.alloc(16, 5);
  const mac = createHmac('sha512', pbkdf2Sync(password, salt, 2048, 64, 'sha256'))
    .update(safe)
    .digest();
  const prf = sequence(Buffer.from('06082a864886f70d0209', 'hex'), encodeElement(0x05));
  const parameters = sequence(octets(salt), Buffer.from('02020800', 'hex'), Buffer.from('020140', 'hex'), prf);
  const kdf = sequence(Buffer.from('06092a864886f70d01050c', 'hex'), parameters);
  const scheme = sequence(Buffer.from('06082a864886f70d020b', 'hex'), encodeElement(0x05));
  const pbmac1 = sequence(Buffer.from('06092a864886f70d01050e', 'hex'), sequence(kdf, scheme));
  const macData = sequence(sequence(pbmac1, octets(mac)), octets(Buffer.from('unused')), Buffer.from('020101', 'hex'));
  const [version, authSafe] = elementsOf(onlyElement(pkcs12).contents).map(({ encoded }) => encoded);
  return sequence(version ?? Buffer.of(), authSafe ?? Buffer.of(), macData);
}

/** The same file in BER as Windows and NSS write it: indefinite lengths, and octet strings in pieces. */
export function toBer(der: Uint8Array): Buffer {
  const { tag, contents, encoded } = onlyElement(der);
  const end = Buffer.from('0000', 'hex');
  if (tag === 0x04 && contents.length > 16) {
    const half = contents.length >> 1;
    return Buffer.concat([
      Buffer.from('2480', 'hex'),
      octets(contents.subarray(0, half)),
      octets(contents.subarray(half)),
      end,
    ]);
  }
  if ((tag & 0x20) === 0) return Buffer.from(encoded);
  return Buffer.concat([Buffer.of(tag, 0x80), ...elementsOf(contents).map((part) => toBer(part.encoded)), end]);
}
