/**
 * `serve` under load against a bare `node:http` server with the same routes and bodies, in one run:
 * `npm run bench:serve -- [--rounds 5] [--seconds 2] [--connections 16] [--million] [--json]`.
 *
 * Each round asks one after the other, each for so many seconds: requests per second and the 99th percentile of the time
 * to answer, medians over the rounds. Then serve renews while it is asked: the second of a renewal against quiet ones.
 * Then, on Linux as root, a server with --allow-uid has a hostile neighbour: what of its rate those who are allowed keep,
 * on connections that stay open, and with a new one for each request.
 * With --million, memory over a million requests. Servers, sandbox and client are processes of their own.
 */
import { fork, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './lib/time.mjs';
import { load } from './serve/load.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    million: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const command = resolve(here, '..', 'bin', 'roles-anywhere.cjs');
const children = [];
// Another user must be able to read it.
chmodSync(folder, 0o711);
copyFileSync(join(here, 'serve', 'neighbour.mjs'), join(folder, 'neighbour.mjs'));

/** Starts a program; resolves with what the pattern finds in its output. */
function start(args, pattern, env = {}, options = {}) {
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], HOME: folder, ...env }, ...options });
  children.push(child);
  return new Promise((settle, fail) => {
    let output = '';
    const look = (chunk) => {
      output += chunk;
      const match = pattern.exec(output);
      if (match !== null) settle({ child, match });
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => fail(new Error(`${args.join(' ')} ended with ${code}: ${output}`)));
  });
}

function ask(url, path, { method = 'GET', headers = {} } = {}) {
  return new Promise((settle, fail) => {
    request(`${url}${path}`, { method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => (body += chunk));
      response.once('end', () => settle({ status: response.statusCode, headers: response.rawHeaders, body }));
    })
      .once('error', fail)
      .end();
  });
}

/** Headers as an object, but for those that Node adds by itself. */
function withoutNodes(rawHeaders) {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]]] : []));
  return Object.fromEntries(pairs.filter(([name]) => !['Date', 'Connection', 'Keep-Alive'].includes(name)));
}

/** Microseconds of processor that a process has used, in the kernel too; Linux counts in hundredths of a second. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** A run, with the microseconds that the server worked for each request: other programs of the machine change that less. */
async function loadAndCount(server, route) {
  const before = cpu(server.pid);
  const run = await load(server.url, route, { connections, seconds });
  return { ...run, cpu: (cpu(server.pid) - before) / run.count };
}

const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

try {
  const sandbox = await start([command, 'sandbox', '--json'], /^(\{.*\})$/m);
  const { environment } = JSON.parse(sandbox.match[1]);
  const tokenFile = join(folder, 'token');
  const serveArgs = [command, 'serve', '--port', '0', '--token-file', tokenFile, '--log-level', 'info'];
  const { child: serve, match } = await start(serveArgs, /FULL_URI=(http:\S+)\/credentials/, environment);
  const ours = match[1];

  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const token = (await ask(ours, '/latest/api/token', { method: 'PUT', headers: ttl })).body;
  const imdsPath = '/latest/meta-data/iam/security-credentials/sandbox';
  const routes = {
    IMDS: { path: imdsPath, headers: { 'X-aws-ec2-metadata-token': token } },
    container: { path: '/credentials', headers: { Authorization: readFileSync(tokenFile, 'utf8') } },
  };
  const answers = {};
  for (const { path, headers } of Object.values(routes)) {
    const answer = await ask(ours, path, { headers });
    const [[name, value]] = Object.entries(headers);
    answers[path] = { header: [name.toLowerCase(), value], headers: withoutNodes(answer.headers), body: answer.body };
  }
  const bareServer = fork(join(here, 'serve', 'bare-server.mjs'), { env: { PATH: process.env['PATH'] } });
  children.push(bareServer);
  bareServer.send(answers);
  const bare = await new Promise((settle) =>
    bareServer.once('message', (port) => settle(`http://127.0.0.1:${Number(port)}`)),
  );

  const report = {};
  for (const [name, route] of Object.entries(routes)) {
    const runs = { bare: [], serve: [] };
    for (const url of [bare, ours]) await load(url, route, { connections, seconds: 0.5 });
    for (let round = 0; round < rounds; round += 1) {
      runs.bare.push(await loadAndCount({ url: bare, pid: bareServer.pid }, route));
      runs.serve.push(await loadAndCount({ url: ours, pid: serve.pid }, route));
    }
    const of = (which, what) => median(runs[which].map((run) => run[what]));
    const summary = (which) => ({ perSecond: of(which, 'perSecond'), p99: of(which, 'p99'), cpu: of(which, 'cpu') });
    report[name] = {
      bare: summary('bare'),
      serve: summary('serve'),
      ratio: median(runs.serve.map((run, round) => run.perSecond / runs.bare[round].perSecond)),
      cpuRatio: of('bare', 'cpu') / of('serve', 'cpu'),
    };
  }

  const phases = { before: [], during: [], after: [] };
  for (let round = 0; round < rounds; round += 1) {
    phases.before.push((await load(ours, routes.container, { connections, seconds: 1 })).p99);
    const renewing = load(ours, routes.container, { connections, seconds: 1 });
    setTimeout(() => serve.kill('SIGHUP'), 300);
    phases.during.push((await renewing).p99);
    phases.after.push((await load(ours, routes.container, { connections, seconds: 1 })).p99);
  }
  report.renewal = {
    before: median(phases.before),
    during: median(phases.during),
    after: median(phases.after),
    ratio: median(phases.during.map((p99, round) => p99 / phases.before[round])),
  };

  if (process.getuid?.() === 0 && process.platform === 'linux') {
    report.neighbour = await withNeighbour(environment, imdsPath);
  }

  if (values.million) {
    await load(ours, routes.container, { connections, count: 100_000 });
    const samples = [rss(serve.pid)];
    for (let part = 0; part < 10; part += 1) {
      const isImds = part % 2 === 0;
      await load(ours, isImds ? routes.IMDS : routes.container, { connections, count: 100_000 });
      samples.push(rss(serve.pid));
    }
    report.memory = samples;
  }
  print(report);
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

/** Quiet and with the neighbour in turn. */
async function withNeighbour(environment, path) {
  const args = [command, 'serve', '--port', '0', '--allow-uid', '0'];
  const { match } = await start(args, /METADATA_SERVICE_ENDPOINT=(http:\S+)\//, environment);
  const url = match[1];
  const ttl = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const token = (await ask(url, '/latest/api/token', { method: 'PUT', headers: ttl })).body;
  const route = { path, headers: { 'X-aws-ec2-metadata-token': token } };
  const measure = async () => ({
    open: (await load(url, route, { connections, seconds })).perSecond,
    anew: await askAnew(url, route, seconds),
  });
  const runs = { quiet: [], hostile: [] };
  await measure();
  for (let round = 0; round < rounds; round += 1) {
    runs.quiet.push(await measure());
    const nobody = { uid: 65_534, gid: 65_534, cwd: '/' };
    const neighbour = await start([join(folder, 'neighbour.mjs'), url], /up/, {}, nobody);
    runs.hostile.push(await measure());
    neighbour.child.kill('SIGKILL');
  }
  const of = (which, what) => median(runs[which].map((run) => run[what]));
  const kept = (what) => median(runs.hostile.map((run, round) => run[what] / runs.quiet[round][what]));
  const both = (what) => ({ quiet: of('quiet', what), hostile: of('hostile', what), kept: kept(what) });
  return { open: both('open'), anew: both('anew') };
}

/** Requests a second of a client that makes a connection for each. */
async function askAnew(url, { path, headers }, seconds) {
  const begin = performance.now();
  let count = 0;
  for (; performance.now() - begin < seconds * 1000; count += 1) await ask(url, path, { headers });
  return (count * 1000) / (performance.now() - begin);
}

function print(report) {
  if (values.json) {
    console.log(JSON.stringify(report, undefined, 2));
    return;
  }
  const ms = (number) => `${number.toFixed(2)} ms`;
  for (const name of ['IMDS', 'container']) {
    const { bare, serve, ratio, cpuRatio } = report[name];
    const line = ({ perSecond, p99, cpu }) =>
      `${Math.round(perSecond)} requests a second, p99 ${ms(p99)}, ${cpu.toFixed(0)} µs of processor each`;
    console.log(`${name}\n  serve:          ${line(serve)}\n  bare node:http: ${line(bare)}`);
    console.log(
      `  serve is at ${ratio.toFixed(2)} of it by requests a second, at ${cpuRatio.toFixed(2)} by processor time`,
    );
  }
  const { before, during, after, ratio } = report.renewal;
  console.log(
    `p99 before, during and after a renewal: ${[before, during, after].map(ms).join(', ')}; ratio ${ratio.toFixed(2)}`,
  );
  if (report.neighbour !== undefined) {
    const line = ({ quiet, hostile, kept }) =>
      `${Math.round(quiet)} requests a second, ${Math.round(hostile)} beside a hostile neighbour: ${kept.toFixed(2)} are kept`;
    console.log(`with --allow-uid\n  open connections:       ${line(report.neighbour.open)}`);
    console.log(`  a new one a request:    ${line(report.neighbour.anew)}`);
  }
  if (report.memory !== undefined) {
    console.log(`memory after 0 to 1 000 000 requests: ${report.memory.map((mb) => mb.toFixed(0)).join(', ')} MB`);
  }
}
