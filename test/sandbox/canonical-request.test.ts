import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getCanonicalQuery } from '@smithy/signature-v4';
import * as fc from '../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { canonicalRequests, readQuery } from '../../src/sandbox/canonical-request.ts';
import type { ReceivedRequest } from '../../src/sandbox/received-request.ts';

interface Published {
  readonly canonical: readonly {
    readonly name: string;
    readonly method: string;
    readonly path: string;
    readonly query?: readonly (readonly [string, string])[];
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly signedHeaders: string;
    readonly canonicalRequestSha256: string;
  }[];
}

const file = new URL('../../certs-fixtures/vectors/published.json', import.meta.url);
const published: Published = JSON.parse(readFileSync(file, 'utf8'));

function received(changes: Partial<ReceivedRequest>): ReceivedRequest {
  const nothing = { id: '', method: 'POST', path: '/sessions', query: '', headers: [], body: new Uint8Array() };
  return { ...nothing, ...changes };
}

const sha256 = (text: string): string => createHash('sha256').update(text, 'latin1').digest('hex');

describe('published canonical requests', () => {
  // The sandbox has no other paths, so the case about encoding paths is not for it.
  test.each(published.canonical.filter(({ path }) => path === '/sessions'))('$name', (vector) => {
    const query = (vector.query ?? []).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
    const request = received({
      method: vector.method,
      query,
      headers: Object.entries(vector.headers).map(([name, value]) => [name.toLowerCase(), value]),
      body: Buffer.from(vector.body),
    });
    const hashes = canonicalRequests(request, vector.signedHeaders.split(';')).map(sha256);
    expect(hashes).toContain(vector.canonicalRequestSha256);
  });
});

const queryOf = (query: string): (string | undefined)[] =>
  canonicalRequests(received({ query }), []).map((canonical) => canonical.split('\n')[2]);

const headersOf = (headers: [string, string][], names: string[]): string[] =>
  canonicalRequests(received({ headers }), names).map((canonical) => canonical.split('\n').slice(3, -3).join('\n'));

describe('the query', () => {
  test('is sorted by encoded name, then by encoded value', () => {
    expect(queryOf('b=2&a=2&a=1&A=0')).toEqual(['A=0&a=1&a=2&b=2']);
    expect(queryOf('a=%2F&a=.')).toEqual(['a=%2F&a=.']);
    expect(queryOf('a-=1&a=2')).toEqual(['a=2&a-=1']);
  });

  test('may have = in a value encoded once, as Go does, or twice, as the guide says', () => {
    expect(queryOf('roleArn=a%3Db')).toEqual(['roleArn=a%3Db', 'roleArn=a%253Db']);
    expect(queryOf('roleArn=a=b')).toEqual(['roleArn=a%3Db', 'roleArn=a%253Db']);
  });

  test('gives a parameter without value its equals sign', () => {
    expect(queryOf('empty&none=')).toEqual(['empty=&none=']);
  });

  test.each([
    ['%', undefined],
    ['a=%ff', undefined],
    ['a+b=c%20d', [['a+b', 'c d']]],
  ])('%s is read as %j', (query, parameters) => {
    expect(readQuery(query)).toEqual(parameters);
  });

  test('is encoded as @smithy/signature-v4 does it', () => {
    // The name `__proto__` makes Smithy print `[object Object]`.
    const name = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => text !== '__proto__');
    const parameter = fc.tuple(name, fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(fc.uniqueArray(parameter, { selector: ([name]) => name, maxLength: 6 }), (parameters) => {
        const wire = parameters.map((pair) => pair.map(encodeURIComponent).join('=')).join('&');
        const expected = getCanonicalQuery({
          method: 'POST',
          protocol: 'https:',
          hostname: 'example.com',
          path: '/sessions',
          headers: {},
          query: Object.fromEntries(parameters),
        });
        expect(queryOf(wire)[0]).toBe(expected);
      }),
    );
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (query) => {
        expect(queryOf(query).length).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('headers', () => {
  test('lose their outer blanks and runs of blanks', () => {
    expect(headersOf([['x-a', '  one   two\t ']], ['x-a'])).toEqual(['x-a:one two']);
  });

  test('sent twice are joined with a comma', () => {
    const headers: [string, string][] = [
      ['x-a', '1'],
      ['host', 'h'],
      ['x-a', '2'],
    ];
    expect(headersOf(headers, ['host', 'x-a'])).toEqual(['host:h\nx-a:1,2']);
  });

  test('that are signed but were not sent leave nothing to sign', () => {
    expect(canonicalRequests(received({}), ['host'])).toEqual([]);
  });

  test('keep a byte that looks like a blank', () => {
    expect(headersOf([['x-a', '\u00a0x\u00a0']], ['x-a'])).toEqual(['x-a:\u00a0x\u00a0']);
  });
});

test.each(['a=\ud800', '\udca0', 'a=1&\ud800=b'])('half of a character has no encoding: %j', (query) => {
  expect(readQuery(query)).toBeUndefined();
  expect(canonicalRequests(received({ query }), [])).toEqual([]);
});
