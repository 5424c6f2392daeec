import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { join } from 'node:path';
import * as fc from '../../../support/fast-check.ts';
import { beforeAll, describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { pcrsOf } from '../../../../src/identity/backends/tpm/key-authorization.ts';
import { openTpmSigner, type TpmKeySource } from '../../../../src/identity/backends/tpm/open-tpm-key.ts';
import { readPublicArea, readSizedPublic } from '../../../../src/identity/backends/tpm/tpm2/public-area.ts';
import { canSalt, makeSalt } from '../../../../src/identity/backends/tpm/tpm2/salt.ts';
import { readTss2Key } from '../../../../src/identity/backends/tpm/tss2-key.ts';
import { collectResponse, type TpmTransport } from '../../../../src/identity/backends/tpm/transport/tpm-transport.ts';
import { openTransport, parseTpmDevice } from '../../../../src/identity/backends/tpm/transport/open-transport.ts';
import { Problem } from '../../../../src/identity/problem.ts';
import { needsTpm, type Swtpm, useSwtpm } from '../../../support/swtpm.ts';
import { at, given, message, signOnce } from './judge.ts';
import { opensslKey } from './keys.ts';

/** Whether a reader gives something, or a Problem. */
function isCalm(reader: () => unknown): boolean {
  try {
    reader();
    return true;
  } catch (error) {
    return error instanceof Problem;
  }
}

/** What can be done to an answer or a file: bits turned, an end cut off, bytes put in. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({ kind: fc.constant('set' as const), at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
);

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function apply(bytes: Uint8Array, change: Damage): Buffer {
  const place = bytes.length === 0 ? 0 : change.at % bytes.length;
  const [before, after] = [bytes.subarray(0, place), bytes.subarray(place)];
  if (change.kind === 'cut') return Buffer.from(before);
  if (change.kind === 'insert') return Buffer.concat([before, change.bytes, after]);
  if (change.kind === 'set') return Buffer.concat([before, change.bytes, after.subarray(change.bytes.length)]);
  return Buffer.concat([before, Buffer.of((after[0] ?? 0) ^ (1 << change.bit)), after.subarray(1)]);
}

const number16 = (value: number): Buffer => Buffer.of(value >> 8, value & 0xff);
const buffer = (bytes: Uint8Array): Buffer => Buffer.concat([number16(bytes.length), bytes]);

/** An answer as the transports give it: its size is right. */
function framed(tag: number, code: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt16BE(tag, 0);
  header.writeUInt32BE(10 + body.length, 2);
  header.writeUInt32BE(code, 6);
  return Buffer.concat([header, body]);
}

/** TPM_RC_RETRY and its like are the business of another test, and take time. */
function unlessRetry(answer: Buffer): Buffer {
  const isRetry = answer.length >= 10 && [0x922, 0x908, 0x90a].includes(answer.readUInt32BE(6) & 0xffff);
  if (isRetry) answer.writeUInt32BE(0x101, 6);
  return answer;
}

describe('readers of what a TPM or a file says', () => {
  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const readers = [readPublicArea, readSizedPublic, readTss2Key, pcrsOf, collectResponse()];
        expect(readers.map((reader) => isCalm(() => reader(bytes)))).toEqual(readers.map(() => true));
        expect(isCalm(() => readTss2Key(Buffer.concat([Buffer.of(0x30), bytes])))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('public areas that look right', () => {
    const u16 = fc.nat(0xffff);
    const sized = fc.uint8Array({ maxLength: 100 });
    const area = fc.record({
      type: fc.constantFrom(1, 0x23, 8, 0x25),
      attributes: fc.nat(),
      policy: sized,
      scheme: u16,
      curve: fc.constantFrom(1, 3, 4, 5, 0x99),
      one: sized,
      two: sized,
    });
    fc.assert(
      fc.property(area, ({ type, attributes, policy, scheme, curve, one, two }) => {
        const head = [
          number16(type),
          number16(0x0b),
          Buffer.from([attributes >>> 24, attributes >>> 16, attributes >>> 8, attributes]),
          buffer(policy),
        ];
        const schemeParts = scheme % 2 === 0 ? [number16(0x10)] : [number16(scheme), number16(0x0b)];
        const rest =
          type === 1
            ? [number16(2048), Buffer.alloc(4), buffer(one)]
            : [number16(curve), number16(0x10), buffer(one), buffer(two)];
        const read = (): void => {
          const found = readPublicArea(Buffer.concat([...head, number16(0x10), ...schemeParts, ...rest]));
          if (canSalt(found)) makeSalt(found);
        };
        expect(isCalm(read)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

async function outcome(open: () => Promise<TpmTransport>, source: TpmKeySource): Promise<unknown> {
  const key = await openTpmSigner(source, { openTransport: open, keyPassword: given('secret') }, {});
  try {
    return await key.signer.sign(message);
  } catch (error) {
    return error;
  } finally {
    await key.close();
  }
}

describe('a TPM that lies', needsTpm(), () => {
  let folder: string;
  let tpm: Swtpm;
  useSwtpm((made) => ({ folder, tpm } = made));
  let file: TpmKeySource;
  let publicKey: KeyObject;

  beforeAll(async () => {
    file = await opensslKey(tpm, join(folder, 'key.pem'), 'EC', ['group:P-256', 'user-auth:secret']);
    const key = await openTpmSigner(file, at(tpm, { keyPassword: given('secret') }), {});
    publicKey = createPublicKey({ key: Buffer.from(key.publicKeyInfo), format: 'der', type: 'spki' });
    await key.close();
  });

  /** Flushes every slot: who is told a wrong handle cannot flush the right one. */
  async function sweep(): Promise<void> {
    const transport = await openTransport(parseTpmDevice(tpm.tcti, '--tpm-device'));
    for (const kind of [0x80, 0x02]) {
      for (let slot = 0; slot < 3; slot += 1) {
        await transport.send(framed(0x8001, 0x165, Buffer.of(kind, 0, 0, slot)), 5000);
      }
    }
    await transport.close();
  }

  test('answers that are anything', async () => {
    const answer = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(
          fc.constantFrom(0x8001, 0x8002, 0),
          fc.oneof(fc.constant(0), fc.nat(0xffff), fc.nat()),
          fc.uint8Array({ maxLength: 300 }),
        )
        .map(([tag, code, body]) => framed(tag, code, body)),
    );
    const answers = fc.array(answer, { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(answers, fc.boolean(), async (list, managed) => {
        let count = 0;
        const transport: TpmTransport = {
          name: 'hostile',
          managed,
          send: async () => {
            count += 1;
            return unlessRetry(Buffer.from(list[count % list.length] ?? []));
          },
          close: async () => undefined,
        };
        expect(await outcome(async () => transport, file)).toBeInstanceOf(RolesAnywhereError);
        expect(count).toBeLessThan(60);
      }),
      { numRuns: 300 },
    );
  });

  test('true answers with something changed, at each command', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(10), damage, async (target, change) => {
        let index = 0;
        const open = async (): Promise<TpmTransport> => {
          const transport = await openTransport(parseTpmDevice(tpm.tcti, '--tpm-device'));
          return {
            ...transport,
            async send(command, timeoutMs) {
              const answer = await transport.send(command, timeoutMs);
              index += 1;
              return index - 1 === target ? unlessRetry(apply(answer, change)) : answer;
            },
          };
        };
        const result = await outcome(open, file);
        await sweep();
        // A change in what nobody reads, or none at all, lets a signature through, and a true one.
        const isTrue = result instanceof Uint8Array && verify('sha256', message, publicKey, result);
        expect(isTrue || result instanceof RolesAnywhereError).toBe(true);
      }),
      { numRuns: 300 },
    );
    await tpm.tool('tpm2_dictionarylockout', '--clear-lockout');
    expect(await signOnce(folder, file, at(tpm, { keyPassword: given('secret') }))).toBe('Verified OK');
  });

  test('a key file with something changed', async () => {
    if (file.kind !== 'tss2') throw new Error('not a file');
    const text = Buffer.from(file.bytes).toString();
    const der = Buffer.from(text.replaceAll(/-----[^-]+-----/g, ''), 'base64');
    await fc.assert(
      fc.asyncProperty(damage, async (change) => {
        const source: TpmKeySource = { kind: 'tss2', bytes: apply(der, change), origin: 'key' };
        const options = at(tpm, { keyPassword: given('secret') });
        const result = await signOnce(folder, source, options).catch((error: unknown) => error);
        if (result === 'Verified OK') return;
        expect(result).toMatchObject({
          code: expect.stringMatching(/^TPM_(KEY_INVALID|KEY_UNSUPPORTED|FAILED|POLICY_UNSUPPORTED)$/),
        });
      }),
      { numRuns: 200 },
    );
    expect(await tpm.leftovers()).toEqual([]);
  });
});
