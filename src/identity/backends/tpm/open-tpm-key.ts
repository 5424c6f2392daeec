import type { IdentityContext, KeySource, SecretSource } from '../../identity.ts';
import type { KeyOpening } from '../backend.ts';
import { locationOf } from '../sources.ts';
import { naming } from '../../problem.ts';
import { foreignKey, type PrivateKey } from '../../private-key.ts';
import type { OpenedKey } from '../../signer.ts';
import { KeyLoader } from './key-loader.ts';
import { describeKey, type TpmKey, type TpmKeySource } from './tpm-key.ts';
import { TpmPassword } from './tpm-password.ts';
import { TpmSigner } from './tpm-signer.ts';
import { publicKeyInfoOf } from './tpm2/public-area.ts';
import { openTransport, parseTpmDevice, type TpmDevice } from './transport/open-transport.ts';
import type { TpmTransport } from './transport/tpm-transport.ts';

export type { TpmKeySource };

/** What else the caller says of the TPM and its passwords. */
export interface TpmOptions {
  /** Where the TPM is, in the words that `parseTpmDevice` reads, and what messages call the option that says so. */
  readonly device?: { readonly text: string; readonly option: string } | undefined;
  /** Replaces `device`: a way to the TPM of the caller's own. */
  readonly openTransport?: (() => Promise<TpmTransport>) | undefined;
  /** A password that is given is always used, whatever the key file says. */
  readonly keyPassword?: SecretSource | undefined;
  /** The key has no password: nobody is asked for one. */
  readonly noKeyPassword?: boolean | undefined;
  /** Of a parent at a persistent handle. */
  readonly parentPassword?: SecretSource | undefined;
  /** Of the hierarchy that a key file names as parent. */
  readonly hierarchyPassword?: SecretSource | undefined;
  /** Stops what is under way between two commands of the TPM; what is loaded is flushed all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a user need not know, as the end of a sentence: that a password went to the TPM as it is. */
  readonly debug?: ((message: string) => void) | undefined;
}

/**
 * Opens the key that an option names: a handle, or a file whose bytes are a TSS2 PRIVATE KEY.
 *
 * @throws RolesAnywhereError as openTpmSigner
 */
export async function openTpmKey(
  source: KeySource,
  { tpm, context, bytes = new Uint8Array() }: KeyOpening,
): Promise<PrivateKey> {
  const options = { ...tpm, debug: context.debug };
  const { signer, publicKeyInfo, close } = await openTpmSigner(keySourceOf(source, bytes), options, context);
  return { ...foreignKey(signer, publicKeyInfo), close };
}

function keySourceOf(source: KeySource, bytes: Uint8Array): TpmKeySource {
  const origin = locationOf(source);
  if (source.kind === 'tpm-handle') return { kind: 'handle', handle: source.handle, origin };
  return { kind: 'tss2', bytes: Uint8Array.from(bytes), origin };
}

type Context = Pick<IdentityContext, 'askSecret' | 'environment' | 'stoppable'>;

/**
 * Opens a key in a TPM 2.0. A key file is looked into, and its password read or asked for; the TPM itself is used from the
 * first signature on, or at once where a handle has to tell what is there. `close` stops what is under way, flushes what is
 * loaded, and forgets the passwords.
 *
 * @throws RolesAnywhereError OPTION_INVALID, PASSWORD_MISSING, PASSWORD_UNREADABLE or one of TPM_…; `sign` of the signer
 * throws the same
 */
export async function openTpmSigner(source: TpmKeySource, options: TpmOptions, context: Context): Promise<OpenedKey> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const debug = options.debug ?? (() => undefined);
  const settings = { open: openerOf(options), signal, debug };
  const loader = new KeyLoader(source.origin, settings, context.stoppable);
  try {
    const key = await describeKey(source, loader);
    const publicKeyInfo = await naming(source.origin, 'TPM_KEY_INVALID', () => publicKeyInfoOf(key.publicKey));
    const keyPassword = await openKeyPassword(source.origin, { key, options, context });
    const parentPassword = await openParentPassword(source.origin, { key, options, context });
    const signer = new TpmSigner({ origin: source.origin, key, loader, keyPassword, parentPassword, stop });
    return { signer, publicKeyInfo, close: () => signer.close() };
  } catch (error) {
    await loader.close();
    throw error;
  }
}

export function openerOf({ device, openTransport: opener }: TpmOptions): () => Promise<TpmTransport> {
  if (opener !== undefined) return opener;
  const parsed: TpmDevice = device === undefined ? { kind: 'default' } : parseTpmDevice(device.text, device.option);
  return () => openTransport(parsed);
}

interface PasswordParts {
  readonly key: TpmKey;
  readonly options: TpmOptions;
  readonly context: Context;
}

function openKeyPassword(origin: string, { key, options, context }: PasswordParts): Promise<TpmPassword> {
  const isNeeded = key.policy.kind === 'password' || key.policy.needsPassword;
  const isEmpty = !isNeeded || key.emptyAuth || options.noKeyPassword === true;
  return TpmPassword.open(
    {
      origin,
      owner: 'key',
      ownerName: 'the key',
      option: '--tpm-key-password',
      source: isNeeded ? options.keyPassword : undefined,
      otherwise: isEmpty ? 'empty' : 'ask',
      hint: key.emptyAuth
        ? 'the key file says that there is none; tpm2_encodeobject of tpm2-tools 5.4 writes that the wrong way round'
        : undefined,
    },
    context,
  );
}

function openParentPassword(origin: string, { key, options, context }: PasswordParts): Promise<TpmPassword> {
  const isHierarchy = key.parent === 'hierarchy';
  const given = isHierarchy ? options.hierarchyPassword : options.parentPassword;
  return TpmPassword.open(
    {
      origin,
      owner: 'parent',
      ownerName: isHierarchy ? 'the hierarchy of the key' : 'the parent of the key',
      option: isHierarchy ? '--tpm-hierarchy-password' : '--tpm-parent-password',
      source: key.parent === 'none' ? undefined : given,
      otherwise: 'empty',
    },
    context,
  );
}
