import type { KeySource, SecretSource } from '../../identity/identity.ts';
import type { OptionValues } from '../parse/option-values.ts';

/** Where a password or PIN is: `--<flag>` itself, which may be the empty one, `--<flag>-file` or `--<flag>-fd`. */
export function passwordOf(values: OptionValues, flag: string): SecretSource | undefined {
  const [file, fd] = [`${flag}-file`, `${flag}-fd`];
  const given = [flag, file, fd].find((name) => values.isGiven(name) && (name === flag || values.text(name)));
  if (given === undefined) return undefined;
  const [option, value] = [values.origin(given), values.text(given) ?? ''];
  if (given === flag) return { option, kind: 'value', value };
  return given === file ? { option, kind: 'file', path: value } : { option, kind: 'fd', fd: Number(value) };
}

/**
 * The source that reads the descriptor of the password. Certificates and keys may share a source, which is read once
 * for all of them; a password needs one of its own.
 */
export function sharesDescriptor(
  password: SecretSource | undefined,
  sources: readonly (KeySource | SecretSource | undefined)[],
): KeySource | SecretSource | undefined {
  if (password?.kind !== 'fd') return undefined;
  return sources.find((source) => source !== password && descriptorOf(source) === password.fd);
}

function descriptorOf(source: KeySource | SecretSource | undefined): number | undefined {
  if (source?.kind === 'stdin') return 0;
  return source?.kind === 'fd' ? source.fd : undefined;
}
