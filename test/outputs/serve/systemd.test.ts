import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Ffi, MissingFfi } from '../../../src/ffi/ffi.ts';
import { findFfi } from '../../../src/ffi/find-ffi.ts';
import { notifier, watchdogInterval } from '../../../src/outputs/serve/systemd.ts';
import { openNotifySocket } from '../../support/notify-socket.ts';
import { needs, needsPython } from '../../support/programs.ts';
import { withoutFfi } from '../../support/without-ffi.ts';

const byProgram =
  'systemd-notify speaks to systemd, which needs NotifyAccess=all in the unit, as otherwise needs ' +
  withoutFfi.missing;

function listening(env: Readonly<Record<string, string | undefined>>, ffi: Ffi | MissingFfi) {
  const warnings: string[] = [];
  return { warnings, notify: notifier(env, ffi, (message) => warnings.push(message)) };
}

describe.runIf(process.platform === 'linux')('by a socket of its own', needsPython('socket'), () => {
  test.each(['a path', 'an abstract name'])('the service manager hears what it is told, at %s', async (where) => {
    const manager = await openNotifySocket({ isAbstract: where === 'an abstract name' });
    try {
      const env = { PATH: '/nonexistent', NOTIFY_SOCKET: manager.path };
      const { notify, warnings } = listening(env, await findFfi());
      await notify('READY=1', 'STATUS=serving');
      await notify('WATCHDOG=1');
      await expect.poll(() => manager.heard()).toEqual(['READY=1 STATUS=serving', 'WATCHDOG=1']);
      expect(warnings).toEqual([]);
    } finally {
      manager.close();
    }
  });

  test('that nobody has is told of once', async () => {
    const { notify, warnings } = listening({ NOTIFY_SOCKET: '/nonexistent/socket' }, await findFfi());
    await notify('READY=1');
    await notify('STOPPING=1');
    expect(warnings).toEqual(['systemd cannot be told how the service is: its socket does not take it (errno 2)']);
  });
});

describe('by systemd-notify, where the C library cannot be called', () => {
  test('the service manager hears what it is told', needs('systemd-notify'), async () => {
    const manager = await openNotifySocket();
    try {
      const env = { PATH: process.env['PATH'], NOTIFY_SOCKET: manager.path };
      const { notify, warnings } = listening(env, withoutFfi);
      await notify('READY=1', 'STATUS=serving');
      await expect.poll(() => manager.heard()).toEqual(['READY=1 STATUS=serving']);
      expect(warnings).toEqual([byProgram]);
    } finally {
      manager.close();
    }
  });

  test('a program that is not there is told of once', async () => {
    const { notify, warnings } = listening({ PATH: '/nonexistent', NOTIFY_SOCKET: '/nonexistent/socket' }, withoutFfi);
    await notify('READY=1');
    await notify('STOPPING=1');
    expect(warnings).toEqual([
      byProgram,
      'systemd cannot be told how the service is: systemd-notify cannot be started',
    ]);
  });

  test.runIf(process.platform !== 'win32')('one that hangs holds nothing up', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'roles-anywhere-notify-'));
    try {
      writeFileSync(join(folder, 'systemd-notify'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
      const env = { PATH: `${folder}:${process.env['PATH']}`, NOTIFY_SOCKET: join(folder, 'nobody') };
      const { notify, warnings } = listening(env, withoutFfi);
      const start = performance.now();
      await Promise.all([notify('READY=1'), notify('STOPPING=1')]);
      expect(performance.now() - start).toBeLessThan(10_000);
      expect(warnings).toEqual([
        byProgram,
        'systemd cannot be told how the service is: systemd-notify takes longer than 2 s',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('where nobody wants to know, nothing is started or said', async () => {
  const { notify, warnings } = listening({}, withoutFfi);
  await notify('READY=1');
  expect(warnings).toEqual([]);
});

test('the watchdog wants a sign of life twice in its time, from the process that it names', () => {
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 42)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000' }, 42)).toBe(15_000);
  expect(watchdogInterval({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, 42)).toBeUndefined();
  expect(watchdogInterval({}, 42)).toBeUndefined();
  expect(watchdogInterval({ WATCHDOG_USEC: 'soon' }, 42)).toBeUndefined();
});
