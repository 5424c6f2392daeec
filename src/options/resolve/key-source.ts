import type { ByteSource } from '../../identity/identity.ts';

/**
 * Reads where a key or certificate is: `-` for stdin, `env:NAME`, `fd:N`, else the path of a file. `./env:NAME` is a
 * file.
 *
 * @param option what messages call the option
 * @returns undefined for whatever else begins with a word and a colon, right or wrong, and for the PEM itself:
 *   explain-source.ts reads it, or says what is wrong with it
 */
export function parseByteSource(text: string, option: string): ByteSource | undefined {
  const [, scheme, rest = ''] = /^([a-z]\w+):(.*)$/s.exec(text) ?? [];
  if (text === '-' || text === 'fd:0') return { option, kind: 'stdin' };
  if (scheme === 'env') return /^[A-Za-z_]\w*$/.test(rest) ? { option, kind: 'env', name: rest } : undefined;
  if (scheme === 'fd') return /^\d{1,9}$/.test(rest) ? { option, kind: 'fd', fd: Number(rest) } : undefined;
  return scheme || isPem(text) ? undefined : { option, kind: 'file', path: text };
}

/** The content of a file in place of its path. */
export function isPem(text: string): boolean {
  return /-----BEGIN|[\r\n]/.test(text);
}
