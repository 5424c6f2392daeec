import { expect, test } from 'vitest';
import { describeError } from '../../src/core/describe-error.ts';
import { RolesAnywhereError } from '../../src/core/errors.ts';

const quote = '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----';

test.each<[what: string, error: unknown, code: string, message: string]>([
  ['an error of ours: what it says', new RolesAnywhereError('PIN_WRONG', 'wrong'), 'PIN_WRONG', 'wrong'],
  ["one of the system's: its code", Object.assign(new Error(quote), { code: 'ENOENT' }), 'INTERNAL', 'ENOENT'],
  ['any other: its name', new TypeError(quote), 'INTERNAL', 'TypeError'],
  ['a code that is none', Object.assign(new TypeError(quote), { code: quote }), 'INTERNAL', 'TypeError'],
  ['a code that is a number', Object.assign(new TypeError(quote), { code: 7 }), 'INTERNAL', 'TypeError'],
  ['a name that is none', Object.assign(new Error(quote), { name: quote }), 'INTERNAL', 'Error'],
  ['no error', quote, 'INTERNAL', 'string'],
  ['an object with a message', { message: quote }, 'INTERNAL', 'object'],
  ['nothing', undefined, 'INTERNAL', 'undefined'],
])('%s', (_what, error, code, message) => {
  expect(describeError(error)).toEqual({ code, message });
});
