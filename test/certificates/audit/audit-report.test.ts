import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from '../../support/fast-check.ts';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readAuditRow } from '../../../src/certificates/audit/audit-row.ts';
import { AuditSummary } from '../../../src/certificates/audit/audit-summary.ts';
import { CsvRecords } from '../../../src/certificates/audit/csv-records.ts';
import { JsonObjects } from '../../../src/certificates/audit/json-objects.ts';
import { auditFile, readAuditReport } from '../../../src/certificates/audit/read-audit-report.ts';
import { main } from '../../../src/cli/main.ts';
import { fakeTerminal } from '../../cli/terminal/fake-terminal.ts';
import { type AwsService, serviceKeys, startService } from '../../support/aws-service.ts';
import { rejectionOf, thrownBy } from '../../support/thrown.ts';

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-audit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const day = 86_400_000;
const header =
  'awsAccountId,requestedByServicePrincipal,certificateArn,serial,subject,notBefore,notAfter,issuedAt,revokedAt,revocationReason,templateArn';
const authority = 'arn:aws:acm-pca:eu-west-1:111122223333:certificate-authority/11111111-2222-3333-4444-555555555555';
const template = 'arn:aws:acm-pca:::template/EndEntityClientAuthCertificate/V1';

/** As AWS writes it: no colon in the offset. */
const timeOf = (date: Date): string => date.toISOString().replace(/\.\d+Z$/, '+0000');
const inDays = (days: number): Date => new Date(Date.now() + days * day + day / 2);

interface Given {
  readonly id: number;
  readonly subject: string;
  readonly days: number;
  readonly revoked?: boolean;
  readonly byAcm?: boolean;
  readonly ca?: string;
  readonly template?: string;
}

function fieldsOf({
  id,
  subject,
  days,
  revoked = false,
  byAcm = false,
  ca = authority,
  template: of = template,
}: Given) {
  return {
    awsAccountId: '111122223333',
    requestedByServicePrincipal: byAcm ? 'acm.amazonaws.com' : '',
    certificateArn: `${ca}/certificate/${id.toString(16).padStart(32, '0')}`,
    serial: id.toString(16).padStart(6, '0').match(/../g)?.join(':') ?? '',
    subject,
    notBefore: timeOf(inDays(days - 100)),
    notAfter: timeOf(inDays(days)),
    issuedAt: timeOf(inDays(days - 100)),
    revokedAt: revoked ? timeOf(inDays(days - 50)) : '',
    // A row that is not revoked may have one, too.
    revocationReason: 'UNSPECIFIED',
    templateArn: of,
  };
}

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
const csvOf = (rows: readonly Given[]): string =>
  `${header}\n${rows.map((row) => `${Object.values(fieldsOf(row)).map(quoted).join(',')}\n`).join('')}`;
const jsonOf = (rows: readonly Given[]): string =>
  JSON.stringify(
    rows.map((row) => Object.fromEntries(Object.entries(fieldsOf(row)).filter(([, value]) => value !== ''))),
    undefined,
    2,
  );

/** A report whose only row has another text in one place. */
const oneRow = ([from, to]: readonly [string | RegExp, string]): string =>
  csvOf([{ id: 1, subject: 'CN=a', days: 1 }]).replace(from, to);

const rows: readonly Given[] = [
  { id: 1, subject: 'CN=due,O="Example, Inc"', days: 10 },
  { id: 2, subject: 'CN=renewed', days: 5 },
  { id: 3, subject: 'CN=renewed', days: 95 },
  { id: 4, subject: 'CN=revoked', days: 5, revoked: true },
  { id: 5, subject: 'CN=late', days: 200 },
  { id: 6, subject: 'CN=just gone', days: -2 },
  { id: 7, subject: 'CN=long gone', days: -200 },
  { id: 8, subject: 'CN=by acm', days: 7, byAcm: true },
  { id: 9, subject: 'CN=renewed', days: 6, template: 'arn:aws:acm-pca:::template/EndEntityServerAuthCertificate/V1' },
  { id: 10, subject: 'CN=renewed', days: 8, ca: authority.replace('1111-2222', '9999-2222') },
  { id: 11, subject: 'CN=twice', days: 20 },
  { id: 12, subject: 'CN=twice', days: 90, revoked: true },
];
const listed = ['CN=just gone', 'CN=by acm', 'CN=due,O="Example, Inc"', 'CN=twice', 'CN=renewed', 'CN=renewed'];

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const terminal = fakeTerminal(env);
  const status = await main(['certificates', ...args], terminal);
  return { status, stdout: terminal.written(), stderr: terminal.lines.join('\n') };
}

describe('a report', () => {
  test.each([
    ['csv', csvOf],
    ['json', jsonOf],
  ])('as %s: revoked, renewed, long gone and late ones are left out, by CA and template', async (ending, write) => {
    const path = join(folder, `report.${ending}`);
    writeFileSync(path, write(rows));
    const { status, stdout, stderr } = await run([path, '--json', '--within', '30d']);
    expect(status).toBe(1);
    const found: { subject: string }[] = JSON.parse(stdout);
    expect(found.map(({ subject }) => subject)).toEqual(listed);
    expect(found[0]).toMatchObject({
      id: `${authority}/certificate/${'6'.padStart(32, '0')}`,
      serialNumber: '6',
      serialNumberHex: '000006',
      daysLeft: -2,
      authorityArn: authority,
      templateArn: template,
      renewedByAcm: false,
    });
    expect(stderr).toBe(
      `roles-anywhere: ${path} has 12 certificates; left out: 2 revoked, 1 renewed since, 1 expired longer ago, 2 that expire later`,
    );
  });

  test('a table by CA and template', async () => {
    const path = join(folder, 'table.csv');
    writeFileSync(path, csvOf(rows));
    const { stdout } = await run([path]);
    const headings = stdout.split('\n').filter((line) => line.startsWith('arn:'));
    expect(headings[0]).toBe(`${authority}, template EndEntityClientAuthCertificate/V1`);
    expect(headings[1]).toBe(`${authority}, template EndEntityServerAuthCertificate/V1`);
    expect(new Set(headings).size).toBe(3);
    expect(stdout).toContain('  ACM renews it\n');
  });

  test('what ACM renews is nobody’s to renew', async () => {
    const path = join(folder, 'acm.csv');
    writeFileSync(path, csvOf([{ id: 1, subject: 'CN=by acm', days: 3, byAcm: true }]));
    expect((await run([path, '--within', '30d'])).status).toBe(0);
  });

  test.each<[name: string, file: string, content: string, message: RegExp]>([
    [
      'no report',
      'x.csv',
      'a,b\n1,2\n',
      /x\.csv: it is no audit report of AWS Private CA: it has no column certificateArn$/,
    ],
    [
      'a time that is none',
      'y.csv',
      csvOf([{ id: 1, subject: 'CN=a', days: 1 }]).replace(/,\d{4}-/, ',soon-'),
      /y\.csv, row 1: notBefore is no time/,
    ],
    ['a row without its end', 'z.csv', `${header}\n"x`, /z\.csv: the CSV ends within quotes$/],
    ['JSON that ends early', 'a.json', '[{"certificateArn": "x"', /a\.json: the JSON ends within an object$/],
    ['a CSV without a byte', 'e.csv', '', /e\.csv: it is empty$/],
    ['a CSV of empty lines', 'f.csv', '\n\n', /f\.csv: it is empty$/],
    ['JSON without a byte', 'e.json', '', /e\.json: it is empty$/],
    [
      'JSON that is no array',
      'f.json',
      '{"a": []}',
      /f\.json: the JSON is no array.*it has "{" where an array begins$/,
    ],
    ['a page in the place of JSON', 'g.json', ' <html>', /g\.json: .*it has "<" where an array begins$/],
    ['an array without an end', 'h.json', '[', /h\.json: the JSON ends before its array does$/],
    [
      'JSON that ends between two objects',
      'i.json',
      `${jsonOf([{ id: 1, subject: 'CN=a', days: 1 }]).slice(0, -1)},`,
      /i\.json, row 1: the JSON ends before its array does$/,
    ],
    ['JSON behind an array', 'j.json', '[] []', /j\.json: .*it has "\[" where it has ended$/],
    [
      'a serial number that is none',
      'k.csv',
      oneRow(['00:00:01', '"\u001B[2J=cmd()"']),
      /k\.csv, row 1: serial is no serial number: "\[2J=cmd\(\)"$/,
    ],
    ['an empty serial number', 'l.csv', oneRow(['00:00:01', '']), /l\.csv, row 1: serial is no serial number: ""$/],
    [
      'an ARN that is none',
      'm.csv',
      oneRow([/arn:[^,]*/, '\u001B]0;x']),
      /m\.csv, row 1: certificateArn is no ARN: "\]0;x"$/,
    ],
    [
      'a template that is none',
      'n.csv',
      oneRow([template, '=cmd()']),
      /n\.csv, row 1: templateArn is no ARN: "=cmd\(\)"$/,
    ],
    ['JSON of another kind', 'b.json', '[{"name": "x"}]', /b\.json, row 1: a row has no certificateArn$/],
    ['JSON that is none', 'c.json', '[{x}]', /c\.json: the JSON is no array of objects$/],
    [
      'a row without an end',
      'd.csv',
      `${header}\n${'x'.repeat(200_000)}`,
      /d\.csv: a row is longer than 100000 characters$/,
    ],
  ])('%s is refused', async (_name, file, content, message) => {
    const path = join(folder, file);
    writeFileSync(path, content);
    const error = await rejectionOf(readAuditReport(auditFile(path), new AuditSummary(new Date(), day)));
    expect(error).toMatchObject({ code: 'FILE_FAILED', message: expect.stringMatching(message) });
  });

  test.each([
    ['csv', csvOf([])],
    ['json', '\uFEFF [ ]\n'],
  ])('of a CA that has issued nothing, as %s', async (ending, content) => {
    const path = join(folder, `nothing.${ending}`);
    writeFileSync(path, content);
    const { status, stderr } = await run([path]);
    expect([status, stderr.split(';')[0]]).toEqual([0, `roles-anywhere: ${path} has 0 certificates`]);
  });

  test('one that is not there', async () => {
    const { status, stderr } = await run([join(folder, 'missing.csv')]);
    expect([status, stderr.split('\n')[0]]).toEqual([
      6,
      `roles-anywhere: ${join(folder, 'missing.csv')} cannot be read: ENOENT`,
    ]);
  });
});

const cell = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', 'ü', ' '), maxLength: 6 });
const pieces = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];

test('CSV in pieces of any size gives the cells that were written', () => {
  const records = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  fc.assert(
    fc.property(records, fc.integer({ min: 1, max: 9 }), fc.constantFrom('\n', '\r\n'), (written, size, lineEnd) => {
      const text = written.map(
        (record) => `${record.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')}${lineEnd}`,
      );
      const reader = new CsvRecords();
      const found = pieces(text.join(''), size).flatMap((piece) => reader.take(piece));
      expect([...found, ...reader.end()]).toEqual(written);
    }),
  );
});

test('JSON in pieces of any size gives the objects that were written', () => {
  const objects = fc.array(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constantFrom('{', '}', '\\', '"'))));
  fc.assert(
    fc.property(objects, fc.integer({ min: 1, max: 9 }), fc.constantFrom(undefined, 2), (written, size, indent) => {
      const reader = new JsonObjects();
      const found = pieces(JSON.stringify(written, undefined, indent), size).flatMap((piece) => reader.take(piece));
      expect([...found, ...reader.end()]).toEqual(written.map((one) => JSON.parse(JSON.stringify(one))));
    }),
  );
});

test.each([
  ['2020-03-02T21:43:57+0000', '2020-03-02T21:43:57.000Z'],
  ['2020-03-02T21:43:57-0130', '2020-03-02T23:13:57.000Z'],
  ['2020-03-02T21:43:57.123Z', '2020-03-02T21:43:57.000Z'],
])('the time %s', (text, expected) => {
  const cells = { ...fieldsOf({ id: 1, subject: 'CN=a', days: 1 }), notAfter: text };
  const row = readAuditRow((column) => Object.entries(cells).find(([name]) => name === column)?.[1]);
  expect(row.notAfter.toISOString()).toBe(expected);
});

test('the 31st of April is no time', () => {
  const cells = { ...fieldsOf({ id: 1, subject: 'CN=a', days: 1 }), notAfter: '2020-04-31T00:00:00+0000' };
  const read = () => readAuditRow((column) => Object.entries(cells).find(([name]) => name === column)?.[1]);
  expect(thrownBy(read).message).toContain('notAfter is no time');
});

describe('in S3', () => {
  let service: AwsService | undefined;
  afterEach(async () => {
    await service?.close();
    service = undefined;
  });

  const env = (url: string): Record<string, string> => ({
    ...serviceKeys,
    AWS_REGION: 'eu-west-1',
    AWS_ENDPOINT_URL_S3: url,
  });

  test('one object, piece by piece, of one version', async () => {
    const many = Array.from({ length: 6000 }, (_, id) => ({ id, subject: `CN=host-${id}`, days: id === 77 ? 3 : 300 }));
    const report = Buffer.from(csvOf(many));
    service = await startService(({ headers }) => {
      const [, from = 0, to = 0] = (/^bytes=(\d+)-(\d+)$/.exec(headers['range'] ?? '') ?? []).map(Number);
      return {
        status: 206,
        headers: { etag: '"v1"', 'content-range': `bytes ${from}-${to}/${report.length}` },
        body: report.subarray(from, to + 1),
      };
    });
    const { status, stdout } = await run(
      ['s3://reports/audit-report/a b=c/x.csv', '--json', '--within', '7d'],
      env(service.url),
    );
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([
      { subject: 'CN=host-77', places: ['s3://reports/audit-report/a b=c/x.csv'] },
    ]);
    expect(service.requests.length).toBe(Math.ceil(report.length / 1_000_000));
    expect(service.requests.map(({ headers }) => headers['if-match'])).toEqual([
      undefined,
      ...service.requests.slice(1).map(() => '"v1"'),
    ]);
    expect(service.requests[0]).toMatchObject({
      path: '/reports/audit-report/a b=c/x.csv',
      service: 's3',
      region: 'eu-west-1',
    });
  });

  test('below a prefix the newest report of each CA, over several pages and in another region', async () => {
    const entry = (key: string, day: number): string =>
      `<Contents><Key>${encodeURIComponent(key).replaceAll('%2F', '/')}</Key><LastModified>2026-11-0${day}T00:00:00.000Z</LastModified></Contents>`;
    const first = `${entry('audit-report/ca-1/old.csv', 1)}${entry('audit-report/ca-1/new.csv', 3)}${entry('audit-report/ca-1/notes.txt', 9)}`;
    const second = entry('audit-report/ca-2/only one.csv', 2);
    const one = csvOf([{ id: 1, subject: 'CN=a', days: 2 }]);
    service = await startService(({ path, query, region }) => {
      if (region !== 'us-west-2') return { status: 301, headers: { 'x-amz-bucket-region': 'us-west-2' } };
      if (path !== '/reports/')
        return { status: 206, headers: { 'content-range': `bytes 0-9/${one.length}` }, body: one };
      if (query.get('continuation-token') === '1=/+') return { body: `<R>${second}</R>` };
      return { body: `<R>${first}<NextContinuationToken>1=/+</NextContinuationToken></R>` };
    });
    const { stdout, stderr } = await run(['s3://reports/audit-report/', '--json'], env(service.url));
    const found: { places: string[] }[] = JSON.parse(stdout);
    expect(found.map(({ places }) => places[0])).toEqual([
      's3://reports/audit-report/ca-1/new.csv',
      's3://reports/audit-report/ca-2/only one.csv',
    ]);
    expect(stderr).not.toContain('warning');
  });

  test('what S3 refuses is told with its code', async () => {
    service = await startService(() => ({
      status: 403,
      body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
    }));
    const { status, stderr } = await run(['s3://reports/x.csv'], env(service.url));
    expect([status, stderr.split('\n')[0]]).toEqual([
      4,
      'roles-anywhere: GetObject of S3 was refused with 403 AccessDenied: Access Denied',
    ]);
  });

  test('a part of an object, of which it is not known which, is no report', async () => {
    service = await startService(() => ({ status: 206, body: csvOf([{ id: 1, subject: 'CN=a', days: 2 }]) }));
    const { status, stderr } = await run(['s3://reports/x.csv'], env(service.url));
    expect([status, stderr.split('\n')[0]]).toEqual([
      4,
      'roles-anywhere: S3 answered with a part of an object, and not with which',
    ]);
  });

  test('pieces that are shorter than what was asked for leave no gap', async () => {
    const report = Buffer.from(csvOf(rows));
    service = await startService(({ headers }) => {
      const from = Number(/^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1]);
      const body = report.subarray(from, from + 400);
      return { status: 206, headers: { 'content-range': `bytes ${from}-${from + 399}/${report.length}` }, body };
    });
    const { stderr } = await run(['s3://reports/x.csv'], env(service.url));
    expect(stderr).toContain('s3://reports/x.csv has 12 certificates');
  });

  test('the request that a refusal quotes is not told: it holds the session token', async () => {
    const quoted = `The Canonical String for this request should have been 'GET / x-amz-security-token:a session token'`;
    service = await startService(() => ({
      status: 403,
      body: `<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match. ${quoted}</Message></Error>`,
    }));
    const { status, stderr } = await run(['s3://reports/x.csv'], env(service.url));
    expect([status, stderr.split('\n')[0]]).toEqual([
      4,
      'roles-anywhere: GetObject of S3 was refused with 403 SignatureDoesNotMatch: The signature does not match.',
    ]);
  });

  test('a wrong key is refused there as by AWS', async () => {
    service = await startService(() => ({}));
    const { status, stderr } = await run(['s3://reports/x.csv'], {
      ...env(service.url),
      AWS_SECRET_ACCESS_KEY: 'other',
    });
    expect([status, stderr.split('\n')[0]]).toEqual([
      4,
      'roles-anywhere: GetObject of S3 was refused with 403 SignatureDoesNotMatch: not yours',
    ]);
  });

  test('without credentials nobody is asked', async () => {
    const { status, stderr } = await run(['s3://reports/x.csv']);
    expect([status, stderr.split('\n')[0]]).toEqual([
      2,
      'roles-anywhere: AWS is to be asked, and there are no credentials for it',
    ]);
  });

  test.each(['s3://', 's3://UP_PER/x', 's3:/bucket/x'])('%s names no bucket', async (place) => {
    const { status, stderr } = await run([place]);
    expect([status, stderr.split('\n')[0]]).toEqual([2, `roles-anywhere: "${place}" names no bucket`]);
  });
});
