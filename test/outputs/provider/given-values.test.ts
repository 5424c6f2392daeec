import {
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromRolesAnywhere, providerIn } from '../../../src/outputs/provider/from-roles-anywhere.ts';
import type { FromRolesAnywhereInit, RolesAnywhereTarget } from '../../../src/outputs/provider/init.ts';
import { parseCertificate } from '../../../src/identity/read-der-certificate.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/index.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { initFor, surroundings } from './surroundings.ts';

let sandbox: Sandbox;
let complete: RolesAnywhereTarget;
let publicKey: KeyObject;
let cryptoKey: webcrypto.CryptoKey;

beforeAll(async () => {
  sandbox = await startSandbox();
  complete = { ...initFor(sandbox), stsEndpoint: sandbox.stsEndpoint };
  publicKey = createPublicKey(sandbox.certificate);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  ({ privateKey: cryptoKey } = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']));
});

afterAll(() => sandbox.close());

/** What JavaScript lets through and TypeScript would not. */
const refused = (init: unknown) => rejectionOf(providerIn(surroundings(), init as FromRolesAnywhereInit)());
const refusedWith = (members: object) => refused({ ...complete, ...members });
const role = 'arn:aws:iam::111122223333:role/Other';

describe('a name that is no option is refused, with the one that was meant', () => {
  test.each<[object, message: string, hint: string]>([
    [{ rolechain: [{ roleArn: role }] }, 'unknown option rolechain', 'did you mean roleChain?'],
    [{ sessionDuration: 900 }, 'unknown option sessionDuration', 'did you mean durationSeconds?'],
    [{ 'session-duration': 900 }, 'unknown option session-duration', 'did you mean durationSeconds?'],
    [{ roles_anywhere_role_arn: role }, 'unknown option roles_anywhere_role_arn', 'did you mean roleArn?'],
    [{ fromProfile: 'x' }, 'unknown option fromProfile', 'did you mean profile?'],
    [{ trustAnchor: 'x' }, 'unknown option trustAnchor', 'did you mean trustAnchorArn?'],
    [{ externalId: 'x' }, 'unknown option externalId', 'give it to the hop of roleChain that asks for it'],
    [{ pkcs11PinFd: 3 }, 'unknown option pkcs11PinFd', 'give pkcs11Pin as a function, or pkcs11PinFile'],
    [{ cache: true }, 'unknown option cache', 'the provider keeps its credentials in memory'],
    [{ mfaSerial: 'x' }, 'unknown option mfaSerial', 'docs/provider.md tells of the options'],
    [{ 'hunter2 and more': 1 }, 'unknown option (not shown', 'docs/provider.md tells of the options'],
    [{ rolechain: [], regoin: 'x' }, 'unknown options rolechain, regoin', 'regoin: did you mean region?'],
    [{ roleChain: [{ rolArn: role }] }, 'roleChain[0] has no roleArn', 'did you mean roleArn?'],
    [{ roleChain: [{ roleArn: role, Tags: {} }] }, 'unknown option roleChain[0].Tags', 'did you mean tags?'],
    [{ roleChain: [{ roleArn: role, mfa: 1 }] }, 'unknown option roleChain[0].mfa', 'there are roleArn, externalId, '],
    [{ clientConfig: { maxAttemps: 5 } }, 'unknown option clientConfig.maxAttemps', 'did you mean maxAttempts?'],
    [{ fallback: [{ rolechain: [] }] }, 'fallback[0]: unknown option rolechain', 'did you mean roleChain?'],
    [{ fallback: [{ logger: console }] }, 'fallback[0]: unknown option logger', 'give it beside fallback'],
    [{ fallback: [{ fallback: [] }] }, 'fallback[0]: unknown option fallback', 'give it beside fallback'],
  ])('%j', async (members, message, hint) => {
    const error = await refusedWith(members);
    expect(error.message).toContain(message);
    expect(error.hints.join('\n')).toContain(hint);
    expect(`${error.message} ${error.hints.join()}`).not.toContain('hunter2');
    expect(error.tryNextLink).toBe(false);
  });

  test('one that is undefined counts as not given', async () => {
    const init = { ...complete, rolechain: undefined } as FromRolesAnywhereInit;
    expect((await providerIn(surroundings(), init)()).accountId).toBe(sandbox.accountId);
  });

  test('everything that is wrong is said at once', async () => {
    const error = await refusedWith({ rolechain: [], durationSeconds: '900', logger: {}, clientConfig: null });
    expect(error.message).toBe('unknown option rolechain');
    expect(error.hints).toEqual([
      'did you mean roleChain?',
      'also: durationSeconds must be a number, not a value of type string',
      'also: clientConfig must be an object of settings of the STS client, not null',
      'also: logger has no function debug',
      'console has all of them',
    ]);
  });

  test('the configuration of a client of the SDK has no name that clientConfig refuses', async () => {
    const client = new STSClient({ region: 'eu-west-1' });
    const error = await refusedWith({ clientConfig: { ...client.config }, region: '?' });
    expect(error.message).toContain('region must be a region');
    expect(error.hints.join()).not.toContain('clientConfig');
    client.destroy();
  });

  test('a client that is given fromRolesAnywhere itself hears how it is meant', async () => {
    const client = new STSClient({ region: 'eu-west-1', credentialDefaultProvider: fromRolesAnywhere as never });
    const error = await rejectionOf(client.config.credentials());
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.hints.join()).toContain('(parentClientConfig) => fromRolesAnywhere({ parentClientConfig })');
    client.destroy();
  });
});

describe('a value of the wrong kind is named, and never shown', () => {
  const long = 'hunter2'.repeat(1_500_000);
  const bare: unknown = Object.create(null);

  test.each<[string, () => unknown, message: string]>([
    ['null for the init', () => null, 'fromRolesAnywhere takes an object of options, not null'],
    [
      'a text for the init',
      () => 'on-prem',
      'fromRolesAnywhere takes an object of options, not a value of type string',
    ],
    ['a list for the init', () => [], 'fromRolesAnywhere takes an object of options, not a list'],
  ])('%s', async (_name, init, message) => {
    expect(await refused(init())).toMatchObject({ code: 'OPTION_INVALID', message });
  });

  test.each<[string, () => object, message: string]>([
    ['[null] as fallback', () => ({ fallback: [null] }), 'fallback[0]: a fallback is an object of options, not null'],
    [
      'a hole in fallback',
      () => ({ fallback: Array(1) }),
      'fallback[0]: a fallback is an object of options, not undef',
    ],
    ['a fallback without its list', () => ({ fallback: {} }), 'fallback must be a list of further ways, not an object'],
    ['[null] as chain', () => ({ roleChain: [null] }), 'roleChain[0] must be an object with a roleArn, not null'],
    [
      'a hole in the chain',
      () => ({ roleChain: Array(1) }),
      'roleChain[0] must be an object with a roleArn, not undef',
    ],
    [
      'an ARN as hop',
      () => ({ roleChain: [role] }),
      'roleChain[0] must be an object with a roleArn, not a value of type',
    ],
    ['a bare object', () => ({ certificate: bare }), 'certificate is an object, which cannot be read'],
    ['a function for one', () => ({ certificate: () => bare }), 'certificate is an object, which cannot be read'],
    ['a function for null', () => ({ privateKey: () => null }), 'privateKey is null, which cannot be read'],
    ['a list', () => ({ intermediates: [sandbox.certificate] }), 'intermediates is a list, which cannot be read'],
    ['a date', () => ({ certificate: new Date() }), 'certificate is an object of type Date'],
    ['a promise', () => ({ certificate: Promise.resolve('x') }), 'certificate is an object of type Promise'],
    ['a URL', () => ({ certificate: pathToFileURL('/x') }), 'certificate is an object of type URL'],
    ['a CryptoKey', () => ({ privateKey: cryptoKey }), 'privateKey is an object of type CryptoKey'],
    ['a public key', () => ({ privateKey: publicKey }), 'privateKey is a public key, where the private key belongs'],
    ['a secret key', () => ({ privateKey: createSecretKey(Buffer.from('x')) }), 'privateKey is a secret key'],
    ['a key as certificate', () => ({ certificate: publicKey }), 'certificate is an object of type PublicKeyObject'],
    [
      'a certificate as key',
      () => ({ privateKey: new X509Certificate(sandbox.certificate) }),
      'holds a certificate, where',
    ],
    ['an ArrayBuffer', () => ({ certificate: new ArrayBuffer(8) }), 'certificate is an object of type ArrayBuffer'],
    ['10 MB of path', () => ({ certificate: long }), 'certificate has 10500000 characters, and may have 32768'],
    ['10 MB of PEM', () => ({ certificate: `-----BEGIN${long}` }), 'certificate has 10500010 characters, and may have'],
    [
      '10 MB of bytes',
      () => ({ privateKey: Buffer.alloc(1e7) }),
      'privateKey has 10000000 bytes, and may have 1048576',
    ],
    ['10 MB from a function', () => ({ privateKey: () => long }), 'privateKey has 10500000 characters, and may have'],
    ['10 MB of password', () => ({ pkcs8Password: () => long }), 'pkcs8Password has 10500000 characters'],
    ['10 MB of region', () => ({ region: long }), 'region has 10500000 characters, and may have 32768'],
    ['10 MB of ARN', () => ({ roleArn: long }), 'roleArn has 10500000 characters, and may have 32768'],
    ['10 MB of path for TLS', () => ({ caBundle: long }), 'caBundle has 10500000 characters, and may have 32768'],
    [
      'a URL as endpoint',
      () => ({ endpoint: new URL(sandbox.endpoint) }),
      'endpoint must be a string, not an object of',
    ],
    ['a bigint', () => ({ durationSeconds: 900n }), 'durationSeconds must be a number, not a value of type bigint'],
    ['a String', () => ({ region: new String('x') }), 'region must be a string, not an object of type String'],
    ['a symbol', () => ({ region: Symbol('x') }), 'region must be a string, not a value of type symbol'],
    ['a logger without levels', () => ({ logger: {} }), 'logger has no function debug'],
    ['null as logger', () => ({ logger: null }), 'logger must be an object with debug, info, warn and error, not null'],
    ['a text to ask', () => ({ askSecret: 'x' }), 'askSecret must be a function, not a value of type string'],
    ['a number as file', () => ({ configFilepath: 5 }), 'configFilepath must be a string, not a value of type number'],
    ['an empty file name', () => ({ filepath: '' }), 'filepath must be a string, not an empty text'],
    ['a list as client', () => ({ clientConfig: [] }), 'clientConfig must be an object of settings of the STS client'],
    ['bytes as client', () => ({ clientConfig: Buffer.alloc(1e7) }), 'clientConfig must be an object of settings'],
    [
      'null as client',
      () => ({ parentClientConfig: null }),
      'parentClientConfig must be the configuration of a client',
    ],
  ])('%s', async (_name, members, message) => {
    const error = await refusedWith(members());
    expect(error.message).toContain(message);
    expect(error.message.length).toBeLessThan(200);
    expect(`${error.message} ${error.hints.join()}`).not.toContain('hunter2');
    expect(error.tryNextLink).toBe(false);
  });

  test.each<[object, message: string]>([
    [
      { durationSeconds: '900' },
      'roleChain[0]: durationSeconds must be a number of seconds, not a value of type string',
    ],
    [{ externalId: 12_345 }, 'roleChain[0]: externalId must be a string, not a value of type number'],
    [{ policy: { Version: '2012-10-17' } }, 'roleChain[0]: policy must be a string, not an object'],
    [{ policyArns: 'x' }, 'roleChain[0]: policyArns must be a list of ARNs, not a value of type string'],
    [{ policyArns: [5] }, 'roleChain[0]: policyArns must be a list of ARNs, not a list with something else in it'],
    [{ tags: new Map([['a', 'b']]) }, 'roleChain[0]: tags must be an object, not an object of type Map'],
    [{ tags: [{ Key: 'a', Value: 'b' }] }, 'roleChain[0]: tags must be an object, not a list'],
    [{ transitiveTagKeys: new Set() }, 'roleChain[0]: transitiveTagKeys must be a list of tag keys, not an object of'],
    [{ region: null }, 'roleChain[0]: region must be a string, not null'],
  ])('of a hop: %j', async (members, message) => {
    const error = await refusedWith({ roleChain: [{ roleArn: role, ...members }] });
    expect(error).toMatchObject({ code: 'OPTION_INVALID', tryNextLink: false });
    expect(error.message).toContain(message);
  });

  test('what is wrong with a hop of a fallback is said at the first call, not on the day it is needed', async () => {
    const roleChain = [{ roleArn: role, durationSeconds: 43_200 }];
    const error = await refusedWith({ fallback: [{ ...complete, roleChain }] });
    expect(error.message).toContain('fallback[0]: roleChain[0]: durationSeconds is 43200');
  });
});

describe('an identity that is none is named', () => {
  const signer = { algorithm: 'ECDSA', sign: () => Promise.resolve(new Uint8Array()) };
  const certificate = () => parseCertificate(new X509Certificate(sandbox.certificate).raw);
  const arns = () => {
    const { certificate: _certificate, privateKey: _key, ...others } = complete;
    return others;
  };

  test.each<[string, () => unknown, message: string, hint?: string]>([
    ['null', () => null, 'identity must be an object with certificate, chain, signer and close, not null'],
    [
      'an X509Certificate',
      () => ({ certificate: new X509Certificate(sandbox.certificate), chain: [], signer }),
      'identity.certificate must be what parseCertificate() returns, not an object of type X509Certificate',
      'parseCertificate(certificate.raw) makes it of an X509Certificate',
    ],
    [
      'an X509Certificate in the chain',
      () => ({ certificate: certificate(), chain: [new X509Certificate(sandbox.ca.certificate)], signer }),
      'identity.chain[0] must be what parseCertificate() returns, not an object of type X509Certificate',
      'parseCertificate(certificate.raw) makes it of an X509Certificate',
    ],
    [
      'PEM',
      () => ({ certificate: sandbox.certificate, chain: [], signer }),
      'identity.certificate must be what parseCertificate() returns, not a value of type string',
      'new X509Certificate(pem).raw of node:crypto is that',
    ],
    [
      'no chain',
      () => ({ certificate: certificate(), signer }),
      'identity.chain must be a list of certificates, not un',
    ],
    [
      'a function as signer',
      () => ({ certificate: certificate(), chain: [], signer: signer.sign }),
      'identity.signer must be an object with algorithm and a function sign, not a function',
    ],
    [
      'an algorithm of JOSE',
      () => ({ certificate: certificate(), chain: [], signer: { ...signer, algorithm: 'ES256' } }),
      "identity.signer.algorithm must be 'RSA', 'ECDSA' or 'ML-DSA'",
    ],
    [
      'another family',
      () => ({ certificate: certificate(), chain: [], signer: { ...signer, algorithm: 'RSA' } }),
      'identity.signer.algorithm is RSA, and the key of the certificate is ECDSA',
    ],
  ])('%s', async (_name, identity, message, hint = '') => {
    const error = await refused({ ...arns(), identity: identity() });
    expect(error).toMatchObject({ code: 'OPTION_INVALID', tryNextLink: false });
    expect(error.message).toContain(message);
    expect(error.hints.join()).toContain(hint);
  });
});

test('keys that are no keys of Roles Anywhere are named', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  expect(await refusedWith({ privateKey })).toMatchObject({ code: 'KEY_UNSUPPORTED', tryNextLink: false });
});
