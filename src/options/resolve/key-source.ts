import type { KeySource } from '../../identity/identity.ts';

/**
 * Reads where a key or certificate is: `-` for stdin, `env:NAME`, `fd:N`, a PKCS#11 URI (RFC 7512), `handle:0x81…` for
 * a persistent key in a TPM, else the path of a file. `./env:NAME` is a file.
 *
 * @param option what messages call the option
 * @returns undefined for a text that begins like one of them and goes on otherwise, or is the PEM itself:
 *   explain-source.ts says what is wrong with it
 */
export function parseKeySource(text: string, option: string): KeySource | undefined {
  const [, scheme, rest = ''] = /^(env|fd|pkcs11|handle):(.*)$/s.exec(text) ?? [];
  if (text === '-' || text === 'fd:0') return { option, kind: 'stdin' };
  if (scheme === undefined) return /-----BEGIN|[\r\n]/.test(text) ? undefined : { option, kind: 'file', path: text };
  if (scheme === 'pkcs11') return { option, kind: 'pkcs11', uri: text };
  if (scheme === 'env') return /^[A-Za-z_]\w*$/.test(rest) ? { option, kind: 'env', name: rest } : undefined;
  if (scheme === 'fd') return /^\d{1,9}$/.test(rest) ? { option, kind: 'fd', fd: Number(rest) } : undefined;
  // Persistent handles are 0x81000000 to 0x81FFFFFF (TPM 2.0 Library, part 2, section 7.4).
  return /^(0x)?81[0-9a-f]{6}$/i.test(rest)
    ? { option, kind: 'tpm-handle', handle: Number.parseInt(rest, 16) }
    : undefined;
}
