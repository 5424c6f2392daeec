import { expect, test } from 'vitest';
import { processDocument } from '../../../src/outputs/process/process-document.ts';
import { thrownBy } from '../../support/thrown.ts';

const credentials = {
  accessKeyId: 'ASIAEXAMPLE',
  secretAccessKey: 'wJalr/+"\\EXAMPLE',
  sessionToken: 'token/+==',
  expiration: new Date('2026-01-15T13:34:56.789Z'),
  accountId: '111122223333',
};
const now = new Date('2026-01-15T12:34:56Z');

test('the bytes of the official helper', () => {
  expect(processDocument(credentials, now)).toBe(
    '{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"wJalr/+\\"\\\\EXAMPLE","SessionToken":"token/+==","Expiration":"2026-01-15T13:34:56Z"}',
  );
});

test.each(['accessKeyId', 'secretAccessKey', 'sessionToken'])('no document without %s', (member) => {
  expect(thrownBy(() => processDocument({ ...credentials, [member]: '' }, now))).toMatchObject({
    code: 'RESPONSE_EMPTY',
    message: 'the service answered with an empty set of credentials',
  });
});

test.each([
  ['of the past', new Date('2026-01-15T12:34:55Z')],
  ['of this moment', now],
  ['that is none', new Date(Number.NaN)],
])('no document with an expiration %s', (_what, expiration) => {
  expect(thrownBy(() => processDocument({ ...credentials, expiration }, now))).toMatchObject({
    code: 'RESPONSE_EXPIRED',
    message: 'the credentials of the answer have expired already',
  });
});
