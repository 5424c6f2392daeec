import assert from 'node:assert/strict';
import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  verify as verifyByNode,
} from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSocket } from '../../src/aws/http/open-socket.ts';
import { pemBlocks } from '../../src/identity/backends/file/pem.ts';
import type { PrivateKey } from '../../src/identity/private-key.ts';
import { hashName } from '../../src/identity/signer.ts';
import type { Certificate } from '../../src/identity/x509/certificate.ts';
import type * as readFiles from '../../src/core/fs/read-file.ts';
import type { isCertificate } from '../../src/runtime/node/certificate.ts';
import type * as nodeCrypto from '../../src/runtime/node/crypto.ts';
import type { isWatched } from '../../src/runtime/node/output.ts';
import type { openPlainKey } from '../../src/runtime/node/plain-key.ts';
import type { verify } from '../../src/runtime/node/verify.ts';
import type { Dial } from '../../src/aws/http/open-socket.ts';
import type { TransportOptions } from '../../src/aws/http/transport.ts';
import { deadPort } from '../support/ports.ts';

/** What src/runtime/node and src/runtime/bun both are. */
interface RuntimeAdapters {
  readonly crypto: typeof nodeCrypto;
  readonly isCertificate: typeof isCertificate;
  readonly openPlainKey: typeof openPlainKey;
  readonly verify: typeof verify;
  readonly dialEndpoint: (endpoint: URL, options: TransportOptions) => Dial;
  readonly files: typeof readFiles;
  readonly output: {
    readonly writeSome: (descriptor: number, bytes: Uint8Array) => number | Promise<number>;
    readonly writeNow: (descriptor: number, bytes: Uint8Array) => number;
    readonly isWatched: typeof isWatched;
  };
}

const message = Buffer.from('message');
const ecCurves = ['P-256', 'P-384', 'P-521'] as const;
const digests = ['SHA-256', 'SHA-384', 'SHA-512'] as const;

type Cases = Readonly<Record<string, (adapters: RuntimeAdapters) => Promise<void>>>;

const digestCases: Cases = {
  'digests are those of node:crypto': async ({ crypto }) => {
    for (const data of ['', 'text é', Buffer.from([0, 255]), Buffer.alloc(100_000, 7)]) {
      assert.deepEqual(crypto.sha256(data), createHash('sha256').update(data).digest());
    }
  },
  'by every name that signatures have': async ({ crypto }) => {
    for (const name of digests.map(hashName)) {
      assert.deepEqual(crypto.hashBy(name, message), createHash(name).update(message).digest());
    }
  },
  'and so are HMACs, with keys shorter and longer than a block': async ({ crypto }) => {
    for (const length of [1, 32, 64, 65, 200]) {
      const key = Buffer.alloc(length, 3);
      assert.deepEqual(crypto.hmacSha256(key, message), createHmac('sha256', key).update(message).digest());
    }
  },
  'random bytes are as many as were asked for, and others each time': async ({ crypto }) => {
    const [one, other] = [crypto.randomBytes(12), crypto.randomBytes(12)];
    assert.equal(one.length, 12);
    assert.notDeepEqual(one, other);
  },
  'AES-256-GCM gives what a vector of NIST has, and opens it': async ({ crypto }) => {
    // GCM test vectors of NIST's CAVP, gcmEncryptExtIV256, [PTlen = 128] with [AADlen = 128], count 0.
    const hex = (text: string): Buffer => Buffer.from(text, 'hex');
    const input = {
      key: hex('92e11dcdaa866f5ce790fd24501f92509aacf4cb8b1339d50c9c1240935dd08b'),
      nonce: hex('ac93a1a6145299bde902f21a'),
      clear: hex('1e0889016f67601c8ebea4943bc23ad6'),
    };
    const sealed = await crypto.sealGcm(hex('2d71bcfa914e4ac045b2aa60955fad24'), input);
    assert.equal(sealed.toString('hex'), '8995ae2e6df3dbf96fac7b7137bae67feca5aa77d51d4a0a14d9c51e1da474ab');
    assert.equal((await crypto.openGcm(sealed, input)).toString('hex'), '2d71bcfa914e4ac045b2aa60955fad24');
  },
  'what was changed does not open': async ({ crypto }) => {
    const input = { key: Buffer.alloc(32, 1), nonce: Buffer.alloc(12, 2), clear: Buffer.from('clear') };
    const sealed = await crypto.sealGcm(message, input);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await assert.rejects(crypto.openGcm(changed, input));
    }
    await assert.rejects(crypto.openGcm(sealed, { ...input, clear: Buffer.from('other') }));
    await assert.rejects(crypto.openGcm(sealed.subarray(0, 10), input));
  },
  'compressed points': async ({ crypto }) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
    const compressed = Buffer.concat([Buffer.of(2 + ((point.at(-1) ?? 0) & 1)), point.subarray(1, 33)]);
    assert.deepEqual(crypto.uncompressedPoint(compressed, 'prime256v1'), Buffer.from(point));
    assert.equal(crypto.uncompressedPoint(Buffer.alloc(33, 5), 'prime256v1'), undefined);
  },
};

type Form = 'pkcs8' | 'pkcs1' | 'sec1';

function makeKey(kind: 'rsa' | (typeof ecCurves)[number], type: Form) {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: kind });
  const pem = String(privateKey.export({ type, format: 'pem' }));
  return { pem, publicKey: createPublicKey(privateKey), spki: publicInfo(createPublicKey(privateKey)) };
}

function publicInfo(key: ReturnType<typeof createPublicKey>): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

async function opened({ openPlainKey }: RuntimeAdapters, pem: string): Promise<PrivateKey> {
  const [block] = pemBlocks(Buffer.from(pem));
  assert.ok(block);
  const key = await openPlainKey(block);
  assert.ok(key);
  return key;
}

const certified = (publicKeyInfo: Uint8Array): Certificate => ({ publicKeyInfo }) as Certificate;

const keyForms = [
  ['rsa', 'pkcs8'],
  ['rsa', 'pkcs1'],
  ...ecCurves.flatMap((curve) => [[curve, 'pkcs8'] as const, [curve, 'sec1'] as const]),
] as const;

const keyCases: Cases = Object.fromEntries(
  keyForms.map(([kind, form]) => [
    `a key ${kind} in ${form} signs by every digest, and knows its certificate`,
    async (adapters: RuntimeAdapters) => {
      const { pem, publicKey, spki } = makeKey(kind, form);
      const key = await opened(adapters, pem);
      assert.equal(key.signer.algorithm, kind === 'rsa' ? 'RSA' : 'ECDSA');
      assert.deepEqual(Buffer.from(key.publicKeyInfo()), spki);
      assert.equal(key.fits(certified(spki)), true);
      assert.equal(key.fits(certified(makeKey(kind, form).spki)), false);
      assert.equal(key.fits(certified(makeKey(kind === 'rsa' ? 'P-256' : 'rsa', 'pkcs8').spki)), false);
      for (const digest of digests) {
        const signature = await key.signer.sign(message, digest);
        assert.equal(verifyByNode(digest.replace('-', ''), message, publicKey, signature), true);
      }
    },
  ]),
);

const damagedKeys: Cases = {
  'a block without its end, with headers, or that is damaged is none': async ({ openPlainKey }) => {
    const { pem } = makeKey('P-256', 'pkcs8');
    const lines = pem.trim().split('\n');
    const broken = [
      lines.slice(0, -1).join('\n'),
      pem.replace('\n', '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n'),
      pem.replace(/\n.{8}/, '\n********'),
      pem.replace(/\n.{8}/, '\nAAAAAAAA'),
    ];
    for (const text of broken) {
      const [block] = pemBlocks(Buffer.from(text));
      assert.ok(block);
      assert.equal(await openPlainKey(block), undefined);
    }
  },
};

const verifyCases: Cases = {
  'right and wrong signatures': async ({ verify }) => {
    for (const kind of ['rsa', ...ecCurves] as const) {
      const { privateKey, publicKey } =
        kind === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : generateKeyPairSync('ec', { namedCurve: kind });
      const spki = publicInfo(publicKey);
      for (const hash of ['sha1', 'sha256', 'sha384', 'sha512', 'sha224']) {
        const signature = sign(hash, message, privateKey);
        assert.equal(await verify(spki, { message, signature }, { hash }), true, `${kind} ${hash}`);
        assert.equal(await verify(spki, { message: Buffer.from('other'), signature }, { hash }), false);
      }
      for (const signature of [Buffer.of(), Buffer.of(0), Buffer.alloc(256, 1), Buffer.from('30060201010201', 'hex')]) {
        assert.equal(await verify(spki, { message, signature }, { hash: 'sha256' }), false);
      }
    }
  },
  'RSA-PSS, as on certificates': async ({ verify }) => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    const signature = sign('sha256', message, { key: privateKey, ...padding });
    const scheme = { hash: 'sha256', pssSaltLength: 32 };
    assert.equal(await verify(publicInfo(publicKey), { message, signature }, scheme), true);
    assert.equal(await verify(publicInfo(publicKey), { message, signature }, { hash: 'sha256' }), false);
  },
  'no certificate': async ({ isCertificate }) => {
    for (const text of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      assert.equal(isCertificate(text), false);
    }
  },
};

const options: TransportOptions = { verify: true, connectTimeout: 20_000, requestTimeout: 20_000, maxBodyBytes: 1000 };

const dialCases: Cases = {
  'bytes go there and back': async ({ dialEndpoint }) => {
    const sent = Buffer.alloc(3_000_000, 'abc');
    const server = createServer((socket) => {
      const came: Buffer[] = [];
      socket.on('data', (bytes) => {
        came.push(bytes);
        const all = Buffer.concat(came);
        if (all.length === sent.length) socket.end(all);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const open = openSocket(dialEndpoint(new URL(`http://127.0.0.1:${port}`), options));
    const stream = await open.opened;
    await open.underway;
    assert.equal(open.isSpent(), false);
    const pieces: Buffer[] = [];
    const ended = new Promise<void>((resolve) => void stream.once('end', resolve));
    stream.on('data', (piece) => pieces.push(Buffer.from(piece)));
    stream.write(sent);
    await ended;
    open.release();
    server.close();
    assert.ok(Buffer.concat(pieces).equals(sent));
  },
  'nobody listens there': async ({ dialEndpoint }) => {
    const open = openSocket(dialEndpoint(new URL(`https://127.0.0.1:${deadPort}`), options));
    await assert.rejects(open.opened, { code: 'ECONNREFUSED' });
  },
  'what nobody asked for makes it unfit for use': async ({ dialEndpoint }) => {
    const server = createServer((socket) => void socket.write('HTTP/1.1 408 Too late\r\n\r\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const open = openSocket(dialEndpoint(new URL(`http://127.0.0.1:${port}`), options));
    await open.opened;
    while (!open.isSpent()) await new Promise((done) => void setTimeout(done, 5));
    open.destroy();
    server.close();
  },
  'a signal ends it': async ({ dialEndpoint }) => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const end = new AbortController();
    const dial = dialEndpoint(new URL(`https://127.0.0.1:${port}`), { ...options, signal: end.signal });
    const open = openSocket(dial);
    await open.underway;
    end.abort();
    await assert.rejects(open.opened, { code: 'ABORT_ERR' });
    server.close();
  },
};

/** Gives a folder of its own, and removes it. */
async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-runtime-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const limits = { bytes: 1000 };

const fileCases: Cases = {
  'a file is read whole, with its mode': async ({ files }) =>
    inFolder(async (folder) => {
      const path = join(folder, 'a: é');
      writeFileSync(path, 'content', { mode: 0o640 });
      const { bytes, mode = 0 } = await files.readFile(path, limits);
      assert.deepEqual([bytes.toString(), bytes.buffer.byteLength < 100], ['content', true]);
      if (files.hasModes) assert.equal(mode & 0o7777, 0o640);
    }),
  'as large as it may be, and no larger': async ({ files }) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      writeFileSync(path, Buffer.alloc(1000, 7));
      assert.deepEqual((await files.readFile(path, limits)).bytes, Buffer.alloc(1000, 7));
      writeFileSync(path, Buffer.alloc(1001, 7));
      await assert.rejects(files.readFile(path, limits), { code: 'EFBIG' });
    }),
  'an empty file is empty': async ({ files }) =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, 'file'), '');
      assert.equal((await files.readFile(join(folder, 'file'), limits)).bytes.length, 0);
    }),
  'a folder is none, and what is not there is missing, whatever its name': async ({ files }) =>
    inFolder(async (folder) => {
      await assert.rejects(files.readFile(folder, limits), { code: 'EISDIR' });
      for (const path of [join(folder, 'none'), 's3://bucket/key', 'https://localhost:1/', '']) {
        await assert.rejects(files.readFile(path, limits), { code: 'ENOENT' });
      }
    }),
  'modes count where there are any': async ({ files }) => assert.equal(files.hasModes, process.platform !== 'win32'),
};

const outputCases: Cases = {
  'bytes go where they are to, be they few or many': async ({ output }) =>
    inFolder(async (folder) => {
      const path = join(folder, 'file');
      const descriptor = openSync(path, 'w');
      for (const bytes of [Buffer.from('few'), Buffer.alloc(10_000, 7)]) {
        assert.equal(await output.writeSome(descriptor, bytes), bytes.length);
        assert.equal(output.writeNow(descriptor, bytes), bytes.length);
      }
      assert.equal(output.isWatched(descriptor), false);
      closeSync(descriptor);
      assert.equal(statSync(path).size, 20_006);
    }),
};

/** Name -> what throws where the adapters are wrong. */
export const runtimeCases: Cases = {
  ...{ ...digestCases, ...keyCases, ...damagedKeys, ...verifyCases },
  ...{ ...dialCases, ...fileCases, ...outputCases },
};
