/**
 * The sandbox: from its start to its first line, and CreateSessions a second, in one run:
 * `npm run bench:sandbox -- [--rounds 5] [--seconds 2] [--against DIST]`.
 *
 * With --against, the folder of another build (`dist` of an earlier one), both take turns in each round. The request is one
 * that credential-process signed, sent again and again over one connection: the sandbox verifies it each time.
 */
import { spawn } from 'node:child_process';
import { Agent, createServer, request } from 'node:http';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './lib/time.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    against: { type: 'string' },
  },
});
const dist = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'dist');
const builds = { this: dist, ...(values.against === undefined ? {} : { against: resolve(values.against) }) };

/** Starts the sandbox of a build; tells how long it took, what it printed and how to end it. */
function startSandbox(build) {
  const start = performance.now();
  const child = spawn(process.execPath, [join(build, 'command', 'roles-anywhere.cjs'), 'sandbox', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return new Promise((settle, fail) => {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      output += chunk;
      if (!output.endsWith('\n')) return;
      settle({ milliseconds: performance.now() - start, ...JSON.parse(output), end: () => child.kill() });
    });
    child.once('exit', (code) => fail(new Error(`the sandbox ended with ${code}`)));
  });
}

/** What credential-process sends: it is told another endpoint, where the request is only kept. */
async function signedRequest(sandbox) {
  let kept;
  const server = createServer((incoming, response) => {
    const chunks = [];
    incoming.on('data', (chunk) => chunks.push(chunk));
    incoming.once('end', () => {
      kept = { method: incoming.method, path: incoming.url, headers: incoming.headers, body: Buffer.concat(chunks) };
      response.writeHead(403).end('{}');
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${server.address().port}`;
  const child = spawn(process.execPath, [join(dist, 'command', 'roles-anywhere.cjs'), 'credential-process'], {
    env: { ...sandbox.environment, ROLES_ANYWHERE_ENDPOINT: endpoint },
    stdio: 'ignore',
  });
  await new Promise((done) => child.once('exit', done));
  server.close();
  return kept;
}

function send(sandbox, agent, { method, path, headers, body }) {
  return new Promise((settle, fail) => {
    request(`${sandbox.endpoint}${path}`, { method, headers, agent }, (response) => {
      response.resume().once('end', () => settle(response.statusCode));
    })
      .once('error', fail)
      .end(body);
  });
}

/** CreateSessions a second. */
async function rate(sandbox) {
  const signed = await signedRequest(sandbox);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const end = performance.now() + Number(values.seconds) * 1000;
  let count = 0;
  for (; performance.now() < end; count++) {
    const status = await send(sandbox, agent, signed);
    if (status !== 201) throw new Error(`the sandbox answered ${status}`);
  }
  agent.destroy();
  return count / Number(values.seconds);
}

const seen = Object.fromEntries(Object.keys(builds).map((name) => [name, { start: [], rate: [] }]));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, build] of Object.entries(builds)) {
    const sandbox = await startSandbox(build);
    seen[name].start.push(sandbox.milliseconds);
    seen[name].rate.push(await rate(sandbox));
    sandbox.end();
  }
}
for (const [name, { start, rate: rates }] of Object.entries(seen)) {
  console.log(`${name}: ${median(start).toFixed(0)} ms to start, ${median(rates).toFixed(0)} CreateSessions a second`);
}
process.exit(0);
