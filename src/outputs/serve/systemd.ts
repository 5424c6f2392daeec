import { spawn } from 'node:child_process';
import { platform } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Ffi, MissingFfi } from '../../ffi/ffi.ts';
import type { ListenAddress } from './listen-address.ts';
import { openSocketCalls } from './socket-calls.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Tells the service manager something, as `READY=1`. */
export type Notify = (...assignments: readonly string[]) => Promise<void>;

/** Sends it; gives what went wrong, after the words "systemd cannot be told how the service is: ". */
type Send = (assignments: readonly string[]) => Promise<string | undefined>;

/** Milliseconds that it may take: what waits for it must go on. */
const patience = 2000;

/**
 * What tells systemd how the service is (sd_notify(3)). Node has no datagram sockets of the Unix domain: where the C
 * library cannot be called for one, systemd's own program sends the message.
 *
 * @returns something that does nothing where nobody wants to know
 */
export function notifier(env: Environment, ffi: Ffi | MissingFfi, warn: (message: string) => void): Notify {
  const { NOTIFY_SOCKET } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return () => Promise.resolve();
  if ('missing' in ffi) {
    warn(
      `systemd-notify speaks to systemd, which needs NotifyAccess=all in the unit, as otherwise needs ${ffi.missing}`,
    );
  }
  const send = senderTo(NOTIFY_SOCKET, ffi) ?? senderByProgram(env);
  let hasWarned = false;
  return async (...assignments) => {
    const fault = await send(assignments);
    if (fault === undefined || hasWarned) return;
    warn(`systemd cannot be told how the service is: ${fault}`);
    hasWarned = true;
  };
}

/** AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, MSG_NOSIGNAL | MSG_DONTWAIT, EAGAIN: as Linux has them. */
const [unixFamily, datagrams, withoutWaiting, isFull] = [1, 0o2000002, 0x4040, 11];

/** By a socket of this process: to a path, or to a name that begins with `@` (unix(7), "abstract"). */
function senderTo(name: string, ffi: Ffi | MissingFfi): Send | undefined {
  if ('missing' in ffi || platform() !== 'linux' || !/^[/@]/.test(name)) return undefined;
  const { socket, sendto } = openSocketCalls(ffi);
  const family = Buffer.from(Uint16Array.of(unixFamily).buffer);
  const address = Buffer.concat([family, Buffer.from(name.replace(/^@/, '\0'))]);
  const descriptor = socket(unixFamily, datagrams, 0);
  const send = (message: Buffer): number => {
    const sent = sendto(descriptor, message, message.length, withoutWaiting, address, address.length);
    return sent < 0 ? ffi.errno() : 0;
  };
  return async (assignments) => {
    const message = Buffer.from(assignments.join('\n'));
    const deadline = performance.now() + patience;
    let errno = send(message);
    while (errno === isFull && performance.now() < deadline) {
      await sleep(20);
      errno = send(message);
    }
    return errno === 0 ? undefined : `its socket does not take it (errno ${errno})`;
  };
}

function senderByProgram({ NOTIFY_SOCKET, PATH }: Environment): Send {
  return (assignments) =>
    new Promise((settle) => {
      const child = spawn('systemd-notify', assignments, { env: { NOTIFY_SOCKET, PATH }, stdio: 'ignore' });
      const end = (fault?: string): void => {
        clearTimeout(deadline);
        settle(fault);
      };
      const deadline = setTimeout(() => {
        child.kill('SIGKILL');
        // Its end is not waited for either: the kernel may hold it.
        child.unref();
        end(`systemd-notify takes longer than ${patience / 1000} s`);
      }, patience);
      child.once('error', () => end('systemd-notify cannot be started'));
      child.once('close', (status) => end(status === 0 ? undefined : `systemd-notify ended with ${status}`));
    });
}

/** Milliseconds between two signs of life, half of what the unit allows; undefined where it wants none. */
export function watchdogInterval(env: Environment, pid: number): number | undefined {
  const { WATCHDOG_USEC, WATCHDOG_PID } = env;
  const microseconds = Number(WATCHDOG_USEC ?? '0');
  if (!(microseconds > 0) || (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid))) return undefined;
  return microseconds / 2000;
}

/**
 * The sockets that systemd hands over (sd_listen_fds(3)): LISTEN_FDS of them from descriptor 3 on, when LISTEN_PID is
 * this process.
 */
export function socketsOfSystemd(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly Extract<ListenAddress, { kind: 'fd' }>[] {
  if (env['LISTEN_PID'] !== String(pid)) return [];
  const count = Number(env['LISTEN_FDS'] ?? '0');
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  if (!Number.isInteger(count) || count < 0) return [];
  return Array.from({ length: count }, (_, index) => ({ kind: 'fd', fd: 3 + index, name: names[index] ?? '' }));
}
