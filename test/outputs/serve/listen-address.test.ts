import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { isLoopbackAddress, parseListenAddress, urlOf } from '../../../src/outputs/serve/listen-address.ts';
import { socketsOfSystemd } from '../../../src/outputs/serve/systemd.ts';
import { thrownBy } from '../../support/thrown.ts';

test.each([
  ['127.0.0.1', { kind: 'tcp', host: '127.0.0.1', port: 9911 }],
  ['127.0.0.1:80', { kind: 'tcp', host: '127.0.0.1', port: 80 }],
  ['localhost:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
  ['::1', { kind: 'tcp', host: '::1', port: 9911 }],
  ['[::1]', { kind: 'tcp', host: '::1', port: 9911 }],
  ['[::1]:80', { kind: 'tcp', host: '::1', port: 80 }],
  ['169.254.170.2:80', { kind: 'tcp', host: '169.254.170.2', port: 80 }],
  ['/run/socket', { kind: 'unix', path: '/run/socket' }],
  ['unix:socket', { kind: 'unix', path: resolve('socket') }],
  ['./ra.sock', { kind: 'unix', path: resolve('ra.sock') }],
  ['run/ra.sock', { kind: 'unix', path: resolve('run/ra.sock') }],
])('%s', (text, address) => {
  expect(parseListenAddress(text, 9911, '--listen')).toEqual(address);
});

test.each([
  '',
  '::1:80x',
  'example.com',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '[127.0.0.1]:80',
  '256.0.0.1',
  'unix:',
  'ra.sock',
  ':9911',
])('%s is no address', (text) => {
  const error = thrownBy(() => parseListenAddress(text, 9911, '--listen'));
  expect(error.code).toBe('OPTION_INVALID');
  expect(error.message).toBe(`--listen: ${text} is no address to listen on`);
});

test('only loopback is loopback', () => {
  for (const address of ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1']) {
    expect(isLoopbackAddress(address)).toBe(true);
  }
  for (const address of ['0.0.0.0', '::', '169.254.169.254', '128.0.0.1', '1127.0.0.1', '::ffff:10.0.0.1']) {
    expect(isLoopbackAddress(address)).toBe(false);
  }
});

test('an IPv6 address has brackets in a URL', () => {
  expect([urlOf('127.0.0.1', 80), urlOf('::1', 80)]).toEqual(['http://127.0.0.1:80', 'http://[::1]:80']);
});

test('sockets of systemd are those that are meant for this process', () => {
  const env = { LISTEN_PID: '42', LISTEN_FDS: '2', LISTEN_FDNAMES: 'credentials:admin' };
  expect(socketsOfSystemd(env, 42)).toEqual([
    { kind: 'fd', fd: 3, name: 'credentials' },
    { kind: 'fd', fd: 4, name: 'admin' },
  ]);
  expect(socketsOfSystemd(env, 43)).toEqual([]);
  expect(socketsOfSystemd({}, 42)).toEqual([]);
  expect(socketsOfSystemd({ LISTEN_PID: '42', LISTEN_FDS: '-1' }, 42)).toEqual([]);
});
