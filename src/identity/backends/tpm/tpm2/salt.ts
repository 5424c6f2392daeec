import { constants, createECDH, type ECDH, publicEncrypt, randomBytes } from 'node:crypto';
import { Problem } from '../../../problem.ts';
import { type TpmCurve, curves, digestSize, tpmHashName } from './algorithms.ts';
import { sized } from './codec.ts';
import { kdfE } from './kdf.ts';
import {
  type EccPublic,
  has,
  invalidKey,
  objectAttributes,
  padded,
  type PublicArea,
  publicKeyOf,
  type RsaPublic,
} from './public-area.ts';

/** A secret for a session that only the TPM with the key can open (TPM 2.0 Library, part 1, annexes B.10.2 and C.6.1). */
export interface Salt {
  readonly value: Uint8Array;
  /** Contents of the TPM2B_ENCRYPTED_SECRET. */
  readonly encrypted: Uint8Array;
}

interface SaltHash {
  readonly hash: string;
  readonly size: number;
}

const label = 'SECRET';

/** Whether a salt can be sent to this key: it decrypts, and node:crypto knows its kind. */
export function canSalt(area: PublicArea): boolean {
  if (!has(area, objectAttributes.decrypt) || tpmHashName(area.nameAlg) === undefined) return false;
  return area.key.type === 'RSA' || (area.key.type === 'ECC' && curves[area.key.curve] !== undefined);
}

/** @throws Problem for a key that canSalt denies, or that is no valid one */
export function makeSalt({ key, nameAlg }: PublicArea): Salt {
  const [hash, size] = [tpmHashName(nameAlg), digestSize(nameAlg)];
  if (key.type === 'other' || hash === undefined || size === undefined) throw new Problem('takes no salt');
  try {
    return key.type === 'RSA' ? encryptSalt(key, { hash, size }) : agreeOnSalt(key, { hash, size });
  } catch (error) {
    throw error instanceof Problem ? error : invalidKey(error);
  }
}

function encryptSalt(key: RsaPublic, { hash, size }: SaltHash): Salt {
  const value = randomBytes(size);
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  const oaepLabel = Buffer.from(`${label}\0`);
  return { value, encrypted: publicEncrypt({ key: publicKeyOf(key), padding, oaepHash: hash, oaepLabel }, value) };
}

function agreeOnSalt(key: EccPublic, { hash, size }: SaltHash): Salt {
  const curve = curves[key.curve];
  if (curve === undefined) throw new Problem('is on a curve that is not known');
  const point = Buffer.concat([Uint8Array.of(0x04), padded(key.x, curve.size), padded(key.y, curve.size)]);
  const ephemeral = createECDH(curve.nodeName);
  let shared = agree(ephemeral, point, curve);
  // TPMs differ in whether they keep leading zeros; where there are none it does not matter.
  while (shared.z[0] === 0 || shared.x[0] === 0 || shared.y[0] === 0) shared = agree(ephemeral, point, curve);
  const { x, y, z } = shared;
  const value = kdfE(z, { hash, label, partyU: x, partyV: key.x, size });
  return { value, encrypted: Buffer.concat([sized(x), sized(y)]) };
}

/** A new key pair's public point and the x coordinate of the point shared with `point`. */
function agree(ephemeral: ECDH, point: Buffer, { size }: TpmCurve): Readonly<Record<'x' | 'y' | 'z', Buffer>> {
  const own = ephemeral.generateKeys();
  return { x: own.subarray(1, 1 + size), y: own.subarray(1 + size), z: ephemeral.computeSecret(point) };
}
