import { createHash } from 'node:crypto';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { Slot } from '../../../ffi/slot.ts';
import { type Digest, hashName, type Signer } from '../../signer.ts';
import { encodeEcdsaSignature } from '../../x509/der-writer.ts';
import type { KeyUse, StoredCertificate, StoreKey } from '../system-store/system-store.ts';
import { wide, type WindowsCalls } from './windows-calls.ts';

/** wincrypt.h: CRYPT_ACQUIRE_SILENT_FLAG and CRYPT_ACQUIRE_PREFER_NCRYPT_KEY_FLAG; CERT_NCRYPT_KEY_SPEC */
const [acquireSilent, preferCng, cngSpec] = [0x40, 0x2_0000, 0xffff_ffff];
/** bcrypt.h, ncrypt.h: BCRYPT_PAD_PKCS1 and NCRYPT_SILENT_FLAG; NTE_SILENT_CONTEXT */
const [padPkcs1, signSilent, silentContext] = [0x2, 0x40, 0x8009_0022];
/** HP_HASHVAL, PP_CONTAINER, PROV_RSA_AES; CRYPT_SILENT, CRYPT_MACHINE_KEYSET */
const [hashValue, containerName, providerAes, contextSilent, machineKeys] = [2, 6, 24, 0x40, 0x20];
/** ALG_ID of wincrypt.h */
const algorithms: Readonly<Record<Digest, number>> = { 'SHA-256': 0x800c, 'SHA-384': 0x800d, 'SHA-512': 0x800e };

interface Key {
  readonly handle: bigint;
  /** Of a legacy provider: which of a container's two keys. */
  readonly spec: number;
  readonly mustFree: boolean;
}

/**
 * Opens the key of a certificate: of CNG, or of a legacy provider where it is one's. Nothing is shown at first; where
 * Windows does not open it so, or does not sign, a window may come, if somebody is there to see it.
 *
 * @throws RolesAnywhereError STORE_LOCKED, STORE_REFUSED
 */
export async function openStoreKey(calls: WindowsCalls, { handle }: StoredCertificate, use: KeyUse): Promise<StoreKey> {
  // A key may be the context's own, which is held as long as the key is.
  const context = calls.CertDuplicateCertificateContext(handle);
  const opened: Key[] = [];
  const open = async (silence: number): Promise<Key | undefined> => {
    const key = await acquire(calls, context, silence);
    if (key !== undefined) opened.push(key);
    return key;
  };
  const close = (): void => {
    for (const key of opened) release(calls, key);
    calls.CertFreeCertificateContext(context);
  };
  const silent = await open(acquireSilent);
  const first = silent ?? (use.mayAsk ? await open(0) : undefined);
  if (first === undefined) {
    close();
    throw refused(use, 'cannot be opened');
  }
  let asking: Promise<Key | undefined> | undefined = silent === undefined ? Promise.resolve(first) : undefined;
  // Of signatures under way one asks for all; where that failed, a later one asks anew.
  const ask = async (): Promise<Key | undefined> => {
    const key = await open(0);
    if (key === undefined) asking = undefined;
    return key;
  };
  return { signer: signerOf(calls, { first, asking: () => (asking ??= ask()) }, use), close };
}

/** Signatures may be made at the same time: what is open stays so. */
interface Keys {
  readonly first: Key;
  /** The key, opened so that Windows may ask: what was opened in silence may stay silent whatever it is told later. */
  asking(): Promise<Key | undefined>;
}

function signerOf(calls: WindowsCalls, keys: Keys, use: KeyUse): Signer {
  return {
    algorithm: use.family === 'RSA' ? 'RSA' : 'ECDSA',
    async sign(message, digest = 'SHA-256') {
      const key = keys.first;
      const hash = createHash(hashName(digest)).update(message).digest();
      const toSign = { hash, digest, isRsa: use.family === 'RSA' };
      if (key.spec !== cngSpec) return signByProvider(calls, key, toSign, use);
      const first = await signByCng(calls, key, toSign, signSilent);
      const open = first.status === silentContext && use.mayAsk ? await keys.asking() : undefined;
      const { status, signature } = open === undefined ? first : await signByCng(calls, open, toSign, 0);
      if (status === 0) return signature;
      throw refused(use, `did not sign (0x${status.toString(16)})`, status);
    },
  };
}

/** On another thread, as a reader is asked for its card, and somebody for leave. */
async function acquire(calls: WindowsCalls, context: bigint, silence: number): Promise<Key | undefined> {
  const [handle, spec, mustFree] = [new Slot(), new Slot(), new Slot()];
  const isOpen = await calls.CryptAcquireCertificatePrivateKey.async(
    context,
    preferCng | silence,
    null,
    handle.bytes,
    spec.bytes,
    mustFree.bytes,
  );
  if (isOpen === 0) return undefined;
  return {
    handle: handle.value,
    spec: Number(spec.value & 0xffff_ffffn),
    mustFree: (mustFree.value & 0xffff_ffffn) !== 0n,
  };
}

function release(calls: WindowsCalls, { handle, spec, mustFree }: Key): void {
  if (!mustFree) return;
  if (spec === cngSpec) calls.NCryptFreeObject(handle);
  else calls.CryptReleaseContext(handle, 0);
}

interface ToSign {
  readonly hash: Buffer;
  readonly digest: Digest;
  readonly isRsa: boolean;
}

/** NCryptSignHash: PKCS#1 v1.5 for RSA; r and s side by side for ECDSA. On another thread, as somebody may be asked. */
async function signByCng(
  calls: WindowsCalls,
  { handle }: Key,
  { hash, digest, isRsa }: ToSign,
  silence: number,
): Promise<{ readonly status: number; readonly signature: Buffer }> {
  const name = wide(hashName(digest).toUpperCase());
  const padding = Buffer.alloc(8);
  padding.writeBigUInt64LE(calls.addressOf(name));
  const [size, room] = [Buffer.alloc(4), Buffer.alloc(1024)];
  const flags = silence | (isRsa ? padPkcs1 : 0);
  const status = await calls.NCryptSignHash.async(
    handle,
    isRsa ? padding : null,
    hash,
    hash.length,
    room,
    room.length,
    size,
    flags,
  );
  // It stays reachable until here: `padding` has no more than its address.
  name.fill(0);
  const bytes = room.subarray(0, size.readUInt32LE());
  const half = bytes.length / 2;
  const signature = isRsa || status !== 0 ? bytes : encodeEcdsaSignature(bytes.subarray(0, half), bytes.subarray(half));
  return { status, signature };
}

/**
 * Legacy providers know SHA-2 only where they are of a newer type: the container of an older one is opened again as one
 * of those. Which error it was is not asked, as it is lost at times.
 */
async function signByProvider(
  calls: WindowsCalls,
  { handle, spec }: Key,
  toSign: ToSign,
  use: KeyUse,
): Promise<Buffer> {
  const silent = use.mayAsk ? 0 : contextSilent;
  const signature =
    (await signHash(calls, handle, spec, toSign)) ??
    (await signInContainer(calls, { handle, spec }, toSign, silent)) ??
    (await signInContainer(calls, { handle, spec }, toSign, silent | machineKeys));
  if (signature === undefined) throw refused(use, 'did not sign');
  return signature;
}

async function signInContainer(
  calls: WindowsCalls,
  { handle, spec }: Pick<Key, 'handle' | 'spec'>,
  toSign: ToSign,
  flags: number,
): Promise<Buffer | undefined> {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(512);
  const name = Buffer.alloc(512);
  if (calls.CryptGetProvParam(handle, containerName, name, size, 0) === 0) return undefined;
  const container = name.subarray(0, size.readUInt32LE()).toString('latin1').replace(/\0.*$/s, '');
  const provider = new Slot();
  if (calls.CryptAcquireContextW(provider.bytes, wide(container), null, providerAes, flags) === 0) return undefined;
  try {
    return await signHash(calls, provider.value, spec, toSign);
  } finally {
    calls.CryptReleaseContext(provider.value, 0);
  }
}

/** CryptSignHash gives the signature with its last byte first. On another thread, as somebody may be asked. */
async function signHash(
  calls: WindowsCalls,
  provider: bigint,
  spec: number,
  { hash, digest }: ToSign,
): Promise<Buffer | undefined> {
  const handle = new Slot();
  if (calls.CryptCreateHash(provider, algorithms[digest], null, 0, handle.bytes) === 0) return undefined;
  const size = Buffer.alloc(4);
  const signature = Buffer.alloc(1024);
  size.writeUInt32LE(signature.length);
  try {
    const isSigned =
      calls.CryptSetHashParam(handle.value, hashValue, hash, 0) !== 0 &&
      (await calls.CryptSignHashW.async(handle.value, spec, null, 0, signature, size)) !== 0;
    return isSigned ? Buffer.from(signature.subarray(0, size.readUInt32LE())).reverse() : undefined;
  } finally {
    calls.CryptDestroyHash(handle.value);
  }
}

/** winerror.h: results of CNG that are what somebody said to a window, or what came of it. */
const answers: Readonly<Record<number, string>> = {
  // SCARD_W_CANCELLED_BY_USER
  0x8010_006e: 'somebody closed the window that asked for the PIN: give the PIN there',
  // SCARD_W_WRONG_CHV
  0x8010_006b: 'the PIN was wrong: a card locks after a few of those',
  // SCARD_W_CHV_BLOCKED
  0x8010_006c: 'the card is locked after too many wrong PINs: whoever issued it can unlock it',
  // ERROR_CANCELLED
  0x8007_04c7: 'somebody refused in the window of Windows that asked for leave to use the key',
  // NTE_USER_CANCELLED
  0x8009_0036: 'somebody closed the window of Windows that asked for leave to use the key',
  // NTE_INCORRECT_PASSWORD
  0x8009_0033: 'the PIN or password of the key was wrong: a TPM or card locks after a few of those',
};

/** SCARD_W_REMOVED_CARD */
const otherHints: Readonly<Record<number, string>> = { 0x8010_0069: 'the card is not in its reader' };

/** Where nobody said no, another try later may do; calls that tell no status do not say that somebody did. */
function refused({ place, mayAsk }: KeyUse, what: string, status = 0): RolesAnywhereError {
  const hint = answers[status] ?? otherHints[status];
  const code = status in answers ? 'STORE_REFUSED' : 'STORE_LOCKED';
  return new RolesAnywhereError(code, `the private key of ${place} ${what}`, {
    hints: hint === undefined ? hintsOf(mayAsk) : [hint],
  });
}

function hintsOf(mayAsk: boolean): readonly string[] {
  const windows =
    'a key with a PIN or strong protection asks by a window, where there is a terminal or with --allow-ui';
  const right = 'this user may have no right to it: in certlm.msc, Manage Private Keys tells who has';
  return mayAsk ? [right] : [right, windows];
}
