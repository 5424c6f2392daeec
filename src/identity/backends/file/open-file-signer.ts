import type { ByteSource, IdentityContext, KeySource, SecretSource } from '../../identity.ts';
import { bytesOf, isSameSource } from '../sources.ts';
import { naming } from '../../problem.ts';
import type { OpenedKey } from '../../signer.ts';
import { sourceReader } from '../../read-source.ts';
import type { OpenKey } from '../../private-key.ts';
import { choosePair } from './choose-pair.ts';
import { refuseUnsupported } from './judge-pairs.ts';
import { type KeyFileContext, openCertificateFile, openKeyFile } from './open-files.ts';
import type { PrivateKey } from '../../private-key.ts';
import { warnIfExposed } from './warn-if-exposed.ts';

/** A private key, alone or with the certificate that it must belong to. */
export interface FileSignerSource {
  readonly certificate: ByteSource | undefined;
  readonly privateKey: KeySource;
  readonly keyPassword: SecretSource | undefined;
}

/**
 * Opens a private key without judging its certificate.
 *
 * @param openKey as of openFileIdentity
 * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CERTIFICATE_INVALID, KEY_*, PASSWORD_*, TPM_*
 */
export async function openFileSigner(
  source: FileSignerSource,
  context: IdentityContext,
  openKey: OpenKey,
): Promise<OpenedKey> {
  const reader = sourceReader(context);
  try {
    return await openFrom(source, { reader, password: source.keyPassword, openKey, context });
  } finally {
    reader.wipe();
  }
}

async function openFrom({ certificate, privateKey }: FileSignerSource, files: KeyFileContext): Promise<OpenedKey> {
  const ofKey = await openKeyFile(privateKey, files);
  const { keys } = ofKey;
  await warnIfExposed(privateKey, files);
  try {
    const isOwn = certificate === undefined || (ofKey.certificates.length > 0 && isSameSource(certificate, privateKey));
    const found = isOwn ? ofKey : await openCertificateFile(certificate, files);
    const [key] = keys;
    if (found.certificates.length === 0 && key !== undefined && keys.length === 1)
      return await bareSigner(key, privateKey);
    const source = { certificate: certificate ?? bytesOf(privateKey), privateKey };
    const pair = await choosePair({ ...found, keys, source, now: files.context.now() });
    return { signer: pair.key.signer, publicKeyInfo: pair.certificate.publicKeyInfo, close: closerOf(pair.key) };
  } catch (error) {
    for (const key of keys) await key.close?.();
    throw error;
  }
}

function closerOf(key: PrivateKey): () => Promise<void> {
  return key.close ?? (() => Promise.resolve());
}

function bareSigner(key: PrivateKey, source: KeySource): Promise<OpenedKey> {
  return naming(source, 'KEY_INVALID', () => {
    const publicKeyInfo = key.publicKeyInfo();
    refuseUnsupported(publicKeyInfo);
    return { signer: key.signer, publicKeyInfo, close: closerOf(key) };
  });
}
