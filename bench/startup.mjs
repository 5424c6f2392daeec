/**
 * Start-up of the command, as ratios of one interleaved run: `npm run bench -- [--rounds 21] [--nodes 22,24] [--json]`.
 *
 * Every round runs each variant once, in turn, over TLS 1.3 to a server on loopback that is reached by host name, with an
 * environment that holds no CA variables (Node would read such a file at every start). The server answers at once and checks
 * nothing: the clients are measured. Wall time from spawn to exit, medians; memory is the peak resident set, in rounds of its own.
 */
import { execFileSync, fork, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fetchNode } from '../scripts/lib/other-node.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    nodes: { type: 'string', default: '22,24' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const file = (name) => join(folder, name);
const env = { PATH: process.env['PATH'] ?? '', HOME: folder };

function openssl(...args) {
  execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** A CA, a server certificate for localhost, and an RSA-2048 leaf with its key. */
function makeCertificates() {
  const days = ['-days', '2'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Bench CA',
    ...days,
  );
  for (const [name, extensions] of [
    ['server', 'subjectAltName=DNS:localhost\n'],
    ['leaf', 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n'],
  ]) {
    writeFileSync(file(`${name}.ext`), extensions);
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      `/CN=${name}`,
    );
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-extfile', `${name}.ext`, '-out', `${name}.pem`, ...days],
    );
  }
}

function startServer() {
  const server = fork(join(here, 'startup', 'server.mjs'), [file('server.pem'), file('server.key')], { env });
  return new Promise((settle, fail) => {
    server.once('message', (port) => settle({ server, port }));
    server.once('exit', (code) => fail(new Error(`the server ended with ${code}`)));
  });
}

const arn = (resource) => `arn:aws:rolesanywhere:eu-west-1:111122223333:${resource}`;
const trustAnchorArn = arn('trust-anchor/11111111-2222-3333-4444-555555555555');
const profileArn = arn('profile/66666666-7777-8888-9999-000000000000');
const roleArn = 'arn:aws:iam::111122223333:role/Bench';

/** What is run, by name. The `default roots` pair does what a user without a CA file has: Node's own root store. */
function variants(node, port) {
  const endpoint = `https://localhost:${port}`;
  const options = [
    ...['--certificate', file('leaf.pem'), '--private-key', file('leaf.key'), '--endpoint', endpoint],
    ...['--trust-anchor-arn', trustAnchorArn, '--profile-arn', profileArn, '--role-arn', roleArn],
  ];
  const command = [node, resolve(here, '..', 'bin', 'roles-anywhere.cjs'), 'credential-process', ...options];
  const minimal = [node, join(here, 'startup', 'minimal.cjs'), String(port), file('leaf.pem'), file('leaf.key')];
  return {
    'bare node': [node, '-e', '0'],
    'minimal script': [...minimal, file('ca.pem'), trustAnchorArn, profileArn, roleArn],
    command: [...command, '--ca-bundle', file('ca.pem')],
    'minimal script, default roots': [...minimal, '', trustAnchorArn, profileArn, roleArn],
    'command, default roots': [...command, '--no-verify-ssl'],
    'openssl handshake and signature': ['/bin/sh', join(here, 'startup', 'openssl.sh'), String(port), folder],
  };
}

/** Runs one program to its end; milliseconds, and what it wrote on descriptor 3. */
function time([program, ...args], environment = env) {
  return new Promise((settle, fail) => {
    const start = performance.now();
    const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const texts = ['', '', '', ''];
    for (const number of [1, 2, 3]) child.stdio[number].on('data', (chunk) => (texts[number] += chunk));
    child.once('error', fail);
    child.once('close', (code) => {
      const elapsed = performance.now() - start;
      if (code === 0) settle({ elapsed, report: texts[3] });
      else fail(new Error(`${program} ${args[0]} ended with ${code}: ${texts[2]}`));
    });
  });
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

async function measure(node, port) {
  const runs = Object.entries(variants(node, port));
  const times = new Map(runs.map(([name]) => [name, []]));
  const memory = new Map(runs.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of runs) times.get(name).push((await time(argv)).elapsed);
  }
  for (let round = 0; round < Math.min(rounds, 5); round += 1) {
    for (const [name, [program, ...args]] of runs) {
      if (program !== node) continue;
      const { report } = await time([program, '--require', join(here, 'startup', 'report-memory.cjs'), ...args]);
      memory.get(name).push(Number(report));
    }
  }
  const bare = { time: median(times.get('bare node')), memory: median(memory.get('bare node')) };
  return runs.map(([name]) => ({
    name,
    milliseconds: median(times.get(name)),
    toBare: median(times.get(name)) / bare.time,
    memoryToBare: memory.get(name).length === 0 ? undefined : median(memory.get(name)) / bare.memory,
  }));
}

function print(version, rows) {
  console.log(`\nNode ${version}, ${rounds} rounds`);
  console.log(`${'variant'.padEnd(34)}${'ms'.padStart(8)}${'/ bare'.padStart(9)}${'memory / bare'.padStart(16)}`);
  for (const { name, milliseconds, toBare, memoryToBare } of rows) {
    const cells = [milliseconds.toFixed(1).padStart(8), toBare.toFixed(2).padStart(9)];
    console.log(name.padEnd(34) + cells.join('') + (memoryToBare?.toFixed(2) ?? '').padStart(16));
  }
  const by = new Map(rows.map((row) => [row.name, row.milliseconds]));
  for (const suffix of ['', ', default roots']) {
    const ratio = by.get(`command${suffix}`) / by.get(`minimal script${suffix}`);
    console.log(`command / minimal script${suffix}: ${ratio.toFixed(2)}`);
  }
}

makeCertificates();
writeFileSync(file('message'), readFileSync(file('leaf.pem')));
const { server, port } = await startServer();
try {
  const results = {};
  for (const version of values.nodes.split(',')) {
    const node = version === 'current' ? process.execPath : fetchNode(version);
    const name = execFileSync(node, ['--version'], { encoding: 'utf8', env }).trim();
    results[name] = await measure(node, port);
    if (!values.json) print(name, results[name]);
  }
  if (values.json) console.log(JSON.stringify(results, undefined, 2));
} finally {
  server.removeAllListeners('exit');
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
