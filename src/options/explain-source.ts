import { type ErrorCode, RolesAnywhereError } from '../errors.ts';
import type { ByteSource, KeySource } from '../identity/identity.ts';
import { parseKeySource } from './key-source.ts';

type Explanation = readonly [code: ErrorCode, what: string, hint: string];

const notBuiltHint = 'this version takes certificate and key from a file, the environment, a file descriptor or stdin';

const explanations: Readonly<Record<string, Explanation>> = {
  env: [
    'OPTION_INVALID',
    'must name an environment variable after env:',
    'write env:NAME, without a dollar sign; a file of that name is ./env:NAME',
  ],
  fd: ['OPTION_INVALID', 'must hold a number after fd:', 'write fd:3; a file of that name is ./fd:3'],
  handle: [
    'OPTION_INVALID',
    'must hold a persistent handle after handle:',
    'write handle:0x81000001; persistent handles are 0x81000000 to 0x81ffffff',
  ],
};

const pemItself: Explanation = [
  'OPTION_INVALID',
  'holds PEM text itself, where its place belongs',
  'put it into an environment variable and write env:NAME, or into a file and write its path',
];

/**
 * Reads where bytes come from.
 * @throws RolesAnywhereError OPTION_INVALID; OPTION_NOT_BUILT for keys that are not in files
 */
export function readByteSource(text: string, option: string): ByteSource {
  const source: KeySource | undefined = parseKeySource(text, option);
  if (source === undefined) throw fault(option, explanations[text.split(':', 1)[0] ?? ''] ?? pemItself);
  if (source.kind === 'pkcs11') {
    const what = 'begins with pkcs11:, but keys on a PKCS#11 token are not built yet';
    throw fault(option, ['OPTION_NOT_BUILT', what, notBuiltHint]);
  }
  if (source.kind === 'tpm-handle') {
    throw fault(option, ['OPTION_NOT_BUILT', 'begins with handle:, but keys in a TPM are not built yet', notBuiltHint]);
  }
  return source;
}

/** The text itself is never shown: it may hold a PIN or a key. */
function fault(option: string, [code, what, hint]: Explanation): RolesAnywhereError {
  return new RolesAnywhereError(code, `${option} ${what}`, { hints: [hint] });
}
