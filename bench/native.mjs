/**
 * The executable against Node, the bundle, the launcher and the least that Bun can do: `npm run bench:native -- [--rounds 21] [--json]`.
 *
 * One interleaved run, as bench/startup.mjs has it; the official helper is in it where it is on the PATH. Wall time from spawn to
 * exit, medians; with python3, which can ask the kernel of a child, CPU time and the peak resident set in rounds of their own: on
 * a busy machine look at these. `npm run build:native` comes first.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { fetchNode } from '../scripts/lib/other-node.mjs';
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
const file = (...name) => join(folder, ...name);
const env = { PATH: process.env['PATH'] ?? '', HOME: folder };

/** Compiled as the executable is. */
function buildMinimal() {
  const flags = ['bunfig', 'dotenv', 'tsconfig', 'package-json'].map((what) => `--no-compile-autoload-${what}`);
  const how = ['--compile', '--format=esm', '--bytecode', '--minify', '--compile-jit-policy=1000000', ...flags];
  const source = join(root, 'bench', 'startup', 'minimal.bun.ts');
  execFileSync(fetchBun(target), ['build', source, ...how, '--outfile', file('minimal')], { stdio: 'ignore' });
}

/** Node 22, which the aims are for and which can become another program; elsewhere than on Linux for x64 the installed one. */
const node = target === 'linux-x64' ? fetchNode('22') : process.execPath;

/** The packages as npm lays them, and the script that npm links. */
function installPackages() {
  const [main, platform] = ['roles-anywhere', `@roles-anywhere/${target}`].map((name) => file('node_modules', name));
  for (const each of [main, join(platform, 'bin')]) mkdirSync(each, { recursive: true });
  for (const each of [main, platform]) copyFileSync(join(root, 'package.json'), join(each, 'package.json'));
  cpSync(join(root, 'bin'), join(main, 'bin'), { recursive: true });
  symlinkSync(join(root, 'dist'), join(main, 'dist'));
  symlinkSync(executable, join(platform, 'bin', executableName(target)));
  return join(main, 'bin', 'roles-anywhere.cjs');
}

/** What is run, by name. */
function variants(port) {
  const options = (leaf) => [...optionsOf(folder, port, leaf), '--ca-bundle', file('ca.pem')];
  const command = (leaf, ...program) => [...program, 'credential-process', ...options(leaf)];
  const cached = ['--cache', '--cache-dir', file('cache')];
  const minimal = (how, leaf) => [
    ...[file('minimal'), how, String(port), file(`${leaf}.pem`), file(`${leaf}.key`), file('ca.pem')],
    ...[trustAnchorArn, profileArn, roleArn],
  ];
  return {
    'node -e 0': [node, '-e', '0'],
    'minimal RSA': minimal('rsa', 'leaf'),
    'minimal P-256': minimal('ec', 'leaf-ec'),
    'minimal hit': [file('minimal'), 'hit', file('leaf.key'), file('entry')],
    RSA: command('leaf', executable),
    'P-256': command('leaf-ec', executable),
    hit: [...command('leaf', executable), ...cached],
    version: [executable, 'version'],
    launcher: command('leaf', node, installPackages()),
    bundle: command('leaf', node, join(root, 'dist', 'command', 'roles-anywhere.cjs')),
    ...(isOnPath('aws_signing_helper') && {
      'official helper, RSA, unverified': ['aws_signing_helper', ...helperOptions(port, 'leaf')],
      'official helper, P-256, unverified': ['aws_signing_helper', ...helperOptions(port, 'leaf-ec')],
    }),
  };
}

function helperOptions(port, leaf) {
  return ['credential-process', ...optionsOf(folder, port, leaf), '--region', 'eu-west-1', '--no-verify-ssl'];
}

/** What a time is a multiple of, and the aim; of several, their sum. */
const yardsticks = {
  RSA: { of: ['minimal RSA'], aim: 1.35 },
  'P-256': { of: ['minimal P-256'], aim: 1.35 },
  hit: { of: ['minimal hit'], aim: 1.5 },
  launcher: { of: ['node -e 0', 'RSA'], aim: 1.15 },
  bundle: { of: ['node -e 0'], aim: 2.3 },
};

/** Starts its arguments, and tells the milliseconds of CPU and the kilobytes (on macOS bytes) of the peak resident set. */
const asker = `
import os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
os.write(3, f"{(usage.ru_utime + usage.ru_stime) * 1000} {usage.ru_maxrss}".encode())
sys.exit(1 if status else 0)`;

async function use(argv) {
  const { report } = await time(['python3', '-c', asker, ...argv], env, { reports: true });
  const [cpu, peak] = report.split(' ').map(Number);
  return { cpu, mebibytes: peak / (process.platform === 'darwin' ? 2 ** 20 : 2 ** 10) };
}

async function measure(runs) {
  const samples = new Map(runs.map(([name]) => [name, { milliseconds: [], cpu: [], mebibytes: [] }]));
  // A program that was not run before is read from disk.
  for (const [, argv] of runs) await time(argv, env);
  const asks = isOnPath('python3');
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, argv] of runs) {
      const sample = samples.get(name);
      sample.milliseconds.push((await time(argv, env)).elapsed);
      if (!asks) continue;
      const { cpu, mebibytes } = await use(argv);
      sample.cpu.push(cpu);
      sample.mebibytes.push(mebibytes);
    }
  }
  return samples;
}

/** Medians, and as multiples of the yardstick. */
function rowsOf(samples) {
  return [...samples].map(([name, { milliseconds, cpu, mebibytes }]) => {
    const row = { name, milliseconds: median(milliseconds), cpu: median(cpu), mebibytes: median(mebibytes) };
    return name in yardsticks ? Object.assign(row, ratios(samples, row, yardsticks[name])) : row;
  });
}

function ratios(samples, { milliseconds, cpu }, { of, aim }) {
  const sum = (what) => of.reduce((total, name) => total + median(samples.get(name)[what]), 0);
  return {
    ...{ yardstick: of.join(' + '), aim },
    ...{ ratio: milliseconds / sum('milliseconds'), ratioOfCpu: cpu / sum('cpu') },
  };
}

function print({ name, milliseconds, cpu, mebibytes, yardstick, aim, ratio, ratioOfCpu }) {
  const column = (number, unit) => `${Number.isFinite(number) ? number.toFixed(1) : '-'} ${unit}`.padStart(11);
  const told = yardstick && `  ${ratio.toFixed(2)} x ${yardstick} (aim ${aim}; of CPU ${ratioOfCpu.toFixed(2)})`;
  const columns = [column(milliseconds, 'ms'), column(cpu, 'ms CPU').padStart(15), column(mebibytes, 'MiB')];
  console.log(name.padEnd(36) + columns.join('') + (told ?? ''));
}

makeCertificates(folder);
buildMinimal();
execFileSync(file('minimal'), ['make', file('leaf.key'), file('entry')]);
const { port, stop } = await startServer(folder, env);
try {
  const rows = rowsOf(await measure(Object.entries(variants(port))));
  if (values.json) console.log(JSON.stringify(rows, undefined, 2));
  else rows.forEach(print);
} finally {
  stop();
  rmSync(folder, { recursive: true, force: true });
}
