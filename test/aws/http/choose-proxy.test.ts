import * as fc from '../../support/fast-check.ts';
import { describe, expect, it } from 'vitest';

import { chooseProxy } from '../../../src/aws/http/choose-proxy.ts';
import { thrownBy } from '../../support/thrown.ts';

const option = 'HTTPS_PROXY';
const endpoint = new URL('https://service.test');

function chosen(endpoint: string, except?: string): string | undefined {
  return chooseProxy({ url: 'http://proxy.test:3128', option, except }, new URL(endpoint))?.url.host;
}

describe('the URL of a proxy', () => {
  it.each([
    ['proxy.test:3128', 'http://proxy.test:3128/'],
    ['proxy.test', 'http://proxy.test/'],
    [' https://proxy.test ', 'https://proxy.test/'],
    ['HTTP://proxy.test:3128/', 'http://proxy.test:3128/'],
    ['http://user:p%40ss@proxy.test:3128', 'http://user:p%40ss@proxy.test:3128/'],
    ['user:pa:ss@proxy.test:3128/', 'http://user:pa%3Ass@proxy.test:3128/'],
    ['10.0.0.1:80', 'http://10.0.0.1/'],
    ['[2001:db8::1]:3128', 'http://[2001:db8::1]:3128/'],
  ])('may be %s', (url, href) => {
    expect(chooseProxy({ url, option }, endpoint)?.url.href).toBe(href);
  });

  it('may be empty, and is then none', () => {
    expect(chooseProxy({ url: ' ', option }, endpoint)).toBeUndefined();
  });

  it.each([
    'http://user:hunter2/more@proxy.test:3128',
    'http://user:hunter2#more@proxy.test:3128',
    'http://user:hunter2?more@proxy.test:3128',
    'http://user:hunter2\\more@proxy.test:3128',
    'http://user:hunter2@more@proxy.test:3128',
    'http://user:12/hunter2@proxy.test:3128',
    'user:12#hunter2@proxy.test:3128',
    'http://hunter2@',
    'http://proxy.test:3128/hunter2',
    'http://proxy.test:3128/?hunter2',
    'http://proxy.test:3128#hunter2',
    'http://us er:hunter2@proxy.test',
    'http://user:hunter2\n@proxy.test',
  ])('cannot be %s', (url) => {
    const error = thrownBy(() => chooseProxy({ url, option: 'https_proxy' }, endpoint));

    expect(error).toMatchObject({
      code: 'OPTION_INVALID',
      message: 'https_proxy is no URL of a proxy: only user, password, host and port may stand there',
    });
    expect(error.hints[0]).toMatch(/^percent-encode .*%40 for @, %2F for \/, %23 for #/);
    expect(`${error.message} ${error.hints.join(' ')} ${String(error.cause)}`).not.toMatch(/hunter2|more|\b12\b/);
  });

  it.each([
    ['http://user:hunter2@[', 'HTTPS_PROXY is no URL'],
    ['http://user:hunter2@proxy.test:port', 'HTTPS_PROXY is no URL'],
    ['ftp://user:hunter2@proxy.test', 'HTTPS_PROXY begins with neither http:// nor https://'],
    ['hunter2://proxy.test', 'HTTPS_PROXY begins with neither http:// nor https://'],
  ])('cannot be %s either', (url, message) => {
    const error = thrownBy(() => chooseProxy({ url, option }, endpoint));

    expect(error).toMatchObject({ code: 'OPTION_INVALID', message });
    expect(`${error.message} ${error.hints.join(' ')} ${String(error.cause)}`).not.toContain('hunter2');
  });

  it.each(['socks', 'socks4', 'socks4a', 'socks5', 'socks5h', 'SOCKS5'])('is not that of %s, by its name', (scheme) => {
    const error = thrownBy(() => chooseProxy({ url: `${scheme}://user:hunter2@proxy.test`, option }, endpoint));

    expect(error).toMatchObject({
      code: 'OPTION_INVALID',
      message: `HTTPS_PROXY names a ${scheme.toLowerCase()} proxy, and SOCKS is not spoken here`,
    });
    expect(error.hints.join(' ')).toContain('--with-proxy=false');
    expect(error.hints.join(' ')).not.toContain('hunter2');
  });

  it.each(['socks5://proxy.test', 'http://a/b'])('is nobody’s concern where it does not apply: %s', (url) => {
    expect(chooseProxy({ url, option, except: 'test' }, endpoint)).toBeUndefined();
    expect(chooseProxy({ url, option }, new URL('https://localhost:8443'))).toBeUndefined();
  });
});

it.each(['http://localhost:80', 'https://localhost:8443', 'https://127.0.0.1', 'https://127.5.5.5', 'https://[::1]:9'])(
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
    expect(chosen(endpoint, none)).toBe('proxy.test:3128');
  });

  it('may hold anything: an entry that says nothing excepts nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (none) => {
        const excepted = chosen('https://service.test', none.replaceAll(/[*t]/g, 'x'));
        expect(excepted).toBe('proxy.test:3128');
      }),
    );
  });
});
