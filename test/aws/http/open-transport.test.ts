import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openHttpTransport } from '../../../src/aws/http/open-transport.ts';
import type { NetworkOptions } from '../../../src/aws/create-session/session-request.ts';
import { certificateDer, makeCa, makeFolder, makeLeaf, removeFolder, type Issued } from '../../support/openssl.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { answer, answering, startScriptedServer } from './scripted-server.ts';

const network: NetworkOptions = { verify: true, maxAttempts: 1, connectTimeout: 30_000, requestTimeout: 30_000 };
const endpoint = new URL('https://service.test');

let folder: string;
let ca: Issued;
beforeAll(() => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
});
afterAll(() => removeFolder(folder));

describe('the proxy', () => {
  const proxy = { url: 'http://user:hunter2@proxy.test:3128', option: 'HTTPS_PROXY' };

  it('is used only where it is asked for and applies', async () => {
    expect((await openHttpTransport(network, endpoint)).proxy).toBeUndefined();
    expect((await openHttpTransport({ ...network, proxy }, endpoint)).proxy).toBe('proxy.test:3128');
    expect(
      (await openHttpTransport({ ...network, proxy: { ...proxy, except: 'test' } }, endpoint)).proxy,
    ).toBeUndefined();
    expect((await openHttpTransport({ ...network, proxy }, new URL('http://127.0.0.1:1'))).proxy).toBeUndefined();
  });

  it('is refused when it is no URL', async () => {
    const error = await rejectionOf(openHttpTransport({ ...network, proxy: { ...proxy, url: 'http://[' } }, endpoint));

    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: 'HTTPS_PROXY is no URL' });
  });
});

function bundle(name: string, content: string | Buffer): NetworkOptions {
  const path = join(folder, name);
  writeFileSync(path, content);
  return { ...network, caBundle: { path, option: 'AWS_CA_BUNDLE' } };
}

describe('the CA bundle', () => {
  it('is what the server must be from, text and further certificates included', async () => {
    const leaf = makeLeaf(folder, 'server', ca, { extensions: ['subjectAltName = IP:127.0.0.1'] });
    const server = await startScriptedServer(answering(answer(201, '')), {
      cert: readFileSync(leaf.certificate),
      key: readFileSync(leaf.key),
    });
    const other = readFileSync(makeCa(folder, 'other').certificate, 'utf8');
    const options = bundle('bundle.pem', `# roots\r\n${other}\n# and\n${readFileSync(ca.certificate, 'utf8')}`);
    const url = new URL(`https://127.0.0.1:${server.port}`);
    const request = { method: 'POST', target: '/', headers: {}, body: Buffer.alloc(0) };

    const transport = await openHttpTransport(options, url);

    expect(await transport.connect(url).send(request)).toMatchObject({ status: 201 });
    const without = await openHttpTransport(network, url);
    expect((await rejectionOf(without.connect(url).send(request))).code).toBe('NETWORK_TLS');
    await server.close();
  });

  it.each([
    ['is empty', 'empty.pem', ''],
    ['is text', 'text.pem', 'hello'],
    ['holds a key only', 'key.pem', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
    ['is damaged', 'damaged.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ])('is refused when it %s', async (_, name, content) => {
    const options = bundle(name, content);

    expect(await rejectionOf(openHttpTransport(options, endpoint))).toMatchObject({
      code: 'FILE_FAILED',
      message: `AWS_CA_BUNDLE (${options.caBundle?.path}) holds no certificate in PEM`,
      hints: ['a CA bundle is one or more blocks that begin with -----BEGIN CERTIFICATE-----'],
    });
  });

  it('is refused when it is DER', async () => {
    const options = bundle('ca.der', certificateDer(ca.certificate));

    expect((await rejectionOf(openHttpTransport(options, endpoint))).message).toMatch(/holds no certificate in PEM$/);
  });

  it.each([
    ['is missing', 'missing.pem', 'ENOENT'],
    ['is a folder', 'folder', 'EISDIR'],
  ])('is refused when it %s', async (_, name, code) => {
    mkdirSync(join(folder, 'folder'), { recursive: true });
    const path = join(folder, name);

    const error = await rejectionOf(
      openHttpTransport({ ...network, caBundle: { path, option: '--ca-bundle' } }, endpoint),
    );

    expect(error).toMatchObject({ code: 'FILE_FAILED', message: `--ca-bundle (${path}) cannot be read: ${code}` });
  });
});
