/**
 * Certificates made field by field, most of them wrong somewhere: what two readers of certificates have to agree on.
 *
 * Nothing here is signed anew: a reader does not look at the signature.
 */
import * as fc from './fast-check.ts';
import { encodeElement } from '../../src/identity/x509/der-writer.ts';
import { elementsOf, onlyElement, sequenceOf } from '../../src/identity/x509/der.ts';

/** The fields of RFC 5280, section 4.1, each as its whole DER; an absent one is empty. */
export interface CertificateParts {
  readonly version: Buffer;
  readonly serialNumber: Buffer;
  /** The algorithm within the signed part; `outerAlgorithm` must be the same. */
  readonly innerAlgorithm: Buffer;
  readonly issuer: Buffer;
  readonly notBefore: Buffer;
  readonly notAfter: Buffer;
  readonly subject: Buffer;
  readonly publicKeyInfo: Buffer;
  readonly uniqueIds: Buffer;
  /** One SEQUENCE after the other. */
  readonly extensions: Buffer;
  readonly outerAlgorithm: Buffer;
  readonly signature: Buffer;
  /** What follows the last field of the signed part, of the certificate, and the certificate itself. */
  readonly trailing: readonly [Buffer, Buffer, Buffer];
}

const nothing = Buffer.alloc(0);
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x30, ...parts);
const integer = (digits: string): Buffer => encodeElement(0x02, hex(digits));
const oid = (digits: string): Buffer => encodeElement(0x06, hex(digits));
const text = (tag: number, value: string | Buffer): Buffer => encodeElement(tag, Buffer.from(value));

/** Takes a good certificate apart. */
export function splitCertificate(der: Uint8Array): CertificateParts {
  const [tbs, algorithm, signature] = sequenceOf(onlyElement(der));
  const fields = sequenceOf(tbs).map(({ tag, contents, encoded }) => ({
    tag,
    contents,
    encoded: Buffer.from(encoded),
  }));
  const version = fields[0]?.tag === 0xa0 ? fields.shift() : undefined;
  const [serialNumber, innerAlgorithm, issuer, validity, subject, publicKeyInfo, ...others] = fields;
  const [notBefore, notAfter] = elementsOf(validity?.contents ?? nothing);
  const extensions = others.find(({ tag }) => tag === 0xa3);
  return {
    version: version?.encoded ?? nothing,
    serialNumber: serialNumber?.encoded ?? nothing,
    innerAlgorithm: innerAlgorithm?.encoded ?? nothing,
    issuer: issuer?.encoded ?? nothing,
    notBefore: Buffer.from(notBefore?.encoded ?? nothing),
    notAfter: Buffer.from(notAfter?.encoded ?? nothing),
    subject: subject?.encoded ?? nothing,
    publicKeyInfo: publicKeyInfo?.encoded ?? nothing,
    uniqueIds: nothing,
    extensions: Buffer.from(extensions === undefined ? nothing : onlyElement(extensions.contents).contents),
    outerAlgorithm: Buffer.from(algorithm?.encoded ?? nothing),
    signature: Buffer.from(signature?.encoded ?? nothing),
    trailing: [nothing, nothing, nothing],
  };
}

export function joinCertificate(parts: CertificateParts): Buffer {
  const [afterFields, afterSignature, afterAll] = parts.trailing;
  const extensions = parts.extensions.length === 0 ? nothing : encodeElement(0xa3, sequence(parts.extensions));
  const tbs = sequence(
    parts.version,
    parts.serialNumber,
    parts.innerAlgorithm,
    parts.issuer,
    sequence(parts.notBefore, parts.notAfter),
    parts.subject,
    parts.publicKeyInfo,
    parts.uniqueIds,
    extensions,
    afterFields,
  );
  return Buffer.concat([sequence(tbs, parts.outerAlgorithm, parts.signature, afterSignature), afterAll]);
}

const explicit = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0xa0, ...parts);

const versions = [
  nothing,
  ...['00', '01', '02', '03', 'ff', '0002', '', '0100'].map((digits) => explicit(integer(digits))),
  explicit(),
  explicit(integer('02'), integer('02')),
  encodeElement(0x80, hex('02')),
  explicit(encodeElement(0x0a, hex('02'))),
];

const serialNumbers = [
  ...['00', '01', '7f', '80', '0080', '007f', 'ff', 'fb', 'ff7f', 'ffff', 'ff80', '', '0000', '80ff'].map(integer),
  ...[20, 21, 40, 63, 64, 65, 200].flatMap((length) =>
    ['7f', '80', '00', 'ff'].map((first) => integer(`${first}${'a5'.repeat(length - 1)}`)),
  ),
  integer(`00${'a5'.repeat(20)}`),
  encodeElement(0x0a, hex('05')),
  encodeElement(0x22, hex('05')),
  encodeElement(0x04, hex('05')),
  hex('02 81 01 05'),
  hex('02 82 00 01 05'),
  hex('02 80 05 00 00'),
  nothing,
];

const utcTimes = [
  ...['260101000000Z', '491231235959Z', '500101000000Z', '000101000000Z', '991231235959Z', '240229120000Z'],
  ...['250229120000Z', '260431000000Z', '261301000000Z', '260001000000Z', '260100000000Z', '260101240000Z'],
  ...['260101006000Z', '260101000060Z', '260101000000', '2601010000Z', '260101000000+0100', '260101000000-0100'],
  ...['2601010000+0000', '260101000000z', ' 60101000000Z', '26010100000Z', '260101000000ZZ', '26010100000aZ', ''],
  ...['20260101000000Z', '260101000000+0000', '260101000000.5Z', '2601010000000Z', '260132000000Z', '260230000000Z'],
  '2601010000\u00000Z',
].map((value) => text(0x17, Buffer.from(value, 'latin1')));

const generalizedTimes = [
  ...['20260101000000Z', '20500101000000Z', '99991231235959Z', '19000101000000Z', '18991231235959Z'],
  ...['00010101000000Z', '00000101000000Z', '19500101000000Z', '20240229000000Z', '21000229000000Z'],
  ...[
    '20260101000000.5Z',
    '20260101000000,5Z',
    '202601010000Z',
    '2026010100Z',
    '20260101000000',
    '20260101000000+0100',
  ],
  ...['20261301000000Z', '20260101240000Z', '20260101000060Z', '2026010100000Z', '260101000000Z', '', 'x'],
  ...['20260230000000Z', '20260101000000z', '202601010000000Z', '20260101000000.Z'],
].map((value) => text(0x18, Buffer.from(value, 'latin1')));

const times = [...utcTimes, ...generalizedTimes, nothing, text(0x13, '260101000000Z'), text(0x16, '20260101000000Z')];

const attribute = (type: Buffer, ...value: readonly Buffer[]): Buffer => sequence(type, ...value);
const relative = (...attributes: readonly Buffer[]): Buffer => encodeElement(0x31, ...attributes);
const commonName = oid('550403');
const organization = oid('55040a');
const country = oid('550406');
const leaf = text(0x0c, 'leaf');

const values = [
  ...[
    'leaf',
    '',
    'J\u00fcrgen',
    '\u6f22\u5b57',
    '\u{1f511}',
    'a,b+c="d"<e>\\;#',
    ' x ',
    '#x',
    'a\u0000b',
    'x'.repeat(300),
  ].map((value) => text(0x0c, value)),
  ...['ff', 'c3', 'eda080', 'f4908080', 'c080', '61ff62'].map((digits) => text(0x0c, hex(digits))),
  ...['leaf', '', 'a@b', 'a_b', 'a*b', 'a&b', "a'()+,-./:=?"].map((value) => text(0x13, value)),
  text(0x13, hex('fc')),
  ...['leaf', 'a@b', ''].map((value) => text(0x16, value)),
  text(0x16, hex('fc')),
  text(0x14, hex('4afc7267')),
  text(0x14, 'leaf'),
  text(0x12, '12 34'),
  text(0x12, '12a'),
  text(0x1a, 'visible'),
  text(0x1e, hex('006c00e4')),
  text(0x1e, hex('d83ddd11')),
  text(0x1e, hex('006c00')),
  text(0x1e, nothing),
  text(0x1c, hex('0000006c0001f511')),
  text(0x1c, hex('0000006c00')),
  text(0x1c, hex('00110000')),
  text(0x1c, hex('0000d800')),
  hex('05 00'),
  integer('05'),
  encodeElement(0x03, hex('0061')),
  sequence(leaf),
  encodeElement(0x2c, leaf),
  hex('0c 81 04 6c656166'),
  hex('0c 05 6c656166'),
];

const types = [
  ...['550403', '550404', '550405', '550406', '550407', '550408', '550409', '55040a', '55040b', '55040c', '55040d'],
  ...['550411', '55042a', '55042b', '55042c', '550461', '0992268993f22c640101', '0992268993f22c640119'],
  ...['2a864886f70d010901', '2a03', '00', '27', '4f', '50', '8837', '813403', '5504', '', '80', '5504 83', '5580 03'],
  ...['2a83ffffffffffffffff7f', '6983d6a2b5c4e4c7ea8bb7d1f7f0a9c3d2e1f00f', '2a8fffffff7f', '2a90808000'],
].map(oid);

const names = [
  sequence(),
  sequence(relative()),
  sequence(relative(attribute(commonName, leaf))),
  sequence(relative(attribute(commonName, leaf)), relative(attribute(commonName, text(0x13, 'two')))),
  sequence(relative(attribute(commonName, leaf), attribute(organization, leaf))),
  sequence(relative(attribute(organization, leaf), attribute(commonName, leaf))),
  sequence(relative(attribute(country, text(0x13, 'DE'))), relative(attribute(commonName, leaf))),
  sequence(relative(attribute(commonName))),
  sequence(relative(attribute(commonName, leaf, leaf))),
  sequence(relative(sequence(leaf, commonName))),
  sequence(attribute(commonName, leaf)),
  sequence(sequence(attribute(commonName, leaf))),
  sequence(relative(encodeElement(0x31, commonName, leaf))),
  sequence(relative(sequence())),
  sequence(leaf),
  encodeElement(0x31, relative(attribute(commonName, leaf))),
  sequence(hex('3100'), hex('00')),
  nothing,
  ...values.map((value) => sequence(relative(attribute(commonName, value)))),
  ...values.map((value) => sequence(relative(attribute(oid('2a03'), value)))),
  ...types.map((type) => sequence(relative(attribute(type, leaf)), relative(attribute(organization, leaf)))),
];

const rsaEncryption = sequence(oid('2a864886f70d010101'), hex('0500'));
const bits = (contents: Uint8Array, unused = 0): Buffer => encodeElement(0x03, Buffer.of(unused), contents);
const modulus = `00${'c7'.repeat(256)}`;
const p256 = sequence(oid('2a8648ce3d0201'), oid('2a8648ce3d030107'));
const point = hex(
  '04 6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296 4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
);

const publicKeys = [
  ...[
    modulus,
    'c7'.repeat(256),
    `0000${'c7'.repeat(256)}`,
    '',
    '00',
    '03',
    `00${'c7'.repeat(255)}c6`,
    `00${'c7'.repeat(1024)}`,
  ]
    .concat(`00${'c7'.repeat(1025)}`, `7f${'c7'.repeat(254)}`, `00${'c7'.repeat(128)}`)
    .map((number) => sequence(rsaEncryption, bits(sequence(integer(number), integer('010001'))))),
  ...['', '00', '01', '02', '80', 'ff', '00ffffffffffffffff'].map((exponent) =>
    sequence(rsaEncryption, bits(sequence(integer(modulus), integer(exponent)))),
  ),
  sequence(rsaEncryption, bits(sequence(integer(modulus)))),
  sequence(rsaEncryption, bits(sequence(integer(modulus), integer('010001'), integer('05')))),
  sequence(rsaEncryption, bits(Buffer.concat([sequence(integer(modulus), integer('010001')), hex('0500')]))),
  sequence(rsaEncryption, bits(integer(modulus))),
  sequence(sequence(oid('2a864886f70d010101')), bits(sequence(integer(modulus), integer('010001')))),
  sequence(
    sequence(oid('2a864886f70d010101'), hex('0500'), hex('0500')),
    bits(sequence(integer(modulus), integer('03'))),
  ),
  sequence(sequence(oid('2a864886f70d010101'), oid('2a03')), bits(sequence(integer(modulus), integer('010001')))),
  sequence(rsaEncryption, bits(sequence(integer(modulus), integer('010001')), 1)),
  sequence(p256, bits(point)),
  sequence(p256, bits(point, 4)),
  sequence(p256, bits(Buffer.concat([hex('03'), point.subarray(1, 33)]))),
  sequence(p256, bits(Buffer.concat([hex('06'), point.subarray(1)]))),
  sequence(p256, bits(point.subarray(0, 64))),
  sequence(p256, bits(Buffer.concat([point, hex('00')]))),
  sequence(p256, bits(Buffer.concat([point.subarray(0, 64), hex('00')]))),
  sequence(p256, bits(hex('00'))),
  sequence(p256, bits(nothing)),
  sequence(p256, encodeElement(0x03)),
  sequence(p256, encodeElement(0x04, point)),
  sequence(p256),
  sequence(p256, bits(point), hex('0500')),
  sequence(bits(point)),
  sequence(sequence(oid('2a8648ce3d0201')), bits(point)),
  sequence(sequence(oid('2a8648ce3d0201'), hex('0500')), bits(point)),
  sequence(sequence(oid('2a8648ce3d0201'), sequence(integer('01'))), bits(point)),
  sequence(sequence(oid('2a8648ce3d0201'), oid('2b8104000a')), bits(point)),
  sequence(sequence(oid('2a8648ce3d0201'), oid('2b81040022')), bits(point)),
  sequence(sequence(oid('2a8648ce3d0201'), oid('2a8648ce3d030107'), hex('0500')), bits(point)),
  sequence(sequence(oid('2b6570')), bits(Buffer.alloc(32, 9))),
  sequence(sequence(oid('2b656e')), bits(Buffer.alloc(32, 9))),
  sequence(sequence(oid('2a864886f70d01010a')), bits(sequence(integer(modulus), integer('010001')))),
  ...['11', '12', '13'].flatMap((last) => [
    sequence(sequence(oid(`6086480165030403${last}`)), bits(Buffer.alloc(1312, 7))),
    sequence(sequence(oid(`6086480165030403${last}`), hex('0500')), bits(Buffer.alloc(1952, 7))),
  ]),
  sequence(sequence(oid('6086480165030403 11')), bits(nothing)),
  sequence(sequence(oid('')), bits(point)),
  sequence(sequence(oid('2a80')), bits(point)),
  sequence(),
  nothing,
  hex('0500'),
];

const uniqueIds = [
  encodeElement(0x81, hex('00a5')),
  encodeElement(0x82, hex('00a5')),
  Buffer.concat([encodeElement(0x81, hex('00a5')), encodeElement(0x82, hex('00a5'))]),
  Buffer.concat([encodeElement(0x82, hex('00a5')), encodeElement(0x81, hex('00a5'))]),
  Buffer.concat([encodeElement(0x81, hex('00a5')), encodeElement(0x81, hex('00a5'))]),
  encodeElement(0xa1, bits(hex('a5'))),
  encodeElement(0x81),
  encodeElement(0x81, hex('09a5')),
  encodeElement(0x84, hex('00a5')),
];

const critical = hex('0101ff');
const octets = (...contents: readonly Uint8Array[]): Buffer => encodeElement(0x04, ...contents);
const extension = (type: string, ...value: readonly Uint8Array[]): Buffer => sequence(oid(type), octets(...value));
const [
  subjectKey,
  keyUsage,
  alternativeName,
  issuerName,
  basicConstraints,
  nameConstraints,
  policies,
  authorityKey,
  extendedUsage,
] = ['551d0e', '551d0f', '551d11', '551d12', '551d13', '551d1e', '551d20', '551d23', '551d25'] as const;

const usages = [
  ...[
    '0780',
    '0106',
    '00',
    '0780 80',
    '05a0',
    '0780ff',
    '',
    '07',
    '08 80',
    '0600',
    '0780 00',
    '0000',
    '0000 80',
    '0081',
    '07 0080',
  ],
  ...['00ff80', '0186', '0186 01', '0780'],
].map((digits) => extension(keyUsage, encodeElement(0x03, hex(digits))));

const constraints = [
  sequence(),
  ...['ff', '00', '01', '', 'ffff', '0000'].map((digits) => sequence(encodeElement(0x01, hex(digits)))),
  ...[
    '00',
    '03',
    '7f',
    '0080',
    '80',
    'ff',
    '',
    '0000',
    '00ffff',
    '010000',
    '7fffffff',
    '00ffffffffff',
    '00ffffffffffffffffff',
  ].map((digits) => sequence(critical, integer(digits))),
  sequence(integer('03')),
  sequence(integer('03'), critical),
  sequence(critical, integer('00'), integer('00')),
  sequence(critical, hex('0500')),
  sequence(critical, critical),
  Buffer.concat([sequence(critical), hex('0500')]),
  Buffer.concat([sequence(), hex('00')]),
  hex('0500'),
  nothing,
  encodeElement(0x31, critical),
  hex('30 81 03 0101ff'),
  hex('30 80 0101ff 0000'),
].map((value) => extension(basicConstraints, value));

const general = (tag: number, value: string | Buffer): Buffer => encodeElement(tag, Buffer.from(value));

const generalNames = [
  general(0x82, 'leaf.example'),
  general(0x82, ''),
  general(0x82, hex('fc')),
  general(0x82, 'J\u00fcrgen.example'),
  general(0x81, 'a@example'),
  general(0x86, 'spiffe://example/leaf'),
  general(0x86, ':not a uri'),
  general(0x86, hex('ff')),
  general(0x87, hex('c0000201')),
  general(0x87, hex('20010db8000000000000000000000001')),
  general(0x87, hex('c00002')),
  general(0x87, nothing),
  general(0x88, hex('2a03')),
  general(0x88, nothing),
  encodeElement(0xa0, oid('2a03'), encodeElement(0xa0, leaf)),
  encodeElement(0xa0, oid('2b060104018237140203'), encodeElement(0xa0, text(0x0c, 'u@example'))),
  encodeElement(0xa0, oid('2a03')),
  encodeElement(0xa0, leaf),
  encodeElement(0xa3, leaf),
  encodeElement(0xa5, leaf),
  encodeElement(0xa4, sequence(relative(attribute(commonName, leaf)))),
  encodeElement(0xa4, relative(attribute(commonName, leaf))),
  encodeElement(0xa4),
  encodeElement(0xa4, sequence(), sequence()),
  encodeElement(0x84, hex('00')),
  general(0x89, 'x'),
  leaf,
];

const alternatives = [
  ...generalNames.map((name) => extension(alternativeName, sequence(name))),
  ...generalNames.map((name) => extension(alternativeName, sequence(general(0x82, 'first.example'), name))),
  extension(alternativeName, sequence()),
  extension(alternativeName),
  extension(alternativeName, hex('0500')),
  extension(alternativeName, sequence(general(0x82, 'a')), hex('00')),
  extension(issuerName, hex('0500')),
  extension(issuerName, sequence(general(0x82, 'a'))),
];

const identifiers = [
  ...[octets(hex('a5'.repeat(20))), octets(), hex('0500'), nothing, Buffer.concat([octets(), octets()])].map((value) =>
    extension(subjectKey, value),
  ),
  ...[
    sequence(encodeElement(0x80, hex('a5a5'))),
    sequence(),
    sequence(encodeElement(0xa1, encodeElement(0xa4, sequence())), encodeElement(0x82, hex('05'))),
    sequence(encodeElement(0x80, hex('a5')), encodeElement(0xa1, general(0x82, 'a')), encodeElement(0x82, hex('05'))),
    sequence(octets()),
    sequence(encodeElement(0x80, hex('a5')), encodeElement(0x80, hex('a5'))),
    Buffer.concat([sequence(), sequence()]),
    hex('0500'),
    nothing,
  ].map((value) => extension(authorityKey, value)),
];

const shapes = [
  sequence(oid('551d0f'), critical, octets(bits(hex('80'), 7))),
  sequence(oid('551d0f'), hex('010100'), octets(bits(hex('80'), 7))),
  sequence(oid('551d0f'), hex('010101'), octets(bits(hex('80'), 7))),
  sequence(oid('551d0f'), hex('0100'), octets(bits(hex('80'), 7))),
  sequence(oid('551d0f'), hex('0102ffff'), octets(bits(hex('80'), 7))),
  sequence(oid('551d0f'), critical, critical, octets(bits(hex('80'), 7))),
  sequence(oid('551d0f'), critical),
  sequence(oid('551d0f')),
  sequence(oid('551d0f'), octets(bits(hex('80'), 7)), hex('0500')),
  sequence(oid('551d0f'), octets(bits(hex('80'), 7)), critical),
  sequence(oid('551d0f'), bits(hex('80'), 7)),
  sequence(oid('551d0f'), encodeElement(0x24, octets(bits(hex('80'), 7)))),
  sequence(oid('2a03'), critical, octets(hex('0500'))),
  sequence(oid('2a03'), octets(hex('0500'))),
  sequence(oid('2a03'), octets()),
  sequence(oid(''), octets()),
  sequence(oid('2a80'), octets()),
  sequence(oid('2a83ffffffffffffffff7f'), critical, octets()),
  sequence(octets()),
  sequence(),
  encodeElement(0x31, oid('2a03'), octets()),
  hex('0500'),
  extension(nameConstraints, hex('0500')),
  extension(policies, hex('0500')),
  extension(extendedUsage, hex('0500')),
  extension(extendedUsage, sequence()),
  extension(extendedUsage, sequence(oid('2b06010505070302'))),
  sequence(oid(nameConstraints), critical, octets(sequence(encodeElement(0xa0, sequence(general(0x82, 'example')))))),
];

const crafted = [...usages, ...constraints, ...alternatives, ...identifiers, ...shapes];

const pss = (...fields: readonly Buffer[]): Buffer => sequence(oid('2a864886f70d01010a'), sequence(...fields));
const pssHash = (digits: string): Buffer => encodeElement(0xa0, sequence(oid(digits)));
const sha256 = '608648016503040201';

const algorithms = [
  ...[
    '2a8648ce3d040302',
    '2a8648ce3d040301',
    '2a8648ce3d0401',
    '2a864886f70d01010b',
    '2a864886f70d01010e',
    '2a864886f70d010104',
  ].map((digits) => sequence(oid(digits))),
  ...['2a864886f70d010105', '2b6570', '6086480165030403 11', '608648016503040310', '2a03'].map((digits) =>
    sequence(oid(digits), hex('0500')),
  ),
  pss(),
  pss(pssHash(sha256)),
  pss(pssHash(sha256), encodeElement(0xa2, integer('20'))),
  pss(
    pssHash(sha256),
    encodeElement(0xa1, sequence(oid('2a864886f70d010108'), sequence(oid(sha256)))),
    encodeElement(0xa2, integer('20')),
  ),
  pss(pssHash('608648016503040204')),
  pss(pssHash('2b0e03021a')),
  pss(pssHash('2a03')),
  pss(encodeElement(0xa0, hex('05'))),
  pss(encodeElement(0xa0)),
  pss(encodeElement(0xa0, hex('0500'))),
  pss(encodeElement(0xa0, sequence())),
  pss(pssHash(sha256), encodeElement(0xa2, integer('ff'))),
  pss(pssHash(sha256), encodeElement(0xa2)),
  pss(pssHash(sha256), encodeElement(0xa2, integer('00ffffffff'))),
  pss(hex('05')),
  pss(hex('0500')),
  pss(pssHash(sha256), pssHash(sha256)),
  pss(encodeElement(0xa2, integer('20')), pssHash(sha256)),
  sequence(oid('2a864886f70d01010a')),
  sequence(oid('2a864886f70d01010a'), hex('0500')),
  sequence(oid('2a8648ce3d040302'), hex('0500'), hex('0500')),
  sequence(oid('')),
  sequence(hex('0500')),
  sequence(),
  nothing,
];

const signatures = [bits(nothing), bits(hex('00'), 3), encodeElement(0x03), encodeElement(0x04, hex('00')), nothing];
const trailers = [
  hex('0500'),
  hex('00'),
  hex('3000'),
  hex('a40005'),
  encodeElement(0xa3, sequence(extension('2a03'))),
  hex('30'),
];

const choicesByField = {
  version: versions,
  serialNumber: serialNumbers,
  issuer: names,
  notBefore: times,
  notAfter: times,
  subject: names,
  publicKeyInfo: publicKeys,
  uniqueIds,
  signature: signatures,
} as const satisfies Partial<Record<keyof CertificateParts, readonly Buffer[]>>;

type Edit = (parts: CertificateParts) => CertificateParts;

const put = (field: keyof typeof choicesByField): fc.Arbitrary<Edit> =>
  fc.constantFrom(...choicesByField[field]).map((value) => (parts) => ({ ...parts, [field]: value }));

/** Both algorithm fields alike, or one alone. */
const algorithmEdits: fc.Arbitrary<Edit> = fc
  .tuple(fc.constantFrom(...algorithms), fc.constantFrom('both', 'both', 'both', 'inner', 'outer'))
  .map(([algorithm, which]) => (parts) => ({
    ...parts,
    innerAlgorithm: which === 'outer' ? parts.innerAlgorithm : algorithm,
    outerAlgorithm: which === 'inner' ? parts.outerAlgorithm : algorithm,
  }));

const extensionEdits: fc.Arbitrary<Edit> = fc
  .tuple(fc.array(fc.constantFrom(...crafted), { maxLength: 3 }), fc.constantFrom('alone', 'before', 'after', 'twice'))
  .map(([list, where]) => (parts) => {
    const added = Buffer.concat(list);
    const orders = {
      alone: [added],
      before: [added, parts.extensions],
      after: [parts.extensions, added],
      twice: [added, added],
    };
    return { ...parts, extensions: Buffer.concat(orders[where]) };
  });

const trailingEdits: fc.Arbitrary<Edit> = fc
  .tuple(fc.nat(2), fc.constantFrom(...trailers))
  .map(([at, bytes]) => (parts) => {
    const [one, two, three] = [0, 1, 2].map((index) => (index === at ? bytes : nothing));
    return { ...parts, trailing: [one ?? nothing, two ?? nothing, three ?? nothing] };
  });

const edits: fc.Arbitrary<Edit> = fc.oneof(
  put('version'),
  { weight: 2, arbitrary: put('serialNumber') },
  { weight: 2, arbitrary: put('notBefore') },
  { weight: 2, arbitrary: put('notAfter') },
  { weight: 2, arbitrary: put('issuer') },
  { weight: 3, arbitrary: put('subject') },
  { weight: 3, arbitrary: put('publicKeyInfo') },
  put('uniqueIds'),
  { weight: 6, arbitrary: extensionEdits },
  { weight: 2, arbitrary: algorithmEdits },
  put('signature'),
  trailingEdits,
);

/** A bit of the encoding itself: a byte changed, cut out or put in, an element's length off by one or written long. */
const damages: fc.Arbitrary<(der: Buffer) => Buffer> = fc
  .tuple(fc.constantFrom('change', 'cut', 'insert', 'length', 'long'), fc.nat(), fc.nat(255))
  .map(([kind, position, value]) => (der) => {
    const at = position % der.length;
    const [head, tail] = [der.subarray(0, at), der.subarray(at)];
    if (kind === 'change') return Buffer.concat([head, Buffer.of(value), tail.subarray(1)]);
    if (kind === 'cut') return Buffer.concat([head, tail.subarray(1 + (value % 4))]);
    if (kind === 'insert') return Buffer.concat([head, Buffer.of(value), tail]);
    if (kind === 'length')
      return Buffer.concat([head, Buffer.of((tail[0] ?? 0) + (value % 2 === 0 ? 1 : 255)), tail.subarray(1)]);
    return Buffer.concat([head, Buffer.of(0x81), tail]);
  });

/** Every value of every field, one at a time, in the place it has in `parts`; with the name of the field. */
export function* editedOnce(parts: CertificateParts): Generator<readonly [field: string, der: Buffer]> {
  for (const [field, choices] of Object.entries(choicesByField)) {
    for (const value of choices) yield [field, joinCertificate({ ...parts, [field]: value })];
  }
  for (const value of algorithms) {
    yield ['algorithm', joinCertificate({ ...parts, innerAlgorithm: value, outerAlgorithm: value })];
  }
  for (const value of crafted) {
    const { extensions } = parts;
    for (const list of [[value], [value, extensions], [extensions, value]]) {
      yield ['extensions', joinCertificate({ ...parts, extensions: Buffer.concat(list) })];
    }
  }
  for (const value of trailers) {
    yield ['trailing', joinCertificate({ ...parts, trailing: [value, nothing, nothing] })];
    yield ['trailing', joinCertificate({ ...parts, trailing: [nothing, value, nothing] })];
    yield ['trailing', joinCertificate({ ...parts, trailing: [nothing, nothing, value] })];
  }
}

/** One of the certificates with up to four fields changed, and in a third of them the encoding too. */
export function editedOften(samples: readonly CertificateParts[]): fc.Arbitrary<Buffer> {
  const changed = fc
    .tuple(fc.constantFrom(...samples), fc.array(edits, { maxLength: 4 }))
    .map(([parts, list]) => joinCertificate(list.reduce((edited, edit) => edit(edited), parts)));
  const damaged = fc.tuple(changed, damages).map(([der, damage]) => damage(der));
  return fc.oneof({ weight: 2, arbitrary: changed }, damaged);
}
