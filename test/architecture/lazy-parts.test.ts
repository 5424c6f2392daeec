/**
 * What a process that lives on reads late. A failed import() may be remembered for the life of the process, and an
 * upgrade changes files beneath it: so what a renewal may need is loaded before it is needed (src/pipeline/preload.ts),
 * and all else is listed here, with the reason why it may fail, named and in a way that passes.
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { root } from '../support/command.ts';

const source = join(root, 'src');

interface Imports {
  readonly now: readonly string[];
  readonly late: readonly string[];
}

/** Files below src/ that one imports, with types left out. */
function importsOf(path: string): Imports {
  const text = readFileSync(join(source, path), 'utf8').replaceAll(/^\s*(?:\/\*)?\*.*$|\/\/.*$/gm, '');
  const find = (pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(([, name = '']) => relative(source, resolve(source, dirname(path), name)));
  return {
    now: find(/^(?:import|export) (?!type )(?:[^;]*? from )?'(\.[^']+)';/gm),
    late: find(/\bimport\(\s*(?:\/\*.*?\*\/\s*)*'(\.[^']+)'\s*\)/g),
  };
}

/** All files that some files may come to, and those of them that are read late. */
function reachableFrom(entries: readonly string[]): { readonly all: Set<string>; readonly late: Set<string> } {
  const all = new Set(entries);
  const late = new Set<string>();
  for (const path of all) {
    const found = importsOf(path);
    for (const name of found.late) late.add(name);
    for (const name of [...found.now, ...found.late]) all.add(name);
  }
  return { all, late };
}

/** What begins a life: from here on, nothing may be missing for long. */
const longLived = [
  'outputs/provider/from-roles-anywhere.ts',
  'outputs/provider/provide.ts',
  'outputs/serve/start-serving.ts',
  'outputs/update/keep-updated.ts',
  'outputs/exec/container-endpoint.ts',
];

/** Read late all the same, and why. What fails of it is PACKAGE_UNREADABLE, and tried again. */
const tolerated: Readonly<Record<string, string>> = {
  'outputs/provider/provide.ts': 'the first call of a provider: an import of the package reads none of it',
  'identity/backends/sources.ts': 'preload.ts has a source named, which loads it',
  'identity/backends/registry.ts': 'a first use of a token or TPM, which loads it for good',
  'identity/backends/pkcs11/open-pkcs11.ts': 'the same',
  'ffi/find-ffi.ts': 'the same; who can do without C functions goes on without them',
  'core/fs/access-lists.ts': 'a first key in a file, on Windows alone, which loads it for good',
  'identity/backends/tpm/open-tpm-key.ts': 'a first use of it, which loads it for good',
  'identity/backends/ssh-agent/open-agent-key.ts': 'the same',
  'identity/backends/spiffe/open-svid.ts': 'the same',
  'identity/backends/exec/open-program-key.ts': 'the same',
  'identity/backends/system-store/open-from-store.ts': 'the same',
  'identity/backends/windows-store/open-windows-store.ts': 'the same',
  'identity/backends/macos-keychain/open-keychain.ts': 'the same',
  'identity/backends/file/pkcs12.ts': 'a first use of this format, which loads it for good',
  'identity/backends/file/key-forms.ts': 'the same',
  'identity/backends/file/encrypted-key.ts': 'the same',
  'identity/backends/file/ml-dsa-key.ts': 'the same',
  'identity/x509/ml-dsa.ts': 'the same',
  'aws/http/proxy-transport.ts': 'a first use of a proxy, which loads it for good',
  'aws/http/explain-endpoint.ts':
    'partitions are looked up by the first call, and what is wrong with an endpoint was wrong then',
};

/** Options are read before a life begins, and at a reload, which leaves everything as it was when it fails. */
const atReload = /^options\//;

test('what a renewal may need is loaded before it is needed, or listed with the reason why not', () => {
  const preloaded = new Set(importsOf('pipeline/preload.ts').late);
  const { late } = reachableFrom(longLived);
  const missing = [...late].filter((path) => !preloaded.has(path) && !(path in tolerated) && !atReload.test(path));
  expect(missing).toEqual([]);
  expect(preloaded.size).toBeGreaterThan(15);
});

test('nothing is listed that is not there', () => {
  const { late } = reachableFrom(longLived);
  const preloaded = importsOf('pipeline/preload.ts').late;
  expect([...preloaded, ...Object.keys(tolerated)].filter((path) => !late.has(path))).toEqual([]);
  expect(Object.keys(tolerated).filter((path) => preloaded.includes(path))).toEqual([]);
});

test('a provider goes on by its rules when the package is removed beneath it', async () => {
  const sandbox = await startSandbox();
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-upgrade-'));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true, force: true });
    await sandbox.close();
  });
  const library = join(folder, 'lib');
  cpSync(join(root, 'dist', 'lib'), library, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const certificate = join(folder, 'leaf.pem');
  writeFileSync(certificate, sandbox.certificate);
  const program = `
    import { rmSync, writeFileSync } from 'node:fs';
    import { createServer } from 'node:http';
    const { fromRolesAnywhere } = await import(${JSON.stringify(pathToFileURL(join(library, 'index.js')).href)});
    let answer = (request, response) => response.destroy();
    const server = createServer((request, response) => request.resume().on('end', () => answer(request, response)));
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    const endpoint = 'http://127.0.0.1:' + server.address().port;
    const works = fromRolesAnywhere({ certificate: ${JSON.stringify(certificate)} });
    const make = () => fromRolesAnywhere({ endpoint, maxAttempts: 2, certificate: ${JSON.stringify(certificate)} });
    const said = async (provider) => provider({ forceRefresh: true }).then(() => 'credentials', ({ code }) => code);
    const codes = { first: await said(works) };
    rmSync(${JSON.stringify(library)}, { recursive: true });
    const reply = (status, text) => (request, response) => response.writeHead(status).end(text);
    for (const [name, next] of Object.entries({
      dropped: (request, response) => response.destroy(),
      throttled: reply(429, '{}'),
      broken: reply(503, '{}'),
      refused: reply(403, '{"message":"Untrusted signing certificate"}'),
      garbage: reply(200, 'hello'),
      empty: reply(201, '{}'),
    })) {
      answer = next;
      codes[name] = await said(make());
    }
    writeFileSync(${JSON.stringify(certificate)}, 'no certificate');
    codes.damaged = await said(make());
    codes.named = await make()().catch(({ name, message }) => name + ': ' + message.split(':')[0]);
    rmSync(${JSON.stringify(certificate)});
    codes.missing = await said(make());
    writeFileSync(${JSON.stringify(certificate)}, Buffer.from('3082000302010330', 'hex'));
    codes.otherFormat = await said(make());
    console.log(JSON.stringify(codes));
    process.exit();`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    env: { PATH: process.env['PATH'], HOME: folder, ...sandbox.environment },
    timeout: 60_000,
  });
  expect(existsSync(library)).toBe(false);
  expect(JSON.parse(stdout)).toEqual({
    first: 'credentials',
    dropped: 'NETWORK_UNREACHABLE',
    throttled: 'SERVICE_THROTTLED',
    broken: 'SERVICE_UNAVAILABLE',
    refused: 'REFUSED_UNTRUSTED',
    garbage: 'RESPONSE_INVALID',
    empty: 'RESPONSE_EMPTY',
    damaged: 'CERTIFICATE_INVALID',
    named: 'CredentialsProviderError: certificate',
    missing: 'CERTIFICATE_UNREADABLE',
    otherFormat: 'PACKAGE_UNREADABLE',
  });
});

test('a first call without descriptors fails in a way that passes, and Node does not remember it', async () => {
  const sandbox = await startSandbox();
  onTestFinished(() => sandbox.close());
  const program = `
    import { closeSync, openSync } from 'node:fs';
    const { fromRolesAnywhere } = await import(${JSON.stringify(pathToFileURL(join(root, 'dist', 'lib', 'index.js')).href)});
    const provider = fromRolesAnywhere();
    const opened = [];
    try {
      for (;;) opened.push(openSync('/dev/null'));
    } catch {}
    const said = () => provider().then(() => 'credentials', ({ code, message }) => code + ': ' + message);
    const first = await said();
    opened.splice(0).forEach((fd) => closeSync(fd));
    const second = await said();
    try {
      for (;;) opened.push(openSync('/dev/null'));
    } catch {}
    const third = await said();
    opened.forEach((fd) => closeSync(fd));
    console.log(JSON.stringify([first, second, third]));
    process.exit();`;
  const limited = ['-c', 'ulimit -n 64 && exec "$0" --input-type=module --eval "$1"', process.execPath, program];
  const { stdout } = await promisify(execFile)('sh', limited, {
    env: { PATH: process.env['PATH'], HOME: tmpdir(), ...sandbox.environment },
    timeout: 60_000,
  });
  expect(JSON.parse(stdout)).toEqual([
    'PACKAGE_UNREADABLE: a part of this package cannot be loaded now (EMFILE)',
    'credentials',
    'credentials',
  ]);
});
