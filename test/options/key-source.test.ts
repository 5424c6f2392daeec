import { describe, expect, test } from 'vitest';
import { parseByteSource, parseKeySource } from '../../src/options/key-source.ts';
import { thrownBy } from '../support/thrown.ts';

const option = '--certificate';

test.each([
  ['-', { kind: 'stdin' }],
  ['leaf.pem', { kind: 'file', path: 'leaf.pem' }],
  ['/etc/pki/leaf.pem', { kind: 'file', path: '/etc/pki/leaf.pem' }],
  ['C:\\pki\\leaf.pem', { kind: 'file', path: 'C:\\pki\\leaf.pem' }],
  ['./env:NAME', { kind: 'file', path: './env:NAME' }],
  ['env:LEAF_PEM', { kind: 'env', name: 'LEAF_PEM' }],
  ['fd:0', { kind: 'stdin' }],
  ['fd:63', { kind: 'fd', fd: 63 }],
])('%s', (text, expected) => {
  expect(parseByteSource(text, option)).toEqual({ option, ...expected });
  expect(parseKeySource(text, option)).toEqual({ option, ...expected });
});

test.each([
  ['pkcs11:token=hsm?pin-value=sesame', { kind: 'pkcs11', uri: 'pkcs11:token=hsm?pin-value=sesame' }],
  ['handle:0x81000001', { kind: 'tpm-handle', handle: 0x8100_0001 }],
  ['handle:81FFFFFF', { kind: 'tpm-handle', handle: 0x81ff_ffff }],
])('%s', (text, expected) => {
  expect(parseKeySource(text, option)).toEqual({ option, ...expected });
});

describe('refused', () => {
  test.each([
    ['env:', '--certificate must name an environment variable after env:'],
    ['env:$LEAF', '--certificate must name an environment variable after env:'],
    ['env:A B', '--certificate must name an environment variable after env:'],
    ['fd:', '--certificate must hold a number after fd:, not "fd:"'],
    ['fd:-1', '--certificate must hold a number after fd:, not "fd:-1"'],
    ['fd:three', '--certificate must hold a number after fd:, not "fd:three"'],
    ['handle:', '--certificate must be a persistent handle, not "handle:"'],
    ['handle:0x80000001', '--certificate must be a persistent handle, not "handle:0x80000001"'],
    ['handle:0x8100000100', '--certificate must be a persistent handle, not "handle:0x8100000100"'],
    ['handle:key', '--certificate must be a persistent handle, not "handle:key"'],
  ])('%s', (text, message) => {
    expect(thrownBy(() => parseKeySource(text, option))).toMatchObject({ code: 'OPTION_INVALID', message });
  });

  test.each(['pkcs11:token=hsm?pin-value=sesame', 'handle:0x81000001'])('%s where bytes are needed', (text) => {
    const error = thrownBy(() => parseByteSource(text, '--intermediates'));
    expect(error.code).toBe('OPTION_INVALID');
    expect(error.message).toMatch(/^--intermediates must be a file, env:NAME, fd:N or -, not (pkcs11|handle):$/);
  });

  test('PEM text in the place of its place, without showing it', () => {
    const pem = '-----BEGIN PRIVATE KEY-----\nsesame\n-----END PRIVATE KEY-----\n';
    const error = thrownBy(() => parseKeySource(pem, '--private-key'));
    expect(error).toMatchObject({
      code: 'OPTION_INVALID',
      message: '--private-key holds PEM text itself, where its place belongs',
    });
    expect([error.message, ...error.hints].join('')).not.toContain('sesame');
  });
});
