/**
 * Keys in hardware, as ratios of one run: `npm run bench:hardware -- [--rounds 15] [--signatures 200] [--json]`.
 *
 * Tokens are SoftHSM2, the TPM is swtpm: software that signs at the speed of this machine, so that what is ours shows most.
 * Two things are measured for each key, medians over interleaved rounds:
 *
 * - the time to a first signature: wall time from spawn to exit of `sign-string` and of the tools that users have for the
 *   same key. All of them read the PIN or need none. The executable is among them where `npm run build:native` made it;
 * - a key that is held open: milliseconds for one signature by our signer, as it is handed out (each signature verified) and
 *   by the backend alone, against C_SignInit and C_Sign of the module, or one round trip of TPM2_Sign. Rounds of all three
 *   alternate.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { executableName, targetOfThisMachine } from '../scripts/native/targets.mjs';
import { median, time } from './lib/time.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '15' },
    signatures: { type: 'string', default: '200' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const signatures = Number(values.signatures);

const library = (path) => import(join(root, 'dist', 'lib', 'identity', path));
const { verifiedSigner } = await library('verified-signer.js');
const { openTokenSigner } = await library('backends/pkcs11/open-pkcs11.js');
const { openFunctions, cryptokiStructures } = await library('backends/pkcs11/cryptoki-abi.js');
const { findFfi } = await import(join(root, 'dist', 'lib', 'ffi', 'find-ffi.js'));
const { openTpmSigner } = await library('backends/tpm/open-tpm-key.js');
const { openTransport } = await library('backends/tpm/transport/open-transport.js');

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const file = (name) => join(folder, name);
const context = { now: () => new Date(), warn: () => undefined };
const target = targetOfThisMachine();
const executable = join(root, 'dist-native', target, executableName(target));
/** How our command is started, by its name in the results. */
const commands = {
  'sign-string': [process.execPath, join(root, 'bin', 'roles-anywhere.cjs')],
  ...(existsSync(executable) && { 'sign-string of the executable': [executable] }),
};
const message = Buffer.from('a message to sign, as long as a string to sign of SigV4 about is: '.repeat(2));
const digest = createHash('sha256').update(message).digest();

function run(program, args, env) {
  return execFileSync(program, args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Our command in all its forms: name and words. */
function ourCommands(what, args) {
  return Object.entries(commands).map(([name, words]) => [
    name + what,
    [...words, 'sign-string', '--format', 'bin', ...args],
  ]);
}

/** Medians of wall time, from spawn to exit. */
async function timeCommands(variants, env) {
  const times = new Map(variants.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of variants) times.get(name).push((await time(argv, env)).elapsed);
  }
  return variants.map(([name]) => ({ name, milliseconds: median(times.get(name)) }));
}

/** Medians, over the rounds, of the milliseconds that one signature takes. */
async function timeSignatures(variants) {
  const times = new Map(variants.map(([name]) => [name, []]));
  const batch = Math.max(1, Math.ceil(signatures / rounds));
  // The first ones compile.
  for (const [, sign] of variants) for (let count = 0; count < 20; count += 1) await sign();
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, sign] of variants) {
      const start = performance.now();
      for (let count = 0; count < batch; count += 1) await sign();
      times.get(name).push((performance.now() - start) / batch);
    }
  }
  return variants.map(([name]) => ({ name, milliseconds: median(times.get(name)) }));
}

const softHsmModule = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'].find((path) =>
  existsSync(path),
);

/** What C_Sign of CKM_RSA_PKCS and of CKM_ECDSA gets (RFC 8017, section 9.2). */
const rawInput = {
  rsa: { mechanism: 0x1, input: Buffer.concat([Buffer.from('3031300d060960864801650304020105000420', 'hex'), digest]) },
  ec: { mechanism: 0x1041, input: digest },
};

async function benchPkcs11() {
  const pin = '271828';
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, SOFTHSM2_CONF: file('softhsm2.conf') };
  process.env['SOFTHSM2_CONF'] = env.SOFTHSM2_CONF;
  mkdirSync(file('tokens'));
  writeFileSync(file('softhsm2.conf'), `directories.tokendir = ${file('tokens')}\nlog.level = ERROR\n`);
  writeFileSync(file('pin'), pin, { mode: 0o600 });
  writeFileSync(file('message'), message);
  writeFileSync(file('digest'), digest);
  run('softhsm2-util', ['--init-token', '--free', '--label', 'bench', '--so-pin', '31415926', '--pin', pin], env);
  const tool = ['pkcs11-tool', '--module', softHsmModule, '--token-label', 'bench', '--login', '--pin', pin];
  const rows = [];
  for (const [kind, type, mechanism, title] of [
    ['rsa', 'rsa:2048', 'SHA256-RSA-PKCS', 'RSA 2048'],
    // SoftHSM hashes only for RSA; pkcs11-tool is given the hash.
    ['ec', 'EC:prime256v1', 'ECDSA', 'P-256'],
  ]) {
    const id = kind === 'rsa' ? '01' : '02';
    const make = ['--keypairgen', '--key-type', type, '--label', kind, '--id', id];
    run(tool[0], [...tool.slice(1), ...make, '--usage-sign'], env);
    const uri = `pkcs11:token=bench;object=${kind}`;
    const ours = ['--private-key', uri, '--pkcs11-lib', softHsmModule, '--pkcs11-pin-file', file('pin')];
    // By ID: pkcs11-tool does not look at the label when it signs.
    const input = file(kind === 'rsa' ? 'message' : 'digest');
    const sign = ['--sign', '--mechanism', mechanism, '--id', id, '-i', input, '-o', file('signature')];
    const first = await timeCommands(
      [
        ['bare node', [process.execPath, '-e', '0']],
        ...ourCommands('', ours),
        ['pkcs11-tool --sign', [...tool, ...sign]],
      ],
      env,
    );
    const held = await timeHeldToken(kind, uri, pin);
    rows.push({ key: `PKCS#11, SoftHSM2, ${title}`, first, held, raw: 'C_SignInit and C_Sign' });
  }
  return rows;
}

async function timeHeldToken(kind, uri, pin) {
  const source = {
    privateKey: { option: '--private-key', kind: 'pkcs11', uri },
    pkcs11: {
      module: { option: '--pkcs11-lib', text: softHsmModule },
      pin: { option: '--pkcs11-pin', kind: 'value', value: pin },
    },
  };
  const opened = await openTokenSigner(source, context);
  const verified = verifiedSigner(opened.signer, opened.publicKeyInfo);
  const raw = await openRaw(kind);
  try {
    return await timeSignatures([
      ['C_SignInit and C_Sign', raw],
      ['backend', () => opened.signer.sign(message)],
      ['signer, each verified', () => verified.sign(message)],
    ]);
  } finally {
    await opened.close();
  }
}

/** A session of its own, in the module that is initialised and logged in to already. C_Sign is called on this thread. */
async function openRaw(kind) {
  const { ulong, readUlong, readUlongs, ulongBytes, ...structures } = cryptokiStructures();
  const ffi = await findFfi();
  const module = openFunctions(ffi, softHsmModule, cryptokiStructures());
  const [slots, count, info] = [Buffer.alloc(64 * ulongBytes), ulong(64), Buffer.alloc(structures.tokenInfoBytes)];
  module.C_GetSlotList(1, slots, count);
  const slot = readUlongs(slots, Number(readUlong(count))).find((each) => {
    module.C_GetTokenInfo(each, info);
    return structures.readTokenInfo(info).label === 'bench';
  });
  const [handle, object] = [ulong(0), ulong(0)];
  module.C_OpenSession(slot, 0x4, null, null, handle);
  const session = readUlong(handle);
  const privateKey = [
    { type: 0x0, value: ulong(3) },
    { type: 0x3, value: Buffer.from(kind) },
  ];
  module.C_FindObjectsInit(session, structures.template(privateKey, ffi.addressOf), 2);
  module.C_FindObjects(session, object, 1, count);
  module.C_FindObjectsFinal(session);
  const { mechanism, input } = rawInput[kind];
  const [output, length] = [Buffer.alloc(1024), ulong(1024)];
  return () => {
    length.set(ulong(1024));
    module.C_SignInit(session, structures.mechanism(mechanism), readUlong(object));
    if (module.C_Sign(session, input, input.length, output, length) !== 0n) throw new Error('C_Sign failed');
    return output;
  };
}

/** A program that serves until it is stopped, once its socket takes connections: its path is there before that. */
async function serving(program, args, socket) {
  const child = spawn(program, args, { stdio: 'ignore' });
  for (const end = Date.now() + 30_000; !(await accepts(socket)); await sleep(5)) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`${program} does not serve (${child.exitCode})`);
  }
  return child;
}

function accepts(path) {
  return new Promise((settle) => {
    const socket = connect(path, () => settle(true)).once('error', () => settle(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Through which a program of this machine reaches a socket as a terminal; what it says last comes when that is raw. */
function startPty(device, socket) {
  const child = spawn('socat', ['-d', '-d', `PTY,link=${device},rawer`, `UNIX-CONNECT:${socket}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return new Promise((settle, fail) => {
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
      if (said.includes('starting data transfer loop')) settle(child);
    });
    child.once('close', () => fail(new Error(`socat ended at once: ${said}`)));
  });
}

async function benchTpm() {
  mkdirSync(file('tpm'));
  const socket = file('tpm.sock');
  const servers = ['--server', `type=unixio,path=${socket}`, '--ctrl', `type=unixio,path=${socket}.ctrl`];
  const state = ['--tpmstate', `dir=${file('tpm')}`, '--flags', 'not-need-init,startup-clear'];
  const tcti = `swtpm:path=${socket}`;
  const paths = { PATH: process.env['PATH'] ?? '', HOME: folder };
  const env = { ...paths, TPM2TOOLS_TCTI: tcti, TPM2OPENSSL_TCTI: tcti, TSS2_LOG: 'all+NONE' };
  const swtpm = await serving('swtpm', ['socket', '--tpm2', ...state, ...servers], socket);
  try {
    const rows = [];
    for (const [kind, type, scheme, title, handle] of [
      ['rsa', 'rsa2048:rsassa', 'rsassa', 'RSA 2048', '0x81010001'],
      ['ec', 'ecc256:ecdsa', 'ecdsa', 'P-256', '0x81010002'],
    ]) {
      makeTpmKey(kind, type, handle, env);
      const provider = ['-provider', 'tpm2', '-provider', 'default'];
      const openssl = (key) => [
        'openssl',
        'dgst',
        ...provider,
        '-propquery',
        '?provider=tpm2',
        '-sha256',
        '-sign',
        key,
        '-out',
        file('signature'),
      ];
      const options = ['--tpm-device', tcti, '--no-tpm-key-password'];
      const sign = ['tpm2_sign', '-c', handle, '-g', 'sha256', '-s', scheme, '-o', file('signature'), file('message')];
      const first = await timeCommands(
        [
          ['bare node', [process.execPath, '-e', '0']],
          ...ourCommands(', handle', ['--private-key', `handle:${handle}`, ...options]),
          ['tpm2_sign, handle', sign],
          ['openssl, handle', [...openssl(`handle:${handle}`), file('message')]],
          ...ourCommands(', key file', ['--private-key', file(`${kind}.pem`), ...options]),
          ['openssl, key file', [...openssl(file(`${kind}.pem`)), file('message')]],
        ],
        env,
      );
      rows.push({ key: `TPM, swtpm, ${title}`, first, held: await timeHeldTpm(kind, handle, socket) });
    }
    return rows;
  } finally {
    swtpm.kill();
  }
}

const attributes = 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth';

/** A key at a handle by tpm2-tools, and another one in a file by tpm2-openssl. */
function makeTpmKey(kind, type, handle, env) {
  const tool = (program, ...args) => {
    run(program, args, env);
    run('tpm2_flushcontext', ['--transient-object'], env);
  };
  const parent = ['-C', file('parent.ctx')];
  const parts = ['-u', file(`${kind}.pub`), '-r', file(`${kind}.priv`)];
  const storage = ['-G', 'ecc256:null:aes128cfb', '-a', `${attributes}|noda|restricted|decrypt`];
  tool('tpm2_createprimary', '-C', 'o', '-g', 'sha256', ...storage, '-c', file('parent.ctx'));
  tool('tpm2_create', ...parent, '-G', type, '-a', `${attributes}|sign`, ...parts);
  tool('tpm2_load', ...parent, ...parts, '-c', file(`${kind}.ctx`));
  tool('tpm2_evictcontrol', '-C', 'o', '-c', file(`${kind}.ctx`), handle);
  const option =
    kind === 'rsa' ? ['-algorithm', 'RSA', '-pkeyopt', 'bits:2048'] : ['-algorithm', 'EC', '-pkeyopt', 'group:P-256'];
  run('openssl', ['genpkey', '-provider', 'tpm2', '-provider', 'default', ...option, '-out', file(`${kind}.pem`)], env);
}

/** Through a terminal that looks like the kernel's resource manager, where our signer keeps its key and its session. */
async function timeHeldTpm(kind, handle, socket) {
  const device = file('tpmrm0');
  const pty = await startPty(device, socket);
  try {
    const transport = await openTransport({ kind: 'path', path: device });
    const source = { kind: 'handle', handle: Number(handle), origin: handle };
    const options = {
      openTransport: async () => ({ ...transport, close: async () => undefined }),
      noKeyPassword: true,
    };
    const opened = await openTpmSigner(source, options, {});
    const verified = verifiedSigner(opened.signer, opened.publicKeyInfo);
    const bytes = signCommand(kind, Number(handle));
    const held = await timeSignatures([
      ['round trip of TPM2_Sign', () => answered(transport, bytes)],
      ['backend', () => opened.signer.sign(message)],
      ['signer, each verified', () => verified.sign(message)],
    ]);
    await opened.close();
    await transport.close();
    return held;
  } finally {
    pty.kill();
    rmSync(device, { force: true });
  }
}

async function answered(transport, bytes) {
  const answer = Buffer.from(await transport.send(bytes, 30_000));
  if (answer.readUInt32BE(6) !== 0) throw new Error(`TPM2_Sign answers 0x${answer.readUInt32BE(6).toString(16)}`);
}

/** TPM2_Sign with the empty password, the least that a TPM can be asked (TPM 2.0 Library, part 3, section 20.2). */
function signCommand(kind, handle) {
  const u16 = (value) => Buffer.of(value >>> 8, value & 0xff);
  const u32 = (value) => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)]);
  const password = Buffer.concat([u32(0x4000_0009), u16(0), Buffer.of(1), u16(0)]);
  const scheme = Buffer.concat([u16(kind === 'rsa' ? 0x14 : 0x18), u16(0x0b)]);
  const noTicket = Buffer.concat([u16(0x8024), u32(0x4000_0007), u16(0)]);
  const parameters = [u16(digest.length), digest, scheme, noTicket];
  const body = Buffer.concat([u32(handle), u32(password.length), password, ...parameters]);
  return Buffer.concat([u16(0x8002), u32(10 + body.length), u32(0x15d), body]);
}

function print({ key, first, held }) {
  console.log(`\n${key}`);
  const line = (name, ...cells) => console.log(name.padEnd(32) + cells.map((cell) => cell.padStart(12)).join(''));
  const [bare] = first;
  line('first signature', 'ms', '/ bare node');
  for (const { name, milliseconds } of first) {
    line(`  ${name}`, milliseconds.toFixed(1), (milliseconds / bare.milliseconds).toFixed(2));
  }
  for (const [ours, theirs] of pairsOf(first)) {
    console.log(`  ${ours.name} / ${theirs.name}: ${(ours.milliseconds / theirs.milliseconds).toFixed(2)}`);
  }
  const [raw] = held;
  line('held', 'ms', 'a second', '/ raw');
  for (const { name, milliseconds } of held) {
    const ratio = (milliseconds / raw.milliseconds).toFixed(2);
    line(`  ${name}`, milliseconds.toFixed(3), (1000 / milliseconds).toFixed(0), ratio);
  }
}

/** The command and each tool that does the same. */
function pairsOf(first) {
  const [, ...programs] = first;
  const what = ({ name }) => name.split(', ')[1];
  const ours = programs.filter(({ name }) => name.startsWith('sign-string'));
  return ours.flatMap((our) =>
    programs.filter((other) => !ours.includes(other) && what(other) === what(our)).map((other) => [our, other]),
  );
}

try {
  const rows = [...(await benchPkcs11()), ...(await benchTpm())];
  if (values.json) console.log(JSON.stringify(rows, undefined, 2));
  else {
    console.log(`Node ${process.version}, ${rounds} rounds`);
    rows.forEach(print);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
