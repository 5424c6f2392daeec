import { statSync } from 'node:fs';
import type { ErrorCode } from '../core/errors.ts';
import type { BytesOfPair } from './backends/backend.ts';
import { givesBytes, isSameSource, nameOfBytes } from './backends/sources.ts';
import { mapSecrets } from './identity-secrets.ts';
import type { ByteSource, IdentitySource, KeySource, ReadContext, SecretSource } from './identity.ts';
import { readSecret, readSource, type SourceReader, sourceReader } from './read-source.ts';

/** What can be read only once, standard input, descriptors and pipes: read, and the bytes put in its place. */
export class BufferedSources {
  readonly #context: ReadContext;
  readonly #bytes: { readonly source: KeySource; readonly buffered: ByteSource & { readonly kind: 'bytes' } }[] = [];
  readonly #secrets = new Map<SecretSource, SecretSource>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /**
   * The same identity out of sources that can be read again.
   *
   * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, KEY_UNREADABLE, CHAIN_UNREADABLE, PASSWORD_UNREADABLE
   */
  async buffer(source: IdentitySource): Promise<IdentitySource> {
    const { certificate, privateKey, intermediates } = source;
    const sources = {
      ...source,
      certificate: await this.#bufferKey(certificate, 'CERTIFICATE_UNREADABLE'),
      ...(privateKey && { privateKey: await this.#bufferKey(privateKey, 'KEY_UNREADABLE') }),
      ...(intermediates && { intermediates: await this.#bufferBytes(intermediates, 'CHAIN_UNREADABLE') }),
    };
    return mapSecrets(sources, (secret) => this.#bufferSecret(secret));
  }

  /** Overwrites the bytes. */
  wipe(): void {
    for (const { buffered } of this.#bytes) buffered.bytes.fill(0);
    this.#secrets.clear();
  }

  async #bufferKey(source: KeySource, code: ErrorCode): Promise<KeySource> {
    return givesBytes(source) ? this.#bufferBytes(source, code) : source;
  }

  async #bufferBytes(source: ByteSource, code: ErrorCode): Promise<ByteSource> {
    if (!isReadOnce(source)) return source;
    const known = this.#bytes.find((entry) => isSameSource(entry.source, source));
    if (known !== undefined) return known.buffered;
    const { bytes } = await readSource(source, code, this.#context);
    const buffered = { option: source.option, kind: 'bytes', bytes, name: nameOfBytes(source) } as const;
    this.#bytes.push({ source, buffered });
    return buffered;
  }

  async #bufferSecret(source: SecretSource): Promise<SecretSource> {
    if (!isReadOnce(source)) return source;
    const known = this.#secrets.get(source);
    if (known !== undefined) return known;
    const bytes = await readSecret(source, this.#context);
    const buffered = { option: source.option, kind: 'value', value: bytes.toString('utf8') } as const;
    bytes.fill(0);
    this.#secrets.set(source, buffered);
    return buffered;
  }
}

function isReadOnce(source: ByteSource | SecretSource): boolean {
  if (source.kind === 'stdin' || source.kind === 'fd') return true;
  return source.kind === 'file' && isPipe(source.path);
}

/** `<(command)` of a shell is the path of a pipe. */
function isPipe(path: string): boolean {
  try {
    const stats = statSync(path);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    // Told by the one who reads it.
    return false;
  }
}

/** What identities are made of, read and not parsed. */
export interface IdentityBytes {
  /** The same identity to open: what can be read only once is in it as the bytes that it gave, and so is what a store gives out. */
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
  const buffered = new BufferedSources(context);
  const reader = sourceReader(context);
  const fetched: BytesOfPair[] = [];
  const fetch = async (source: IdentitySource): Promise<IdentitySource> => {
    if (givesBytes(source.certificate)) return source;
    const pair = await (await import('./backends/registry.ts')).fetchPair(source, context);
    if (pair === undefined) return source;
    fetched.push(pair);
    return { ...source, ...pair };
  };
  return {
    async read(given) {
      const source = await fetch(await buffered.buffer(given));
      const { certificate, privateKey = certificate } = source;
      return {
        source,
        certificate: await readBytes(certificate, 'CERTIFICATE_UNREADABLE', reader),
        privateKey: await readBytes(privateKey, 'KEY_UNREADABLE', reader),
      };
    },
    wipe() {
      buffered.wipe();
      reader.wipe();
      for (const { privateKey } of fetched) privateKey.bytes.fill(0);
    },
  };
}

async function readBytes(source: KeySource, code: ErrorCode, reader: SourceReader): Promise<Uint8Array | undefined> {
  return givesBytes(source) ? (await reader.read(source, code)).bytes : undefined;
}
