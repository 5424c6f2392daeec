import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type CredentialRequest,
  obtainCredentials,
  openIdentity,
  parseCertificate,
  type PipelineContext,
  type SigningIdentity,
  signRequest,
} from '../src/index.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/index.ts';
import { rejectionOf } from './support/thrown.ts';

let sandbox: Sandbox;
let request: CredentialRequest;
let identity: SigningIdentity;

const context: PipelineContext = {
  now: () => new Date(),
  random: () => 0.5,
  sleep: () => Promise.resolve(),
  warn: () => undefined,
  userAgent: 'example/1.0',
};

beforeAll(async () => {
  sandbox = await startSandbox();
  const { trustAnchorArn, profileArn, roleArn, region, endpoint: url } = sandbox;
  const key = createPrivateKey(sandbox.privateKey);
  identity = {
    certificate: parseCertificate(new X509Certificate(sandbox.certificate).raw),
    chain: [],
    signer: { algorithm: 'ECDSA', sign: (message, digest = 'SHA-256') => Promise.resolve(sign(digest, message, key)) },
    close: () => Promise.resolve(),
  };
  request = {
    identity,
    session: { trustAnchorArn, profileArn, roleArn, region },
    endpoint: { partition: 'aws', region, custom: { url, option: 'the endpoint' }, fips: false, dualStack: false },
    network: { verify: true, maxAttempts: 1, connectTimeout: 10_000, requestTimeout: 10_000 },
  };
});

afterAll(() => sandbox.close());

test('what is right is taken: an open identity, sources, one context for all', async () => {
  expect((await obtainCredentials(request, context)).accountId).toBe(sandbox.accountId);
  const [path, keyPath] = [sandbox.certificatePath, sandbox.privateKeyPath];
  const source = {
    certificate: { kind: 'file', path, option: 'the certificate' },
    privateKey: { kind: 'file', path: keyPath, option: 'the key' },
  } as const;
  expect((await obtainCredentials({ ...request, identity: source }, context)).accountId).toBe(sandbox.accountId);
  const opened = await openIdentity(source, context);
  const unsigned = { method: 'GET', path: '/', headers: { host: 'example' }, body: new Uint8Array() };
  const signed = await signRequest(unsigned, opened, { region: 'eu-west-1', date: new Date() });
  expect(signed.headers['authorization']).toContain('AWS4-X509-ECDSA-SHA256');
  await opened.close();
});

describe('a name that nobody reads is refused, at every depth', () => {
  type Members = Readonly<Record<string, object>>;

  /** The request with members put into those that it has. */
  function requestWith(members: Members): CredentialRequest {
    const parts: Readonly<Record<string, unknown>> = { ...request };
    const changed = Object.entries(members).map(([name, part]) => [
      name,
      Array.isArray(part) ? part : { ...(parts[name] as object), ...part },
    ]);
    return { ...request, ...(Object.fromEntries(changed) as object) };
  }

  const certificate = { kind: 'file', path: '/x', option: 'the certificate' };
  const arn = 'arn:aws:iam::111122223333:role/Other';

  test.each<[Members, message: string, hint: string]>([
    [{ rolechain: {} }, 'unknown option request.rolechain', 'did you mean roleChain?'],
    [{ session: { duration: 900 } }, 'unknown option request.session.duration', 'did you mean durationSeconds?'],
    [{ endpoint: { dualstack: true } }, 'unknown option request.endpoint.dualstack', 'did you mean dualStack?'],
    [{ endpoint: { custom: { uri: 'x' } } }, 'unknown option request.endpoint.custom.uri', 'did you mean url?'],
    [{ network: { verfy: false } }, 'unknown option request.network.verfy', 'did you mean verify?'],
    [
      { network: { caBundle: { file: '/x' } } },
      'unknown option request.network.caBundle.file',
      'there are path, option',
    ],
    [{ sts: { endPoint: {} } }, 'unknown option request.sts.endPoint', 'did you mean endpoint?'],
    [
      { roleChain: [{ roleArn: arn, rolesessionname: 'x' }] },
      'unknown option request.roleChain[0].rolesessionname',
      'did',
    ],
  ])('request %j', async (members, message, hint) => {
    const error = await rejectionOf(obtainCredentials(requestWith(members), context));
    expect(error).toMatchObject({ code: 'OPTION_UNKNOWN', message });
    expect(error.hints.join()).toContain(hint);
  });

  test.each<[object, message: string]>([
    [{ certificate, privatekey: certificate }, 'unknown option source.privatekey'],
    [{ certificate: { ...certificate, pth: '/x' } }, 'unknown option source.certificate.pth'],
    [{ certificate, keyPassword: { val: 'hunter2' } }, 'unknown option source.keyPassword.val'],
    [{ certificate, pkcs11: { modul: {} } }, 'unknown option source.pkcs11.modul'],
    [{ certificate, pkcs11: { pin: { hunter: 'hunter2' } } }, 'unknown option source.pkcs11.pin.hunter'],
    [{ certificate, tpm: { device: { txt: 'x' } } }, 'unknown option source.tpm.device.txt'],
  ])('source %j', async (source, message) => {
    const error = await rejectionOf(openIdentity(source as never, context));
    expect(error).toMatchObject({ code: 'OPTION_UNKNOWN', message });
    expect(`${error.message} ${error.hints.join()}`).not.toContain('hunter2');
  });

  test('of the context', async () => {
    const error = await rejectionOf(obtainCredentials(request, { ...context, useragent: 'x' } as PipelineContext));
    expect(error).toMatchObject({ message: 'unknown option context.useragent', hints: ['did you mean userAgent?'] });
  });

  test('of a scope', async () => {
    const unsigned = { method: 'GET', path: '/', headers: {}, body: new Uint8Array() };
    const scope = { region: 'eu-west-1', date: new Date(), servce: 'x' };
    expect(await rejectionOf(signRequest(unsigned, identity, scope))).toMatchObject({
      message: 'unknown option scope.servce',
      hints: ['did you mean service?'],
    });
  });
});

describe('what is no object, date or identity is named', () => {
  const unsigned = { method: 'GET', path: '/', headers: {}, body: new Uint8Array() };
  const scope = { region: 'eu-west-1', date: new Date() };

  test.each<[string, () => Promise<unknown>, message: string]>([
    ['null as request', () => obtainCredentials(null as never, context), 'request must be an object, not null'],
    [
      'no session',
      () => obtainCredentials({ ...request, session: undefined } as never, context),
      'request.session must',
    ],
    ['no context', () => obtainCredentials(request, undefined as never), 'context must be an object, not undefined'],
    [
      'a path as source',
      () => openIdentity('/x' as never, context),
      'source must be an object, not a value of type str',
    ],
    [
      'a path in it',
      () => openIdentity({ certificate: '/x' } as never, context),
      'source.certificate must be an object',
    ],
    [
      'a chain of null',
      () => obtainCredentials({ ...request, roleChain: [null] } as never, context),
      'roleChain[0] must',
    ],
    [
      'a date as text',
      () => signRequest(unsigned, identity, { ...scope, date: 'x' } as never),
      'scope.date must be a Date',
    ],
    [
      'half of a character in a query',
      () => signRequest({ ...unsigned, query: [['name', '\ud800']] }, identity, scope),
      'path or query of request holds half of a character',
    ],
    [
      'an X509Certificate',
      () =>
        signRequest(unsigned, { ...identity, certificate: new X509Certificate(sandbox.certificate) } as never, scope),
      'identity.certificate must be what parseCertificate() returns, not an object of type X509Certificate',
    ],
    [
      'an X509Certificate in a request',
      () =>
        obtainCredentials(
          { ...request, identity: { ...identity, certificate: new X509Certificate(sandbox.certificate) } } as never,
          context,
        ),
      'request.identity.certificate must be what parseCertificate() returns, not an object of type X509Certificate',
    ],
  ])('%s', async (_name, call, message) => {
    const error = await rejectionOf(call());
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toContain(message);
  });
});
