import { expect, test } from 'vitest';
import { parseCertificate } from '../../src/identity/read-der-certificate.ts';
import { thrownBy } from '../support/thrown.ts';

test('what is no certificate is an error of this package', () => {
  expect(thrownBy(() => parseCertificate(Buffer.from('x')))).toMatchObject({
    code: 'CERTIFICATE_INVALID',
    message: expect.stringMatching(/^the certificate given is damaged/) as string,
  });
});
