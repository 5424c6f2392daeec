import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseProxy } from '../../src/session/choose-proxy.ts';
import { thrownBy } from '../support/thrown.ts';

const proxies = { http: 'http://plain.test:1', https: 'http://secure.test:2', none: undefined };

function chosen(endpoint: string, none?: string): string | undefined {
  return chooseProxy({ ...proxies, none }, new URL(endpoint))?.host;
}

describe('the variable of the scheme', () => {
  it('decides', () => {
    expect(chosen('https://service.test')).toBe('secure.test:2');
    expect(chosen('http://service.test')).toBe('plain.test:1');
    expect(chooseProxy({ ...proxies, https: undefined }, new URL('https://service.test'))).toBeUndefined();
    expect(chooseProxy({ ...proxies, https: ' ' }, new URL('https://service.test'))).toBeUndefined();
  });

  it.each([
    ['proxy.test:3128', 'http://proxy.test:3128/'],
    ['proxy.test', 'http://proxy.test/'],
    [' https://proxy.test ', 'https://proxy.test/'],
    ['http://user:p%40ss@proxy.test:3128', 'http://user:p%40ss@proxy.test:3128/'],
    ['10.0.0.1:80', 'http://10.0.0.1/'],
    ['[2001:db8::1]:3128', 'http://[2001:db8::1]:3128/'],
  ])('may be %s', (https, href) => {
    expect(chooseProxy({ ...proxies, https }, new URL('https://service.test'))?.href).toBe(href);
  });

  it.each([
    ['http://us er:hunter2@[', 'HTTPS_PROXY is no URL'],
    ['socks5://user:hunter2@proxy.test', 'HTTPS_PROXY begins with socks5:, which is no HTTP proxy'],
  ])('cannot be %s', (https, message) => {
    const error = thrownBy(() => chooseProxy({ ...proxies, https }, new URL('https://service.test')));

    expect(error).toMatchObject({ code: 'OPTION_INVALID', message });
    expect(`${error.message} ${error.hints.join(' ')}`).not.toContain('hunter2');
  });
});

it.each(['https://localhost:8443', 'https://127.0.0.1', 'https://127.5.5.5', 'https://[::1]:9'])(
  'this machine is never behind a proxy: %s',
  (endpoint) => {
    expect(chosen(endpoint)).toBeUndefined();
  },
);

describe('NO_PROXY', () => {
  it.each([
    ['*', 'https://service.test'],
    ['other.test, * ,more.test', 'https://service.test'],
    ['service.test', 'https://service.test'],
    ['SERVICE.test', 'https://service.test'],
    ['a.test,service.test', 'https://service.test'],
    ['a.test  service.test', 'https://service.test'],
    ['test', 'https://service.test'],
    ['service.test', 'https://deep.below.service.test'],
    ['.service.test', 'https://below.service.test'],
    ['*.service.test', 'https://below.service.test'],
    ['service.test:443', 'https://service.test'],
    ['service.test:8443', 'https://service.test:8443'],
    ['10.1.2.3', 'https://10.1.2.3'],
    ['10.1.2.3:443', 'https://10.1.2.3'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['0.0.0.0/0', 'https://10.1.2.3'],
    ['2001:db8::1', 'https://[2001:db8::1]'],
    ['2001:DB8:0::1', 'https://[2001:db8::1]'],
    ['[2001:db8::1]:443', 'https://[2001:db8::1]'],
    ['2001:db8::/32', 'https://[2001:db8:1::1]'],
  ])('%s excepts %s', (none, endpoint) => {
    expect(chosen(endpoint, none)).toBeUndefined();
  });

  it.each([
    ['', 'https://service.test'],
    [',, ,', 'https://service.test'],
    ['other.test', 'https://service.test'],
    ['vice.test', 'https://service.test'],
    ['.service.test', 'https://service.test'],
    ['*.service.test', 'https://service.test'],
    ['serv*', 'https://service.test'],
    ['service.test:80', 'https://service.test'],
    ['below.service.test', 'https://service.test'],
    ['10.1.2.4', 'https://10.1.2.3'],
    ['10.1.2.3:80', 'https://10.1.2.3'],
    ['10.1.2.0/33', 'https://10.1.2.3'],
    ['10.1.2.0/', 'https://10.1.2.3'],
    ['10.1.2.0/x', 'https://10.1.2.3'],
    ['not-an-address/8', 'https://10.1.2.3'],
    ['11.0.0.0/8', 'https://10.1.2.3'],
    ['2001:db8::/32', 'https://10.1.2.3'],
    ['2001:db9::/32', 'https://[2001:db8::1]'],
    ['10.0.0.0/8', 'https://service.test'],
    ['1.2.3', 'https://10.1.2.3'],
  ])('%s does not except %s', (none, endpoint) => {
    expect(chosen(endpoint, none)).toBe('secure.test:2');
  });

  it('may hold anything: an entry that says nothing excepts nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (none) => {
        const excepted = chosen('https://service.test', none.replaceAll(/[*t]/g, 'x'));
        expect(excepted).toBe('secure.test:2');
      }),
    );
  });
});
