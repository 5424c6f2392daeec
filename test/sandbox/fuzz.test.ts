/**
 * Requests that are wrong somewhere: headers, certificates field by field (signed anew, so that they get as far as the
 * trust anchor), bodies, queries and chunks. The sandbox refuses or accepts them; it does not fail (status 500), hang or
 * end.
 *
 * ROLES_ANYWHERE_TEST_REQUESTS=1000000 sends that many of each kind, of another seed each time.
 */
import { randomUUID, sign } from 'node:crypto';
import { connect } from 'node:net';
import * as fc from '../support/fast-check.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeElement } from '../../src/identity/x509/der-writer.ts';
import { onlyElement, sequenceOf } from '../../src/identity/x509/der.ts';
import { answerAsService, type Answered, type Backstage } from '../../src/sandbox/answer-request.ts';
import type { IssuedLeaf } from '../../src/sandbox/authority.ts';
import { createCertificateAuthority } from '../../src/sandbox/certificate-authority.ts';
import { CredentialStore } from '../../src/sandbox/credential-store.ts';
import { FaultQueue } from '../../src/sandbox/faults.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import type { ReceivedRequest } from '../../src/sandbox/received-request.ts';
import { addProfile, addRole, addTrustAnchor, makeRegistry } from '../../src/sandbox/registry.ts';
import { decodeCertificate } from '../../src/trust/x509/read-certificate.ts';
import { editedOften, joinCertificate, splitCertificate } from '../support/crafted-certificates.ts';
import { type HandMadeRequest, type Place, sessionBody, signRequest, type Wishes } from './hand-made-request.ts';
import { type Keys, signSts } from './hand-made-sts.ts';

const asked = process.env['ROLES_ANYWHERE_TEST_REQUESTS'];
/** In CI for no more than eight seconds each, whatever else the machine does. */
const runs = (few: number) => ({
  endOnFailure: true,
  numRuns: Number(asked ?? few),
  ...(asked === undefined ? { seed: 20_260_115, interruptAfterTimeLimit: 8000 } : {}),
});

/** Milliseconds that one request may take, on a slow machine that does other things too. */
const patience = 20_000;

const registry = makeRegistry({ region: 'us-east-1', accountId: '111122223333' });
const backstage: Backstage = {
  registry,
  credentials: new CredentialStore(),
  faults: new FaultQueue(),
  throttle: undefined,
  sessionLifetime: undefined,
  // Not one moment for all: after a quarter of an hour every request would be refused for its date.
  now: () => new Date(),
  closing: new AbortController().signal,
};
const endpoint = 'http://127.0.0.1:1';

/** A CA whose key is at hand, and its leaves of two kinds of keys. */
let anchor: IssuedLeaf;
let leaves: readonly IssuedLeaf[];
let place: Place;
let keys: Keys;

const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----`;

beforeAll(async () => {
  const authority = await createCertificateAuthority();
  anchor = await authority.issueLeaf({ subject: 'CN=Anchor', ca: true, keyUsages: ['keyCertSign'] });
  leaves = await Promise.all((['P-256', 'RSA-2048'] as const).map((keyType) => authority.issueLeaf({ keyType })));
  const trustAnchorArn = addTrustAnchor(registry, 'anchor', [anchor.certificate]);
  const roleArn = addRole(registry, 'Worker');
  const profileArn = addProfile(registry, { name: 'profile', roleArns: [roleArn], acceptRoleSessionName: true });
  place = { ...anchor, endpoint, region: 'us-east-1', trustAnchorArn, profileArn, roleArn };
  const session = await send(received(signedBy(0, signedAnew(issuedByAnchor(0)))));
  const { credentials }: { credentials: Keys } = JSON.parse(session.reply.body).credentialSet[0];
  keys = credentials;
});

function send(request: ReceivedRequest): Promise<Answered> {
  return answerAsService(request, backstage);
}

/** As it comes over the wire. */
function received({ method, target, headers, body }: HandMadeRequest): ReceivedRequest {
  const [path = '', query = ''] = target.split('?', 2);
  return { id: randomUUID(), method, path, query, headers: Object.entries(headers), body: Buffer.from(body) };
}

const issuedByAnchor = (which: number) => ({
  ...splitCertificate(derOf(leaves[which]?.certificate ?? '')),
  issuer: splitCertificate(derOf(anchor.certificate)).subject,
});

/** With the signature of the anchor, as far as there is a certificate to sign. */
function signedAnew(given: Uint8Array | ReturnType<typeof issuedByAnchor>): Buffer {
  const der = given instanceof Uint8Array ? Buffer.from(given) : joinCertificate(given);
  try {
    const [signedPart, algorithm] = sequenceOf(onlyElement(der));
    if (signedPart === undefined || algorithm === undefined) return der;
    const signature = sign('sha256', signedPart.encoded, anchor.privateKey);
    const bits = encodeElement(0x03, Buffer.of(0), signature);
    return encodeElement(0x30, signedPart.encoded, algorithm.encoded, bits);
  } catch {
    return der;
  }
}

function serialOf(der: Uint8Array): string {
  try {
    return decodeCertificate(der).serialNumber.toString();
  } catch {
    return '1';
  }
}

function signedBy(which: number, der: Uint8Array, wishes: Wishes = {}): HandMadeRequest {
  const privateKey = leaves[which]?.privateKey ?? '';
  return signRequest(place, { certificate: pemOf(der), privateKey, serial: serialOf(der), ...wishes });
}

const statuses = new Map<number, number>();

/** Sent to the end, and soon, with an answer of the service. */
async function holds(request: ReceivedRequest): Promise<void> {
  const start = performance.now();
  const { reply, record } = await send(request);
  statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
  const elapsed = performance.now() - start;
  if (reply.status < 500 && elapsed < patience) return;
  const sent = JSON.stringify({ ...request, body: Buffer.from(request.body).toString('latin1') }).slice(0, 4000);
  throw new Error(`status ${reply.status} (${record.reason}) after ${elapsed.toFixed(0)} ms, for ${sent}`);
}

const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[\t -~\u0080-\u00ff]{0,40}$/),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '%',
    '%zz',
    '=',
    ',',
    ';',
    '/',
    '\u00ff',
    '__proto__',
    '{',
    '[]',
    'null',
    '1e999',
    '-1',
  ),
  fc.constantFrom(
    ' '.repeat(60_000),
    'a, '.repeat(20_000),
    ';'.repeat(60_000),
    '/'.repeat(60_000),
    '%41'.repeat(20_000),
  ),
  fc.constantFrom(`a${' '.repeat(100_000)}b`, `a${' \t'.repeat(50_000)},b`, 'a='.repeat(30_000), '('.repeat(9000)),
);

/** A text with a piece of it replaced, cut out or doubled. */
const damage: fc.Arbitrary<(text: string) => string> = fc
  .tuple(fc.constantFrom('replace', 'cut', 'double', 'all'), fc.nat(), fc.nat(30), noise)
  .map(([kind, position, length, value]) => (text) => {
    const at = position % (text.length + 1);
    const [head, piece, tail] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
    if (kind === 'replace') return head + value + tail;
    if (kind === 'cut') return head + tail;
    return kind === 'double' ? head + piece + piece + tail : value;
  });

/** One or more headers missing, doubled, renamed or changed; the target and the method too. */
const wireDamage: fc.Arbitrary<(request: ReceivedRequest) => ReceivedRequest> = fc
  .tuple(fc.constantFrom('value', 'name', 'drop', 'double', 'method', 'path', 'query', 'body'), fc.nat(), damage)
  .map(([kind, position, change]) => (request) => {
    if (kind === 'method' || kind === 'path' || kind === 'query') return { ...request, [kind]: change(request[kind]) };
    if (kind === 'body') return { ...request, body: Buffer.from(change(Buffer.from(request.body).toString('latin1'))) };
    const headers = [...request.headers];
    const at = position % Math.max(headers.length, 1);
    const [name = '', value = ''] = headers[at] ?? [];
    if (kind === 'drop') headers.splice(at, 1);
    else if (kind === 'double') headers.splice(at, 0, [name, change(value)]);
    else headers[at] = kind === 'name' ? [change(name).toLowerCase(), value] : [name, change(value)];
    return { ...request, headers };
  });

const damagedOften = fc.array(wireDamage, { minLength: 1, maxLength: 4 });

/** What a signed body may hold: any JSON, the right members with other values, or damaged text. */
const members = fc.record(
  {
    trustAnchorArn: fc.anything(),
    profileArn: fc.anything(),
    roleArn: fc.anything(),
    durationSeconds: fc.oneof(fc.double(), fc.anything()),
    roleSessionName: fc.oneof(fc.string(), noise, fc.anything()),
    ['__proto__']: fc.anything(),
  },
  { requiredKeys: [] },
);

const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}` : part)) ?? 'null';

const bodies: fc.Arbitrary<() => string> = fc.oneof(
  members.map((value) => () => sessionBody(place, Object.fromEntries(Object.entries(JSON.parse(jsonOf(value)))))),
  members.map((value) => () => jsonOf(value)),
  fc.json().map((text) => () => text),
  damage.map((change) => () => change(sessionBody(place))),
  noise.map((text) => () => text),
);

describe('CreateSession', () => {
  test(
    'with a certificate that is wrong somewhere, and signed by the trust anchor',
    { timeout: Infinity },
    async () => {
      const certificates = fc.tuple(fc.nat(1), fc.nat(3)).chain(([which, position]) => {
        return editedOften([issuedByAnchor(which)]).map((der) => ({ which, position, der: signedAnew(der) }));
      });
      await fc.assert(
        fc.asyncProperty(certificates, ({ which, position, der }) => {
          const leaf = signedAnew(issuedByAnchor(which));
          // As the leaf; or in the chain, beside a good leaf.
          const request =
            position > 0 ? signedBy(which, der) : signedBy(which, leaf, { chain: [der, leaf].map(pemOf).join('\n') });
          return holds(received(request));
        }),
        runs(1500),
      );
      expect([...statuses.keys()]).toEqual(expect.arrayContaining([201, 403]));
    },
  );

  test('with headers, target or body that are not what was signed', { timeout: Infinity }, async () => {
    const der = signedAnew(issuedByAnchor(0));
    const request = received(signedBy(0, der));
    await fc.assert(
      fc.asyncProperty(damagedOften, (damages) => holds(damages.reduce((changed, change) => change(changed), request))),
      runs(1500),
    );
  });

  test('with a body, a query and a scope that are signed and make no sense', { timeout: Infinity }, async () => {
    const der = signedAnew(issuedByAnchor(0));
    const wishes = fc.record(
      {
        region: noise,
        service: noise,
        terminator: noise,
        scopeDate: noise,
        algorithm: noise,
        serial: noise,
        query: noise,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(bodies, fc.oneof(fc.constant({}), wishes), (body, wish) =>
        holds(received(signedBy(0, der, { ...wish, body: body() }))),
      ),
      runs(1500),
    );
    expect([...statuses.keys()]).toEqual(expect.arrayContaining([400]));
  });
});

describe('STS', () => {
  test('as a start, with what is right', async () => {
    const { reply } = await send(received(signSts(endpoint, keys, { Action: 'GetCallerIdentity' })));
    expect(reply.status).toBe(200);
  });

  const names = fc.constantFrom(
    ...['Version', 'RoleArn', 'RoleSessionName', 'DurationSeconds', 'ExternalId', 'SourceIdentity', 'Policy'],
    ...['Tags.member.1.Key', 'Tags.member.1.Value', 'Tags.member.2.Key', 'Tags.member.2.Value'],
    ...['TransitiveTagKeys.member.1', 'TransitiveTagKeys.member.2', 'PolicyArns.member.1.arn', '__proto__', ''],
  );
  const parameters = fc
    .array(fc.tuple(names, fc.oneof(noise, fc.json(), fc.string(), fc.constant('900'))))
    .map((pairs) => Object.fromEntries(pairs));

  test.each(['AssumeRole', 'GetCallerIdentity', 'Other'])(
    '%s with parameters that make no sense',
    async (Action) => {
      await fc.assert(
        fc.asyncProperty(parameters, fc.boolean(), (given, isWhole) => {
          const right = isWhole ? { RoleArn: place.roleArn, RoleSessionName: 'name' } : {};
          return holds(received(signSts(endpoint, keys, { ...right, ...given, Action })));
        }),
        runs(400),
      );
    },
    Infinity,
  );

  test('with headers, target or body that are not what was signed', { timeout: Infinity }, async () => {
    const request = received(signSts(endpoint, keys, { Action: 'GetCallerIdentity' }));
    await fc.assert(
      fc.asyncProperty(damagedOften, (damages) => holds(damages.reduce((changed, change) => change(changed), request))),
      runs(800),
    );
  });

  test('a member of a list after another is read in time that grows with the body alone', async () => {
    const many = Array.from({ length: 6000 }, (_, at) => [`TransitiveTagKeys.member.${at + 1}`, 'k'] as const);
    const start = process.cpuUsage();
    const given = {
      ...Object.fromEntries(many),
      RoleArn: place.roleArn,
      RoleSessionName: 'name',
      Action: 'AssumeRole',
    };
    const { reply } = await send(received(signSts(endpoint, keys, given)));
    expect(reply.status).toBe(400);
    expect(process.cpuUsage(start).user).toBeLessThan(2_500_000);
  });
});

test(
  'bytes that are no request, and chunks that are none, leave the sandbox answering',
  { timeout: Infinity },
  async () => {
    const sandbox = await startSandbox();
    const { hostname, port } = new URL(sandbox.endpoint);
    /** Resolves with what came back when the server has closed. */
    const talk = (bytes: Buffer, ends = true): Promise<string> =>
      new Promise((settle, fail) => {
        const socket = connect({ host: hostname, port: Number(port) });
        let answer = '';
        socket.on('data', (piece: Buffer) => (answer += piece.toString('latin1')));
        socket.setTimeout(patience, () => fail(new Error(`no answer to ${JSON.stringify(bytes.toString('latin1'))}`)));
        // A server that has closed already resets what is still on its way.
        socket.on('error', () => undefined);
        socket.once('close', () => settle(answer));
        socket.write(bytes);
        // What is not whole is ended; a server need not answer whoever ends too soon.
        if (ends) setTimeout(() => socket.end(), 100);
      });
    const good = signRequest(sandbox);
    const head = Object.entries(good.headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const start = `POST /sessions HTTP/1.1\r\n${head.join('')}connection: close\r\n`;
    const whole = `${start}transfer-encoding: chunked\r\n\r\n${good.body.length.toString(16)}\r\n${good.body}\r\n0\r\n\r\n`;
    expect(await talk(Buffer.from(whole), false)).toMatch(/^HTTP\/1\.1 201 /);
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
          const bytes = damages.reduce((changed, change) => change(changed), whole);
          const answer = await talk(Buffer.from(bytes, 'latin1'));
          expect(answer).not.toMatch(/^HTTP\/1\.1 5/);
        }),
        { ...runs(200), numRuns: Math.min(3000, Number(asked ?? 200)) },
      );
      expect(await talk(Buffer.from(whole), false)).toMatch(/^HTTP\/1\.1 201 /);
    } finally {
      await sandbox.close();
    }
  },
);
