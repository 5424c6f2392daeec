import { inTurn } from '../../../core/in-turn.ts';
import { createHash } from 'node:crypto';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { naming } from '../../problem.ts';
import { type Digest, hashName, type SignatureAlgorithm, type Signer } from '../../signer.ts';
import { encodeElement } from '../../x509/der-writer.ts';
import { tags } from '../../x509/der.ts';
import { authorizeKey } from './key-authorization.ts';
import type { KeyLoader } from './key-loader.ts';
import type { LoadedKey } from './load-key.ts';
import { schemeFor, signatureAlgorithmOf } from './signing-scheme.ts';
import type { TpmKey } from './tpm-key.ts';
import type { TpmPassword } from './tpm-password.ts';
import { type SignatureScheme, signDigest, type TpmSignature } from './tpm2/commands.ts';
import type { TpmConnection } from './tpm2/connection.ts';

/** What a signer is made of. It closes all of it. */
export interface SignerParts {
  /** How messages name the key. */
  readonly origin: string;
  readonly key: TpmKey;
  readonly loader: KeyLoader;
  readonly keyPassword: TpmPassword;
  readonly parentPassword: TpmPassword;
  /** Ends what is under way when the signer is closed. */
  readonly stop: AbortController;
}

interface Job {
  readonly digest: Uint8Array;
  readonly scheme: SignatureScheme;
}

/** Signs with a key in a TPM, one signature after the other. */
export class TpmSigner implements Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly #parts: SignerParts;
  readonly #inTurn = inTurn();

  constructor(parts: SignerParts) {
    this.algorithm = signatureAlgorithmOf(parts.key.publicKey);
    this.#parts = parts;
  }

  async sign(message: Uint8Array, digest: Digest = 'SHA-256'): Promise<Uint8Array> {
    const { origin, key } = this.#parts;
    const scheme = await naming(origin, 'TPM_KEY_UNSUPPORTED', () => schemeFor(key.publicKey, digest));
    const job: Job = { digest: createHash(hashName(digest)).update(message).digest(), scheme };
    return this.#inTurn(() => this.#sign(job));
  }

  /** Stops what is under way, flushes what is loaded, and forgets the passwords. */
  async close(): Promise<void> {
    const { origin, loader, keyPassword, parentPassword, stop } = this.#parts;
    stop.abort(new RolesAnywhereError('TPM_FAILED', `${origin}: the key was closed`));
    await this.#inTurn(() => loader.close());
    keyPassword.wipe();
    parentPassword.wipe();
  }

  #sign(job: Job): Promise<Uint8Array> {
    const { key, loader, keyPassword, parentPassword } = this.#parts;
    return keyPassword.use((authValue) =>
      parentPassword.use((parentAuthValue) =>
        loader.use(
          (tpm) => key.load(tpm, parentAuthValue),
          (tpm, loaded) => this.#signWith(tpm, loaded, { ...job, authValue }),
        ),
      ),
    );
  }

  async #signWith(
    tpm: TpmConnection,
    loaded: LoadedKey,
    { digest, scheme, authValue }: Job & { readonly authValue: Uint8Array },
  ): Promise<Uint8Array> {
    const { policy } = this.#parts.key;
    const { authorization, ending } = await authorizeKey(tpm, loaded, { policy, authValue });
    const signature = await tpm.run(signDigest(loaded.object, digest, scheme), authorization);
    if (ending !== undefined) tpm.gone(ending.handle);
    return wireSignature(signature);
  }
}

/** A signature as X.509 and Roles Anywhere have it: the RSA bytes, or DER SEQUENCE { r, s } (RFC 3279, section 2.2.3). */
export function wireSignature(signature: TpmSignature): Uint8Array {
  if (signature.type === 'RSA') return signature.signature;
  return encodeElement(tags.sequence, integer(signature.r), integer(signature.s));
}

/** A DER INTEGER of an unsigned number: as short as can be, and with a zero before a set top bit. */
function integer(magnitude: Uint8Array): Uint8Array {
  const start = magnitude.findIndex((octet) => octet !== 0);
  const digits = start === -1 ? Uint8Array.of(0) : magnitude.subarray(start);
  const sign = (digits[0] ?? 0) >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return encodeElement(tags.integer, sign, digits);
}
