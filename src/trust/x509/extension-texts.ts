import type { JudgedCertificate } from './certificate.ts';
import {
  type DerElement,
  derTag,
  Fields,
  outer,
  plain,
  readBits,
  readElements,
  readInside,
  readObjectIdentifier,
  readOnly,
} from './der.ts';
import { alternativeNameTexts } from './describe-certificate.ts';
import { explicitExtensions } from './extensions.ts';

/** An extension in words. */
export interface ExtensionText {
  /** `Key usage`, or the object identifier of one that nobody here knows. */
  readonly name: string;
  readonly critical: boolean;
  /** A line each. */
  readonly texts: readonly string[];
}

type Reader = (value: Uint8Array, certificate: JudgedCertificate) => readonly string[];

/** RFC 5280, sections 4.2.1 and 4.2.2. */
const readers: Readonly<Record<string, readonly [name: string, read: Reader]>> = {
  '2.5.29.19': ['Basic constraints', (_, certificate) => [constraintsOf(certificate)]],
  '2.5.29.15': ['Key usage', (value) => [usagesOf(value).join(', ')]],
  '2.5.29.37': [
    'Extended key usage',
    (value) => [
      identifiersIn(value)
        .map((oid) => purposes[oid] ?? oid)
        .join(', '),
    ],
  ],
  '2.5.29.17': ['Alternative names', (_, { alternativeNames }) => alternativeNameTexts(alternativeNames)],
  '2.5.29.14': ['Subject key id', (value) => [hex(readOnly(value, derTag.octetString).content)]],
  '2.5.29.35': ['Authority key id', authorityKey],
  '2.5.29.31': ['CRLs at', urisIn],
  '1.3.6.1.5.5.7.1.1': ['Authority information', urisIn],
  '2.5.29.32': ['Policies', (value) => policiesIn(value)],
};

/** Bits in their order (RFC 5280, section 4.2.1.3). */
const usages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
];

const purposes: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
  '1.3.6.1.5.5.7.3.3': 'codeSigning',
  '1.3.6.1.5.5.7.3.4': 'emailProtection',
  '1.3.6.1.5.5.7.3.8': 'timeStamping',
  '1.3.6.1.5.5.7.3.9': 'OCSPSigning',
  '2.5.29.37.0': 'anyExtendedKeyUsage',
};

/** Every extension of a certificate, in its order. What cannot be read as it should be is shown as its bytes. */
export function extensionTexts(certificate: JudgedCertificate): readonly ExtensionText[] {
  const field = readInside(readOnly(certificate.signedPart)).find(({ tag }) => tag === outer(3));
  return [...explicitExtensions(field)].map(([oid, { critical, value }]) => {
    const [name, read] = readers[oid] ?? [oid, () => [hex(value)]];
    return { name, critical, texts: attempt(() => read(value, certificate)) ?? [hex(value)] };
  });
}

function attempt(read: () => readonly string[]): readonly string[] | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function constraintsOf({ basicConstraints }: JudgedCertificate): string {
  const { ca = false, pathLength } = basicConstraints ?? {};
  return `CA:${ca ? 'TRUE' : 'FALSE'}${pathLength === undefined ? '' : `, path length ${pathLength}`}`;
}

function usagesOf(value: Uint8Array): readonly string[] {
  const { bytes } = readBits(readOnly(value, derTag.bitString));
  return usages.filter((_, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

function identifiersIn(value: Uint8Array): readonly string[] {
  return readInside(readOnly(value)).map(readObjectIdentifier);
}

/** keyIdentifier [0] */
function authorityKey(value: Uint8Array): readonly string[] {
  const identifier = new Fields(readInside(readOnly(value))).optional(plain(0));
  return identifier === undefined ? ['by name and serial number'] : [hex(identifier.content)];
}

/** PolicyInformation ::= SEQUENCE { policyIdentifier, policyQualifiers OPTIONAL } */
function policiesIn(value: Uint8Array): readonly string[] {
  return readInside(readOnly(value)).map((policy) => readObjectIdentifier(readInside(policy)[0]));
}

/** uniformResourceIdentifier [6], however deep it stands. */
function urisIn(value: Uint8Array): readonly string[] {
  const found: string[] = [];
  const look = (element: DerElement): void => {
    if (element.tag === plain(6)) found.push(Buffer.from(element.content).toString('latin1'));
    else if ((element.tag & 0x20) !== 0) for (const inner of readElements(element.content)) look(inner);
  };
  look(readOnly(value));
  return found;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
