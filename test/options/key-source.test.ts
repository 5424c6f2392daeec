import { describe, expect, test } from 'vitest';
import { readByteSource } from '../../src/options/explain-source.ts';
import { parseKeySource } from '../../src/options/key-source.ts';
import { thrownBy } from '../support/thrown.ts';

const option = '--certificate';

describe('places of bytes', () => {
  test.each([
    ['-', { kind: 'stdin' }],
    ['fd:0', { kind: 'stdin' }],
    ['fd:63', { kind: 'fd', fd: 63 }],
    ['leaf.pem', { kind: 'file', path: 'leaf.pem' }],
    ['/etc/pki/leaf.pem', { kind: 'file', path: '/etc/pki/leaf.pem' }],
    ['C:\\pki\\leaf.pem', { kind: 'file', path: 'C:\\pki\\leaf.pem' }],
    ['./env:NAME', { kind: 'file', path: './env:NAME' }],
    ['environment', { kind: 'file', path: 'environment' }],
    ['env:LEAF_PEM', { kind: 'env', name: 'LEAF_PEM' }],
  ])('%s', (text, expected) => {
    expect(parseKeySource(text, option)).toEqual({ option, ...expected });
    expect(readByteSource(text, option)).toEqual({ option, ...expected });
  });
});

describe('places that keep the key to themselves', () => {
  test.each([
    [
      'pkcs11:token=hsm?pin-value=sesame',
      { kind: 'pkcs11', uri: 'pkcs11:token=hsm?pin-value=sesame' },
      'pkcs11:, but keys on a PKCS#11 token',
    ],
    ['handle:0x81000001', { kind: 'tpm-handle', handle: 0x8100_0001 }, 'handle:, but keys in a TPM'],
    ['handle:81FFFFFF', { kind: 'tpm-handle', handle: 0x81ff_ffff }, 'handle:, but keys in a TPM'],
  ])('%s is read, and not built yet', (text, expected, kind) => {
    expect(parseKeySource(text, option)).toEqual({ option, ...expected });
    expect(thrownBy(() => readByteSource(text, option))).toMatchObject({
      code: 'OPTION_NOT_BUILT',
      message: `--certificate begins with ${kind} are not built yet`,
    });
  });
});

describe('refused', () => {
  test.each([
    ['env:', 'must name an environment variable after env:'],
    ['env:$LEAF', 'must name an environment variable after env:'],
    ['env:A B', 'must name an environment variable after env:'],
    ['fd:', 'must hold a number after fd:'],
    ['fd:-1', 'must hold a number after fd:'],
    ['fd:three', 'must hold a number after fd:'],
    ['fd:1234567890', 'must hold a number after fd:'],
    ['handle:', 'must hold a persistent handle after handle:'],
    ['handle:0x80000001', 'must hold a persistent handle after handle:'],
    ['handle:0x8100000100', 'must hold a persistent handle after handle:'],
    ['handle:key', 'must hold a persistent handle after handle:'],
    [
      '-----BEGIN PRIVATE KEY-----\nsesame\n-----END PRIVATE KEY-----\n',
      'holds PEM text itself, where its place belongs',
    ],
    ['MIIBsesame\nsesame', 'holds PEM text itself, where its place belongs'],
  ])('%j', (text, what) => {
    expect(parseKeySource(text, option)).toBeUndefined();
    const error = thrownBy(() => readByteSource(text, option));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: `--certificate ${what}` });
    expect([error.message, ...error.hints].join('')).not.toContain('sesame');
  });
});
