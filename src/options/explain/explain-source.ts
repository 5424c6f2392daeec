import { type ErrorCode, RolesAnywhereError } from '../../core/errors.ts';
import type { ByteSource, KeySource } from '../../identity/identity.ts';
import { parsePkcs11Uri } from '../../identity/pkcs11-uri.ts';
import { parseKeySource } from '../resolve/key-source.ts';

type Explanation = readonly [code: ErrorCode, what: string, hint: string];

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
 * Reads where a private key is.
 * @throws RolesAnywhereError OPTION_INVALID, OPTION_MISPLACED
 */
export function readKeySource(text: string, option: string): KeySource {
  const source = parseKeySource(text, option);
  if (source === undefined) throw fault(option, explanations[text.split(':', 1)[0] ?? ''] ?? pemItself);
  if (source.kind === 'pkcs11') parsePkcs11Uri(source.uri, option);
  return source;
}

/** The same of a certificate, which is never in a TPM. */
export function readCertificateSource(text: string, option: string): Exclude<KeySource, { kind: 'tpm-handle' }> {
  const source = readKeySource(text, option);
  if (source.kind !== 'tpm-handle') return source;
  throw fault(option, [
    'OPTION_INVALID',
    'names a handle of the TPM, which holds keys and no certificates',
    'give the handle with --private-key, and with --certificate the file of the certificate',
  ]);
}

/** The same of what must be bytes: no token and no TPM gives them out. */
export function readByteSource(text: string, option: string): ByteSource {
  const source = readCertificateSource(text, option);
  if (source.kind !== 'pkcs11') return source;
  throw fault(option, [
    'OPTION_INVALID',
    'is a PKCS#11 URI, and must be a file, env:NAME, fd:N or - for stdin',
    'intermediate certificates that are on the token of the leaf are found without an option',
  ]);
}

/** The text itself is never shown: it may hold a PIN or a key. */
function fault(option: string, [code, what, hint]: Explanation): RolesAnywhereError {
  return new RolesAnywhereError(code, `${option} ${what}`, { hints: [hint] });
}
