/**
 * A TPM 2.0 in software for one suite: swtpm with its state in a folder of the suite, and the tools that make keys in it.
 *
 * @example
 * ```ts
 * describe('with a TPM', needsTpm(), () => {
 *   let folder: string;
 *   let tpm: Swtpm;
 *   useSwtpm((made) => ({ folder, tpm } = made));
 * });
 * ```
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll } from 'vitest';
import { makeFolder, removeFolder } from './openssl.ts';
import { ownPorts, serving } from './ports.ts';
import { needs } from './programs.ts';

/** What `needs` is, for all that these tests run: swtpm, tpm2-tools, the provider of tpm2-openssl, and socat. */
export function needsTpm(): { skip: boolean } {
  if (['swtpm', 'tpm2_create', 'socat'].map(needs).some(({ skip }) => skip)) return { skip: true };
  const [, modules = ''] = /MODULESDIR: "(.*)"/.exec(execFileSync('openssl', ['version', '-m']).toString()) ?? [];
  if (existsSync(join(modules, 'tpm2.so'))) return { skip: false };
  if (process.env['CI'] !== undefined) throw new Error('tpm2-openssl is not installed, and in CI it must be');
  console.log('skipped: tests that need tpm2-openssl, which is not installed');
  return { skip: true };
}

export interface Swtpm {
  /** As TPM2TOOLS_TCTI and `--tpm-device` have it: `swtpm:path=…` or `swtpm:host=…,port=…`. */
  readonly tcti: string;
  /** The socket to connect to. */
  readonly address: NetConnectOpts;
  /** Runs a program of tpm2-tools and returns its stdout; what it left in the TPM is flushed. */
  tool(program: `tpm2_${string}`, ...args: readonly string[]): Promise<Buffer>;
  /** Runs openssl with the provider of tpm2-openssl. */
  openssl(...args: readonly string[]): Promise<Buffer>;
  /** Handles of transient objects and loaded sessions, as tpm2_getcap lists them. */
  leftovers(): Promise<string[]>;
  /** Resets it, as a power cycle would: what is loaded is gone. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export type SwtpmSocket = 'unix' | 'tcp';

/** For all tests of a suite: starts a TPM in a folder of its own before them, and takes both away after them. */
export function useSwtpm(take: (made: { readonly folder: string; readonly tpm: Swtpm }) => void): void {
  let made: { readonly folder: string; readonly tpm: Swtpm } | undefined;
  beforeAll(async () => {
    const folder = makeFolder();
    made = { folder, tpm: await startSwtpm(folder) };
    take(made);
  });
  afterAll(async () => {
    await made?.tpm.stop();
    if (made !== undefined) removeFolder(made.folder);
  });
}

/** Starts swtpm with its state in `<folder>/<name>`, and waits until it serves. */
export async function startSwtpm(folder: string, name = 'tpm', socket: SwtpmSocket = 'unix'): Promise<Swtpm> {
  const state = join(folder, name);
  mkdirSync(state, { recursive: true });
  const place = socket === 'unix' ? unixPlace(join(folder, `${name}.sock`)) : tcpPlace(await ownPorts(2));
  const start = async (): Promise<ChildProcess> => {
    const child = spawn('swtpm', [...swtpmArguments(state), ...place.servers], { stdio: ['ignore', 'ignore', 'pipe'] });
    await serving('swtpm', child, place.address);
    return child;
  };
  let child = await start();
  const env = { ...process.env, TPM2TOOLS_TCTI: place.tcti, TPM2OPENSSL_TCTI: place.tcti, TSS2_LOG: 'all+NONE' };
  const run = async (program: string, args: readonly string[]): Promise<Buffer> => {
    const { stdout } = await promisify(execFile)(program, args, {
      env,
      cwd: folder,
      encoding: 'buffer',
      timeout: 60_000,
    });
    return stdout;
  };
  return {
    tcti: place.tcti,
    address: place.address,
    async tool(program, ...args) {
      const output = await run(program, args);
      // There is no resource manager, and the tools leave what they load; tpm2_encodeobject even its session.
      await run('tpm2_flushcontext', ['--transient-object']);
      if (program === 'tpm2_encodeobject') await run('tpm2_flushcontext', ['--loaded-session']);
      return output;
    },
    openssl: (...args) => run('openssl', [...args, '-provider', 'tpm2', '-provider', 'default']),
    async leftovers() {
      const objects = await run('tpm2_getcap', ['handles-transient']);
      const sessions = await run('tpm2_getcap', ['handles-loaded-session']);
      return `${objects.toString()}${sessions.toString()}`.match(/0x[0-9A-F]+/gi) ?? [];
    },
    async reset() {
      await ended(child);
      child = await start();
    },
    stop: () => ended(child),
  };
}

interface Place {
  readonly tcti: string;
  readonly address: NetConnectOpts;
  readonly servers: readonly string[];
}

/** The tools look for the control socket at the path with `.ctrl`, or one port above. */
function unixPlace(path: string): Place {
  return {
    tcti: `swtpm:path=${path}`,
    address: { path },
    servers: ['--server', `type=unixio,path=${path}`, '--ctrl', `type=unixio,path=${path}.ctrl`],
  };
}

function tcpPlace(port: number): Place {
  const type = 'type=tcp,bindaddr=127.0.0.1,port=';
  return {
    tcti: `swtpm:host=127.0.0.1,port=${port}`,
    address: { host: '127.0.0.1', port },
    servers: ['--server', `${type}${port}`, '--ctrl', `${type}${port + 1}`],
  };
}

function swtpmArguments(state: string): readonly string[] {
  return ['socket', '--tpm2', '--tpmstate', `dir=${state}`, '--flags', 'not-need-init,startup-clear'];
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/**
 * A terminal that behaves as the TPM's character device: one write is a command, what is read is its answer.
 *
 * @param path `…/tpmrm0` for one that looks like the kernel's resource manager, `…/tpm0` for the bare one
 */
export async function startPty(
  path: string,
  tpm: Pick<Swtpm, 'address'>,
): Promise<{ readonly stop: () => Promise<void> }> {
  const address =
    'path' in tpm.address ? `UNIX-CONNECT:${tpm.address.path}` : `TCP:${tpm.address.host}:${tpm.address.port}`;
  // The link is there before the terminal is raw, and what is said last comes when it is.
  const child = spawn('socat', ['-d', '-d', `PTY,link=${path},rawer`, address], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  await new Promise<void>((settle, fail) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('starting data transfer loop')) settle();
    });
    child.once('close', () => fail(new Error(`socat ended at once: ${said}`)));
  });
  return { stop: () => ended(child) };
}
