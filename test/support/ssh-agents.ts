/** The agents of OpenSSH and GnuPG, each with its socket in a folder of the suite. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { serving } from './ports.ts';
import { needs } from './programs.ts';

export interface RunningAgent {
  readonly socket: string;
  /** `ssh-add` with these arguments, against this agent. */
  add(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

export function needsAgents(): { skip: boolean } {
  return { skip: ['ssh-agent', 'gpg-agent', 'gpgconf'].map(needs).some(({ skip }) => skip) };
}

/** @param askpass program that is asked before a key is used that was added with `-c`; its status is the answer */
export async function startSshAgent(folder: string, name = 'ssh', askpass = 'false'): Promise<RunningAgent> {
  const socket = join(folder, `${name}.sock`);
  const env = { PATH: process.env['PATH'], SSH_ASKPASS: program(askpass), SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' };
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore', env });
  await serving('ssh-agent', child, { path: socket });
  return { socket, add: adder(socket), stop: () => stopped(child) };
}

function program(name: string): string {
  return execFileSync('sh', ['-c', `command -v -- ${name} || echo /bin/${name}`], { encoding: 'utf8' }).trim();
}

/** Keys that are added get an empty passphrase. */
export async function startGpgAgent(folder: string): Promise<RunningAgent> {
  const home = join(folder, 'gnupg');
  mkdirSync(home, { mode: 0o700 });
  const pinentry = join(folder, 'pinentry');
  writeFileSync(pinentry, '#!/bin/sh\necho OK\nwhile read -r word _; do echo OK; [ "$word" = BYE ] && exit; done\n');
  chmodSync(pinentry, 0o700);
  writeFileSync(join(home, 'gpg-agent.conf'), `enable-ssh-support\npinentry-program ${pinentry}\n`);
  const env = { PATH: process.env['PATH'], GNUPGHOME: home };
  const socket = execFileSync('gpgconf', ['--list-dirs', 'agent-ssh-socket'], { env, encoding: 'utf8' }).trim();
  const child = spawn('gpg-agent', ['--homedir', home, '--daemon', 'sleep', 'infinity'], { stdio: 'ignore', env });
  await serving('gpg-agent', child, { path: socket });
  const stop = async (): Promise<void> => {
    execFileSync('gpgconf', ['--kill', 'gpg-agent'], { env });
    await stopped(child);
  };
  return { socket, add: adder(socket), stop };
}

function adder(socket: string): RunningAgent['add'] {
  return async (...args) => {
    const env = { PATH: process.env['PATH'], SSH_AUTH_SOCK: socket };
    return (await promisify(execFile)('ssh-add', args, { env, timeout: 60_000 })).stderr;
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}
