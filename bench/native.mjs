/**
 * The executable against Node, the bundle, the launcher and the least that Bun can do: `npm run bench:native -- [--rounds 21] [--json]`.
 *
 * One interleaved run, as bench/startup.mjs has it; the official helper is in it where it is on the PATH. `npm run build:native` comes first.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isOnPath } from '../scripts/lib/system-packages.mjs';
import { fetchBun } from '../scripts/native/fetch-bun.mjs';
import { executableName, targetOfThisMachine } from '../scripts/native/targets.mjs';
import { makeCertificates, optionsOf, profileArn, roleArn, startServer, trustAnchorArn } from './lib/service.mjs';
import { median, time } from './lib/time.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '21' }, json: { type: 'boolean', default: false } },
});
const root = resolve(import.meta.dirname, '..');
const target = targetOfThisMachine();
const executable = join(root, 'dist-native', target, executableName(target));
if (!existsSync(executable)) {
  console.error('run `npm run build:native` first');
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const file = (name) => join(folder, name);
const env = { PATH: process.env['PATH'] ?? '', HOME: folder };

/** Compiled as the executable is. */
function buildMinimal() {
  const flags = ['bunfig', 'dotenv', 'tsconfig', 'package-json'].map((what) => `--no-compile-autoload-${what}`);
  const how = ['--compile', '--format=esm', '--bytecode', '--minify', '--compile-jit-policy=1000000', ...flags];
  const source = join(root, 'bench', 'startup', 'minimal.bun.ts');
  execFileSync(fetchBun(target), ['build', source, ...how, '--outfile', file('minimal')], { stdio: 'ignore' });
}

/** What is run, by name, and what its time is a multiple of. */
function variants(port) {
  const options = [...optionsOf(folder, port), '--ca-bundle', file('ca.pem')];
  const arns = [trustAnchorArn, profileArn, roleArn];
  const command = (...program) => [...program, 'credential-process', ...options];
  const cached = ['--cache', '--cache-dir', file('cache')];
  return {
    'node -e 0': [process.execPath, '-e', '0'],
    'minimal call': [
      file('minimal'),
      'call',
      String(port),
      file('leaf.pem'),
      file('leaf.key'),
      file('ca.pem'),
      ...arns,
    ],
    'minimal hit': [file('minimal'), 'hit', file('leaf.key'), file('entry')],
    call: command(executable),
    hit: [...command(executable), ...cached],
    version: [executable, 'version'],
    bundle: command(process.execPath, join(root, 'dist', 'command', 'roles-anywhere.cjs')),
    ...(isOnPath('aws_signing_helper') && {
      'official helper, unverified': ['aws_signing_helper', ...helperOptions(port)],
    }),
  };
}

function helperOptions(port) {
  return ['credential-process', ...optionsOf(folder, port), '--region', 'eu-west-1', '--no-verify-ssl'];
}

const yardsticks = { call: 'minimal call', hit: 'minimal hit', bundle: 'node -e 0' };

makeCertificates(folder);
buildMinimal();
execFileSync(file('minimal'), ['make', file('leaf.key'), file('entry')]);
const { port, stop } = await startServer(folder, env);
try {
  const runs = Object.entries(variants(port));
  const times = new Map(runs.map(([name]) => [name, []]));
  for (const path of [executable, file('minimal')]) readFileSync(path);
  for (const [, argv] of runs) await time(argv, env);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, argv] of runs) times.get(name).push((await time(argv, env)).elapsed);
  }
  const rows = runs.map(([name]) => {
    const milliseconds = median(times.get(name));
    const yardstick = yardsticks[name];
    const ratio = yardstick === undefined ? undefined : milliseconds / median(times.get(yardstick));
    return { name, milliseconds, yardstick, ratio };
  });
  if (values.json) console.log(JSON.stringify(rows, undefined, 2));
  for (const { name, milliseconds, yardstick, ratio } of values.json ? [] : rows) {
    const told = yardstick === undefined ? '' : `  ${ratio.toFixed(2)} x ${yardstick}`;
    console.log(`${name.padEnd(30)}${milliseconds.toFixed(1).padStart(8)} ms${told}`);
  }
} finally {
  stop();
  rmSync(folder, { recursive: true, force: true });
}
