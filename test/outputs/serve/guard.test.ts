import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { guardedAnswerer, hostCheck, refusalOf } from '../../../src/outputs/serve/guard.ts';

function judge(headers: Record<string, string>, { localAddress = '127.0.0.1', allowed = [] as string[] } = {}) {
  const rawHeaders = Object.entries(headers).flat();
  return refusalOf({ method: 'GET', url: '/', rawHeaders }, { localAddress }, hostCheck(allowed))?.status;
}

test.each([
  '127.0.0.1',
  '127.0.0.1:9911',
  '127.9.8.7',
  'localhost',
  'LOCALHOST:9911',
  '[::1]',
  '[::1]:9911',
  '169.254.169.254',
])('Host: %s may come in', (host) => {
  expect(judge({ host })).toBeUndefined();
});

test.each([
  'attacker.example',
  '127.0.0.1.attacker.example',
  'localhost.attacker.example',
  'localhost.',
  '127.0.0.1.nip.io:9911',
  '10.0.0.1',
  '[::2]',
  '169.254.169.254.',
  '0x7f000001',
  '2130706433',
  '127.1',
  'user@127.0.0.1',
  '127.0.0.1, attacker.example',
  '127.0.0.1:9911:80',
  '',
])('Host: %s may not', (host) => {
  expect(judge({ host })).toBe(403);
});

test('the address that was connected to names itself', () => {
  expect(judge({ host: '192.0.2.7:80' }, { localAddress: '::ffff:192.0.2.7' })).toBeUndefined();
  expect(judge({ host: '[2001:db8::7]' }, { localAddress: '2001:db8::7' })).toBeUndefined();
  expect(judge({ host: '192.0.2.8' }, { localAddress: '192.0.2.7' })).toBe(403);
});

test('what is remembered of one Host header lets in no other, and no address on another connection', () => {
  const isAtHome = hostCheck(['credentials.internal']);
  const [here, there] = [{ localAddress: '127.0.0.1' }, { localAddress: '192.0.2.7' }];
  const hosts = ['localhost:9911', 'credentials.internal', '192.0.2.7', 'attacker.example', 'localhost'];
  const judged = [...hosts, ...hosts].map((host) => [host, isAtHome(host, there), isAtHome(host, here)]);
  const expected = [
    ['localhost:9911', true, true],
    ['credentials.internal', true, true],
    ['192.0.2.7', true, false],
    ['attacker.example', false, false],
    ['localhost', true, true],
  ];
  expect(judged).toEqual([...expected, ...expected]);
});

test('--allow-host adds a name', () => {
  expect(judge({ host: 'Credentials.internal:80' }, { allowed: ['credentials.internal'] })).toBeUndefined();
  expect(judge({ host: 'other.internal' }, { allowed: ['credentials.internal'] })).toBe(403);
});

test('none is no browser', () => {
  expect(judge({})).toBeUndefined();
  expect(judge({ origin: 'null' })).toBe(403);
});

test.each([
  ['Host', ['Host', '127.0.0.1', 'host', 'attacker.example']],
  ['Content-Length', ['Host', '127.0.0.1', 'Content-Length', '0', 'content-length', '0']],
])('there must not be two %s headers', (_name, rawHeaders) => {
  const request = { method: 'GET', url: '/', rawHeaders };
  expect(refusalOf(request, { localAddress: '127.0.0.1' }, hostCheck([]))?.status).toBe(400);
});

test.each([
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-server', 'forwarded', 'via', 'Via'],
  ...['x-real-ip', 'origin', 'sec-fetch-site'],
])('%s', (name) => {
  expect(judge({ host: '127.0.0.1', [name]: 'same-origin' })).toBe(403);
  expect(judge({ host: '127.0.0.1', [name]: '' })).toBe(403);
});

test('a body', () => {
  expect(judge({ host: 'localhost', 'content-length': '0' })).toBeUndefined();
  expect(judge({ host: 'localhost', 'content-length': '1024' })).toBeUndefined();
  expect(judge({ host: 'localhost', 'content-length': '1025' })).toBe(413);
  // Its length shows when it is read.
  expect(judge({ host: 'localhost', 'transfer-encoding': 'chunked' })).toBeUndefined();
});

test('a client that goes in the middle of a body of unknown length is not answered, and nobody waits for the rest', async () => {
  const request = Object.assign(new EventEmitter(), {
    httpVersionMajor: 1,
    rawHeaders: ['Host', 'localhost', 'Transfer-Encoding', 'chunked'],
    socket: { localAddress: '127.0.0.1' },
  });
  const answer = guardedAnswerer({ mayConnect: () => true, allowHosts: [], routes: () => ({}) });
  const answered = answer(request as unknown as IncomingMessage);
  request.emit('data', Buffer.from('half'));
  request.emit('close');
  await expect(answered).rejects.toThrow('the client has gone');
});
