import type { KeyObject } from 'node:crypto';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { ByteSource, IdentityContext, SigningIdentity } from '../../identity.ts';
import { sourceReader } from '../../read-source.ts';
import { verifiedSigner } from '../../verified-signer.ts';
import { supportedKeys } from '../../x509/public-key.ts';
import { localKey } from './local-key.ts';
import type { PrivateKey } from '../../private-key.ts';
import { pairUp } from './open-file.ts';
import { openCertificateFile } from './open-files.ts';

/** A private key that is a KeyObject of node:crypto already, and bytes of what belongs to it. */
export interface KeyObjectSource {
  readonly certificate: ByteSource;
  /** `option` is what messages call it. */
  readonly privateKey: { readonly option: string; readonly key: KeyObject };
  readonly intermediates?: ByteSource | undefined;
}

/**
 * Opens an identity around a KeyObject, with the checks that `openIdentity` makes. The key is used as it is: its bytes
 * are never asked for.
 *
 * @throws RolesAnywhereError CERTIFICATE_*, CHAIN_*, KEY_*; when signing SIGNATURE_INVALID
 */
export async function openKeyObject(source: KeyObjectSource, context: IdentityContext): Promise<SigningIdentity> {
  const key = keyOf(source.privateKey);
  const reader = sourceReader(context);
  try {
    const { certificate, intermediates } = source;
    const files = { reader, password: undefined, context };
    const own = await openCertificateFile(certificate, files);
    // Nothing is read of it: the place is there for messages.
    const place = { option: source.privateKey.option, kind: 'bytes', bytes: new Uint8Array() } as const;
    const identity = await pairUp(
      { certificate, privateKey: place, intermediates, keyPassword: undefined },
      { own, keys: [key], others: [] },
      files,
    );
    return { ...identity, signer: verifiedSigner(identity.signer, identity.certificate.publicKeyInfo) };
  } finally {
    reader.wipe();
  }
}

function keyOf({ option, key }: KeyObjectSource['privateKey']): PrivateKey {
  if (key.type !== 'private') {
    throw new RolesAnywhereError('KEY_INVALID', `${option} is a ${key.type} key, where the private key belongs`);
  }
  const found = localKey(key);
  if (found !== undefined) return found;
  const type = key.asymmetricKeyType ?? 'unknown';
  throw new RolesAnywhereError('KEY_UNSUPPORTED', `${option} is a key of type ${type}, which cannot be used`, {
    hints: [supportedKeys],
  });
}
