import { describe, expect, test } from 'vitest';
import { refuseNotBuilt } from '../../../src/options/resolve/refuse-not-built.ts';
import { optionTable as rows } from '../../../src/options/schema/table.ts';
import { rejectionOf } from '../../support/thrown.ts';
import { valuesOf } from '../parse/values.ts';

const refuse = async (...args: string[]) => refuseNotBuilt(rows, await valuesOf('credential-process', { args }));

describe('options that are known and not built', () => {
  test.each<[string[], string]>([
    [
      ['--cert-selector', 'Key=x509Subject,Value=CN=leaf'],
      '--cert-selector is for certificates of the operating system, which are not built yet',
    ],
    [
      ['--system-store-name', 'MY'],
      '--system-store-name is for certificates of the operating system, which are not built yet',
    ],
  ])('%j', async (args, message) => {
    expect(await rejectionOf(refuse(...args))).toMatchObject({ code: 'OPTION_NOT_BUILT', message });
  });

  test('are all of the table', () => {
    expect(new Set(rows.filter((row) => row.notBuilt !== undefined).map((row) => row.flag)).size).toBe(2);
  });

  test('what is not given is not refused', async () => {
    await expect(refuse()).resolves.toBeUndefined();
    await expect(refuse('--reuse-pin', '--pkcs11-lib=x.so')).resolves.toBeUndefined();
  });

  test('a selector that cannot be read is told first', async () => {
    expect(await rejectionOf(refuse('--cert-selector', 'CN=leaf'))).toMatchObject({
      code: 'OPTION_INVALID',
      message: '--cert-selector cannot be read at "CN=leaf"',
    });
  });
});
