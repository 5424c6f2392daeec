import { expect, test } from 'vitest';
import { loadCommands } from '../../../src/cli/load-commands.ts';
import { checkKeyNames } from '../../../src/options/profile/own-keys.ts';
import { profileKeyName } from '../../../src/options/schema/option.ts';
import { thrownBy } from '../../support/thrown.ts';

const entries = (key: string) => new Map([[key, { text: 'x', place: 'there' }]]);

test('takes the keys of every command, and none of a flag that has no key', async () => {
  const rows = (await loadCommands()).flatMap(({ options }) => options);
  const keys = new Set(rows.filter((row) => row.flagOnly !== true).map(profileKeyName));
  for (const key of keys) checkKeyNames(entries(key));
  for (const key of rows.map(profileKeyName).filter((key) => !keys.has(key))) {
    expect(thrownBy(() => checkKeyNames(entries(key))).message).toBe(`${key} is no option of roles-anywhere`);
  }
  expect(keys.size).toBeGreaterThan(40);
});

test.each(['role_arn', 'rolesanywhere', 'services.rolesanywhere.endpoint_url'])('leaves %s alone', (key) => {
  expect(() => checkKeyNames(entries(key))).not.toThrow();
});
