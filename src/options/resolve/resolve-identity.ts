import type { IdentitySource } from '../../identity/identity.ts';
import { readByteSource, readCertificateSource, readKeySource } from '../explain/explain-source.ts';
import { explainSources } from '../explain/explain-sources.ts';
import type { OptionValues } from '../parse/option-values.ts';
import { passwordOf } from './passwords.ts';
import { Problems } from '../parse/problems.ts';
import { resolveHardware } from './resolve-hardware.ts';

/**
 * Certificate and key wherever they are, with all that is said of tokens and TPMs. A call with files goes without this.
 *
 * @returns undefined where something is missing or wrong: explain-sources.ts says what
 */
export function resolveIdentity(values: OptionValues): IdentitySource | undefined {
  const problems = new Problems();
  explainSources(values, problems);
  const certificate = values.text('certificate');
  if (!problems.isEmpty || certificate === undefined) return undefined;
  const [privateKey, intermediates] = [values.text('private-key'), values.text('intermediates')];
  const keyPassword = passwordOf(values, 'pkcs8-password');
  return {
    certificate: readCertificateSource(certificate, values.origin('certificate')),
    ...(privateKey === undefined ? {} : { privateKey: readKeySource(privateKey, values.origin('private-key')) }),
    ...(intermediates === undefined
      ? {}
      : { intermediates: readByteSource(intermediates, values.origin('intermediates')) }),
    ...(keyPassword === undefined ? {} : { keyPassword }),
    ...resolveHardware(values),
  };
}
