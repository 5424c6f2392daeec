/**
 * Start-up of the command, as ratios of one interleaved run: `npm run bench -- [--rounds 21] [--nodes 22,24] [--json]`.
 *
 * Every round runs each variant once, in turn, over TLS 1.3 to a server on loopback that is reached by host name, with an
 * environment that holds no CA variables (Node would read such a file at every start). The server answers at once and checks
 * nothing: the clients are measured. Wall time from spawn to exit, medians; memory is the peak resident set, in rounds of its own.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { onNodes } from './lib/on-nodes.mjs';
import {
  commandOf,
  makeCertificates,
  optionsOf,
  profileArn,
  roleArn,
  startServer,
  trustAnchorArn,
} from './lib/service.mjs';
import { median, time } from './lib/time.mjs';

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

/** What is run, by name. The `default roots` pair does what a user without a CA file has: Node's own root store. */
function variants(node, port) {
  const command = [...commandOf(node), 'credential-process', ...optionsOf(folder, port)];
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

async function measure(node, port) {
  const runs = Object.entries(variants(node, port));
  const times = new Map(runs.map(([name]) => [name, []]));
  const memory = new Map(runs.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of runs) times.get(name).push((await time(argv, env)).elapsed);
  }
  for (let round = 0; round < Math.min(rounds, 5); round += 1) {
    for (const [name, [program, ...args]] of runs) {
      if (program !== node) continue;
      const measured = [program, '--require', join(here, 'startup', 'report-memory.cjs'), ...args];
      const { report } = await time(measured, env, { reports: true });
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

makeCertificates(folder);
writeFileSync(file('message'), readFileSync(file('leaf.pem')));
const { port, stop } = await startServer(folder, env);
try {
  await onNodes({ ...values, env }, (node) => measure(node, port), print);
} finally {
  stop();
  rmSync(folder, { recursive: true, force: true });
}
