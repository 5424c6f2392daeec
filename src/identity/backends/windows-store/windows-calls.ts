import { platform } from 'node:os';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { Ffi, NativeFunctions } from '../../../ffi/ffi.ts';
import { findFfi } from '../../../ffi/find-ffi.ts';

/** The functions of wincrypt.h and ncrypt.h that are used, by their libraries. Handles and structures are pointers. */
const crypt32 = {
  CertOpenStore: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'pointer' },
  CertCloseStore: { takes: ['pointer', 'u32'], gives: 'i32' },
  CertEnumCertificatesInStore: { takes: ['pointer', 'pointer'], gives: 'pointer' },
  CertDuplicateCertificateContext: { takes: ['pointer'], gives: 'pointer' },
  CertFreeCertificateContext: { takes: ['pointer'], gives: 'i32' },
  CertGetCertificateContextProperty: { takes: ['pointer', 'u32', 'pointer', 'pointer'], gives: 'i32' },
  CryptAcquireCertificatePrivateKey: {
    takes: ['pointer', 'u32', 'pointer', 'pointer', 'pointer', 'pointer'],
    gives: 'i32',
  },
} as const;

const ncrypt = {
  NCryptSignHash: {
    takes: ['pointer', 'pointer', 'pointer', 'u32', 'pointer', 'u32', 'pointer', 'u32'],
    gives: 'u32',
  },
  NCryptFreeObject: { takes: ['pointer'], gives: 'u32' },
} as const;

const advapi32 = {
  CryptCreateHash: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer'], gives: 'i32' },
  CryptSetHashParam: { takes: ['pointer', 'u32', 'pointer', 'u32'], gives: 'i32' },
  CryptSignHashW: { takes: ['pointer', 'u32', 'pointer', 'u32', 'pointer', 'pointer'], gives: 'i32' },
  CryptDestroyHash: { takes: ['pointer'], gives: 'i32' },
  CryptReleaseContext: { takes: ['pointer', 'u32'], gives: 'i32' },
  CryptAcquireContextW: { takes: ['pointer', 'pointer', 'pointer', 'u32', 'u32'], gives: 'i32' },
  CryptGetProvParam: { takes: ['pointer', 'u32', 'pointer', 'pointer', 'u32'], gives: 'i32' },
} as const;

export type WindowsCalls = NativeFunctions<typeof crypt32 & typeof ncrypt & typeof advapi32> &
  Pick<Ffi, 'read' | 'addressOf'>;

/** Names or paths of the three libraries. */
export interface WindowsLibraries {
  readonly crypt32: string;
  readonly ncrypt: string;
  readonly advapi32: string;
}

const ofSystem: WindowsLibraries = { crypt32: 'crypt32.dll', ncrypt: 'ncrypt.dll', advapi32: 'advapi32.dll' };

/**
 * The calls of Windows that open stores and sign.
 *
 * @param libraries others in their place, on whatever system
 * @throws RolesAnywhereError STORE_UNAVAILABLE
 */
export async function openWindowsCalls(option: string, libraries?: WindowsLibraries): Promise<WindowsCalls> {
  if (libraries === undefined && platform() !== 'win32') {
    throw unavailable(`${option} names a certificate store of Windows, and this is ${platform()}`, [
      'give a file, a PKCS#11 URI or a key of the TPM',
    ]);
  }
  const ffi = await findFfi();
  if (!('open' in ffi)) throw unavailable(`${option} needs ${ffi.missing}`, ffi.hints, ffi.cause);
  return callsOf(ffi, option, libraries ?? ofSystem);
}

function callsOf(ffi: Ffi, option: string, paths: WindowsLibraries): WindowsCalls {
  try {
    return {
      ...ffi.open(paths.crypt32, crypt32),
      ...ffi.open(paths.ncrypt, ncrypt),
      ...ffi.open(paths.advapi32, advapi32),
      read: (address, length) => ffi.read(address, length),
      addressOf: (bytes) => ffi.addressOf(bytes),
    };
  } catch (cause) {
    const names = Object.values(paths).join(', ');
    throw unavailable(
      `${option}: this Windows lacks a function of its stores`,
      [`it is looked for in ${names}`],
      cause,
    );
  }
}

export function unavailable(message: string, hints: readonly string[], cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('STORE_UNAVAILABLE', message, { hints, cause });
}

/** A text as Windows takes it: UTF-16, with a zero at its end. */
export function wide(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le');
}
