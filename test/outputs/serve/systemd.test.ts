import { describe, expect, test } from 'vitest';
import { notifier, watchdogInterval } from '../../../src/outputs/serve/systemd.ts';
import { openNotifySocket } from '../../support/notify-socket.ts';
import { needs } from '../../support/programs.ts';

describe('with systemd-notify', needs('systemd-notify'), () => {
  test('the service manager hears what it is told', async () => {
    const manager = await openNotifySocket();
    try {
      const warnings: string[] = [];
      const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: manager.path };
      const notify = notifier(env, (message) => warnings.push(message));
      await notify('READY=1', 'STATUS=serving');
      await expect.poll(() => manager.heard()).toEqual(['READY=1 STATUS=serving']);
      expect(warnings).toEqual([]);
    } finally {
      manager.close();
    }
  });
});

test('where nobody wants to know, nothing is started', async () => {
  await notifier({}, () => expect.unreachable())('READY=1');
  expect.assertions(0);
});

test('without systemd-notify that is said once', async () => {
  const warnings: string[] = [];
  const notify = notifier({ PATH: '/nonexistent', NOTIFY_SOCKET: '/nonexistent/socket' }, (text) =>
    warnings.push(text),
  );
  await notify('READY=1');
  await notify('STOPPING=1');
  expect(warnings).toEqual(['systemd cannot be told how the service is: systemd-notify cannot be started']);
});

test('the watchdog wants a sign of life twice in its time, from the process that it names', () => {
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 42)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000' }, 42)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, 42)).toBeUndefined();
  expect(watchdogInterval({}, 42)).toBeUndefined();
  expect(watchdogInterval({ WATCHDOG_USEC: 'soon' }, 42)).toBeUndefined();
});
