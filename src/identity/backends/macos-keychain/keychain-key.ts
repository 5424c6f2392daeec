import { createHash } from 'node:crypto';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { Slot } from '../../../ffi/slot.ts';
import { type Digest, hashName } from '../../signer.ts';
import type { KeyUse, StoreKey } from '../system-store/system-store.ts';
import { type KeychainCalls, release, takeData, takeString } from './keychain-calls.ts';

/** Results of SecBase.h that a person can do something about. */
const hintsByStatus: Readonly<Record<number, readonly string[]>> = {
  // errSecInteractionNotAllowed
  [-25_308]: [
    'macOS would have to ask somebody, and may not: over SSH, in a daemon, or without a terminal',
    'choose Always Allow once, in a session at the screen and with --allow-ui; docs/backends/macos.md tells what that binds to',
    'security unlock-keychain unlocks a keychain; security set-key-partition-list lets a program use a key without a window',
  ],
  // errSecAuthFailed
  [-25_293]: ['macOS was given a wrong password, or no leave to use the key: choose Allow or Always Allow'],
  // errSecUserCanceled
  [-128]: ['somebody chose Deny or Cancel in the window of macOS: choose Allow or Always Allow'],
  // errSecMissingEntitlement
  [-34_018]: ['keys of the Secure Enclave want an entitlement, which no program without a provisioning profile has'],
};

/** What somebody said: nobody is to be asked that again and again. */
const answers: ReadonlySet<number> = new Set([-25_293, -128]);

/**
 * Opens the key of an identity. It stays where it is; the system asks for leave when it is to sign, and may do that only
 * where `use` says so.
 *
 * @throws RolesAnywhereError STORE_LOCKED, STORE_REFUSED
 */
export function openKeychainKey(calls: KeychainCalls, identity: bigint, use: KeyUse): StoreKey {
  const key = new Slot();
  const status = calls.SecIdentityCopyPrivateKey(identity, key.bytes);
  if (status !== 0) throw refused(use, 'cannot be opened', { code: status, words: wordsOf(calls, status) });
  return {
    signer: {
      algorithm: use.family === 'RSA' ? 'RSA' : 'ECDSA',
      sign: (message, digest = 'SHA-256') => sign(calls, key.value, { message, digest }, use),
    },
    close: () => release(calls, key.value),
  };
}

const schemes = { RSA: 'RSASignatureDigestPKCS1v15', EC: 'ECDSASignatureDigestX962' } as const;

/** On another thread: it waits for whoever is asked. The signature of ECDSA is DER already. */
async function sign(
  calls: KeychainCalls,
  key: bigint,
  { message, digest }: { readonly message: Uint8Array; readonly digest: Digest },
  use: KeyUse,
): Promise<Buffer> {
  const hash = createHash(hashName(digest)).update(message).digest();
  const algorithm = calls.constant(`kSecKeyAlgorithm${schemes[use.family]}${digest.replace('-', '')}`);
  const toSign = 0; // kSecKeyOperationTypeSign
  if (calls.SecKeyIsAlgorithmSupported(key, toSign, algorithm) === 0)
    throw refused(use, `does not sign with ${digest}`);
  // For the whole process, which has no other use of keychains.
  calls.SecKeychainSetUserInteractionAllowed(use.mayAsk ? 1 : 0);
  const error = new Slot();
  const data = calls.CFDataCreate(null, hash, hash.length);
  const signature = await calls.SecKeyCreateSignature.async(key, algorithm, data, error.bytes).finally(() =>
    release(calls, data),
  );
  if (signature === 0n) throw refused(use, 'did not sign', takeError(calls, error.value));
  return takeData(calls, signature);
}

interface Failure {
  readonly code: number;
  readonly words: string;
}

/** What a CFError says, which is given back. */
function takeError(calls: KeychainCalls, error: bigint): Failure {
  if (error === 0n) return { code: 0, words: '' };
  const code = Number(calls.CFErrorGetCode(error));
  const words = takeString(calls, calls.CFErrorCopyDescription(error));
  release(calls, error);
  return { code, words };
}

function wordsOf(calls: KeychainCalls, status: number): string {
  return takeString(calls, calls.SecCopyErrorMessageString(status, null));
}

function refused({ place }: KeyUse, what: string, failure?: Failure): RolesAnywhereError {
  const why = failure === undefined ? '' : `: ${failure.words === '' ? '' : `${failure.words} `}(${failure.code})`;
  const wasAsked = failure !== undefined && answers.has(failure.code);
  return new RolesAnywhereError(
    wasAsked ? 'STORE_REFUSED' : 'STORE_LOCKED',
    `the private key of ${place} ${what}${why}`,
    {
      hints: failure === undefined ? [] : (hintsByStatus[failure.code] ?? []),
    },
  );
}
