/**
 * `serve` under load against a bare `node:http` server with the same routes and bodies, in one run:
 * `npm run bench:serve -- [--on current,22,24,executable] [--against FOLDER] [--rounds 5] [--seconds 2] [--connections 16] [--million] [--json]`.
 *
 * Each round asks one after the other, each for so many seconds: requests per second, the 99th percentile of the time
 * to answer, and processor time of the server for each request, medians over the rounds; on each of the runtimes that
 * `--on` names, and `serve` of another built checkout beside it with `--against`. Memory is what `serve` has at rest, before
 * anybody asked, and after the rounds.
 * Then, on this Node, serve renews while it is asked: the second of a renewal against quiet ones.
 * Then, on Linux as root, a server with --allow-uid has a hostile neighbour: what of its rate those who are allowed keep,
 * on connections that stay open, and with a new one for each request.
 * With --million, memory over a million requests. Servers, sandbox and client are processes of their own.
 */
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './lib/time.mjs';
import { load } from './serve/load.mjs';
import { killAll, memoryOf, processorTime, runtimeOf, start, startBare } from './serve/servers.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    on: { type: 'string', default: 'current' },
    against: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    connections: { type: 'string', default: '16' },
    million: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds, connections] = [values.rounds, values.seconds, values.connections].map(Number);

const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-bench-'));
const current = runtimeOf('current');
// Another user must be able to read it.
chmodSync(folder, 0o711);
copyFileSync(join(here, 'serve', 'neighbour.mjs'), join(folder, 'neighbour.mjs'));

const imdsPath = '/latest/meta-data/iam/security-credentials/sandbox';

try {
  const sandbox = await start([...current.command, 'sandbox', '--json'], /^(\{.*\})$/m, { env: { HOME: folder } });
  const env = { HOME: folder, ...JSON.parse(sandbox.match[1]).environment };
  const report = { runtimes: [] };
  const measured = [];
  for (const which of values.on.split(',')) measured.push(await openMeasured(which, env));
  for (const { servers } of measured) {
    for (const server of servers) for (const { route } of server.routes) await loadAndCount(server, route, 0.5);
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { servers } of measured) {
      for (const server of servers) {
        for (const { route, runs } of server.routes) runs.push(await loadAndCount(server, route, seconds));
      }
    }
  }
  report.runtimes = measured.map((each) => summaryOf(each));

  const ours = measured[0].servers[0];
  report.renewal = await renewals(ours);
  if (process.getuid?.() === 0 && process.platform === 'linux') report.neighbour = await withNeighbour(env);
  if (values.million) report.memory = await memoryOfMillion(ours);
  print(report);
} finally {
  killAll();
  rmSync(folder, { recursive: true, force: true });
}

/** `serve` on a runtime, that of another checkout if there is one, and the bare server: what is asked of each, in turn. */
async function openMeasured(which, env) {
  const runtime = runtimeOf(which);
  const servers = [await openServe('serve', runtime.command, env)];
  if (values.against !== undefined) {
    servers.push(await openServe('against', runtimeOf(which, values.against).command, env));
  }
  const answers = {};
  for (const { route } of servers[0].routes) {
    const answer = await ask(servers[0].url, route.path, route);
    const [[name, value]] = Object.entries(route.headers);
    answers[route.path] = {
      header: [name.toLowerCase(), value],
      headers: withoutNodes(answer.headers),
      body: answer.body,
    };
  }
  const bare = await startBare(runtime.bare, answers);
  servers.push({ name: 'bare', ...bare, routes: servers[0].routes.map((each) => ({ ...each, runs: [] })) });
  return { name: runtime.name, servers };
}

async function openServe(name, command, env) {
  const tokenFile = join(mkdtempSync(join(folder, 'serve-')), 'token');
  const args = ['serve', '--port', '0', '--token-file', tokenFile, '--log-level', 'info'];
  const { child, match } = await start([...command, ...args], /FULL_URI=(http:\S+)\/credentials/, { env });
  // What it loads in the background, and what it has collected after that.
  await new Promise((settle) => setTimeout(settle, 2000));
  const atRest = memoryOf(child.pid);
  const url = match[1];
  const authorization = readFileSync(tokenFile, 'utf8');
  const routes = [
    { name: 'IMDS', route: { path: imdsPath, headers: await withToken(url) }, runs: [] },
    { name: 'container', route: { path: '/credentials', headers: { Authorization: authorization } }, runs: [] },
  ];
  return { name, url, pid: child.pid, child, atRest, routes };
}

async function withToken(url) {
  const headers = { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' };
  return { 'X-aws-ec2-metadata-token': (await ask(url, '/latest/api/token', { method: 'PUT', headers })).body };
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

/** A run, with the microseconds that the server worked for each request: other programs of the machine change that less. */
async function loadAndCount(server, route, duration) {
  const before = processorTime(server.pid);
  const run = await load(server.url, route, { connections, seconds: duration });
  return { ...run, cpu: (processorTime(server.pid) - before) / run.count };
}

/** Medians over the rounds, by route and server. */
function summaryOf({ name, servers }) {
  const [serve] = servers;
  const summary = (server, { runs }) => {
    const of = (what) => median(runs.map((run) => run[what]));
    return { name: server, perSecond: of('perSecond'), p99: of('p99'), cpu: of('cpu') };
  };
  const bare = servers.at(-1);
  const routes = serve.routes.map(({ name: route, runs }, at) => {
    const compared = (other, compare) => median(runs.map((run, round) => compare(run, other.routes[at].runs[round])));
    return {
      route,
      servers: servers.map((server) => summary(server.name, server.routes[at])),
      ratio: compared(bare, (one, other) => one.perSecond / other.perSecond),
      cpuRatio: compared(bare, (one, other) => other.cpu / one.cpu),
      cpuAgainst: servers.length > 2 ? compared(servers[1], (one, other) => one.cpu / other.cpu) : undefined,
    };
  });
  const memory = servers
    .slice(0, -1)
    .map((each) => ({ of: each.name, atRest: each.atRest, after: memoryOf(each.pid) }));
  return { name, routes, memory };
}

async function renewals({ url, child, routes }) {
  const { route } = routes[1];
  const phases = { before: [], during: [], after: [] };
  for (let round = 0; round < rounds; round += 1) {
    phases.before.push((await load(url, route, { connections, seconds: 1 })).p99);
    const renewing = load(url, route, { connections, seconds: 1 });
    setTimeout(() => child.kill('SIGHUP'), 300);
    phases.during.push((await renewing).p99);
    phases.after.push((await load(url, route, { connections, seconds: 1 })).p99);
  }
  return {
    before: median(phases.before),
    during: median(phases.during),
    after: median(phases.after),
    ratio: median(phases.during.map((p99, round) => p99 / phases.before[round])),
  };
}

async function memoryOfMillion({ url, pid, routes }) {
  await load(url, routes[1].route, { connections, count: 100_000 });
  const samples = [memoryOf(pid)];
  for (let part = 0; part < 10; part += 1) {
    await load(url, routes[part % 2].route, { connections, count: 100_000 });
    samples.push(memoryOf(pid));
  }
  return samples;
}

/** Quiet and with the neighbour in turn. */
async function withNeighbour(env) {
  const args = ['serve', '--port', '0', '--allow-uid', '0'];
  const { match } = await start([...current.command, ...args], /METADATA_SERVICE_ENDPOINT=(http:\S+)\//, { env });
  const url = match[1];
  const route = { path: imdsPath, headers: await withToken(url) };
  const measure = async () => ({
    open: (await load(url, route, { connections, seconds })).perSecond,
    anew: await askAnew(url, route, seconds),
  });
  const runs = { quiet: [], hostile: [] };
  await measure();
  for (let round = 0; round < rounds; round += 1) {
    runs.quiet.push(await measure());
    const nobody = { uid: 65_534, gid: 65_534, cwd: '/' };
    const neighbour = await start([process.execPath, join(folder, 'neighbour.mjs'), url], /up/, nobody);
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
  for (const { name, routes, memory } of report.runtimes) {
    console.log(name);
    for (const { route, ratio, cpuRatio, cpuAgainst, servers } of routes) {
      console.log(`  ${route}`);
      for (const { name: server, perSecond, p99, cpu } of servers) {
        const label = `${server}:`.padEnd(8);
        console.log(
          `    ${label} ${Math.round(perSecond)} requests a second, p99 ${ms(p99)}, ${cpu.toFixed(1)} µs of processor each`,
        );
      }
      const against =
        cpuAgainst === undefined ? '' : `; it works ${cpuAgainst.toFixed(3)} of the other checkout's time`;
      console.log(
        `    serve is at ${ratio.toFixed(2)} of bare node:http by requests a second, at ${cpuRatio.toFixed(2)} by processor time${against}`,
      );
    }
    for (const { of, atRest, after } of memory) {
      console.log(`  memory of ${of}: ${atRest.toFixed(0)} MiB at rest, ${after.toFixed(0)} after the rounds`);
    }
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
