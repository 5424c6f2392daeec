import { describe, expect, test, vi } from 'vitest';
import { type ConnectionEnds, PeerUids, uidsInTable } from '../../../src/outputs/serve/proc-net-tcp.ts';

const title = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, remote: string, state: string, uid: number, inode: number): string =>
  `   4: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 ${String(uid).padStart(5)}        0 ${inode} 1 0000000000000000 20 4 30 10 -1`;
const table = (...rows: string[]): string => [title, ...rows, ''].join('\n');

/** The server's side: 127.0.0.1:9911, connected to from port 45678. */
const ends = { localAddress: '127.0.0.1', localPort: 9911, remoteAddress: '127.0.0.1', remotePort: 45_678 };
const [server, client] = ['0100007F:26B7', '0100007F:B26E'];

const uidInTable = (text: string, of: ConnectionEnds, order: 'LE' | 'BE') => uidsInTable(text, [of], order).get(of);

test('the row of the other end names the user, not that of our own', () => {
  expect(uidInTable(table(row(server, client, '01', 990, 7), row(client, server, '01', 1000, 8)), ends, 'LE')).toBe(
    1000,
  );
});

test('rows of sockets that nobody holds name uid 0, and do not count', () => {
  expect(uidInTable(table(row(client, server, '06', 0, 0)), ends, 'LE')).toBeUndefined();
  expect(uidInTable(table(row(client, server, '05', 0, 0)), ends, 'LE')).toBeUndefined();
  expect(uidInTable(table(row(client, server, '01', 0, 0)), ends, 'LE')).toBeUndefined();
});

test('one that is half closed is held by a process still', () => {
  for (const state of ['04', '05', '08']) {
    expect(uidInTable(table(row(client, server, state, 1000, 8)), ends, 'LE')).toBe(1000);
  }
});

test('another port, another address, an empty table', () => {
  expect(uidInTable(table(row('0100007F:B26F', server, '01', 1000, 8)), ends, 'LE')).toBeUndefined();
  expect(uidInTable(table(row('0200007F:B26E', server, '01', 1000, 8)), ends, 'LE')).toBeUndefined();
  expect(uidInTable('', ends, 'LE')).toBeUndefined();
});

test('IPv6, and IPv4 in its clothes', () => {
  const loopback = '00000000000000000000000001000000';
  const mapped = '0000000000000000FFFF00000100007F';
  const six = { ...ends, localAddress: '::1', remoteAddress: '::1' };
  expect(uidInTable(table(row(`${loopback}:B26E`, `${loopback}:26B7`, '01', 1001, 8)), six, 'LE')).toBe(1001);
  expect(uidInTable(table(row(`${mapped}:B26E`, `${mapped}:26B7`, '01', 1002, 8)), ends, 'LE')).toBe(1002);
  const dual = { ...ends, localAddress: '::ffff:127.0.0.1', remoteAddress: '::ffff:127.0.0.1' };
  expect(uidInTable(table(row(client, server, '01', 1003, 8)), dual, 'LE')).toBe(1003);
  const full = { ...ends, localAddress: '2001:db8::7', remoteAddress: '2001:db8:0:1::9' };
  const [local, remote] = ['B80D0120010000000000000009000000', 'B80D0120000000000000000007000000'];
  expect(uidInTable(table(row(`${local}:B26E`, `${remote}:26B7`, '01', 1004, 8)), full, 'LE')).toBe(1004);
});

test('a machine of the other byte order', () => {
  expect(uidInTable(table(row('7F000001:B26E', '7F000001:26B7', '01', 1000, 8)), ends, 'BE')).toBe(1000);
});

describe('looks are shared and bounded', () => {
  const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
  const endsOf = (remotePort: number): ConnectionEnds => ({ ...ends, remotePort });
  const rowOf = (port: number, uid: number): string => row(`0100007F:${hex(port)}`, server, '01', uid, 8);

  test('one look serves all who wait, each with an answer of its own', async () => {
    const read = vi.fn<() => Promise<string>>(async () =>
      table(...Array.from({ length: 500 }, (_, at) => rowOf(1000 + at, at))),
    );
    const peers = new PeerUids([], read);
    const first = peers.uidOf(endsOf(1000));
    const others = Array.from({ length: 499 }, (_, at) => peers.uidOf(endsOf(1001 + at)));
    expect([await first, ...(await Promise.all(others))]).toEqual(Array.from({ length: 500 }, (_, at) => at));
    // The first one had begun when the others came.
    expect(read).toHaveBeenCalledTimes(2);
  });

  /** The part of the time in which the table is read, for one connection of uid 7 after the other: the median from one look to the next. */
  async function shareOfReading(allowed: readonly number[]): Promise<number> {
    const looks: { start: number; end: number }[] = [];
    const read = async (): Promise<string> => {
      const start = performance.now();
      await new Promise((settle) => setTimeout(settle, 20));
      looks.push({ start, end: performance.now() });
      return table(rowOf(1000, 7));
    };
    const peers = new PeerUids(allowed, read);
    while (looks.length < 8) expect(await peers.uidOf(endsOf(1000))).toBe(7);
    const shares = looks.slice(1).map(({ start }, at) => {
      const before = looks[at] ?? { start: 0, end: 0 };
      return (before.end - before.start) / (start - before.start);
    });
    return shares.sort((one, other) => one - other)[3] ?? Number.NaN;
  }

  test('for strangers the table is read for a fifth of the time, however many come', async () => {
    expect(await shareOfReading([8])).toBeLessThan(0.3);
  });

  test('who is allowed does not wait for that', async () => {
    expect(await shareOfReading([7, 8])).toBeGreaterThan(0.5);
  });

  test('a row that the kernel left out once is found by another look', async () => {
    const tables = ['', '', table(rowOf(1000, 7))];
    const peers = new PeerUids([], async () => tables.shift() ?? '');
    expect(await peers.uidOf(endsOf(1000))).toBe(7);
    expect(await new PeerUids([], async () => '').uidOf(endsOf(1000))).toBeUndefined();
  });
});
