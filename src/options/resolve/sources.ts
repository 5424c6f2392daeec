import type { ByteSource, SecretSource } from '../../identity/identity.ts';
import type { OptionValues } from '../parse/option-values.ts';

/**
 * Reads where a key or certificate is: `-` for stdin, `env:NAME`, `fd:N`, else the path of a file. `./env:NAME` is a
 * file.
 *
 * @param option what messages call the option
 * @returns undefined for whatever else begins with a word and a colon, right or wrong, and for the PEM itself:
 *   read-sources.ts reads it, or says what is wrong with it
 */
export function parseByteSource(text: string, option: string): ByteSource | undefined {
  const [, scheme, rest = ''] = /^([a-z][\w-]+):(.*)$/s.exec(text) ?? [];
  if (text === '-' || text === 'fd:0') return { option, kind: 'stdin' };
  if (scheme === 'env') return /^[A-Za-z_]\w*$/.test(rest) ? { option, kind: 'env', name: rest } : undefined;
  if (scheme === 'fd') return /^\d{1,9}$/.test(rest) ? { option, kind: 'fd', fd: Number(rest) } : undefined;
  return scheme || holdsPem(text) ? undefined : { option, kind: 'file', path: text };
}

/** `cred:NAME`: one of systemd's credentials. A name has no slash (systemd.exec(5)). */
export function parseCredential(text: string, option: string) {
  const [, name] = /^cred:([^/]+)$/.exec(text) ?? [];
  return name ? ({ option, kind: 'credential', name } as const) : undefined;
}

/** The content of a file in place of its path. */
export function holdsPem(text: string): boolean {
  return /-----BEGIN|[\r\n]/.test(text);
}

/** Where a password or PIN is: `--<flag>` itself, which may be the empty one, `--<flag>-file` or `--<flag>-fd`. */
export function passwordOf(values: OptionValues, flag: string): SecretSource | undefined {
  const [file, fd] = [`${flag}-file`, `${flag}-fd`];
  const given = [flag, file, fd].find((name) => values.isGiven(name) && (name === flag || values.text(name)));
  if (given === undefined) return undefined;
  const [option, value] = [values.origin(given), values.text(given) ?? ''];
  if (given === flag) return { option, kind: 'value', value };
  if (given === fd) return { option, kind: 'fd', fd: Number(value) };
  return parseCredential(value, option) ?? { option, kind: 'file', path: value };
}
