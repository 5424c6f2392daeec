import { describe, expect, it } from 'vitest';

import { RolesAnywhereError } from '../../../src/core/errors.ts';
import { networkError } from '../../../src/aws/http/network-error.ts';

const place = { peer: 'service.test:443', ca: undefined };

function explained(code: string): { code: string; message: string; hints: readonly string[] } {
  return networkError(Object.assign(new Error('text'), { code }), place);
}

describe('what no server on loopback can bring about', () => {
  it.each([
    [
      'ENOTFOUND',
      'NETWORK_UNREACHABLE',
      'service.test:443 cannot be reached (ENOTFOUND)',
      'this host name does not exist',
    ],
    ['EAI_AGAIN', 'NETWORK_UNREACHABLE', 'service.test:443 cannot be reached (EAI_AGAIN)', 'the name servers'],
    ['EHOSTUNREACH', 'NETWORK_UNREACHABLE', 'service.test:443 cannot be reached (EHOSTUNREACH)', undefined],
    ['ENETUNREACH', 'NETWORK_UNREACHABLE', 'service.test:443 cannot be reached (ENETUNREACH)', undefined],
    ['ETIMEDOUT', 'NETWORK_TIMEOUT', 'no connection to service.test:443 (ETIMEDOUT)', undefined],
    [
      'EPROTO',
      'NETWORK_TLS',
      'no TLS connection to service.test:443: the handshake failed (EPROTO)',
      'check host and port',
    ],
    [
      'CERT_REVOKED',
      'NETWORK_TLS',
      'the TLS certificate of service.test:443 is not trusted: it is revoked (CERT_REVOKED)',
      'AWS_CA_BUNDLE',
    ],
  ])('%s', (code, expected, message, hint) => {
    const error = explained(code);

    expect({ code: error.code, message: error.message }).toEqual({ code: expected, message });
    expect(error.hints.join('\n')).toContain(hint ?? '');
  });
});

it('leaves an error of ours as it is', () => {
  const error = new RolesAnywhereError('NETWORK_TIMEOUT', 'too late');

  expect(networkError(error, place)).toBe(error);
});

it.each([null, 'text', new Error('closed by the peer'), { code: 7 }])('copes with %j', (error) => {
  expect(networkError(error, place)).toMatchObject({
    code: 'NETWORK_UNREACHABLE',
    message: 'service.test:443 closed the connection before the whole answer had come',
    cause: error,
  });
});
