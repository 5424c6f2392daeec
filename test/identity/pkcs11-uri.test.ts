import * as fc from '../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../src/core/errors.ts';
import { formatPkcs11Uri, parsePkcs11Uri, type Pkcs11Uri } from '../../src/identity/pkcs11-uri.ts';
import { thrownBy } from '../support/thrown.ts';

const parse = (text: string): Pkcs11Uri => parsePkcs11Uri(text, '--private-key');
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe('attributes', () => {
  test.each<[string, Pkcs11Uri]>([
    ['pkcs11:', {}],
    ['PKCS11:', {}],
    ['pkcs11:token=hsm', { token: 'hsm' }],
    ['pkcs11:token=hsm?', { token: 'hsm' }],
    ['pkcs11:token=', { token: '' }],
    ['pkcs11:manufacturer=Snake%20Oil,%20Inc.', { manufacturer: 'Snake Oil, Inc.' }],
    ['pkcs11:serial=0123456789ABCDEF', { serial: '0123456789ABCDEF' }],
    ['pkcs11:model=1.0', { model: '1.0' }],
    ['pkcs11:library-manufacturer=Snake%20Oil', { libraryManufacturer: 'Snake Oil' }],
    ['pkcs11:library-description=Soft%20Token%20Library', { libraryDescription: 'Soft Token Library' }],
    ['pkcs11:library-version=1.23', { libraryVersion: { major: 1, minor: 23 } }],
    ['pkcs11:library-version=3', { libraryVersion: { major: 3, minor: 0 } }],
    ['pkcs11:object=my-sign-key', { object: 'my-sign-key' }],
    ['pkcs11:type=public', { type: 'public' }],
    ['pkcs11:type=private', { type: 'private' }],
    ['pkcs11:type=cert', { type: 'cert' }],
    ['pkcs11:type=secret-key', { type: 'secret-key' }],
    ['pkcs11:type=data', { type: 'data' }],
    ['pkcs11:id=%69%95%3E%5C%F4%BD%EC%91', { id: bytes('69953e5cf4bdec91') }],
    ['pkcs11:id=a%00b', { id: bytes('610062') }],
    ['pkcs11:id=', { id: bytes('') }],
    ['pkcs11:slot-manufacturer=Acme', { slotManufacturer: 'Acme' }],
    ['pkcs11:slot-description=Reader%201', { slotDescription: 'Reader 1' }],
    ['pkcs11:slot-id=0', { slotId: 0n }],
    ['pkcs11:slot-id=18446744073709551615', { slotId: 18446744073709551615n }],
    ['pkcs11:?module-name=softhsm2', { moduleName: 'softhsm2' }],
    ['pkcs11:?module-path=/usr/lib/libp11.so', { modulePath: '/usr/lib/libp11.so' }],
    ['pkcs11:token=%C3%A4%E2%82%AC', { token: 'ä€' }],
    ["pkcs11:token=:[]@!$'()*+,=&-._~", { token: ":[]@!$'()*+,=&-._~" }],
  ])('%s', (text, uri) => {
    expect(parse(text)).toEqual(uri);
  });

  test('all at once, in any order', () => {
    expect(
      parse(
        'pkcs11:object=my%20key;id=%01;type=private;slot-id=7;token=The%20Software%20PKCS%2311%20Softtoken;' +
          'library-version=2.6;x-color=red?module-path=/m.so&pin-value=a%26b&x-one=1&x-one=2',
      ),
    ).toEqual({
      object: 'my key',
      id: bytes('01'),
      type: 'private',
      slotId: 7n,
      token: 'The Software PKCS#11 Softtoken',
      libraryVersion: { major: 2, minor: 6 },
      modulePath: '/m.so',
      pin: { option: 'pin-value of --private-key', kind: 'value', value: 'a&b' },
      vendor: [
        { place: 'path', name: 'x-color', value: 'red' },
        { place: 'query', name: 'x-one', value: '1' },
        { place: 'query', name: 'x-one', value: '2' },
      ],
    });
  });

  test.each([
    ['file:/etc/token_pin', '/etc/token_pin'],
    ['file:///etc/token%2520pin', '/etc/token pin'],
    ['/run/secrets/pin', '/run/secrets/pin'],
    ['pin.txt', 'pin.txt'],
  ])('pin-source=%s', (value, path) => {
    expect(parse(`pkcs11:token=a?pin-source=${value}`).pin).toEqual({
      option: 'pin-source of --private-key',
      kind: 'file',
      path,
    });
  });
});

describe('what is refused', () => {
  test.each<[string, string, string]>([
    ['token=hsm', 'OPTION_INVALID', '--private-key is no PKCS#11 URI'],
    ['pkcs11:token', 'OPTION_INVALID', 'path attribute number 1, token, is not of the form name=value'],
    ['pkcs11:token=a;', 'OPTION_INVALID', 'path attribute number 2 is not of the form name=value'],
    ['pkcs11:token=a?1234', 'OPTION_INVALID', 'query attribute number 1 is not of the form name=value'],
    ['pkcs11:token=a;token=b', 'OPTION_INVALID', 'the attribute token twice'],
    ['pkcs11:x-a=1;x-a=2', 'OPTION_INVALID', 'the attribute x-a twice'],
    ['pkcs11:?pin-value=1&pin-value=2', 'OPTION_INVALID', 'the attribute pin-value twice'],
    ['pkcs11:?pin-value=1&pin-source=/a', 'OPTION_INVALID', 'both pin-value and pin-source'],
    ['pkcs11:?pin-value=', 'OPTION_INVALID', 'attribute pin-value is empty'],
    ['pkcs11:?pin-source=', 'OPTION_INVALID', 'attribute pin-source is empty'],
    ['pkcs11:?module-path=', 'OPTION_INVALID', 'attribute module-path is empty'],
    ['pkcs11:?module-name=/usr/lib/x.so', 'OPTION_INVALID', 'attribute module-name is a path'],
    ['pkcs11:?pin-source=|cat%20/etc/pin', 'OPTION_INVALID', 'attribute pin-source is a command'],
    ['pkcs11:?pin-source=file://elsewhere/pin', 'OPTION_INVALID', 'pin-source is not the URI of a local file'],
    ['pkcs11:token=a%2', 'OPTION_INVALID', 'attribute token holds a % without two hexadecimal digits'],
    ['pkcs11:token=a%zz', 'OPTION_INVALID', 'attribute token holds a % without two hexadecimal digits'],
    ['pkcs11:token=my token', 'OPTION_INVALID', 'attribute token holds a blank, which is written %20'],
    ['pkcs11:token=PIV #1', 'OPTION_INVALID', 'attribute token holds a blank'],
    ['pkcs11:token=PIV%20#1', 'OPTION_INVALID', 'attribute token holds "#", which is written %23'],
    ['pkcs11:token=a/b', 'OPTION_INVALID', 'attribute token holds "/", which is written %2F'],
    ['pkcs11:token=ä', 'OPTION_INVALID', 'attribute token holds "ä", which is written %C3%A4'],
    ['pkcs11:object=😀', 'OPTION_INVALID', 'attribute object holds "😀", which is written %F0%9F%98%80'],
    ['pkcs11:token=%FF', 'OPTION_INVALID', 'attribute token is not UTF-8'],
    ['pkcs11:type=key', 'OPTION_INVALID', 'attribute type is none of public, private, cert, secret-key, data'],
    ['pkcs11:slot-id=0x1', 'OPTION_INVALID', 'attribute slot-id is not a decimal number'],
    ['pkcs11:library-version=1.2.3', 'OPTION_INVALID', 'attribute library-version is not of the form'],
    ['pkcs11:library-version=256', 'OPTION_INVALID', 'attribute library-version is not of the form'],
    ['pkcs11:tokn=hsm', 'OPTION_INVALID', 'unknown attribute tokn'],
    ['pkcs11:label=leaf', 'OPTION_INVALID', 'unknown attribute label'],
    ['pkcs11:token=a;pin-value=1234', 'OPTION_MISPLACED', 'pin-value before its ?'],
    ['pkcs11:token=a;pin-source=/a', 'OPTION_MISPLACED', 'pin-source before its ?'],
    ['pkcs11:token=a;module-path=/a', 'OPTION_MISPLACED', 'module-path before its ?'],
    ['pkcs11:token=a?object=b', 'OPTION_MISPLACED', 'object after its ?'],
  ])('%s', (text, code, message) => {
    const error = thrownBy(() => parse(text));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).toMatch(/^--private-key (is|has) /);
  });

  test('a misplaced pin-value is told where it belongs', () => {
    expect(thrownBy(() => parse('pkcs11:token=a;pin-value=1234')).hints).toEqual([
      'pin-value belongs behind a question mark: pkcs11:token=…;object=…?pin-value=…',
    ]);
  });

  test('a name of another tool is told what it is here', () => {
    expect(thrownBy(() => parse('pkcs11:label=leaf')).hints).toEqual(['did you mean object']);
    expect(thrownBy(() => parse('pkcs11:objekt=leaf')).hints).toEqual(['did you mean object']);
  });

  test.each([
    'pkcs11:token=a;pin-value=hunter2',
    'pkcs11:token=a?pin-value=hunter2#',
    'pkcs11:token=a?pin-value=hunter2%',
    'pkcs11:token=a?pin-value=hunter2;type=cert',
    'pkcs11:token=a?pin-value=hunter2%FF',
    'pkcs11:token=a?pin-value=x&pin-value=hunter2',
    'pkcs11:token=a?pin-value=x&hunter2',
    'pkcs11:token=a?pin=hunter2',
    'pkcs11:token=a?hunter2',
  ])('%s: the PIN shows nowhere', (text) => {
    const error = thrownBy(() => parse(text));
    expect(JSON.stringify([error.message, error.hints, String(error.cause)])).not.toContain('hunter2');
  });
});

describe('written out', () => {
  test('as p11tool orders it, and safe in a shell but for the semicolon', () => {
    const uri = parse(
      "pkcs11:type=cert;object=it's%20(mine)*!;id=%1f;token=a&b?module-path=/usr/lib/a%20b.so&pin-value=1234",
    );
    expect(formatPkcs11Uri(uri)).toBe(
      'pkcs11:token=a%26b;id=%1F;object=it%27s%20%28mine%29%2A%21;type=cert?module-path=%2Fusr%2Flib%2Fa%20b.so',
    );
  });

  const wellFormed = fc.string({ unit: 'binary' });
  const vendorAttribute = fc.record({
    place: fc.constantFrom('path' as const, 'query' as const),
    name: fc.stringMatching(/^x-[a-z0-9_]{8,12}$/),
    value: wellFormed,
  });
  const anyUri = fc.record(
    {
      libraryManufacturer: wellFormed,
      libraryDescription: wellFormed,
      libraryVersion: fc.record({ major: fc.integer({ min: 0, max: 255 }), minor: fc.integer({ min: 0, max: 255 }) }),
      slotManufacturer: wellFormed,
      slotDescription: wellFormed,
      slotId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      model: wellFormed,
      manufacturer: wellFormed,
      serial: wellFormed,
      token: wellFormed,
      id: fc.uint8Array().map((array) => Buffer.from(array)),
      object: wellFormed,
      type: fc.constantFrom(
        'public' as const,
        'private' as const,
        'cert' as const,
        'secret-key' as const,
        'data' as const,
      ),
      moduleName: fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[/\\]/.test(text)),
      modulePath: wellFormed.filter((text) => text !== ''),
      vendor: fc
        .uniqueArray(vendorAttribute, { selector: ({ name }) => name, minLength: 1 })
        .map((list) => list.toSorted((one, other) => one.place.localeCompare(other.place))),
    },
    { requiredKeys: [] },
  );

  test('what is written is read as the same again', () => {
    fc.assert(
      fc.property(anyUri, (uri) => {
        expect(parse(formatPkcs11Uri(uri))).toEqual(uri);
      }),
    );
  });

  test('a PIN is never written', () => {
    fc.assert(
      fc.property(anyUri, (uri) => {
        const pin = { option: 'x', kind: 'value', value: 'TopSecretPin' } as const;
        expect(formatPkcs11Uri({ ...uri, pin })).toBe(formatPkcs11Uri(uri));
      }),
    );
  });
});

/** The error it is refused with; anything but a RolesAnywhereError fails. */
function refusalOf(text: string): RolesAnywhereError | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof RolesAnywhereError) return error;
    throw error;
  }
}

describe('any text', () => {
  const part = fc.oneof(
    fc.constantFrom('token', 'object', 'id', 'type', 'slot-id', 'pin-value', 'pin-source', 'module-path', 'x-y'),
    fc.constantFrom('=', ';', '?', '&', '%', '%41', '%FF', '|', 'file:', '/', ' ', '#'),
    fc.string({ maxLength: 4 }),
  );
  const text = fc.array(part, { maxLength: 20 }).map((parts) => `pkcs11:${parts.join('')}`);

  test('is a URI or an error of options, and nothing else', () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (anything) => {
        expect([undefined, 'OPTION_INVALID', 'OPTION_MISPLACED']).toContain(refusalOf(anything)?.code);
      }),
      { numRuns: 2000 },
    );
  });

  test('that holds a PIN and is no URI does not show the PIN', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(part, { maxLength: 8 }), (before, after) => {
        const refusal = refusalOf(`pkcs11:${before.join('')}?pin-value=Zq7Xw9${after.join('')}`);
        expect(JSON.stringify([refusal?.message, refusal?.hints])).not.toContain('Zq7Xw9');
      }),
      { numRuns: 2000 },
    );
  });
});
