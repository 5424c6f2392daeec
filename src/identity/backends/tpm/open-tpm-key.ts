import type { IdentityContext } from '../../identity.ts';
import { naming } from '../../problem.ts';
import type { Signer } from '../../signer.ts';
import { parseTpmDevice, type TpmDevice } from './device.ts';
import { KeyHolder } from './key-loader.ts';
import { describeKey, type TpmKey } from './tpm-key.ts';
import type { TpmKeySource, TpmOptions } from './tpm-options.ts';
import { TpmPassword } from './tpm-password.ts';
import { TpmSigner } from './tpm-signer.ts';
import { publicKeyInfoOf } from './tpm2/public-key.ts';
import { openTransport } from './transport/open-transport.ts';
import type { TpmTransport } from './transport/tpm-transport.ts';

/** A key in a TPM, ready to sign. */
export interface OpenTpmKey {
  readonly signer: Signer;
  /** DER of its SubjectPublicKeyInfo, for the check against the certificate. */
  readonly publicKeyInfo: Uint8Array;
  /** Stops what is under way, flushes what is loaded, and forgets the passwords. */
  readonly close: () => Promise<void>;
}

type Context = Pick<IdentityContext, 'askSecret' | 'environment' | 'stoppable'>;

/**
 * Opens a key in a TPM 2.0. A key file is looked into, and its password read or asked for; the TPM itself is used from the
 * first signature on, or at once where a handle has to tell what it holds.
 *
 * @throws RolesAnywhereError OPTION_INVALID, PASSWORD_MISSING, PASSWORD_UNREADABLE or one of TPM_…; `sign` of the signer
 * throws the same
 */
export async function openTpmSigner(source: TpmKeySource, options: TpmOptions, context: Context): Promise<OpenTpmKey> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const debug = options.debug ?? (() => undefined);
  const settings = { open: openerOf(options), signal, debug };
  const holder = new KeyHolder(source.place, settings, context.stoppable);
  try {
    const key = await describeKey(source, holder);
    const publicKeyInfo = await naming(source.place, 'TPM_KEY_INVALID', () => publicKeyInfoOf(key.publicKey));
    const keyPassword = await openKeyPassword(source.place, { key, options, context });
    const parentPassword = await openParentPassword(source.place, { key, options, context });
    const signer = new TpmSigner({ place: source.place, key, holder, keyPassword, parentPassword, stop });
    return { signer, publicKeyInfo, close: () => signer.close() };
  } catch (error) {
    await holder.close();
    throw error;
  }
}

function openerOf({ device, openTransport: opener }: TpmOptions): () => Promise<TpmTransport> {
  if (opener !== undefined) return opener;
  const parsed: TpmDevice = device === undefined ? { kind: 'default' } : parseTpmDevice(device.text, device.option);
  return () => openTransport(parsed);
}

interface PasswordParts {
  readonly key: TpmKey;
  readonly options: TpmOptions;
  readonly context: Context;
}

function openKeyPassword(place: string, { key, options, context }: PasswordParts): Promise<TpmPassword> {
  const isNeeded = key.policy.kind === 'password' || key.policy.needsPassword;
  const isEmpty = !isNeeded || key.emptyAuth || options.noKeyPassword === true;
  return TpmPassword.open(
    {
      place,
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

function openParentPassword(place: string, { key, options, context }: PasswordParts): Promise<TpmPassword> {
  const isHierarchy = key.parent === 'hierarchy';
  const given = isHierarchy ? options.hierarchyPassword : options.parentPassword;
  return TpmPassword.open(
    {
      place,
      owner: 'parent',
      ownerName: isHierarchy ? 'the hierarchy of the key' : 'the parent of the key',
      option: isHierarchy ? '--tpm-hierarchy-password' : '--tpm-parent-password',
      source: key.parent === 'none' ? undefined : given,
      otherwise: 'empty',
    },
    context,
  );
}
