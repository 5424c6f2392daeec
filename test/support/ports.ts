import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Nobody listens there: it is reserved (RFC 863), only root may take it, and no system gives it to whoever asks for any port. */
export const deadPort = 9;

/** Below the ports that systems give to whoever asks for any: 32768 on Linux, 49152 elsewhere. */
const [lowest, highest] = [10_000, 32_000];

/** Each worker of a run has some of its own (vitest's VITEST_POOL_ID, from 1). */
const mostWorkers = 44;
const room = (highest - lowest) / mostWorkers;
const first = lowest + ((Number(process.env['VITEST_POOL_ID'] ?? 1) - 1) % mostWorkers) * room;

/**
 * Ports in a row for a server that wants numbers, or wants its own again after it was closed: free now, and given to no client
 * and no server of another test, as those that were free a moment ago are.
 *
 * @returns the first of them
 */
export async function ownPorts(count = 1): Promise<number> {
  for (;;) {
    const port = first + Math.floor(Math.random() * (room - count));
    const free = await Promise.all(Array.from({ length: count }, (_, at) => isFree(port + at)));
    if (free.every(Boolean)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await new Promise((closed) => server.close(closed));
  return true;
}

/** Waits until a child serves at its address; a path of its own may be there before anybody listens on it. */
export async function serving(name: string, child: ChildProcess, address: NetConnectOpts): Promise<void> {
  let complaint = '';
  child.stderr?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  for (const end = Date.now() + 30_000; !(await accepts(address)); await sleep(10)) {
    if (child.exitCode !== null) throw new Error(`${name} ended at once: ${complaint}`);
    if (Date.now() > end) throw new Error(`${name} does not serve: ${complaint}`);
  }
}

function accepts(address: NetConnectOpts): Promise<boolean> {
  if ('path' in address && !isSocket(address.path)) return Promise.resolve(false);
  return new Promise((settle) => {
    const socket = connect(address);
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
    socket.once('connect', () => socket.destroy());
  });
}

function isSocket(path: string): boolean {
  return existsSync(path) && statSync(path).isSocket();
}
