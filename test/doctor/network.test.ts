/** Names, addresses and clocks that are no trouble, or another one than they seem. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemNames } from '../../src/doctor/name-service.ts';
import { names } from './cases.ts';
import { diagnose, findingsOf, wrongIn } from './diagnose.ts';
import { Lab } from './lab.ts';

const day = 86_400_000;

let lab: Lab;

beforeAll(async () => {
  lab = await Lab.open();
});

afterAll(() => lab.close());

describe('addresses', () => {
  const v4 = '127.0.0.1';
  const v6 = '::1';

  /** The sandbox by a name, which the system leads to it. */
  async function found(...given: Parameters<typeof names>) {
    const endpoint = lab.sandbox.endpoint.replace('127.0.0.1', 'localhost');
    const env = lab.env({ ROLES_ANYWHERE_ENDPOINT: endpoint });
    const report = await diagnose({ env, context: { names: names(...given) } });
    return {
      wrong: wrongIn(report),
      text: findingsOf(report, 'dns')
        .map(({ message }) => message)
        .join('\n'),
      report,
    };
  }

  test.each([
    [[v4, v6], {}, 'localhost: IPv4 127.0.0.1, answering; IPv6 ::1, answering'],
    [[v4], {}, 'localhost: IPv4 127.0.0.1, answering; IPv6 none'],
    [[v6], {}, 'localhost: IPv4 none; IPv6 ::1, answering'],
    [[v4, v6], { [v6]: 'ENETUNREACH' }, 'localhost: IPv4 127.0.0.1, answering; IPv6 ::1, no way there (ENETUNREACH)'],
    [[v4, v6], { [v4]: 'EHOSTUNREACH' }, 'localhost: IPv4 127.0.0.1, no way there (EHOSTUNREACH); IPv6 ::1, answering'],
    [[v4, v6], { [v6]: 'ECONNREFUSED' }, 'localhost: IPv4 127.0.0.1, answering; IPv6 ::1, no answer (ECONNREFUSED)'],
  ])('%j, with %j, are no trouble', async (answers, faults, text) => {
    expect(await found(answers, faults)).toMatchObject({ wrong: [], text });
  });

  test('one family that swallows what is sent there is a warning', async () => {
    const { wrong, text } = await found([v4, v6], { [v6]: 'ETIMEDOUT' });
    expect(wrong).toEqual(['dns: ip-family']);
    expect(text).toMatch(/IPv6 ::1, no answer \(ETIMEDOUT\): who does not try both at once waits for IPv6 each time$/);
  });

  test('that nobody answers at all is told by tls', async () => {
    const env = lab.env({ ROLES_ANYWHERE_ENDPOINT: 'http://localhost:9' });
    const refused = { [v4]: 'ECONNREFUSED', [v6]: 'ECONNREFUSED' };
    expect(wrongIn(await diagnose({ env, context: { names: names([v4, v6], refused) } }))).toEqual([
      'tls: NETWORK_UNREACHABLE',
    ]);
  });

  test('what cannot be reached is not asked for more', async () => {
    const { report } = await found({ code: 'ENOTFOUND' });
    expect(findingsOf(report, 'create-session')[0]).toMatchObject({
      status: 'SKIP',
      message: 'the name of the endpoint cannot be looked up',
    });
    expect(findingsOf(report, 'dns')[0]?.hints).toEqual(['check the host of ROLES_ANYWHERE_ENDPOINT']);
  });
});

test("the system's own names are looked up, and addresses tried", async () => {
  expect((await systemNames.lookUp('localhost')).length).toBeGreaterThan(0);
  expect(await systemNames.reach('127.0.0.1', Number(new URL(lab.sandbox.endpoint).port))).toBe(undefined);
  expect(await systemNames.reach('127.0.0.1', 9)).toBe('ECONNREFUSED');
});

test('a certificate that has expired by the time of the service alone', async () => {
  const behind = await Lab.open({ clockOffset: 1800 });
  try {
    // Of a day, fifteen minutes are left here.
    const leaf = await behind.leaf({ notBefore: new Date(Date.now() - day + 900_000), days: 1 });
    expect(wrongIn(await diagnose({ env: behind.env(leaf) }))).toEqual([
      'expiry: expires-soon',
      'clock: clock',
      'trust: path',
      'create-session: clock',
    ]);
  } finally {
    await behind.close();
  }
});
