import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { openIdentity, openSigner } from '../../../../src/identity/open-identity.ts';
import { reloadingIdentity } from '../../../../src/identity/reloading-identity.ts';
import { askAgent } from '../../../../src/identity/backends/ssh-agent/agent-socket.ts';
import { keyBlobOf } from '../../../../src/identity/backends/ssh-agent/ssh-key.ts';
import { sshString, sshUint32 } from '../../../../src/identity/backends/ssh-agent/ssh-wire.ts';
import { type Issued, makeCa, makeFolder, makeKey, makeLeaf, removeFolder } from '../../../support/openssl.ts';
import { needsAgents, type RunningAgent, startSshAgent } from '../../../support/ssh-agents.ts';
import { file, recordingContext } from '../../given.ts';

let folder: string;
let ca: Issued;
let ec: Issued;
let rsa: Issued;
beforeAll(() => {
  folder = makeFolder();
  ca = makeCa(folder, 'ca');
  ec = makeLeaf(folder, 'ec', ca);
  rsa = makeLeaf(folder, 'rsa', ca, { keyType: 'rsa:2048' });
});
afterAll(() => removeFolder(folder));

const message = Buffer.from('message');
const atSocket = (socket?: string) =>
  ({ option: '--private-key', kind: 'ssh-agent', ...(socket === undefined ? {} : { socket }) }) as const;
const open = (leaf: Issued, socket: string) =>
  openIdentity({ certificate: file(leaf.certificate), privateKey: atSocket(socket) }, recordingContext());
const failure = (work: Promise<unknown>): Promise<RolesAnywhereError> =>
  work.then(
    () => expect.unreachable('it worked'),
    (error: RolesAnywhereError) => error,
  );

describe('the agent of OpenSSH', needsAgents(), () => {
  let agent: RunningAgent;
  beforeAll(async () => {
    agent = await startSshAgent(folder);
  });
  afterAll(() => agent.stop());
  afterEach(async () => void (await agent.add('-D')));

  test('the key of the certificate is taken, whatever else there is', async () => {
    for (const keyType of ['ed25519', 'p521'] as const) await agent.add(makeOpenSshKey(keyType));
    await agent.add(rsa.key);
    await agent.add(ec.key);
    const { signer } = await open(ec, agent.socket);
    expect(signer.algorithm).toBe('ECDSA');
    expect((await signer.sign(message)).length).toBeGreaterThan(60);
    expect((await open(rsa, agent.socket)).signer.algorithm).toBe('RSA');
  });

  test('SSH_AUTH_SOCK is read where nothing names a socket', async () => {
    await agent.add(ec.key);
    const source = { certificate: file(ec.certificate), privateKey: atSocket() };
    const context = { ...recordingContext(), environment: { SSH_AUTH_SOCK: agent.socket } };
    expect((await openIdentity(source, context)).signer.algorithm).toBe('ECDSA');
    expect(await failure(openIdentity(source, recordingContext()))).toMatchObject({
      code: 'SSH_AGENT_UNREACHABLE',
      message: '--private-key: no ssh-agent is known: SSH_AUTH_SOCK is not set',
    });
  });

  test('a key that the agent has not is named by its fingerprint', async () => {
    await agent.add(ec.key);
    const [, fingerprint = ''] = execFileSync('ssh-keygen', ['-l', '-f', rsa.key], { encoding: 'utf8' }).split(' ');
    expect(await failure(open(rsa, agent.socket))).toMatchObject({
      code: 'SSH_AGENT_KEY_NOT_FOUND',
      message: `ssh-agent at ${agent.socket} does not hold the key of the certificate, ${fingerprint}`,
    });
  });

  test('a locked agent says so, before and between signatures, and works when it is unlocked', async () => {
    await agent.add(ec.key);
    const { signer } = await open(ec, agent.socket);
    lock(agent.socket, '-x');
    expect(await failure(open(ec, agent.socket))).toMatchObject({ code: 'SSH_AGENT_LOCKED' });
    expect(await failure(signer.sign(message))).toMatchObject({ code: 'SSH_AGENT_LOCKED' });
    lock(agent.socket, '-X');
    await signer.sign(message);
  });

  test('a key that is taken away is missed', async () => {
    await agent.add(ec.key);
    await agent.add(rsa.key);
    const { signer } = await open(ec, agent.socket);
    await agent.add('-D');
    await agent.add(rsa.key);
    expect(await failure(signer.sign(message))).toMatchObject({ code: 'SSH_AGENT_KEY_NOT_FOUND' });
  });

  test.each(['p384', 'p521'] as const)('%s is refused with the reason', async (keyType) => {
    const leaf = makeLeaf(folder, keyType, ca, { keyType });
    await agent.add(leaf.key);
    const hash = keyType === 'p384' ? 'EC P-384 keys by SHA-384' : 'EC P-521 keys by SHA-512';
    expect(await failure(open(leaf, agent.socket))).toMatchObject({
      code: 'SSH_AGENT_KEY_UNSUPPORTED',
      message: `--private-key: SSH agents sign with ${hash} alone (RFC 5656), and CreateSession takes SHA-256`,
    });
  });

  test('without a certificate the only key that can sign is taken', async () => {
    await agent.add(makeOpenSshKey('ed25519'));
    await agent.add(ec.key);
    const { signer, publicKeyInfo } = await openSigner({ privateKey: atSocket(agent.socket) }, recordingContext());
    await signer.sign(message);
    const expected = createPublicKey(readFileSync(ec.key)).export({ type: 'spki', format: 'der' });
    expect(publicKeyInfo).toEqual(expected);
    await agent.add(rsa.key);
    const both = await failure(openSigner({ privateKey: atSocket(agent.socket) }, recordingContext()));
    expect(both.code).toBe('SSH_AGENT_KEY_NOT_FOUND');
    const source = { certificate: file(rsa.certificate), privateKey: atSocket(agent.socket) };
    expect((await openSigner(source, recordingContext())).signer.algorithm).toBe('RSA');
  });

  test.each([
    ['true', undefined],
    ['false', 'SSH_AGENT_REFUSED'],
  ])('a confirmation that ends with %s', async (askpass, code) => {
    const confirming = await startSshAgent(folder, `confirm-${askpass}`, askpass);
    try {
      await confirming.add('-c', ec.key);
      const { signer } = await open(ec, confirming.socket);
      const given = await signer.sign(message).catch((error: RolesAnywhereError) => error);
      expect(given instanceof Uint8Array ? undefined : given.code).toBe(code);
    } finally {
      await confirming.stop();
    }
  });

  test('a process that lives on tells a socket that is gone, and goes on with an agent that is back', async () => {
    const first = await startSshAgent(folder, 'gone');
    await first.add(ec.key);
    const source = { certificate: file(ec.certificate), privateKey: atSocket(first.socket) };
    const identity = reloadingIdentity(source, recordingContext());
    const use = () => identity.use(({ signer }) => signer.sign(message));
    await use();
    await first.stop();
    const gone = await failure(use());
    expect(gone).toMatchObject({ code: 'SSH_AGENT_UNREACHABLE' });
    expect(gone.message).toMatch(/is not there/);
    const second = await startSshAgent(folder, 'gone');
    await second.add(ec.key);
    await use();
    await identity.close();
    await second.stop();
  });
});

function makeOpenSshKey(keyType: 'ed25519' | 'p521'): string {
  const path = join(folder, `open-ssh-${keyType}-${Math.random()}`);
  const type = keyType === 'p521' ? ['-t', 'ecdsa', '-b', '521'] : ['-t', 'ed25519'];
  execFileSync('ssh-keygen', ['-q', ...type, '-N', '', '-f', path]);
  return path;
}

/** `ssh-add` asks for the password of the lock by a program. */
function lock(socket: string, flag: '-x' | '-X'): void {
  const env = {
    PATH: process.env['PATH'],
    SSH_AUTH_SOCK: socket,
    SSH_ASKPASS: '/bin/pwd',
    SSH_ASKPASS_REQUIRE: 'force',
    DISPLAY: ':0',
  };
  execFileSync('ssh-add', [flag], { env, stdio: 'pipe' });
}

/** What only an agent that is out of order does. */
describe('an agent that is none', () => {
  const servers: Server[] = [];
  afterEach(() => servers.splice(0).forEach((server) => server.close()));

  /** Lists the key of `ec`, and answers a request to sign. */
  async function agentThat(answer: (socket: Socket, request: Buffer) => void): Promise<string> {
    const path = join(folder, `fake-${Math.random()}.sock`);
    const publicKeyInfo = createPublicKey(readFileSync(ec.key)).export({ type: 'spki', format: 'der' });
    const keys = Buffer.concat([Buffer.of(12), sshUint32(1), sshString(keyBlobOf(publicKeyInfo)), sshString('')]);
    const server = createServer((socket) =>
      socket
        .on('error', () => undefined)
        .on('data', (request: Buffer) => (request[4] === 11 ? socket.end(sshString(keys)) : answer(socket, request))),
    );
    await new Promise<void>((settle) => server.listen(path, settle));
    servers.push(server);
    return path;
  }

  const signed = (name: string, signature: Uint8Array): Buffer =>
    sshString(Buffer.concat([Buffer.of(14), sshString(Buffer.concat([sshString(name), sshString(signature)]))]));

  function otherSignature(): Buffer {
    const key = createPrivateKey(readFileSync(makeKey(folder, 'other')));
    const both = sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
    const positive = (half: Buffer): Buffer => sshString(Buffer.concat([Buffer.of(0), half]));
    return Buffer.concat([positive(both.subarray(0, 32)), positive(both.subarray(32))]);
  }

  test.each<[string, (socket: Socket) => void, string, RegExp]>([
    [
      'signs by another key',
      (socket) => socket.end(signed('ecdsa-sha2-nistp256', otherSignature())),
      'SIGNATURE_INVALID',
      /does not fit the certificate/,
    ],
    [
      'signs by another algorithm',
      (socket) => socket.end(signed('ssh-rsa', Buffer.alloc(256))),
      'SSH_AGENT_FAILED',
      /of another kind than ecdsa-sha2-nistp256/,
    ],
    ['signs with nothing', (socket) => socket.end(sshString(Buffer.of(14))), 'SSH_AGENT_FAILED', /ends too soon/],
    ['answers something else', (socket) => socket.end(sshString(Buffer.of(99))), 'SSH_AGENT_FAILED', /of type 99/],
    ['answers without end', (socket) => socket.write(sshUint32(0x7fff_ffff)), 'SSH_AGENT_FAILED', /too long/],
    ['closes at once', (socket) => socket.destroy(), 'SSH_AGENT_UNREACHABLE', /closed the connection|broke/],
    ['closes amid its answer', (socket) => socket.end(sshUint32(9)), 'SSH_AGENT_UNREACHABLE', /closed the connection/],
  ])('%s', async (_name, answer, code, words) => {
    const { signer } = await open(ec, await agentThat(answer));
    const error = await failure(signer.sign(message));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
  });

  test('says nothing: the wait ends by the clock, and with whoever waits', async () => {
    const path = await agentThat(() => undefined);
    const socket = { path, name: 'the agent' };
    const late = askAgent(socket, Buffer.of(13), { milliseconds: 50, hint: 'look at it' });
    expect(await failure(late)).toMatchObject({
      code: 'SSH_AGENT_UNREACHABLE',
      message: 'the agent gave no answer within 0.05 s',
      hints: ['look at it'],
    });
    const controller = new AbortController();
    const context = { ...recordingContext(), signal: controller.signal };
    const { signer } = await openIdentity({ certificate: file(ec.certificate), privateKey: atSocket(path) }, context);
    const called = failure(signer.sign(message));
    controller.abort(new Error('called off'));
    expect((await called).message).toBe('called off');
  });

  test('refuses: a process that lives on does not ask a person again by itself', async () => {
    let asked = 0;
    const path = await agentThat((socket) => {
      asked += 1;
      socket.end(sshString(Buffer.of(5)));
    });
    const source = { certificate: file(ec.certificate), privateKey: atSocket(path) };
    const identity = reloadingIdentity(source, recordingContext());
    const use = () => failure(identity.use(({ signer }) => signer.sign(message)));
    for (const count of [1, 1]) {
      expect(await use()).toMatchObject({ code: 'SSH_AGENT_REFUSED' });
      expect(asked).toBe(count);
    }
    identity.reload();
    await use();
    expect(asked).toBe(2);
    await identity.close();
  });

  test.each([
    ['a folder that is not there', 'missing/agent.sock', /socket does not exist/],
    ['a file', 'ca.pem', /is no socket|nobody listens/],
  ])('%s', async (_name, path, words) => {
    const error = await failure(open(ec, join(folder, path)));
    expect(error.code).toBe('SSH_AGENT_UNREACHABLE');
    expect(error.message).toMatch(words);
  });
});
