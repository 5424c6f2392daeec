import { damaged, equalBytes } from '../../../x509/der.ts';
import { algorithmName, algorithms } from './algorithms.ts';
import { type Cursor, sized, takeSized, takeU16, takeU32, takeU8, u16, u32, u8 } from './codec.ts';
import { type Entity, namedByHandle, nullHandle, type TpmCommand } from './command.ts';
import { type ParameterCipher, writeSymmetric } from './parameter-encryption.ts';
import { objectName, type PublicArea, readPublicArea, sizedPublic } from './public-area.ts';

/**
 * The commands of TPM 2.0 Library, part 3, that this package sends, in the order of that part. Parameters have the names
 * that they have there.
 */

/** Most commands: nothing to encrypt, nothing loaded, and quick. */
const quick = { encryptable: { command: false, answer: false }, loads: false, duration: 'short' } as const;

/** TPM_SE (TPM 2.0 Library, part 2, section 6.11) */
const sessionTypes = { hmac: 0x00, policy: 0x01 } as const;

export type SessionType = keyof typeof sessionTypes;

export interface AuthSessionRequest {
  readonly type: SessionType;
  /** Handle of the key that decrypts the salt, or TPM_RH_NULL. */
  readonly tpmKey: number;
  /** Handle of the object to bind to, or TPM_RH_NULL. */
  readonly bind: number;
  readonly nonceCaller: Uint8Array;
  /** Contents of the TPM2B_ENCRYPTED_SECRET; empty without a salt. */
  readonly encryptedSalt: Uint8Array;
  readonly cipher: ParameterCipher;
}

/** TPM2_StartAuthSession with SHA-256 (part 3, section 11.1). */
export function startAuthSession(
  request: AuthSessionRequest,
): TpmCommand<{ readonly handle: number; readonly nonceTpm: Uint8Array }> {
  return {
    name: 'TPM2_StartAuthSession',
    code: 0x176,
    handles: [namedByHandle(request.tpmKey), namedByHandle(request.bind)],
    parameters: Buffer.concat([
      sized(request.nonceCaller),
      sized(request.encryptedSalt),
      u8(sessionTypes[request.type]),
      writeSymmetric(request.cipher),
      u16(algorithms.SHA256),
    ]),
    encryptable: { command: false, answer: false },
    loads: true,
    duration: 'medium',
    read: (cursor, handle) => ({ handle, nonceTpm: Uint8Array.from(takeSized(cursor)) }),
  };
}

/**
 * TPM2_Load (TPM 2.0 Library, part 3, section 12.2).
 *
 * @param inPrivate TPM2B_PRIVATE
 */
export function load(parent: Entity, inPrivate: Uint8Array, area: PublicArea): TpmCommand<Entity> {
  const name = objectName(area);
  return {
    name: 'TPM2_Load',
    code: 0x157,
    handles: [parent],
    parameters: Buffer.concat([inPrivate, sizedPublic(area)]),
    encryptable: { command: true, answer: true },
    loads: true,
    duration: 'medium',
    read(cursor, handle) {
      if (!equalBytes(takeSized(cursor), name)) throw damaged('it names another key');
      return { handle, name };
    },
  };
}

/** An object in the TPM with its public area. */
export interface LoadedObject extends Entity {
  readonly area: PublicArea;
}

/** TPM2_ReadPublic (TPM 2.0 Library, part 3, section 12.4). */
export function readPublic(handle: number): TpmCommand<LoadedObject> {
  return {
    name: 'TPM2_ReadPublic',
    code: 0x173,
    handles: [namedByHandle(handle)],
    parameters: new Uint8Array(),
    ...quick,
    read(cursor) {
      const area = readPublicArea(takeSized(cursor));
      takeSized(cursor); // name: it is computed here
      takeSized(cursor); // qualifiedName
      return { handle, name: objectName(area), area };
    },
  };
}

/** What TPM2_Import takes besides the public area. */
export interface Duplicate {
  /** TPM2B_PRIVATE, wrapped for the parent. */
  readonly duplicate: Uint8Array;
  /** TPM2B_ENCRYPTED_SECRET: the seed of that wrapping. */
  readonly inSymSeed: Uint8Array;
}

/**
 * TPM2_Import (TPM 2.0 Library, part 3, section 13.3) of a key without inner wrapper, as importable TSS2 files have it
 * (draft-bottomley-tpm2-keys, "secret"). The result is the TPM2B_PRIVATE for TPM2_Load.
 */
export function importKey(
  parent: Entity,
  { duplicate, inSymSeed }: Duplicate,
  area: PublicArea,
): TpmCommand<Uint8Array> {
  const encryptionKey = sized();
  return {
    name: 'TPM2_Import',
    code: 0x156,
    handles: [parent],
    parameters: Buffer.concat([encryptionKey, sizedPublic(area), duplicate, inSymSeed, u16(algorithms.NULL)]),
    encryptable: { command: true, answer: true },
    loads: false,
    duration: 'medium',
    read: (cursor) => sized(takeSized(cursor)),
  };
}

/** TPM_ST_HASHCHECK (TPM 2.0 Library, part 2, section 6.9) */
const tagHashCheck = 0x8024;

/** TPMT_SIG_SCHEME (TPM 2.0 Library, part 2, section 11.2.1.5). */
export interface SignatureScheme {
  readonly scheme: typeof algorithms.RSASSA | typeof algorithms.ECDSA;
  readonly hash: number;
}

/** TPMT_SIGNATURE (part 2, section 11.3.4); `r` and `s` may lack leading zeros. */
export type TpmSignature =
  | { readonly type: 'RSA'; readonly signature: Uint8Array }
  | { readonly type: 'ECC'; readonly r: Uint8Array; readonly s: Uint8Array };

/** TPM2_Sign (part 3, section 20.2) with a key that is not restricted, which needs no ticket. */
export function signDigest(
  key: Entity,
  digest: Uint8Array,
  { scheme, hash }: SignatureScheme,
): TpmCommand<TpmSignature> {
  const noTicket = [u16(tagHashCheck), u32(nullHandle), sized()];
  return {
    name: 'TPM2_Sign',
    code: 0x15d,
    handles: [key],
    parameters: Buffer.concat([sized(digest), u16(scheme), u16(hash), ...noTicket]),
    encryptable: { command: true, answer: false },
    loads: false,
    duration: 'medium',
    read(cursor) {
      const [foundScheme, foundHash] = [takeU16(cursor), takeU16(cursor)];
      if (foundScheme !== scheme || foundHash !== hash) {
        throw damaged(`it is a signature by ${algorithmName(foundScheme)} with ${algorithmName(foundHash)}`);
      }
      return readSignature(cursor, scheme);
    },
  };
}

function readSignature(cursor: Cursor, scheme: SignatureScheme['scheme']): TpmSignature {
  if (scheme === algorithms.RSASSA) return { type: 'RSA', signature: Uint8Array.from(takeSized(cursor)) };
  return { type: 'ECC', r: takeSized(cursor), s: takeSized(cursor) };
}

/** Commands that a policy is made of and that are carried out here, by TPM_CC (TPM 2.0 Library, part 2, section 6.5.2). */
export const policyCommands = {
  policyAuthValue: 0x16b,
  policyPassword: 0x18c,
  policyPcr: 0x17f,
} as const;

/** Names of all of them (part 3, chapter 23), for the others to be refused by. */
const policyNames: Readonly<Record<number, string>> = {
  0x149: 'TPM2_PolicyNV',
  0x151: 'TPM2_PolicySecret',
  0x160: 'TPM2_PolicySigned',
  0x16a: 'TPM2_PolicyAuthorize',
  [policyCommands.policyAuthValue]: 'TPM2_PolicyAuthValue',
  0x16c: 'TPM2_PolicyCommandCode',
  0x16d: 'TPM2_PolicyCounterTimer',
  0x16e: 'TPM2_PolicyCpHash',
  0x16f: 'TPM2_PolicyLocality',
  0x170: 'TPM2_PolicyNameHash',
  0x171: 'TPM2_PolicyOR',
  0x172: 'TPM2_PolicyTicket',
  [policyCommands.policyPcr]: 'TPM2_PolicyPCR',
  0x187: 'TPM2_PolicyPhysicalPresence',
  0x188: 'TPM2_PolicyDuplicationSelect',
  [policyCommands.policyPassword]: 'TPM2_PolicyPassword',
  0x18f: 'TPM2_PolicyNvWritten',
  0x190: 'TPM2_PolicyTemplate',
  0x192: 'TPM2_PolicyAuthorizeNV',
  0x19b: 'TPM2_PolicyCapability',
  0x19c: 'TPM2_PolicyParameters',
};

export function policyCommandName(code: number): string {
  return policyNames[code] ?? `command 0x${code.toString(16)}`;
}

/**
 * TPM2_PolicyAuthValue, TPM2_PolicyPassword or TPM2_PolicyPCR (part 3, sections 23.17, 23.18 and 23.7).
 *
 * @param parameters after the session's handle, as a TSS2 file has them
 */
export function policyCommand(session: number, code: number, parameters: Uint8Array): TpmCommand<void> {
  return {
    name: policyCommandName(code),
    code,
    handles: [namedByHandle(session)],
    parameters,
    ...quick,
    read: () => undefined,
  };
}

/**
 * TPM2_CreatePrimary (TPM 2.0 Library, part 3, section 24.1) of a key with an empty password.
 *
 * @param hierarchy TPM_RH_OWNER, TPM_RH_ENDORSEMENT, TPM_RH_PLATFORM or TPM_RH_NULL
 * @param template TPMT_PUBLIC
 */
export function createPrimary(hierarchy: number, template: Uint8Array): TpmCommand<LoadedObject> {
  const inSensitive = sized(sized(), sized());
  const outsideInfo = sized();
  const creationPcr = u32(0);
  return {
    name: 'TPM2_CreatePrimary',
    code: 0x131,
    handles: [namedByHandle(hierarchy)],
    parameters: Buffer.concat([inSensitive, sized(template), outsideInfo, creationPcr]),
    encryptable: { command: true, answer: true },
    loads: true,
    duration: 'long',
    read(cursor, handle) {
      const area = readPublicArea(takeSized(cursor));
      takeSized(cursor); // creationData
      takeSized(cursor); // creationHash
      takeU16(cursor); // creationTicket: TPMT_TK_CREATION
      takeU32(cursor);
      takeSized(cursor);
      takeSized(cursor); // name: it is computed here
      return { handle, name: objectName(area), area };
    },
  };
}

/** TPM2_FlushContext (TPM 2.0 Library, part 3, section 28.4). The handle is a parameter here, not in the handle area. */
export function flushContext(handle: number): TpmCommand<void> {
  return {
    name: 'TPM2_FlushContext',
    code: 0x165,
    handles: [],
    parameters: u32(handle),
    ...quick,
    read: () => undefined,
  };
}

/** TPM_CAP (TPM 2.0 Library, part 2, section 6.12) */
const capabilities = { algorithms: 0, handles: 1, tpmProperties: 6 } as const;

/** TPM_PT (part 2, section 6.13): what guards against guessing. */
export const tpmProperties = { lockoutCounter: 0x20e, maxAuthFail: 0x20f, lockoutInterval: 0x210 } as const;

/** First handle of a kind (part 2, section 7.2); with `loadedSession` the TPM lists HMAC and policy sessions alike. */
export const firstHandles = { loadedSession: 0x0200_0000, transient: 0x8000_0000 } as const;

/** TPM_ALG_IDs that the TPM has. */
export function getAlgorithms(): TpmCommand<number[]> {
  return getCapability(capabilities.algorithms, 0, 128, (cursor) => {
    const algorithm = takeU16(cursor);
    takeU32(cursor); // TPMA_ALGORITHM
    return algorithm;
  });
}

/** Handles in use, of the kind of `first`. */
export function getHandles(first: number): TpmCommand<number[]> {
  return getCapability(capabilities.handles, first, 64, takeU32);
}

/** `count` TPM_PT values from `first` on: [property, value]. */
export function getProperties(first: number, count: number): TpmCommand<[number, number][]> {
  return getCapability(capabilities.tpmProperties, first, count, (cursor) => [takeU32(cursor), takeU32(cursor)]);
}

/** TPM2_GetCapability (part 3, section 30.2). A TPM may return fewer than asked for; what is asked for here fits. */
function getCapability<T>(
  capability: number,
  property: number,
  count: number,
  readItem: (cursor: Cursor) => T,
): TpmCommand<T[]> {
  return {
    name: 'TPM2_GetCapability',
    code: 0x17a,
    handles: [],
    parameters: Buffer.concat([u32(capability), u32(property), u32(count)]),
    ...quick,
    read(cursor) {
      takeU8(cursor); // moreData
      if (takeU32(cursor) !== capability) throw damaged('it lists another capability');
      const found = takeU32(cursor);
      if (found > count) throw damaged('it lists more than was asked for');
      return Array.from({ length: found }, () => readItem(cursor));
    },
  };
}
