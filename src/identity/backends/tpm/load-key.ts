import { type Authorization, type Entity, namedByHandle, passwordAuthorization } from './tpm2/command.ts';
import { createPrimary, importKey, load, type LoadedObject, readPublic } from './tpm2/commands.ts';
import type { TpmConnection } from './tpm2/connection.ts';
import { algorithms } from './tpm2/algorithms.ts';
import { sized, u16, u32 } from './tpm2/codec.ts';
import { objectAttributes } from './tpm2/public-area.ts';
import { canSalt } from './tpm2/salt.ts';
import { startHmacSession, type TpmSession } from './tpm2/session.ts';
import type { Tss2Key } from './tss2-key.ts';

/** A key that TPM2_Sign can be told to use. */
export interface LoadedKey {
  readonly object: LoadedObject;
  /** What sessions with this key can be salted to. */
  readonly salt: LoadedObject | undefined;
  /** An HMAC session that is good for more than one command. */
  session: TpmSession | undefined;
}

/** Whether a handle is one of 0x81000000 to 0x81ffffff (TPM 2.0 Library, part 2, section 7.2). */
export function isPersistentHandle(handle: number): boolean {
  return handle >>> 24 === 0x81;
}

/**
 * Finds or makes the parent of a key file and loads the key below it. The parent stays loaded.
 *
 * @param password of the parent, where that is persistent, else of the hierarchy that it is made in
 * @throws TpmRefusal, RolesAnywhereError
 */
export async function loadTss2Key(tpm: TpmConnection, key: Tss2Key, password: Uint8Array): Promise<LoadedKey> {
  const parent = isPersistentHandle(key.parent)
    ? { object: await tpm.run(readPublic(key.parent)), password }
    : { object: await makePrimary(tpm, key, password), password: new Uint8Array() };
  const salt = canSalt(parent.object.area) ? parent.object : undefined;
  const session = await startHmacSession(tpm, { salt });
  const authorize = (): Authorization =>
    session?.byHmac(parent.object, parent.password, 'keep') ?? passwordAuthorization(parent.password);
  const privateKey = await privateKeyFor(tpm, key, { parent: parent.object, authorize });
  const entity = await tpm.run(load(parent.object, privateKey, key.area), authorize());
  return { object: { ...entity, area: key.area }, salt, session };
}

/** The primary key that the hierarchy stands for. It has no password of its own. */
async function makePrimary(tpm: TpmConnection, key: Tss2Key, password: Uint8Array): Promise<LoadedObject> {
  const session = await startHmacSession(tpm, {});
  const template = key.rsaParent ? rsaStorageTemplate : eccStorageTemplate;
  const authorization = session?.byHmac(namedByHandle(key.parent), password, 'end') ?? passwordAuthorization(password);
  const primary = await tpm.run(createPrimary(key.parent, template), authorization);
  if (session !== undefined) tpm.gone(session.handle);
  return primary;
}

async function privateKeyFor(
  tpm: TpmConnection,
  { privateKey, importSecret, area }: Tss2Key,
  { parent, authorize }: { readonly parent: Entity; readonly authorize: () => Authorization },
): Promise<Uint8Array> {
  if (importSecret === undefined) return privateKey;
  return tpm.run(importKey(parent, { duplicate: privateKey, inSymSeed: importSecret }, area), authorize());
}

const storageAttributes =
  objectAttributes.fixedTPM |
  objectAttributes.fixedParent |
  objectAttributes.sensitiveDataOrigin |
  objectAttributes.userWithAuth |
  objectAttributes.noDA |
  objectAttributes.restricted |
  objectAttributes.decrypt;

const none = u16(algorithms.NULL);
const aes128Cfb = [u16(algorithms.AES), u16(128), u16(algorithms.CFB)];
/** nameAlg, attributes, authPolicy, symmetric */
const commonFields = [u16(algorithms.SHA256), u32(storageAttributes), sized(), ...aes128Cfb];

/**
 * TPMT_PUBLIC of the primary key that a hierarchy in a TSS2 file's `parent` stands for (draft-bottomley-tpm2-keys,
 * "parent"): TCG's H-2 template, P-256, with empty unique fields. It must stay as it is to the bit, for the TPM makes the
 * key out of it.
 */
export const eccStorageTemplate: Uint8Array = Buffer.concat([
  u16(algorithms.ECC),
  ...commonFields,
  none, // scheme
  u16(0x0003), // TPM_ECC_NIST_P256
  none, // kdf
  sized(), // x
  sized(), // y
]);

/** The same where the file says `rsaParent`: H-1, RSA 2048. */
export const rsaStorageTemplate: Uint8Array = Buffer.concat([
  u16(algorithms.RSA),
  ...commonFields,
  none, // scheme
  u16(2048),
  u32(0), // exponent
  sized(), // modulus
]);
