import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { readCaBundle } from '../../../src/aws/http/trusted-roots.ts';
import { rejectionOf } from '../../support/thrown.ts';

test('a bundle that is not there is shown by where it was looked for', async () => {
  const error = await rejectionOf(readCaBundle({ path: 'nonexistent.pem', option: '--ca-bundle' }));
  const message = `--ca-bundle (${resolve('nonexistent.pem')}) cannot be read: ENOENT`;
  expect([error.code, error.message]).toEqual(['FILE_FAILED', message]);
});
