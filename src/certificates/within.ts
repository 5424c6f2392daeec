import { RolesAnywhereError } from '../core/errors.ts';

const units: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * `30d`, `12h`, `2w`, and a number alone for days, in milliseconds.
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseWithin(text: string, option: string): number {
  const [, digits = '', unit = 'd'] = /^(\d{1,5})([hdw])?$/.exec(text) ?? [];
  if (digits !== '') return Number(digits) * (units[unit] ?? 0);
  throw new RolesAnywhereError(
    'OPTION_INVALID',
    `${option} must be a number of hours, days or weeks, not ${JSON.stringify(text)}`,
    {
      hints: ['write 30d, 12h or 2w'],
    },
  );
}
