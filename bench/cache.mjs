/**
 * What the disk cache saves: `npm run bench:cache -- [--rounds 21] [--nodes 22,24] [--json]`.
 *
 * Every round runs, in turn, Node with nothing to do, the command without a cache, with a cache that has the credentials,
 * and with one that has not and keeps what comes. The server is on this machine and answers at once: over a network a
 * miss takes a few round trips more, and a hit none. Wall time from spawn to exit, medians.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { onNodes } from './lib/on-nodes.mjs';
import { commandOf, makeCertificates, optionsOf, startServer } from './lib/service.mjs';
import { median, time } from './lib/time.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    nodes: { type: 'string', default: '22,24' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const [full, empty] = [join(folder, 'full'), join(folder, 'empty')];
const env = { PATH: process.env['PATH'] ?? '', HOME: folder };

/** What is run, by name. */
function variants(node, port) {
  const options = [...optionsOf(folder, port), '--ca-bundle', join(folder, 'ca.pem')];
  const command = [...commandOf(node), 'credential-process', ...options];
  return {
    'bare node': [node, '-e', '0'],
    'no cache': command,
    'cache hit': [...command, '--cache', '--cache-dir', full],
    'cache miss': [...command, '--cache', '--cache-dir', empty],
  };
}

async function measure(node, port) {
  const runs = Object.entries(variants(node, port));
  const times = new Map(runs.map(([name]) => [name, []]));
  await time(variants(node, port)['cache hit'], env);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of runs) {
      rmSync(empty, { recursive: true, force: true });
      times.get(name).push((await time(argv, env)).elapsed);
    }
  }
  const medians = new Map(runs.map(([name]) => [name, median(times.get(name))]));
  const bare = medians.get('bare node');
  const rows = runs.map(([name]) => ({ name, milliseconds: medians.get(name), toBare: medians.get(name) / bare }));
  return { rows, hitToMiss: medians.get('cache hit') / medians.get('cache miss') };
}

function print(version, { rows, hitToMiss }) {
  console.log(`\nNode ${version}, ${rounds} rounds`);
  console.log(`${'variant'.padEnd(14)}${'ms'.padStart(8)}${'/ bare'.padStart(9)}`);
  for (const { name, milliseconds, toBare } of rows) {
    console.log(name.padEnd(14) + milliseconds.toFixed(1).padStart(8) + toBare.toFixed(2).padStart(9));
  }
  console.log(`cache hit / cache miss: ${hitToMiss.toFixed(2)}`);
}

makeCertificates(folder);
const { port, stop } = await startServer(folder, env);
try {
  await onNodes({ ...values, env }, (node) => measure(node, port), print);
} finally {
  stop();
  rmSync(folder, { recursive: true, force: true });
}
