import type { ErrorCode } from '../core/errors.ts';
import type { IdentitySource, KeySource, ReadContext } from './identity.ts';
import { givesBytes } from './backends/sources.ts';
import { BufferedSources } from './buffered-sources.ts';
import { type SourceReader, sourceReader } from './source-reader.ts';

/** What identities are made of, read and not parsed. */
export interface IdentityBytes {
  /** The same identity to open: what can be read only once is in it as the bytes that it gave. */
  readonly source: IdentitySource;
  /** Undefined for a certificate on a token. */
  readonly certificate: Uint8Array | undefined;
  /** Those of the certificate where the key comes with it; undefined for a key on a token or at a handle of a TPM. */
  readonly privateKey: Uint8Array | undefined;
}

/** Reads the bytes of several identities, for who tells them apart without opening them. */
export interface IdentityReader {
  /** @throws RolesAnywhereError CERTIFICATE_UNREADABLE, CHAIN_UNREADABLE, KEY_UNREADABLE, PASSWORD_UNREADABLE */
  read(source: IdentitySource): Promise<IdentityBytes>;
  /** Overwrites all that was read; the sources are of no use afterwards. */
  wipe(): void;
}

export function identityReader(context: ReadContext): IdentityReader {
  const pinned = new BufferedSources(context);
  const reader = sourceReader(context);
  return {
    async read(given) {
      const source = await pinned.pin(given);
      const { certificate, privateKey = certificate } = source;
      return {
        source,
        certificate: await readBytes(certificate, 'CERTIFICATE_UNREADABLE', reader),
        privateKey: await readBytes(privateKey, 'KEY_UNREADABLE', reader),
      };
    },
    wipe() {
      pinned.wipe();
      reader.wipe();
    },
  };
}

async function readBytes(source: KeySource, code: ErrorCode, reader: SourceReader): Promise<Uint8Array | undefined> {
  return givesBytes(source) ? (await reader.read(source, code)).bytes : undefined;
}
