/**
 * What `import { fromRolesAnywhere } from 'roles-anywhere'` costs: `npm run bench:import -- [--rounds 21] [--json]`.
 *
 * Every round starts each program once, in turn: wall time from spawn to exit, medians, and ratios of one run. Beside
 * the bare runtime stands the package that holds the SDK's own providers, imported in the same way.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '../scripts/lib/set-up.mjs';
import { median, time } from './lib/time.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '21' }, json: { type: 'boolean', default: false } },
});
const rounds = Number(values.rounds);

const library = pathToFileURL(join(root, 'dist', 'lib', 'index.js')).href;
const providers = import.meta.resolve('@aws-sdk/credential-providers');
const importing = (name, from) => [
  process.execPath,
  '--input-type=module',
  '--eval',
  `import { ${name} } from ${JSON.stringify(from)}; ${name};`,
];

const programs = {
  'node -e 0': [process.execPath, '-e', '0'],
  'empty module': [process.execPath, '--input-type=module', '--eval', '0'],
  fromRolesAnywhere: importing('fromRolesAnywhere', library),
  '@aws-sdk/credential-providers': importing('fromTemporaryCredentials', providers),
};

const times = new Map(Object.keys(programs).map((name) => [name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const [name, program] of Object.entries(programs)) {
    times.get(name).push((await time(program, { PATH: process.env['PATH'] ?? '' })).elapsed);
  }
}

const milliseconds = new Map([...times].map(([name, all]) => [name, median(all)]));
const bare = milliseconds.get('node -e 0');
const added = (name) => milliseconds.get(name) - milliseconds.get('empty module');
const ratio = added('fromRolesAnywhere') / added('@aws-sdk/credential-providers');

if (values.json) {
  console.log(JSON.stringify({ milliseconds: Object.fromEntries(milliseconds), addedRatio: ratio }, undefined, 2));
} else {
  const version = execFileSync(process.execPath, ['--version'], { encoding: 'utf8' }).trim();
  console.log(`Node ${version}, ${rounds} rounds`);
  console.log(`${'program'.padEnd(34)}${'ms'.padStart(8)}${'/ bare'.padStart(9)}`);
  for (const [name, elapsed] of milliseconds) {
    console.log(name.padEnd(34) + elapsed.toFixed(1).padStart(8) + (elapsed / bare).toFixed(2).padStart(9));
  }
  console.log(`added by fromRolesAnywhere / added by @aws-sdk/credential-providers: ${ratio.toFixed(2)}`);
}
