import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { opensslKey } from '../identity/backends/tpm/keys.ts';
import { commandWords } from '../support/command.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../support/swtpm.ts';
import { commandCodes, startTpmProxy, type TpmProxy } from '../support/tpm-proxy.ts';

/** The command is told to end while a TPM without resource manager works for it: nothing may stay loaded there. */
describe('a command that uses a TPM and is told to end', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  let key: string;
  let certificate: string;
  let proxy: TpmProxy | undefined;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    key = join(folder, 'leaf.tss2');
    certificate = join(folder, 'leaf.crt');
    await opensslKey(tpm, key, 'EC', ['group:P-256']);
    const extensions = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'];
    const request = ['-x509', '-new', '-key', key, '-subj', '/CN=leaf', '-out', certificate];
    await tpm.openssl(
      'req',
      '-propquery',
      '?provider=tpm2',
      ...request,
      ...extensions.flatMap((one) => ['-addext', one]),
    );
    await tpm.tool('tpm2_flushcontext', '--transient-object');
  });

  afterEach(async () => {
    child?.kill('SIGKILL');
    await proxy?.stop();
    proxy = undefined;
  });

  interface Ended {
    readonly status: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly stdout: string;
    readonly stderr: string;
  }

  /** Starts the command; resolves when it has ended. */
  function start(...args: readonly string[]): Promise<Ended> {
    const [program = '', ...first] = commandWords;
    const started = spawn(program, [...first, ...args], {
      env: { PATH: process.env['PATH'] },
      stdio: 'pipe',
    });
    child = started;
    const texts = { stdout: '', stderr: '' };
    started.stdout.on('data', (chunk: Buffer) => (texts.stdout += chunk.toString()));
    started.stderr.on('data', (chunk: Buffer) => (texts.stderr += chunk.toString()));
    return new Promise((settle) => {
      started.once('close', (status, signal) => settle({ status, signal, ...texts }));
    });
  }

  /** A TPM that calls `meanwhile` when it gets a command for the first time, and carries it out after that. */
  async function delaying(code: number, meanwhile: () => Promise<void>): Promise<string> {
    let isFirst = true;
    proxy = await startTpmProxy(tpm.address, async (command) => {
      if (command.code === code && isFirst) {
        isFirst = false;
        await meanwhile();
      }
      return command.forward();
    });
    return proxy.tcti;
  }

  /** Sends a signal, and waits until the process has taken it: it no longer catches it then. */
  async function tell(pid: number | undefined, signal: NodeJS.Signals): Promise<void> {
    if (pid === undefined) throw new Error('the command has not started');
    process.kill(pid, signal);
    while ((caughtBy(pid) >> BigInt(constants.signals[signal] - 1)) % 2n === 1n) await sleep(5);
  }

  /** Signals with a handler, as a mask (proc_pid_status(5)). */
  function caughtBy(pid: number): bigint {
    return BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]}`);
  }

  test.each([
    ['SIGINT', 'createPrimary'],
    ['SIGTERM', 'createPrimary'],
    ['SIGHUP', 'createPrimary'],
    ['SIGTERM', 'startAuthSession'],
    ['SIGTERM', 'load'],
    ['SIGTERM', 'sign'],
  ] as const)('%s during %s: it flushes, and then ends by the signal', async (signal, code) => {
    const tcti = await delaying(commandCodes[code], () => tell(child?.pid, signal));
    const ended = await start('sign-string', '--private-key', key, '--tpm-device', tcti);
    expect(ended).toEqual({ status: null, signal, stdout: '', stderr: '' });
    expect(proxy?.codes()).toContain(commandCodes.flushContext);
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('the shell that called sees 128 and the number of the signal', async () => {
    const tcti = await delaying(commandCodes.load, () => {
      const children = readFileSync(`/proc/${child?.pid}/task/${child?.pid}/children`, 'utf8');
      return tell(Number(children), 'SIGTERM');
    });
    const words = [...commandWords, 'sign-string', '--private-key', key, '--tpm-device', tcti];
    child = spawn('sh', ['-c', '"$@"; echo "status $?"', 'sh', ...words]);
    let stdout = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await once(child, 'close');
    expect(stdout).toBe('status 143\n');
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('a second signal ends it at once, however long the TPM takes', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((settle) => (release = settle));
    const tcti = await delaying(commandCodes.createPrimary, async () => {
      await tell(child?.pid, 'SIGINT');
      child?.kill('SIGINT');
      await held;
    });
    expect(await start('sign-string', '--private-key', key, '--tpm-device', tcti)).toMatchObject({ signal: 'SIGINT' });
    release();
    // That is what nobody could flush.
    await tpm.reset();
  });

  test('a TPM that somebody else uses is not waited for', async () => {
    const tcti = await delaying(commandCodes.getCapability, async () => {
      child?.kill('SIGTERM');
      await once(child as ChildProcess, 'close');
    });
    const ended = await start('sign-string', '--private-key', key, '--tpm-device', tcti);
    expect(ended).toEqual({ status: null, signal: 'SIGTERM', stdout: '', stderr: '' });
    expect(await tpm.leftovers()).toEqual([]);
  });

  test('after the signature it ends as any program does', async () => {
    const service = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => child?.kill('SIGTERM'));
    });
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
    const address = service.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const arn = (resource: string): string => `arn:aws:rolesanywhere:eu-west-1:111122223333:${resource}`;
    const target = [
      ...['--trust-anchor-arn', arn('trust-anchor/11111111-2222-3333-4444-555555555555')],
      ...['--profile-arn', arn('profile/66666666-7777-8888-9999-000000000000')],
      ...['--role-arn', 'arn:aws:iam::111122223333:role/Worker', '--endpoint', `http://127.0.0.1:${port}`],
    ];
    const pair = ['--certificate', certificate, '--private-key', key, '--tpm-device', tpm.tcti];
    const ended = await start('credential-process', ...target, ...pair);
    expect(ended).toEqual({ status: null, signal: 'SIGTERM', stdout: '', stderr: '' });
    expect(await tpm.leftovers()).toEqual([]);
    service.close();
  });
});
