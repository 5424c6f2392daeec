import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { decodeResponseCode, describeResponseCode } from '../../../../src/identity/backends/tpm/tpm2/response-code.ts';
import { needs } from '../../../support/programs.ts';

/** What a code is about as tpm2_rc_decode has it: `tpm:session(1):authorization failure…`. */
function subjectByTool(value: number): string {
  const text = execFileSync('tpm2_rc_decode', [`0x${value.toString(16)}`]).toString();
  const [, kind, number] = /^tpm:(session|handle|parameter)\((\w+)\)/.exec(text) ?? [];
  return `${kind} ${number}`;
}

describe('response codes', () => {
  test.each([
    [0x000, 'TPM 1.2 code 0x000 (0x000): it is a TPM 1.2, or behaves as one'],
    [0x100, 'TPM_RC_INITIALIZE (0x100): the TPM was not started after its reset (TPM2_Startup)'],
    [0x921, 'TPM_RC_LOCKOUT (0x921): too many wrong passwords were given, and the TPM refuses them all for a time'],
    [0x922, 'TPM_RC_RETRY (0x922): the TPM was busy'],
    [0x910, 'TPM_RC_REFERENCE_H0 (0x910): handle 1 is not loaded'],
    [0x91a, 'TPM_RC_REFERENCE_S2 (0x91a): session 3 is not loaded'],
    [0x98e, 'TPM_RC_AUTH_FAIL (0x98e, session 1): the password is wrong, and the failure was counted'],
    [0x9a2, 'TPM_RC_BAD_AUTH (0x9a2, session 1): the password is wrong'],
    [0x18b, 'TPM_RC_HANDLE (0x18b, handle 1): there is nothing at this handle'],
    [0x2d2, 'TPM_RC_SCHEME (0x2d2, parameter 2): the key does not allow this signature scheme'],
    [0x1df, 'TPM_RC_INTEGRITY (0x1df, parameter 1): the integrity check failed'],
    [0xfff, 'response code 0xfff (0xfff, parameter 15): the specification has no such code'],
    [0x501, 'vendor code 0x501 (0x501): its manufacturer alone knows what that means'],
    [0xb0143, 'TPM_RC_COMMAND_CODE (0xb0143, from the resource manager): the TPM does not have this command'],
    [0xffffffff, 'response code 0xffff (0xffffffff, from software layer 65535): the specification has no such code'],
  ])('%s', (value, expected) => {
    expect(describeResponseCode(decodeResponseCode(value))).toBe(expected);
  });

  test('every number has a description', () => {
    for (let value = 0; value <= 0x1fff; value += 1) {
      expect(describeResponseCode(decodeResponseCode(value))).toMatch(/^\S.* \(0x[0-9a-f]+(, [a-z]+ \d+)?\): \S/);
    }
  });

  describe('against tpm2-tools', needs('tpm2_rc_decode'), () => {
    test('what a code of format 1 is about', () => {
      const numbers = [1, 2, 3, 4, 5, 6, 7];
      // Handles, sessions, and those parameters that the tool counts.
      const codes = numbers
        .flatMap((number) => [number, number | 8, number | 0x1000])
        .map((subject) => 0x08e | ((subject & 15) << 8) | ((subject & 0x1000) >> 6));
      expect(codes.map((code) => decodeResponseCode(code).about)).toEqual(codes.map(subjectByTool));
    });
  });
});
