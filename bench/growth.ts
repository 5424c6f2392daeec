/**
 * How the time of each parser grows with its input, for the worst shapes that are known:
 * `npm run bench:growth -- [--rounds 3] [--most 4] [--only TEXT]`.
 *
 * Each shape is read at 0.1, 1 and 4 MiB, or at these parts of a bound that refuses earlier: CPU milliseconds, the least
 * of the rounds, and how much more than linear the last step is. The aim is 1.2. What grows with the square is at 4 there, as
 * the last step is one to four times the size; collecting garbage alone can make 2. So the run fails beyond 3, where a step
 * takes half a second and more.
 */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { assumeRole } from '../src/aws/assume-role/assume-role.ts';
import { judgeRefusal } from '../src/aws/create-session/service-errors.ts';
import { createResponseReader } from '../src/aws/http/http1-response.ts';
import { berToDer } from '../src/identity/backends/file/ber.ts';
import { derKind } from '../src/identity/backends/file/file-kind.ts';
import { decodePem, pemBlocks, pemHeaders } from '../src/identity/backends/file/pem.ts';
import { readTss2Key } from '../src/identity/backends/tpm/tss2-key.ts';
import { parsePkcs11Uri } from '../src/identity/pkcs11-uri.ts';
import { encodeElement } from '../src/identity/x509/der-writer.ts';
import { distinguishedName } from '../src/identity/x509/distinguished-name.ts';
import { parseX509 } from '../src/identity/x509/parse-certificate.ts';
import { arnSeparator } from '../src/options/resolve/arn.ts';
import { splitCommandLine } from '../src/options/profile/split-command-line.ts';
import { parseAwsConfig, parseAwsCredentials } from '../src/options/profile/aws-config.ts';
import { readProcessLine } from '../src/options/profile/process-line.ts';
import { parseCertSelector } from '../src/options/resolve/cert-selector.ts';
import { writeProfile } from '../src/outputs/update/write-profile.ts';
import { decodeEntry, decodeHeader } from '../src/pipeline/disk-cache/entry-codec.ts';
import { decodeCertificate, decodeCertificates } from '../src/trust/x509/read-certificate.ts';
import { decodeCrl } from '../src/trust/x509/read-revocation-list.ts';
import { readTrustPolicy } from '../src/trust/policy/trust-policy.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    most: { type: 'string', default: '4' },
    only: { type: 'string', default: '' },
  },
});

const mebibyte = 1024 * 1024;

/** Milliseconds: a step that takes less says nothing or is no failure; after one that takes more the next is left out. */
const [measurable, failing, tooLong] = [60, 500, 20_000];
const [aim, limit] = [1.2, 3];

interface Parser {
  readonly name: string;
  /** Bytes that get as far as the parser at the most; 4 MiB when not given. */
  readonly most?: number;
  readonly read: (input: Buffer) => unknown;
  /** By what they are called: the input of so many bytes. */
  readonly shapes: Readonly<Record<string, (size: number) => string | Buffer>>;
}

/** `unit` as often as goes into `size`, between a head and a tail. */
const many =
  (unit: string | ((at: number) => string), head = '', tail = '') =>
  (size: number): string => {
    const nth = typeof unit === 'string' ? (): string => unit : unit;
    const length = Math.max(1, nth(0).length);
    return head + Array.from({ length: Math.floor(size / length) }, (_, at) => nth(at)).join('') + tail;
  };

const manyBytes =
  (unit: Uint8Array, wrap = (content: Buffer): Uint8Array => content) =>
  (size: number): Buffer =>
    Buffer.from(wrap(Buffer.alloc(Math.floor(size / unit.length) * unit.length, unit)));

const sequence = (...parts: readonly Uint8Array[]): Buffer => encodeElement(0x30, ...parts);

/** One inside the other, as deep as goes into `size`. */
function nested(size: number): Buffer {
  const parts: Buffer[] = [];
  for (let inside = 0; inside < size;) {
    const head = Buffer.from(encodeElement(0x30, Buffer.alloc(0)));
    const length =
      inside < 128 ? Buffer.of(inside) : Buffer.from([0x83, inside >> 16, (inside >> 8) & 255, inside & 255]);
    parts.push(Buffer.concat([head.subarray(0, 1), length]));
    inside += 1 + length.length;
  }
  return Buffer.concat(parts.reverse());
}

const derShapes = {
  'short elements': manyBytes(Buffer.of(0x05, 0x00), sequence),
  'elements in elements': nested,
  'an object identifier': manyBytes(Buffer.of(0x81), (content) => sequence(encodeElement(0x06, content, Buffer.of(1)))),
  'an integer': manyBytes(Buffer.of(0xa5), (content) => sequence(encodeElement(0x02, Buffer.of(1), content))),
  'indefinite lengths': manyBytes(Buffer.of(0x30, 0x80)),
};

const pem = (label: string, body: string): string => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const pemShapes = {
  'small blocks': many(pem('X', 'MAA=')),
  'beginnings without an end': many('-----BEGIN X-----\n'),
  'beginnings of other names': many((at) => `-----BEGIN A${at}-----\n`),
  'ends without a beginning': many('-----END X-----\n'),
  dashes: many('-'),
  blanks: many(' ', '-----BEGIN X-----\n', '\n-----END X-----\n'),
  'empty lines': many('\n', '-----BEGIN X-----\n', '\n-----END X-----\n'),
  headers: many('A: b\n', '-----BEGIN X-----\n', '\nMAA=\n-----END X-----\n'),
  'base64 of one line': many('A', '-----BEGIN X-----\n', '\n-----END X-----\n'),
};

const iniShapes = {
  'sections of one name': many('[profile a]\nregion = b\n'),
  'sections of many names': many((at) => `[profile a${at}]\nregion = b\n`),
  'keys of one section': many((at) => `k${at} = v\n`, '[profile a]\n'),
  'one key again and again': many('k = v\n', '[profile a]\n'),
  'lines that go on': many(' nested = v\n', '[profile a]\nk =\n'),
  'blanks in a value': many(' ', '[profile a]\nk = a', 'b\n'),
  'blanks before a comment': many(' ', '[profile a]\nk = a', '#b\n'),
  'blanks in a line': many(' ', '[profile a]\n', 'x\n'),
  brackets: many('['),
  'empty lines': many('\r\n'),
  'carriage returns': many('\r'),
  backslashes: many('\\\n', '[profile a]\nk = '),
};

const head = (more: string): string => `HTTP/1.1 200 OK\r\n${more}\r\n`;
const chunked = head('transfer-encoding: chunked\r\n');

/** In pieces as they come from a socket, or byte by byte. */
function readAnswer(pieceSize: number, most: number): Parser['read'] {
  return (input) => {
    const reader = createResponseReader('host.test:443', most);
    for (let at = 0; at < input.length; at += pieceSize) {
      const answer = reader.read(input.subarray(at, at + pieceSize));
      if (answer !== undefined) return answer;
    }
    return reader.end();
  };
}

const headShapes = {
  'header lines': many('a: b\r\n', 'HTTP/1.1 200 OK\r\n', 'content-length: 0\r\n\r\n'),
  'headers of many names': many((at) => `a${at}: b\r\n`, 'HTTP/1.1 200 OK\r\n', 'content-length: 0\r\n\r\n'),
  blanks: many(' ', 'HTTP/1.1 200 OK\r\na: b', 'c\r\ncontent-length: 0\r\n\r\n'),
  'interim answers': many('HTTP/1.1 100 C\r\n\r\n', '', head('content-length: 0\r\n')),
};

const bodyShapes = {
  'chunks of a byte': (size: number) => many('1\r\nx\r\n', chunked, '0\r\n\r\n')(size * 6),
  'one chunk': (size: number) => `${chunked}${size.toString(16)}\r\n${'x'.repeat(size)}\r\n0\r\n\r\n`,
  'a length': (size: number) => `${head(`content-length: ${size}\r\n`)}${'x'.repeat(size)}`,
  'until the end': many('x', head('')),
};

const jsonShapes = {
  'lists in lists': many('['),
  members: many((at) => `"m${at}":1,`, '{', '"message":"Insufficient certificate"}'),
  'one text': many('a', '{"message":"', '"}'),
  'a text of blanks': many(' ', '{"message":"a', 'b"}'),
  'a text of control characters': many('\\u0000', '{"message":"', '"}'),
  'words of the service': many('insufficient untrusted rate ', '{"message":"', '"}'),
  'a type of separators': many('#:', '{"__type":"', '"}'),
};

const answerOf = (body: Buffer) => ({ status: 403, headers: {}, body });
const refusedRequest = { now: new Date() } as Parameters<typeof judgeRefusal>[1];

const policy = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: statement });
const principal = { Service: 'rolesanywhere.amazonaws.com' };
const statement = { Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' };
const evaluate = (input: Buffer): unknown =>
  readTrustPolicy(input.toString()).denial({
    action: 'sts:AssumeRole',
    principal: { kind: 'service', name: 'rolesanywhere.amazonaws.com' },
    context: new Map([['aws:a', ['a'.repeat(64)]]]),
  });

/** What STS would have answered, read by the SDK and then by us. */
async function readSts(input: Buffer, statusCode: number): Promise<unknown> {
  const requestHandler = {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async () => ({ response: { statusCode, headers: {}, body: input } }),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
  const hop = { option: 'roleChain[0]', roleArn: 'arn:aws:iam::111122223333:role/Bench', roleSessionName: 'bench' };
  const [fips, dualStack] = [false, false];
  const clientConfig = { requestHandler, maxAttempts: 1 };
  const network = { verify: true, maxAttempts: 1, connectTimeout: 1000, requestTimeout: 1000 };
  const place = { position: 1, hops: 1, callerArn: hop.roleArn, partition: 'aws', region: 'eu-west-1' };
  const keys = { accessKeyId: 'ASIAEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token', expiration: new Date() };
  const context = { now: () => new Date(), random: () => 0, sleep: async () => undefined, userAgent: 'bench/1' };
  return assumeRole({ hop, ...place, sts: { fips, dualStack, clientConfig }, network }, keys, context);
}

const stsError = (message: string): string =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>${message}</Message></Error></ErrorResponse>`;
const xmlShapes = {
  'one text': many('a', '<ErrorResponse><Error><Message>', '</Message></Error></ErrorResponse>'),
  'elements in elements': many('<a>'),
  'elements side by side': many('<a>b</a>', '<ErrorResponse>', '</ErrorResponse>'),
  entities: (size: number) => stsError(many('&amp;')(size)),
  'numbers of characters': (size: number) => stsError(many('&#65;')(size)),
  attributes: many((at) => ` a${at}="b"`, '<ErrorResponse', '></ErrorResponse>'),
  comments: many('<!--', '<ErrorResponse>'),
  'beginnings of tags': many('<'),
  blanks: many(' ', '<ErrorResponse a', '>'),
};

const certificateOf = (extensions: Uint8Array): Buffer => {
  const algorithm = sequence(encodeElement(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const name = sequence();
  const time = encodeElement(0x17, Buffer.from('260101000000Z'));
  const key = sequence(algorithm, encodeElement(0x03, Buffer.of(0, 4)));
  const version = encodeElement(0xa0, encodeElement(0x02, Buffer.of(2)));
  const serial = encodeElement(0x02, Buffer.of(5));
  const list = encodeElement(0xa3, sequence(extensions));
  const signed = sequence(version, serial, algorithm, name, sequence(time, time), name, key, list);
  return sequence(signed, algorithm, encodeElement(0x03, Buffer.of(0, 1)));
};

const unknownExtension = (at: number): Buffer =>
  sequence(
    encodeElement(0x06, Buffer.of(0x2a, 0x80 | (at >> 14), 0x80 | ((at >> 7) & 127), at & 127)),
    encodeElement(0x04, Buffer.alloc(0)),
  );
const alternativeNames = (size: number): Buffer =>
  sequence(
    encodeElement(0x06, Buffer.of(0x55, 0x1d, 0x11)),
    encodeElement(0x04, sequence(Buffer.alloc(size, encodeElement(0x82, Buffer.from('a'))))),
  );
const certificateShapes = {
  ...derShapes,
  extensions: (size: number) =>
    certificateOf(Buffer.concat(Array.from({ length: Math.floor(size / 10) }, (_, at) => unknownExtension(at)))),
  'alternative names': (size: number) => certificateOf(alternativeNames(size)),
};

const nameShapes = {
  attributes: manyBytes(
    Buffer.from(
      encodeElement(
        0x31,
        sequence(encodeElement(0x06, Buffer.of(0x55, 4, 3)), encodeElement(0x0c, Buffer.from('a,+'))),
      ),
    ),
    sequence,
  ),
  'one attribute': (size: number) =>
    sequence(
      encodeElement(
        0x31,
        sequence(encodeElement(0x06, Buffer.of(0x55, 4, 3)), encodeElement(0x0c, Buffer.alloc(size, ', +\\'))),
      ),
    ),
};

/** A list of as many entries as go into `size`; the algorithms and the name are those of nobody. */
const crlShapes = {
  ...derShapes,
  'many entries': (size: number): Buffer => {
    const time = encodeElement(0x17, Buffer.from('260101000000Z'));
    const algorithm = sequence(encodeElement(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
    const entries = Array.from({ length: Math.floor(size / 24) }, (_, at) => {
      const serialNumber = Buffer.alloc(5);
      serialNumber.writeUInt32BE(at, 1);
      return sequence(encodeElement(0x02, Buffer.of(1, ...serialNumber.subarray(1))), time);
    });
    const name = sequence();
    const list = sequence(encodeElement(0x02, Buffer.of(1)), algorithm, name, time, time, sequence(...entries));
    return Buffer.from(sequence(list, algorithm, encodeElement(0x03, Buffer.of(0, 1))));
  },
  'beginnings of lists': many('-----BEGIN X509 CRL-----\n'),
};

const text = (input: Buffer): string => input.toString('latin1');
const arn = 'arn:aws:iam::111122223333:role/a';

const parsers: readonly Parser[] = [
  { name: 'HTTP head', most: 64 * 1024, read: readAnswer(64 * 1024, mebibyte), shapes: headShapes },
  { name: 'HTTP head, byte by byte', most: 64 * 1024, read: readAnswer(1, mebibyte), shapes: headShapes },
  { name: 'HTTP body', most: mebibyte, read: readAnswer(64 * 1024, 8 * mebibyte), shapes: bodyShapes },
  { name: 'HTTP body, byte by byte', most: mebibyte, read: readAnswer(1, 8 * mebibyte), shapes: bodyShapes },
  {
    name: 'JSON error',
    most: mebibyte,
    read: (input) => judgeRefusal(answerOf(input), refusedRequest),
    shapes: jsonShapes,
  },
  { name: 'XML error', most: mebibyte, read: (input) => readSts(input, 403), shapes: xmlShapes },
  { name: 'XML answer', most: mebibyte, read: (input) => readSts(input, 200), shapes: xmlShapes },
  {
    name: 'PEM',
    read: (input) => pemBlocks(input).map((block) => [decodePem(block), pemHeaders(block)]),
    shapes: pemShapes,
  },
  { name: 'PEM (sandbox)', read: (input) => decodeCertificates(text(input)), shapes: pemShapes },
  { name: 'kind of DER', read: derKind, shapes: derShapes },
  { name: 'BER', read: berToDer, shapes: derShapes },
  { name: 'certificate', read: parseX509, shapes: certificateShapes },
  { name: 'certificate (sandbox)', read: decodeCertificate, shapes: certificateShapes },
  { name: 'CRL', read: decodeCrl, shapes: crlShapes },
  { name: 'distinguished name', read: distinguishedName, shapes: nameShapes },
  { name: 'TPM key file', read: readTss2Key, shapes: derShapes },
  { name: 'config file', read: (input) => parseAwsConfig(text(input)), shapes: iniShapes },
  { name: 'credentials file', read: (input) => parseAwsCredentials(text(input)), shapes: iniShapes },
  {
    name: 'credentials file, changed',
    read: (input) =>
      writeProfile(text(input), 'profile a', {
        accessKeyId: 'ASIAEXAMPLE',
        secretAccessKey: 'secret',
        sessionToken: 'token',
        expiration: new Date(),
      }),
    shapes: iniShapes,
  },
  {
    name: 'process line',
    read: (input) => readProcessLine(text(input), 'a'),
    shapes: {
      'options again and again': many(' --region eu-west-1', 'roles-anywhere credential-process'),
      blanks: many(' ', 'roles-anywhere credential-process', '--region a'),
      quotes: many('"', 'roles-anywhere credential-process '),
      backslashes: many('\\', 'roles-anywhere credential-process '),
      'one word': many('a'),
    },
  },
  {
    name: 'command line, split',
    read: (input) => splitCommandLine(text(input)),
    shapes: { 'quotes in quotes': many('"\'a'), words: many('a '), 'backslashes and quotes': many('\\"') },
  },
  {
    name: 'list of ARNs',
    read: (input) => text(input).split(arnSeparator),
    shapes: { ARNs: many(`${arn},`), commas: many(','), blanks: many(' ', ',', ','), 'commas and blanks': many(', ') },
  },
  {
    name: 'PKCS#11 URI',
    read: (input) => parsePkcs11Uri(text(input), '--private-key'),
    shapes: {
      attributes: many('object=a;', 'pkcs11:'),
      'attributes of many names': many((at) => `x${at}=a;`, 'pkcs11:'),
      escapes: many('%41', 'pkcs11:object='),
      separators: many(';', 'pkcs11:'),
      percents: many('%', 'pkcs11:object='),
      'one value': many('a', 'pkcs11:object='),
    },
  },
  {
    name: 'certificate selector',
    read: (input) => parseCertSelector(text(input), '--cert-selector'),
    shapes: {
      pairs: many('Key=x509Serial,Value=0A '),
      blanks: many(' ', 'Key=x509Subject,Value=a', 'b'),
      'one value': many('a', 'Key=x509Subject,Value='),
      JSON: many('{"a":', '[', ']'),
    },
  },
  {
    name: 'trust policy',
    read: evaluate,
    shapes: {
      statements: many(`${JSON.stringify(statement)},`, '{"Statement":[', `${JSON.stringify(statement)}]}`),
      actions: (size) =>
        policy({ ...statement, Action: Array.from({ length: size / 12 }, (_, at) => `sts:A*b?${at}`) }),
      'variables that never end': (size) =>
        policy({ ...statement, Condition: { StringLike: { 'aws:a': '${'.repeat(size / 2) } } }),
      'blanks in a variable': (size) =>
        policy({ ...statement, Condition: { StringLike: { 'aws:a': `\${${' '.repeat(size)}}` } } }),
      'many variables': (size) =>
        policy({ ...statement, Condition: { StringEquals: { 'aws:a': '${aws:a}'.repeat(size / 8) } } }),
      'asterisks in an action': (size) => policy({ ...statement, Action: '*s'.repeat(size / 2) }),
      'asterisks in a condition': (size) =>
        policy({ ...statement, Condition: { StringLike: { 'aws:a': '*a'.repeat(size / 2) } } }),
      'values of a condition': (size) =>
        policy({ ...statement, Condition: { StringLike: { 'aws:a': Array.from({ length: size / 4 }, () => 'a') } } }),
    },
  },
  {
    name: 'cache entry',
    read: (input) => [decodeHeader(text(input)), decodeEntry(text(input), 'a'.repeat(64), randomBytes(32))],
    shapes: { ...jsonShapes, base64: many('A', '{"version":1,"content":"', '"}') },
  },
];

interface Measured {
  readonly size: number;
  readonly milliseconds: number;
}

async function cpuOf(parser: Parser, input: Buffer): Promise<number> {
  const start = process.cpuUsage();
  try {
    await parser.read(input);
  } catch {
    // Refused: that has taken its time too.
  }
  return process.cpuUsage(start).user / 1000;
}

async function measure(parser: Parser, shape: (size: number) => string | Buffer): Promise<Measured[]> {
  const most = Math.min(parser.most ?? Infinity, Number(values.most) * mebibyte);
  const measured: Measured[] = [];
  for (const size of [most / 40, most / 4, most].map(Math.floor)) {
    const made = shape(size);
    const input = typeof made === 'string' ? Buffer.from(made, 'latin1') : made;
    let milliseconds = Infinity;
    for (let round = 0; round < Number(values.rounds); round += 1) {
      milliseconds = Math.min(milliseconds, await cpuOf(parser, input));
      if (milliseconds > 2000) break;
    }
    measured.push({ size, milliseconds });
    if (milliseconds > tooLong) break;
  }
  return measured;
}

/** By how much more than the input the time grew in the last step; undefined where it is too short to say. */
function growthOf(measured: readonly Measured[]): number | undefined {
  const [before, last] = measured.slice(-2);
  if (before === undefined || last === undefined || last.milliseconds < measurable) return undefined;
  return last.milliseconds / Math.max(before.milliseconds, 1) / (last.size / before.size);
}

const columns = ['0.1', '1', '4'].map((part) => (Number(part) * Number(values.most)) / 4);
const inColumns = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(10)).join('');
console.log('parser, shape'.padEnd(60) + inColumns([...columns.map((size) => `${size} MiB`), 'growth']));
let beyond = 0;
for (const parser of parsers) {
  for (const [name, shape] of Object.entries(parser.shapes)) {
    const title = `${parser.name}: ${name}`;
    if (!title.includes(values.only)) continue;
    const measured = await measure(parser, shape);
    const growth = growthOf(measured);
    const times = [0, 1, 2].map((at) => measured[at]?.milliseconds.toFixed(1) ?? 'left out');
    const isBeyond = (growth ?? 0) > limit && (measured.at(-1)?.milliseconds ?? 0) > failing;
    const mark = isBeyond ? ' !' : (growth ?? 0) > aim ? ' *' : '';
    if (isBeyond) beyond += 1;
    console.log(title.padEnd(60) + inColumns([...times, growth === undefined ? '-' : growth.toFixed(2)]) + mark);
  }
}
console.log(
  `milliseconds of CPU; growth 1 is linear, * beyond ${aim}, ! beyond ${limit} and half a second, - too short to say`,
);
if (beyond > 0) process.exitCode = 1;
