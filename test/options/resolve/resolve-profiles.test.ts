import { describe, expect, test } from 'vitest';
import { resolveProfiles } from '../../../src/options/resolve/resolve-profiles.ts';
import { update } from '../../../src/cli/commands/update/update.ts';
import { thrownBy } from '../../support/thrown.ts';
import { valuesOf } from '../parse/values.ts';

/** The values of `update` for these profiles of --from-profile, and these arguments. */
async function given(profiles: readonly string[], args: readonly string[]) {
  const [first, ...others] = await Promise.all(
    profiles.map(async (profileName) => ({
      ...(await valuesOf('update', { args, rows: update.options })),
      profileName,
    })),
  );
  if (first === undefined) return valuesOf('update', { args, rows: update.options });
  return { ...first, others };
}

describe('the profiles to write', () => {
  test.each([
    [[], [], ['default']],
    [[], ['--profile', 'mine'], ['mine']],
    [[], ['--profile', 'test profile'], ['test profile']],
    [
      ['a', 'b', 'c'],
      ['--profile', 'R&D, büro, dev(eu)'],
      ['R&D', 'büro', 'dev(eu)'],
    ],
    [['a'], [], ['default']],
    [['a'], ['--profile', 'mine'], ['mine']],
    [['a', 'b'], [], ['a', 'b']],
    [
      ['a', 'b'],
      ['--profile', 'x, default'],
      ['x', 'default'],
    ],
    [
      ['a', 'b'],
      ['--profile', 'x', '--profile', 'y'],
      ['x', 'y'],
    ],
  ])('--from-profile %j with %j: %j', async (profiles, args, expected) => {
    expect(resolveProfiles(await given(profiles, args))).toEqual(expected);
  });

  test.each(['[a]', 'a]', 'a #b', 'a ;', '__proto__', 'a\tb', 'a\nb', ',', 'profile a', 'services a'])(
    '%j is refused',
    async (name) => {
      const values = await given([], [`--profile=${name}`]);
      const error = thrownBy(() => resolveProfiles(values));
      expect(error.code).toBe('OPTION_INVALID');
      expect(error.message).toContain('--profile');
      expect(error.message).toContain('cannot be a name in a credentials file');
    },
  );

  test.each([
    [['a'], ['--profile', 'x,y'], '--profile names 2 profiles for 1 of --from-profile'],
    [['a', 'b'], ['--profile', 'x'], '--profile names 1 profiles for 2 of --from-profile'],
    [['a', 'b'], ['--profile', 'x,x'], '--profile names profile x twice'],
    [['a', 'a'], [], '--from-profile names profile a twice'],
  ])('--from-profile %j with %j is refused', async (profiles, args, message) => {
    const values = await given(profiles, args);
    expect(thrownBy(() => resolveProfiles(values))).toMatchObject({ code: 'OPTION_INVALID', message });
  });
});
