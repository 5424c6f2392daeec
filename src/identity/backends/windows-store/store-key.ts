import { createHash } from 'node:crypto';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { type Digest, hashName, type Signer } from '../../signer.ts';
import { encodeEcdsaSignature } from '../../x509/der-writer.ts';
import { describePublicKey, whyUnsupported } from '../../x509/public-key.ts';
import type { StoredCertificate } from './certificate-store.ts';
import { Slot, wide, type WindowsCalls } from './windows-calls.ts';

/** wincrypt.h: CRYPT_ACQUIRE_SILENT_FLAG and CRYPT_ACQUIRE_PREFER_NCRYPT_KEY_FLAG; CERT_NCRYPT_KEY_SPEC */
const [acquireSilent, preferCng, cngSpec] = [0x40, 0x2_0000, 0xffff_ffff];
/** bcrypt.h, ncrypt.h: BCRYPT_PAD_PKCS1 and NCRYPT_SILENT_FLAG; NTE_SILENT_CONTEXT */
const [padPkcs1, signSilent, silentContext] = [0x2, 0x40, 0x8009_0022];
/** HP_HASHVAL, PP_CONTAINER, PROV_RSA_AES; CRYPT_SILENT, CRYPT_MACHINE_KEYSET */
const [hashValue, containerName, providerAes, contextSilent, machineKeys] = [2, 6, 24, 0x40, 0x20];
/** ALG_ID of wincrypt.h */
const algorithms: Readonly<Record<Digest, number>> = { 'SHA-256': 0x800c, 'SHA-384': 0x800d, 'SHA-512': 0x800e };

/** Whether Windows may show a window, as for the PIN of a smart card; and what messages call the certificate. */
export interface KeyUse {
  readonly mayAsk: boolean;
  readonly place: string;
}

interface Key {
  readonly handle: bigint;
  /** Of a legacy provider: which of a container's two keys. */
  readonly spec: number;
  readonly mustFree: boolean;
}

/** A key that Windows keeps, which signs there. */
export interface StoreKey {
  readonly signer: Signer;
  close(): void;
}

/**
 * Opens the key of a certificate: of CNG, or of a legacy provider where it is one's. Nothing is shown at first; where
 * Windows does not open it so, a window may come, if somebody is there to see it.
 *
 * @throws RolesAnywhereError KEY_UNSUPPORTED, STORE_REFUSED
 */
export function openStoreKey(calls: WindowsCalls, stored: StoredCertificate, use: KeyUse): StoreKey {
  const description = describePublicKey(stored.certificate.publicKeyInfo);
  if (description.family !== 'RSA' && description.family !== 'EC') {
    const why =
      description.family === 'ML-DSA'
        ? 'has an ML-DSA key, with which Windows stores do not sign'
        : whyUnsupported(description);
    throw new RolesAnywhereError('KEY_UNSUPPORTED', `${use.place} ${why}`);
  }
  const isRsa = description.family === 'RSA';
  const key =
    acquire(calls, stored.context, preferCng | acquireSilent) ??
    (use.mayAsk ? acquire(calls, stored.context, preferCng) : undefined);
  if (key === undefined) throw refused(use, 'cannot be opened');
  return {
    signer: {
      algorithm: isRsa ? 'RSA' : 'ECDSA',
      async sign(message, digest = 'SHA-256') {
        const hash = createHash(hashName(digest)).update(message).digest();
        if (key.spec === cngSpec) return signByCng(calls, key, { hash, digest, isRsa }, use);
        return signByProvider(calls, key, { hash, digest }, use);
      },
    },
    close: () => release(calls, key),
  };
}

function acquire(calls: WindowsCalls, context: bigint, flags: number): Key | undefined {
  const [handle, spec, mustFree] = [new Slot(), new Slot(), new Slot()];
  const isOpen = calls.CryptAcquireCertificatePrivateKey(
    context,
    flags,
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
}

/** NCryptSignHash: PKCS#1 v1.5 for RSA; r and s side by side for ECDSA. On another thread, as somebody may be asked. */
async function signByCng(
  calls: WindowsCalls,
  { handle }: Key,
  toSign: ToSign & { isRsa: boolean },
  use: KeyUse,
): Promise<Buffer> {
  const { hash, digest, isRsa } = toSign;
  const name = wide(hashName(digest).toUpperCase());
  const padding = Buffer.alloc(8);
  padding.writeBigUInt64LE(calls.addressOf(name));
  const size = Buffer.alloc(4);
  const signature = Buffer.alloc(1024);
  const attempt = (flags: number): Promise<number> =>
    calls.NCryptSignHash.async(
      handle,
      isRsa ? padding : null,
      hash,
      hash.length,
      signature,
      signature.length,
      size,
      flags,
    );
  const flags = isRsa ? padPkcs1 : 0;
  let status = await attempt(flags | signSilent);
  if (status === silentContext && use.mayAsk) status = await attempt(flags);
  // It stays reachable until here: `padding` has no more than its address.
  name.fill(0);
  if (status !== 0) throw refused(use, `did not sign (0x${status.toString(16)})`);
  const bytes = signature.subarray(0, size.readUInt32LE());
  const half = bytes.length / 2;
  return isRsa ? bytes : encodeEcdsaSignature(bytes.subarray(0, half), bytes.subarray(half));
}

/**
 * Legacy providers know SHA-2 only where they are of a newer type: the container of an older one is opened again as one
 * of those. Which error it was is not asked, as it is lost at times.
 */
function signByProvider(calls: WindowsCalls, { handle, spec }: Key, toSign: ToSign, use: KeyUse): Buffer {
  const silent = use.mayAsk ? 0 : contextSilent;
  const signature =
    signHash(calls, handle, spec, toSign) ??
    signInContainer(calls, { handle, spec }, toSign, silent) ??
    signInContainer(calls, { handle, spec }, toSign, silent | machineKeys);
  if (signature === undefined) throw refused(use, 'did not sign');
  return signature;
}

function signInContainer(
  calls: WindowsCalls,
  { handle, spec }: Pick<Key, 'handle' | 'spec'>,
  toSign: ToSign,
  flags: number,
): Buffer | undefined {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(512);
  const name = Buffer.alloc(512);
  if (calls.CryptGetProvParam(handle, containerName, name, size, 0) === 0) return undefined;
  const container = name.subarray(0, size.readUInt32LE()).toString('latin1').replace(/\0.*$/s, '');
  const provider = new Slot();
  if (calls.CryptAcquireContextW(provider.bytes, wide(container), null, providerAes, flags) === 0) return undefined;
  const signature = signHash(calls, provider.value, spec, toSign);
  calls.CryptReleaseContext(provider.value, 0);
  return signature;
}

/** CryptSignHash gives the signature with its last byte first. */
function signHash(calls: WindowsCalls, provider: bigint, spec: number, { hash, digest }: ToSign): Buffer | undefined {
  const handle = new Slot();
  if (calls.CryptCreateHash(provider, algorithms[digest], null, 0, handle.bytes) === 0) return undefined;
  const size = Buffer.alloc(4);
  const signature = Buffer.alloc(1024);
  size.writeUInt32LE(signature.length);
  const isSigned =
    calls.CryptSetHashParam(handle.value, hashValue, hash, 0) !== 0 &&
    calls.CryptSignHashW(handle.value, spec, null, 0, signature, size) !== 0;
  calls.CryptDestroyHash(handle.value);
  return isSigned ? Buffer.from(signature.subarray(0, size.readUInt32LE())).reverse() : undefined;
}

function refused({ place, mayAsk }: KeyUse, what: string): RolesAnywhereError {
  return new RolesAnywhereError('STORE_REFUSED', `the private key of ${place} ${what}`, {
    hints: [
      'this user may have no right to it: in certlm.msc, Manage Private Keys tells who has',
      ...(mayAsk
        ? []
        : ['a key with a PIN or strong protection asks by a window, which is shown only where there is a terminal']),
    ],
  });
}
