import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as fc from '../support/fast-check.ts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dueCertificates, makeNotice, nextBatch } from '../../src/certificates/notify/notice.ts';
import type { ReportedCertificate } from '../../src/certificates/reported-certificate.ts';
import { main } from '../../src/cli/main.ts';
import { expiryThresholds, passedThreshold } from '../../src/core/expiry-thresholds.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { fakeTerminal } from '../cli/terminal/fake-terminal.ts';
import { type AwsService, type ServiceAnswer, serviceKeys, startService } from '../support/aws-service.ts';
import { type Issued, makeCa, makeFolder, makeLeaf, removeFolder } from '../support/openssl.ts';

const day = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * day + day / 2);
const folder = makeFolder();
const topic = 'arn:aws:sns:eu-central-1:111122223333:expiry';
let soon: Issued;
let late: Issued;
let service: AwsService;
let answer: ServiceAnswer;

beforeAll(() => {
  const root = makeCa(folder, 'root');
  soon = makeLeaf(folder, 'soon', root, { subject: '/CN=soon', notAfter: inDays(20), notBefore: inDays(-300) });
  late = makeLeaf(folder, 'late', root, { subject: '/CN=late', notAfter: inDays(200) });
});
beforeEach(async () => {
  answer = { body: '{"FailedEntryCount": 0, "FailedCount": 0}' };
  service = await startService(() => answer);
  rmSync(join(folder, 'state'), { force: true });
});
afterEach(() => service.close());
afterAll(() => removeFolder(folder));

interface Run {
  readonly status: number;
  readonly stderr: string;
}

/** @param later days that the clock is ahead */
async function run(args: readonly string[], later = 0, more: Record<string, string> = {}): Promise<Run> {
  const env = {
    ...serviceKeys,
    AWS_REGION: 'eu-west-1',
    AWS_ACCOUNT_ID: '111122223333',
    AWS_ENDPOINT_URL: service.url,
    ...more,
  };
  const terminal = { ...fakeTerminal(env), now: () => new Date(Date.now() + later * day) };
  const state = ['--notify-state', join(folder, 'state')];
  const status = await main(['certificates', soon.certificate, late.certificate, ...state, ...args], terminal);
  return { status, stderr: terminal.lines.join('\n') };
}

const form = (at = 0): URLSearchParams => new URLSearchParams(service.requests[at]?.body);

describe('SNS', () => {
  test('one message about what expires, signed for the region of the topic', async () => {
    expect(await run(['--notify', `sns:${topic}`])).toEqual({
      status: 0,
      stderr: `roles-anywhere: told sns:${topic} of 1`,
    });
    expect(service.requests).toMatchObject([{ method: 'POST', path: '/', service: 'sns', region: 'eu-central-1' }]);
    expect(Object.fromEntries(form())).toMatchObject({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: topic,
      Subject: '1 certificate expires, the first in 20 days',
    });
    expect(form().get('Message')).toMatch(
      /\n\nCN=soon: in 20 days, at [^\n]+\n {2}serial \d+ \(0x[0-9a-f]+\)\n {2}\S+soon\.pem$/,
    );
    expect(form().get('Message')).not.toContain('CN=late');
  });

  test('a FIFO topic gets a group and what tells a repetition', async () => {
    await run(['--notify', `sns:${topic}.fifo`]);
    expect(form().get('MessageGroupId')).toBe('roles-anywhere');
    expect(form().get('MessageDeduplicationId')).toMatch(/^[0-9a-f]{64}$/);
  });

  test('once at each threshold: 30, 7 and 1 days, and when it is over', async () => {
    const counts: number[] = [];
    for (const later of [0, 0, 5, 14, 14, 15, 20, 20.2, 21, 22]) {
      await run(['--notify', `sns:${topic}`], later);
      counts.push(service.requests.length);
    }
    expect(counts).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 4, 4]);
    expect(form(3).get('Subject')).toBe('1 certificate expires, the first a day ago');
  });

  test('--within is the first threshold', async () => {
    expect((await run(['--notify', `sns:${topic}`, '--within', '10d'])).status).toBe(0);
    expect(service.requests).toEqual([]);
    expect((await run(['--notify', `sns:${topic}`, '--within', '10d'], 11)).status).toBe(1);
    expect(service.requests).toHaveLength(1);
  });

  test('who could not be told is told by the next run, and others are told meanwhile', async () => {
    answer = { status: 403, body: '<Error><Code>AuthorizationError</Code><Message>no</Message></Error>' };
    const told = join(folder, 'told');
    writeFileSync(join(folder, 'hook'), `#!/bin/sh\ncat > ${told}\n`);
    chmodSync(join(folder, 'hook'), 0o755);
    const both = ['--notify', `sns:${topic}`, '--notify', `exec:${join(folder, 'hook')}`];
    const { status, stderr } = await run(both);
    expect(status).toBe(4);
    expect(stderr).toContain('Publish of SNS was refused with 403 AuthorizationError: no');
    expect(JSON.parse(readFileSync(told, 'utf8'))).toMatchObject({
      certificates: [{ subject: 'CN=soon', daysLeft: 20 }],
    });
    rmSync(told);
    answer = {};
    expect((await run(both)).status).toBe(0);
    expect(service.requests).toHaveLength(2);
    expect(existsSync(told)).toBe(false);
  });
});

test('a service that is busy or down for a moment is asked again, within the call', async () => {
  const answers: ServiceAnswer[] = [
    { status: 503 },
    { status: 400, body: '<Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error>' },
    {},
  ];
  const moody = await startService(() => answers.shift() ?? {});
  try {
    const { status } = await run(['--notify', `sns:${topic}`], 0, { AWS_ENDPOINT_URL_SNS: moody.url });
    expect([status, moody.requests.length]).toEqual([0, 3]);
    const down = { AWS_ENDPOINT_URL_SNS: moody.url };
    answers.push({ status: 500 });
    const { status: failed, stderr } = await run(['--notify', `sns:${topic}`, '--max-attempts', '1'], 15, down);
    expect([failed, stderr]).toEqual([5, 'roles-anywhere: Publish of SNS was refused with 500']);
  } finally {
    await moody.close();
  }
});

test('EventBridge: one event, whose detail is JSON within JSON', async () => {
  await run(['--notify', 'eventbridge:default']);
  const [request] = service.requests;
  expect(request).toMatchObject({ service: 'events', region: 'eu-west-1' });
  expect(request?.headers).toMatchObject({
    'x-amz-target': 'AWSEvents.PutEvents',
    'content-type': 'application/x-amz-json-1.1',
  });
  const { Entries }: { Entries: Record<string, unknown>[] } = JSON.parse(request?.body ?? '');
  expect(Entries).toMatchObject([
    { Source: 'roles-anywhere', DetailType: 'Certificates Expire', EventBusName: 'default' },
  ]);
  expect(Entries[0]?.['Time']).toBeTypeOf('number');
  expect(JSON.parse(String(Entries[0]?.['Detail']))).toMatchObject({ certificates: [{ subject: 'CN=soon' }] });
});

test('what EventBridge answers with 200 and did not take is an error', async () => {
  answer = { body: '{"FailedEntryCount": 1, "Entries": [{"ErrorCode": "NotAuthorized"}]}' };
  const bus = 'arn:aws:events:eu-north-1:111122223333:event-bus/ops';
  const { status, stderr } = await run(['--notify', `eventbridge:${bus}`]);
  expect([status, stderr]).toEqual([
    4,
    'roles-anywhere: PutEvents of EventBridge did not take 1 of what it was sent: NotAuthorized',
  ]);
  expect(service.requests[0]?.region).toBe('eu-north-1');
});

test('Security Hub: a finding for each certificate and threshold', async () => {
  await run(['--notify', 'securityhub']);
  await run(['--notify', 'securityhub'], 20);
  const findings = service.requests.map(({ path, body }) => [path, JSON.parse(body).Findings] as const);
  expect(findings).toMatchObject([
    ['/findings/import', [{ SchemaVersion: '2018-10-08', Severity: { Label: 'LOW' }, AwsAccountId: '111122223333' }]],
    ['/findings/import', [{ Severity: { Label: 'HIGH' }, Title: 'CN=soon expires within a day' }]],
  ]);
  const [first, second] = findings.map(([, [finding]]) => finding);
  expect(first.ProductArn).toBe('arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default');
  expect(first.Id).toMatch(/^[0-9a-f]{64}\/720h$/);
  expect(second.Id).toMatch(/\/24h$/);
  for (const name of ['GeneratorId', 'CreatedAt', 'UpdatedAt', 'Title', 'Description', 'Resources', 'Types']) {
    expect(first).toHaveProperty(name);
  }
});

test('Security Hub without an account', async () => {
  const { status, stderr } = await run(['--notify', 'securityhub'], 0, { AWS_ACCOUNT_ID: '' });
  expect([status, stderr.split('\n')[0]]).toEqual([
    2,
    'roles-anywhere: Security Hub wants to know the account of its findings',
  ]);
});

describe('a command', () => {
  const hook = (text: string): string => {
    writeFileSync(join(folder, 'own-hook'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return `exec:${join(folder, 'own-hook')} "an argument"`;
  };

  test('gets the message on stdin, no password of ours, and no shell', async () => {
    const out = join(folder, 'out');
    const told = hook(`{ echo "$1|$ROLES_ANYWHERE_PKCS8_PASSWORD|$OTHER"; cat; } > ${out}`);
    await run(['--notify', told], 0, { ROLES_ANYWHERE_PKCS8_PASSWORD: 'open sesame', OTHER: 'here' });
    const [head, message = ''] = readFileSync(out, 'utf8').split('\n');
    expect(head).toBe('an argument||here');
    expect(JSON.parse(message)).toMatchObject({ subject: '1 certificate expires, the first in 20 days' });
  });

  test('that fails is an error, and is run again', async () => {
    const failing = hook('exit 7');
    expect(await run(['--notify', failing])).toEqual({
      status: 6,
      stderr: `roles-anywhere: ${join(folder, 'own-hook')} ended with status 7`,
    });
    expect((await run(['--notify', failing])).status).toBe(6);
    for (const [program, code] of [
      ['/nowhere/program', 'ENOENT'],
      [join(soon.certificate, 'program'), 'ENOTDIR'],
    ]) {
      expect(await run(['--notify', `exec:${program}`])).toEqual({
        status: 6,
        stderr: expect.stringContaining(`${program} cannot be started: ${code}`) as string,
      });
    }
  });
});

test('--dry-run shows it, asks nobody and remembers nothing', async () => {
  const { status, stderr } = await run(['--notify', `sns:${topic}`, '--notify', 'securityhub', '--dry-run'], 0, {
    AWS_ACCESS_KEY_ID: '',
  });
  expect(status).toBe(0);
  expect(stderr).toContain(`would tell sns:${topic} of 1\n1 certificate expires, the first in 20 days\n`);
  expect(stderr).toContain('would tell securityhub of 1\n{"subject":');
  expect(service.requests).toEqual([]);
  expect(existsSync(join(folder, 'state'))).toBe(false);
});

test('two runs at once tell once', async () => {
  const runs = await Promise.all([run(['--notify', `sns:${topic}`]), run(['--notify', `sns:${topic}`])]);
  expect(runs.map(({ status }) => status)).toEqual([0, 0]);
  expect(service.requests).toHaveLength(1);
});

test('what a run that was killed has left half written keeps no one from remembering', async () => {
  writeFileSync(join(folder, 'state.new'), '{"version":');
  for (const expected of [1, 1]) {
    expect((await run(['--notify', `sns:${topic}`])).status).toBe(0);
    expect(service.requests).toHaveLength(expected);
  }
  expect(existsSync(join(folder, 'state.new'))).toBe(false);
});

test('a state that nobody wrote is not overwritten', async () => {
  writeFileSync(join(folder, 'state'), 'something else');
  const { status, stderr } = await run(['--notify', `sns:${topic}`]);
  expect([status, stderr.split('\n')[0]]).toEqual([
    6,
    `roles-anywhere: ${join(folder, 'state')} is not what an earlier run has written`,
  ]);
  expect(readFileSync(join(folder, 'state'), 'utf8')).toBe('something else');
});

test('the state holds no text of a command, which may be a secret', async () => {
  await run(['--notify', 'exec:/bin/true --token s3cr3t']);
  expect(readFileSync(join(folder, 'state'), 'utf8')).not.toContain('s3cr3t');
});

test.each(['sns:expiry', 'eventbridge:', 'mail:me', 'exec:', 'exec:"open'])(
  '%s is refused before anything is read',
  async (target) => {
    const { status, stderr } = await run(['--notify', target]);
    expect(status).toBe(2);
    expect(stderr).toContain('--notify must be sns:ARN, eventbridge:BUS, securityhub or exec:COMMAND');
  },
);

test('with credentials of Roles Anywhere, which are not asked for where nobody is to be told', async () => {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization, String(request.headers['x-amz-security-token']));
    request.resume().once('end', () => response.end());
  });
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  const sandbox = await startSandbox();
  try {
    const env = { ...sandbox.environment, AWS_ACCESS_KEY_ID: '', AWS_ENDPOINT_URL_SNS: `http://127.0.0.1:${port}` };
    expect((await run(['--notify', `sns:${topic}`], 0, env)).status).toBe(0);
    expect(seen[0]).toMatch(/^AWS4-HMAC-SHA256 Credential=ASIA\w+\/\d{8}\/eu-central-1\/sns\/aws4_request, /);
    expect(seen[1]).toMatch(/^RolesAnywhereSandbox\//);
    await run(['--notify', `sns:${topic}`], 0, env);
    expect(sandbox.requests).toHaveLength(1);
  } finally {
    await sandbox.close();
    server.close();
  }
});

describe('thresholds', () => {
  const from = (days: number) => ({ notBefore: new Date(0), notAfter: new Date(days * day) });

  test.each([
    [365, [30, 7, 1]],
    [90, [30, 7, 1]],
    [60, [20, 7, 1]],
    [15, [5, 1]],
    [1, [1 / 3]],
  ])('a certificate of %d days: %j', (days, thresholds) => {
    expect(expiryThresholds(from(days)).map((threshold) => threshold / day)).toEqual(thresholds);
  });

  test('the passed one never grows while time goes on', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.array(fc.double({ min: 0, max: 1.2, noNaN: true })),
        (days, moments) => {
          const validity = from(days);
          const thresholds = expiryThresholds(validity);
          const passed = moments
            .toSorted((one, other) => one - other)
            .map((moment) => passedThreshold(validity, thresholds, new Date(moment * days * day)) ?? Infinity);
          expect(passed).toEqual(passed.toSorted((one, other) => other - one));
        },
      ),
    );
  });

  const ofDays = (days: number, more: Partial<ReportedCertificate> = {}): ReportedCertificate => ({
    ...{ id: `of ${days}`, kind: 'leaf', subject: 'CN=a', issuer: undefined, key: undefined },
    ...{ serialNumber: '1', serialNumberHex: '01', objections: [], places: [], ...from(days), daysLeft: days - 1000 },
    ...more,
  });
  const dueOf = (certificates: readonly ReportedCertificate[]) =>
    dueCertificates(certificates, undefined, new Date(1000 * day));

  test('what can be renewed comes before what has ended, and what ended too long ago is nobody’s to be told of', () => {
    const found = [599, 600, 601, 990, 1001, 1020, 1500].map((days) => ofDays(days));
    const due = dueOf(found);
    expect(due.map(({ certificate }) => certificate.id)).toEqual(['of 1001', 'of 1020', 'of 990', 'of 601']);
    expect(makeNotice({ due, left: 0 }).subject).toBe('2 certificates expire, the first in a day; 2 expired');
  });

  test('two hundred that have ended hide none that ends tomorrow', () => {
    const ended = Array.from({ length: 300 }, (_, at) => ofDays(990, { id: `ended ${at}` }));
    const batch = nextBatch(dueOf([...ended, ofDays(1001)]));
    expect([batch.due[0]?.certificate.id, batch.due.length, batch.left]).toEqual(['of 1001', 200, 101]);
    const notice = makeNotice(batch);
    expect(notice.text).toMatch(/\n\n101 more are left to the next message\.$/);
    expect(notice.left).toBe(101);
    expect(nextBatch([])).toEqual({ due: [], left: 0 });
  });

  test.each([
    ['of three bytes', '証'],
    ['that are written as four within JSON', '"'],
  ])('names of characters %s are counted in bytes', (_name, character) => {
    const long = { subject: `CN=${character.repeat(400)}`, places: [1, 2, 3].map(() => character.repeat(300)) };
    const due = dueOf(Array.from({ length: 250 }, (_, at) => ofDays(1001, { id: `${at}`, ...long })));
    const batch = nextBatch(due);
    const { text, subject, certificates, left } = makeNotice(batch);
    const detail = JSON.stringify(JSON.stringify({ subject, certificates, left }));
    expect(Math.max(Buffer.byteLength(text), Buffer.byteLength(detail))).toBeLessThan(250_000);
    expect(batch.due.length).toBeGreaterThan(50);
    expect(batch.due.length + left).toBe(250);
  });

  test('what ACM renews is nobody’s to be told of', () => {
    const issued = { authorityArn: 'a', templateArn: 't', renewedByAcm: true };
    const certificate = { id: '1', ...from(10), issued } as ReportedCertificate;
    expect(dueCertificates([certificate], undefined, new Date(9 * day))).toEqual([]);
    expect(
      dueCertificates([{ ...certificate, issued: { ...issued, renewedByAcm: false } }], undefined, new Date(9 * day)),
    ).toHaveLength(1);
  });
});
