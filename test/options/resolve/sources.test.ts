import { describe, expect, test } from 'vitest';
import { readByteSource, readCertificateSource, readKeySource } from '../../../src/options/resolve/read-sources.ts';
import { parseByteSource } from '../../../src/options/resolve/sources.ts';
import { thrownBy } from '../../support/thrown.ts';

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
    expect(parseByteSource(text, option)).toEqual({ option, ...expected });
    expect(readByteSource(text, option)).toEqual({ option, ...expected });
  });
});

test.each(['file:leaf.pem', 'constructor:leaf.pem'])('%s is a file, which the hot path leaves to others', (path) => {
  expect(parseByteSource(path, option)).toBeUndefined();
  expect(readKeySource(path, option)).toEqual({ option, kind: 'file', path });
});

describe('places that keep the key to themselves', () => {
  const uri = 'pkcs11:token=hsm?pin-value=sesame';

  test.each([
    [uri, { kind: 'pkcs11', uri }],
    ['handle:0x81000001', { kind: 'tpm-handle', handle: 0x8100_0001 }],
    ['handle:81FFFFFF', { kind: 'tpm-handle', handle: 0x81ff_ffff }],
    ['ssh-agent:', { kind: 'ssh-agent' }],
    ['ssh-agent:?socket=~/a b%20c', { kind: 'ssh-agent', socket: '~/a b c' }],
  ])('%s', (text, expected) => {
    expect(parseByteSource(text, option)).toBeUndefined();
    expect(readKeySource(text, option)).toEqual({ option, ...expected });
  });

  test('a certificate may be on a token, and not in a TPM', () => {
    expect(readCertificateSource(uri, option).kind).toBe('pkcs11');
    expect(thrownBy(() => readCertificateSource('handle:0x81000001', option))).toMatchObject({
      code: 'OPTION_INVALID',
      message: '--certificate names a handle of the TPM, which holds keys and no certificates',
    });
  });

  test('what must be bytes is in neither', () => {
    expect(thrownBy(() => readByteSource(uri, '--intermediates'))).toMatchObject({
      code: 'OPTION_INVALID',
      message: '--intermediates is a PKCS#11 URI, and must be a file, env:NAME, fd:N or - for stdin',
    });
  });

  test('a URI that cannot be read is told in the words of its parser', () => {
    expect(thrownBy(() => readKeySource('pkcs11:tokn=hsm?pin-value=sesame', option))).toMatchObject({
      code: 'OPTION_INVALID',
      message: '--certificate has a PKCS#11 URI with the unknown attribute tokn',
      hints: ['did you mean token'],
    });
    expect(thrownBy(() => readKeySource('pkcs11:pin-value=sesame', option)).code).toBe('OPTION_MISPLACED');
  });
});

describe('refused', () => {
  test.each([
    ['env:', 'must name an environment variable after env:'],
    ['env:$LEAF', 'must name an environment variable after env:'],
    ['cred:', 'must name a credential of systemd after cred:'],
    ['cred:a/b', 'must name a credential of systemd after cred:'],
    ['env:A B', 'must name an environment variable after env:'],
    ['fd:', 'must hold a number after fd:'],
    ['fd:-1', 'must hold a number after fd:'],
    ['fd:three', 'must hold a number after fd:'],
    ['fd:1234567890', 'must hold a number after fd:'],
    ['handle:', 'must hold a persistent handle after handle:'],
    ['handle:0x80000001', 'must hold a persistent handle after handle:'],
    ['handle:0x8100000100', 'must hold a persistent handle after handle:'],
    ['handle:key', 'must hold a persistent handle after handle:'],
    ['ssh-agent:sesame', 'must be ssh-agent: alone, or name a socket after it'],
    ['ssh-agent:?socket=', 'must be ssh-agent: alone, or name a socket after it'],
    ['ssh-agent:?sock=/sesame', 'must be ssh-agent: alone, or name a socket after it'],
    ['ssh-agent:?socket=%zz', 'must be ssh-agent: alone, or name a socket after it'],
    ['ssh-agent:?socket=/a&socket=/b', 'must be ssh-agent: alone, or name a socket after it'],
    ['ssh-agent:?socket=%00', 'must be ssh-agent: alone, or name a socket after it'],
    [
      '-----BEGIN PRIVATE KEY-----\nsesame\n-----END PRIVATE KEY-----\n',
      'holds PEM text itself, where its place belongs',
    ],
    ['MIIBsesame\nsesame', 'holds PEM text itself, where its place belongs'],
  ])('%j', (text, what) => {
    expect(parseByteSource(text, option)).toBeUndefined();
    const error = thrownBy(() => readByteSource(text, option));
    expect(error).toMatchObject({ code: 'OPTION_INVALID', message: `--certificate ${what}` });
    expect([error.message, ...error.hints].join('')).not.toContain('sesame');
  });
});
