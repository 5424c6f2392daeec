import type { KeySource, SecretSource } from '../identity/identity.ts';
import type { OptionValues } from './option-values.ts';

/** Where the password of the key is. The empty password of the official helper's flag means none. */
export function keyPasswordOf(values: OptionValues): SecretSource | undefined {
  const flags = ['pkcs8-password', 'pkcs8-password-file', 'pkcs8-password-fd'] as const;
  const flag = flags.find((flag) => values.text(flag));
  if (flag === undefined) return undefined;
  const [option, value] = [values.origin(flag), values.text(flag) ?? ''];
  if (flag === 'pkcs8-password') return { option, kind: 'value', value };
  return flag === 'pkcs8-password-file'
    ? { option, kind: 'file', path: value }
    : { option, kind: 'fd', fd: Number(value) };
}

/**
 * The source that reads the descriptor of the password. Certificates and keys may share a source, which is read once
 * for all of them; a password needs one of its own.
 */
export function sharesDescriptor(
  password: SecretSource | undefined,
  sources: readonly (KeySource | undefined)[],
): KeySource | undefined {
  if (password?.kind !== 'fd') return undefined;
  return sources.find((source) => descriptorOf(source) === password.fd);
}

function descriptorOf(source: KeySource | undefined): number | undefined {
  if (source?.kind === 'stdin') return 0;
  return source?.kind === 'fd' ? source.fd : undefined;
}
