import { RolesAnywhereError } from '../../core/errors.ts';
import type { SecretSource } from '../../identity/identity.ts';
import { readByteSource, readCertificateSource, readKeySource } from './explain-source.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { passwordOf, sharesDescriptor } from '../resolve/passwords.ts';
import type { Problems } from '../parse/problems.ts';

const readers = {
  certificate: readCertificateSource,
  'private-key': readKeySource,
  intermediates: readByteSource,
} as const;

/** The flags of everything that has a password, or is a PIN. */
const passwordFlags = [
  'pkcs8-password',
  'pkcs11-pin',
  'tpm-key-password',
  'tpm-parent-password',
  'tpm-hierarchy-password',
] as const;

/** Tells what is wrong with the places of certificate, key, intermediates and passwords. */
export function explainSources(values: OptionValues, problems: Problems): void {
  const sources = (['certificate', 'private-key', 'intermediates'] as const).map((flag) => {
    const text = values.isGiven(flag) ? values.text(flag) : undefined;
    return text === undefined ? undefined : problems.try(() => readers[flag](text, values.origin(flag)));
  });
  problems.try(() => refuseSharedDescriptors(passwordsOf(values), sources));
}

function passwordsOf(values: OptionValues): readonly SecretSource[] {
  return passwordFlags.flatMap((flag) => passwordOf(values, flag) ?? []);
}

function refuseSharedDescriptors(
  passwords: readonly SecretSource[],
  sources: Parameters<typeof sharesDescriptor>[1],
): void {
  for (const password of passwords) {
    const other = sharesDescriptor(password, [...sources, ...passwords]);
    if (other === undefined) continue;
    throw new RolesAnywhereError('OPTION_CONFLICT', `${other.option} and ${password.option} read the same descriptor`, {
      hints: ['give one of them another source'],
    });
  }
}
