import { RolesAnywhereError } from '../errors.ts';
import type { ByteSource, KeySource } from '../identity/identity.ts';

/**
 * Reads where bytes come from: `env:NAME`, `fd:N`, `-` for stdin, else the path of a file. `./env:NAME` is a file.
 *
 * @param origin what messages call the option
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseByteSource(text: string, origin: string): ByteSource {
  if (/-----BEGIN|[\r\n]/.test(text)) {
    throw new RolesAnywhereError('OPTION_INVALID', `${origin} holds PEM text itself, where its place belongs`, {
      hints: ['put it into an environment variable and write env:NAME, or into a file and write its path'],
    });
  }
  if (text === '-' || text === 'fd:0') return { option: origin, kind: 'stdin' };
  if (text.startsWith('env:')) return { option: origin, kind: 'env', name: parseVariable(text, origin) };
  if (text.startsWith('fd:')) return { option: origin, kind: 'fd', fd: parseDescriptor(text, origin) };
  if (/^(pkcs11|handle):/.test(text)) {
    throw new RolesAnywhereError(
      'OPTION_INVALID',
      `${origin} must be a file, env:NAME, fd:N or -, not ${schemeOf(text)}`,
    );
  }
  return { option: origin, kind: 'file', path: text };
}

/**
 * Reads where a key or certificate is: what parseByteSource reads, a PKCS#11 URI (RFC 7512) or `handle:0x81…`, a
 * persistent key in a TPM.
 *
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseKeySource(text: string, origin: string): KeySource {
  if (text.startsWith('pkcs11:')) return { option: origin, kind: 'pkcs11', uri: text };
  if (text.startsWith('handle:')) return { option: origin, kind: 'tpm-handle', handle: parseHandle(text, origin) };
  return parseByteSource(text, origin);
}

function parseVariable(text: string, origin: string): string {
  const name = text.slice('env:'.length);
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new RolesAnywhereError('OPTION_INVALID', `${origin} must name an environment variable after env:`, {
      hints: ['write env:NAME, without a dollar sign'],
    });
  }
  return name;
}

function parseDescriptor(text: string, origin: string): number {
  const digits = text.slice('fd:'.length);
  if (!/^\d{1,9}$/.test(digits)) {
    throw new RolesAnywhereError(
      'OPTION_INVALID',
      `${origin} must hold a number after fd:, not ${JSON.stringify(text)}`,
    );
  }
  return Number(digits);
}

/** Persistent handles are 0x81000000 to 0x81FFFFFF (TPM 2.0 Library, part 2, section 7.4). */
function parseHandle(text: string, origin: string): number {
  const digits = text.slice('handle:'.length);
  const handle = /^(0x)?[0-9a-f]{1,8}$/i.test(digits) ? Number.parseInt(digits, 16) : 0;
  if (handle < 0x8100_0000 || handle > 0x81ff_ffff) {
    throw new RolesAnywhereError(
      'OPTION_INVALID',
      `${origin} must be a persistent handle, not ${JSON.stringify(text)}`,
      {
        hints: ['write handle:0x81000001; persistent handles are 0x81000000 to 0x81ffffff'],
      },
    );
  }
  return handle;
}

function schemeOf(text: string): string {
  return text.slice(0, text.indexOf(':') + 1);
}
