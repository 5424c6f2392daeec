/** The servers that are measured, each a process of its own, on a runtime each. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fetchNode } from '../../scripts/lib/other-node.mjs';
import { fetchBun } from '../../scripts/native/fetch-bun.mjs';
import { executableName, targetOfThisMachine } from '../../scripts/native/targets.mjs';

const here = resolve(import.meta.dirname, '..', '..');
const bareServer = join(import.meta.dirname, 'bare-server.mjs');

/**
 * What `serve` runs on, and what a bare server runs on beside it: `current`, a version of Node, or `executable`.
 *
 * @param root a checkout, built
 */
export function runtimeOf(which, root = here) {
  if (which === 'executable') {
    const target = targetOfThisMachine();
    const program = join(root, 'dist-native', target, executableName(target));
    if (!existsSync(program)) throw new Error(`run \`npm run build:native ${target}\` in ${root} first`);
    return { name: which, command: [program], bare: fetchBun(target) };
  }
  const node = which === 'current' ? process.execPath : fetchNode(which);
  const name = `Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1)}`;
  return { name, command: [node, join(root, 'bin', 'roles-anywhere.cjs')], bare: node };
}

const children = [];

/** Starts a program; resolves with what the pattern finds in its output. */
export function start([program, ...args], pattern, { env = {}, ...options } = {}) {
  const child = spawn(program, args, { env: { PATH: process.env['PATH'], ...env }, ...options });
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
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`${args.join(' ')} ended with ${code}: ${output}`)));
  });
}

/** Starts the least that node:http can do with the same answers; resolves to its URL and process. */
export async function startBare(program, answers) {
  const child = spawn(program, [bareServer], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'json',
  });
  children.push(child);
  child.send(answers);
  const port = await new Promise((settle, fail) => {
    child.once('message', settle);
    child.once('exit', (code) => fail(new Error(`the bare server on ${program} ended with ${code}`)));
  });
  return { url: `http://127.0.0.1:${Number(port)}`, pid: child.pid };
}

export function killAll() {
  for (const child of children) child.kill('SIGKILL');
}

/** Microseconds of processor that a process has used, in the kernel too, all of its threads that live. Linux. */
export function processorTime(pid) {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + nanosecondsOf(`${tasks}/${task}/schedstat`), 0) / 1000;
}

/** None for a thread that has ended since it was listed. */
function nanosecondsOf(path) {
  try {
    return Number(readFileSync(path, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

/** Mebibytes of memory that a process has at the moment. */
export function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
