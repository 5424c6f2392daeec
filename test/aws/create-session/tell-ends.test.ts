import { describe, expect, test } from 'vitest';
import { tellEnds } from '../../../src/aws/create-session/tell-ends.ts';

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000] as const;
const now = new Date('2026-03-01T12:00:00Z');
const after = (milliseconds: number) => new Date(now.getTime() + milliseconds);
const profileArn = 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000';

interface Given {
  readonly asked?: number | undefined;
  readonly lasts?: number;
  readonly life?: number;
  readonly left?: number;
}

async function told({ asked, lasts = hour, life = 365 * day, left = 100 * day }: Given): Promise<readonly string[]> {
  const warnings: string[] = [];
  const request = { profileArn, ...(asked === undefined ? {} : { durationSeconds: asked }) };
  const certificate = { notBefore: after(left - life), notAfter: after(left), serialNumber: 4711n };
  const warn = (message: string): void => void warnings.push(message);
  await tellEnds({ request, certificate, credentials: { expiration: after(lasts) }, now }, { warn });
  return warnings;
}

describe('a session shorter than asked for', () => {
  test('is told with both lengths and who decides', async () => {
    expect(await told({ asked: 43_200, lasts: hour - 1500 })).toEqual([
      `--session-duration: 43200 seconds were asked for and the session lasts 3600: ${profileArn} allows no more`,
    ]);
  });

  test.each([
    [3600, hour],
    [3600, hour - 4 * minute],
    [900, hour],
    [undefined, 15 * minute],
    // The option's default, which nobody need have asked for.
    [3600, 15 * minute],
  ])('is none where %s seconds were asked for and it lasts %i ms', async (asked, lasts) => {
    expect(await told({ asked, lasts })).toEqual([]);
  });
});

describe('a certificate that ends', () => {
  const warning = (span: string, at: string) => [
    `the certificate with serial number 4711 expires in ${span}, at 2026-03-${at}.000Z: renew it`,
  ];

  test.each([
    ['within a week', 365 * day, 7 * day - minute, warning('6 days', '08T11:59:00')],
    ['within two days', 365 * day, 47.5 * hour, warning('47 hours', '03T11:30:00')],
    ['within two hours', 365 * day, 61.9 * minute, warning('61 minutes', '01T13:01:54')],
    ['in the last tenth of a month', 30 * day, 3 * day - minute, warning('2 days', '04T11:59:00')],
    ['in the last tenth of a day', day, 2 * hour, warning('2 hours', '01T14:00:00')],
  ])('%s', async (_when, life, left, expected) => {
    expect(await told({ life, left })).toEqual(expected);
  });

  test.each([
    [365 * day, 7 * day],
    [30 * day, 3 * day],
    [day, 2.4 * hour],
    [day, 20 * hour],
  ])('is not told of earlier: of %i ms are left %i', async (life, left) => {
    expect(await told({ life, left })).toEqual([]);
  });
});
