/**
 * What a look at everything on this machine takes: `npm run bench:doctor -- [--rounds 21] [--nodes current] [--json]`.
 *
 * Every round runs Node with nothing to do, and `doctor --offline` with a key file. Wall time from spawn to exit, medians; more
 * than three times bare Node is not what is meant, and is said.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { onNodes } from './lib/on-nodes.mjs';
import { commandOf, makeCertificates, optionsOf } from './lib/service.mjs';
import { median, time } from './lib/time.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '21' },
    nodes: { type: 'string', default: 'current' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const bound = 3;

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const env = { PATH: '', HOME: folder };

async function measure(node) {
  const runs = {
    bare: [node, '-e', '0'],
    doctor: [...commandOf(node), 'doctor', '--offline', ...optionsOf(folder, 9)],
  };
  const times = { bare: [], doctor: [] };
  for (const argv of Object.values(runs)) await time(argv, env);
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, argv] of Object.entries(runs)) times[name].push((await time(argv, env)).elapsed);
  }
  const [bare, doctor] = [median(times.bare), median(times.doctor)];
  return { bare, doctor, toBare: doctor / bare };
}

function print(version, { bare, doctor, toBare }) {
  console.log(
    `Node ${version}, ${rounds} rounds: bare ${bare.toFixed(1)} ms, doctor --offline ${doctor.toFixed(1)} ms`,
  );
  const isMissed = toBare > bound ? ': missed, on this machine and now' : '';
  console.log(`${toBare.toFixed(2)} times bare Node, for at most ${bound}${isMissed}`);
}

try {
  makeCertificates(folder);
  await onNodes({ ...values, env }, measure, print);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
