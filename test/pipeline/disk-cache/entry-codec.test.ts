import { hkdfSync } from 'node:crypto';
import * as fc from '../../support/fast-check.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  decodeEntry,
  decodeHeader,
  deriveEntryKey,
  encodeEntry,
  sealOf,
} from '../../../src/pipeline/disk-cache/entry-codec.ts';
import { later, minutes, noon, sampleEntry, sampleSet } from './sample-entry.ts';

const key = 'a'.repeat(64);
const header = { key, role: 'arn:role', target: 'on-prem', writtenAt: noon, expiration: later(minutes(60)) };
const entry = {
  target: 1,
  sets: [sampleSet(minutes(720), 'BASE'), sampleSet(minutes(60), 'LAST')],
  restsUntil: later(minutes(55)),
} as const;
const seal = sealOf([Buffer.from('private key')], key);

describe.each([
  ['encrypted', seal],
  ['in clear', undefined],
])('%s', (_name, how) => {
  test('what is written can be read', async () => {
    expect(await decodeEntry(await encodeEntry(entry, header, how), key, how)).toEqual(entry);
    expect(await decodeEntry(await encodeEntry(sampleEntry(), header, how), key, how)).toEqual(sampleEntry());
  });

  test('its clear part can be read without a key', async () => {
    expect(decodeHeader(await encodeEntry(entry, header, how))).toEqual({ ...header, isEncrypted: how !== undefined });
  });

  test('under another name it is none', async () => {
    expect(await decodeEntry(await encodeEntry(entry, header, how), 'b'.repeat(64), how)).toBeUndefined();
  });

  test('whatever else there is reads as none, and throws nothing', async () => {
    const texts = fc.oneof(fc.string(), fc.json());
    await fc.assert(fc.asyncProperty(texts, async (text) => (await decodeEntry(text, key, how)) === undefined));
  });

  test.each([
    ['no sets', { target: 0, sets: [] }],
    [
      'an empty text',
      { target: 0, sets: [{ ...sampleSet(1), credentials: { ...sampleSet(1).credentials, sessionToken: '' } }] },
    ],
    [
      'no expiration',
      { target: 0, sets: [{ ...sampleSet(1), credentials: { ...sampleSet(1).credentials, expiration: 'soon' } }] },
    ],
    ['no target', { sets: sampleEntry().sets }],
  ])('with %s it is none', async (_what, wrong) => {
    expect(await decodeEntry(await encodeEntry(wrong as never, header, how), key, how)).toBeUndefined();
  });
});

describe('encryption', () => {
  let text: string;
  beforeAll(async () => {
    text = await encodeEntry(entry, header, seal);
  });

  test('leaves nothing of the credentials in clear, and never looks the same twice', async () => {
    const bytes = Buffer.from((JSON.parse(text) as { content: string }).content, 'base64').toString('latin1');
    for (const secret of ['ASIA', 'secret of', 'token of']) {
      expect(text).not.toContain(secret);
      expect(bytes).not.toContain(secret);
    }
    expect(await encodeEntry(entry, header, seal)).not.toBe(text);
  });

  test('another key file, another name and no key file do not open it', async () => {
    expect(await decodeEntry(text, key, sealOf([Buffer.from('another')], key))).toBeUndefined();
    expect(await decodeEntry(text, key, sealOf([Buffer.from('private key')], 'b'.repeat(64)))).toBeUndefined();
    expect(await decodeEntry(text, key, undefined)).toBeUndefined();
  });

  test('an entry in clear is not taken where it should be encrypted', async () => {
    expect(await decodeEntry(await encodeEntry(entry, header, undefined), key, seal)).toBeUndefined();
  });

  test('no byte of it can be changed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: text.length - 2 }), fc.integer({ min: 0x20, max: 0x7e }), async (at, code) => {
        const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
        const read = await decodeEntry(changed, key, seal);
        // The same byte again, or the spare bits of a base64 digit, change nothing.
        expect(read ?? entry).toEqual(entry);
      }),
      { numRuns: 500 },
    );
  });

  test('its key is that of HKDF', () => {
    const bytes = fc.uint8Array({ minLength: 1 });
    fc.assert(
      fc.property(bytes, bytes, fc.string(), (secret, salt, info) => {
        expect(deriveEntryKey(secret, salt, info)).toEqual(Buffer.from(hkdfSync('sha256', secret, salt, info, 32)));
      }),
    );
  });

  test('several keys make one seal, each of them needed', () => {
    const [one, two] = [Buffer.from('one'), Buffer.from('two')];
    const both = sealOf([one, two], key);
    expect(both).toHaveLength(32);
    for (const other of [[one], [two], [two, one], [Buffer.from('onetwo')]])
      expect(sealOf(other, key)).not.toEqual(both);
    expect(sealOf([], key)).toBeUndefined();
  });
});
