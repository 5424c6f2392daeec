import type { KeySource, SecretSource } from '../identity/identity.ts';
import type { OptionValues } from './option-values.ts';

/** Where the password of the key is. The empty password of the official helper's flag means none. */
export function keyPasswordOf(values: OptionValues): SecretSource | undefined {
  const value = values.text('pkcs8-password');
  if (value) return { option: values.origin('pkcs8-password'), kind: 'value', value };
  const path = values.text('pkcs8-password-file');
  if (path !== undefined) return { option: values.origin('pkcs8-password-file'), kind: 'file', path };
  const fd = values.integer('pkcs8-password-fd');
  return fd === undefined ? undefined : { option: values.origin('pkcs8-password-fd'), kind: 'fd', fd };
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
