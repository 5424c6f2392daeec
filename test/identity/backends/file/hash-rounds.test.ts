import { hash } from 'node:crypto';
import * as fc from '../../../support/fast-check.ts';
import { expect, test } from 'vitest';
import { hashRounds } from '../../../../src/identity/backends/file/hash-rounds.ts';
import { digestOf } from '../../../../src/identity/backends/file/pbe.ts';

test.each(['sha1', 'sha256', 'sha512', 'sha3-256', 'md5'])(
  '%s is that of node:crypto, as often as asked for',
  async (name) => {
    const contents = fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.nat(40));
    await fc.assert(
      fc.asyncProperty(contents, async ([content, rounds]) => {
        const digest = hash(name, content, 'buffer');
        let expected = digest;
        for (let round = 0; round < rounds; round++) expected = hash(name, expected, 'buffer');
        expect(await hashRounds(name, digest, rounds)).toEqual(expected);
      }),
    );
  },
);

test('a long work leaves turns to others', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  await hashRounds('sha256', Buffer.alloc(32), 200_000);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(5);
});

test('a hash that OpenSSL has not is a key derivation that it refuses', () => {
  expect(() => digestOf('md4', Buffer.from('secret'))).toThrow(
    expect.objectContaining({ code: 'KEY_UNSUPPORTED', message: expect.stringContaining('OpenSSL refuses') }),
  );
});
