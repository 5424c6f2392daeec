import * as fc from '../../../support/fast-check.ts';
import { describe, expect, test } from 'vitest';
import { RolesAnywhereError } from '../../../../src/core/errors.ts';
import { parseTpmDevice } from '../../../../src/identity/backends/tpm/transport/open-transport.ts';

/** Kind of the device, or code of the error. */
function kindOf(text: string): string {
  try {
    return parseTpmDevice(text, 'TPM_DEVICE').kind;
  } catch (error) {
    return error instanceof RolesAnywhereError ? error.code : String(error);
  }
}

describe('parseTpmDevice', () => {
  test.each([
    ['/dev/tpmrm0', { kind: 'path', path: '/dev/tpmrm0' }],
    ['./swtpm.sock', { kind: 'path', path: './swtpm.sock' }],
    ['device', { kind: 'default' }],
    ['device:', { kind: 'default' }],
    ['device:/dev/tpm0', { kind: 'path', path: '/dev/tpm0' }],
    ['libtss2-tcti-device.so.0:/dev/tpm0', { kind: 'path', path: '/dev/tpm0' }],
    ['swtpm', { kind: 'tcp', host: 'localhost', port: 2321 }],
    ['swtpm:', { kind: 'tcp', host: 'localhost', port: 2321 }],
    ['swtpm:port=2400', { kind: 'tcp', host: 'localhost', port: 2400 }],
    ['swtpm:host=tpm.example,port=1', { kind: 'tcp', host: 'tpm.example', port: 1 }],
    ['swtpm:port=65535,host=::1', { kind: 'tcp', host: '::1', port: 65_535 }],
    ['swtpm:path=/run/swtpm.sock', { kind: 'path', path: '/run/swtpm.sock' }],
    ['libtss2-tcti-swtpm.so:path=/run/a=b.sock', { kind: 'path', path: '/run/a=b.sock' }],
  ])('%s', (text, expected) => {
    expect(parseTpmDevice(text, '--tpm-device')).toEqual(expected);
  });

  test.each([
    ['', '--tpm-device names no TPM'],
    ['tpmrm0', '--tpm-device names no TPM'],
    ['tabrmd:bus_type=session', '--tpm-device names the TCTI tabrmd, which is not supported'],
    ['mssim', '--tpm-device names the TCTI mssim, which is not supported'],
    ['swtpm:port=0', '--tpm-device has a port that is no number from 1 to 65535'],
    ['swtpm:port=65536', '--tpm-device has a port that is no number from 1 to 65535'],
    ['swtpm:port=http', '--tpm-device has a port that is no number from 1 to 65535'],
    ['swtpm:host=', '--tpm-device has a part of swtpm: that is not host=, port= or path='],
    ['swtpm:/run/swtpm.sock', '--tpm-device has a part of swtpm: that is not host=, port= or path='],
    ['swtpm:path=/run/x,port=1', '--tpm-device has path= together with host= or port='],
  ])('%s is refused', (text, message) => {
    expect(() => parseTpmDevice(text, '--tpm-device')).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID', message }),
    );
  });

  test('any text gives a device or an error', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `swtpm:${text}`),
        ),
        (text) => {
          expect(['default', 'path', 'tcp', 'OPTION_INVALID']).toContain(kindOf(text));
        },
      ),
    );
  });
});
