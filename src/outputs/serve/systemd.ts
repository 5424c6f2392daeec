import { spawn } from 'node:child_process';
import type { ListenAddress } from './listen-address.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Tells the service manager something, as `READY=1`. */
export type Notify = (...assignments: readonly string[]) => Promise<void>;

/** Milliseconds that systemd-notify may take: what waits for it must go on. */
const patience = 2000;

/**
 * What tells systemd how the service is (sd_notify(3)). Node has no datagram sockets of the Unix domain, so systemd's
 * own program sends the message; the unit needs NotifyAccess=all for it.
 *
 * @returns something that does nothing where nobody wants to know
 */
export function notifier(env: Environment, warn: (message: string) => void): Notify {
  const { NOTIFY_SOCKET, PATH } = env;
  if (NOTIFY_SOCKET === undefined || NOTIFY_SOCKET === '') return () => Promise.resolve();
  let hasWarned = false;
  const warnOnce = (reason: string): void => {
    if (!hasWarned) warn(`systemd cannot be told how the service is: systemd-notify ${reason}`);
    hasWarned = true;
  };
  return (...assignments) =>
    new Promise((settle) => {
      const child = spawn('systemd-notify', assignments, { env: { NOTIFY_SOCKET, PATH }, stdio: 'ignore' });
      const end = (fault?: string): void => {
        clearTimeout(deadline);
        if (fault !== undefined) warnOnce(fault);
        settle();
      };
      const deadline = setTimeout(() => {
        child.kill('SIGKILL');
        // Its end is not waited for either: the kernel may hold it.
        child.unref();
        end(`takes longer than ${patience / 1000} s`);
      }, patience);
      child.once('error', () => end('cannot be started'));
      child.once('close', (status) => end(status === 0 ? undefined : `ended with ${status}`));
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
