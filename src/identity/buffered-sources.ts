import { statSync } from 'node:fs';
import type { ErrorCode } from '../core/errors.ts';
import type { ByteSource, IdentitySource, KeySource, SecretSource, ReadContext } from './identity.ts';
import { givesBytes, isSameSource, nameOfBytes } from './backends/sources.ts';
import { readSource } from './read-source.ts';
import { readSecret } from './secret.ts';

/** What can be read only once, standard input, descriptors and pipes, read and held in its place. */
export class BufferedSources {
  readonly #context: ReadContext;
  readonly #bytes: { readonly source: KeySource; readonly pinned: ByteSource & { readonly kind: 'bytes' } }[] = [];
  readonly #secrets = new Map<SecretSource, SecretSource>();

  constructor(context: ReadContext) {
    this.#context = context;
  }

  /**
   * The same identity out of sources that can be read again.
   *
   * @throws RolesAnywhereError CERTIFICATE_UNREADABLE, KEY_UNREADABLE, CHAIN_UNREADABLE, PASSWORD_UNREADABLE
   */
  async pin(source: IdentitySource): Promise<IdentitySource> {
    const { certificate, privateKey, intermediates, keyPassword, pkcs11, tpm } = source;
    return {
      ...source,
      certificate: await this.#pinKey(certificate, 'CERTIFICATE_UNREADABLE'),
      ...(privateKey && { privateKey: await this.#pinKey(privateKey, 'KEY_UNREADABLE') }),
      ...(intermediates && { intermediates: await this.#pinBytes(intermediates, 'CHAIN_UNREADABLE') }),
      ...(keyPassword && { keyPassword: await this.#pinSecret(keyPassword) }),
      ...(pkcs11?.pin && { pkcs11: { ...pkcs11, pin: await this.#pinSecret(pkcs11.pin) } }),
      ...(tpm && { tpm: { ...tpm, ...(await this.#pinTpm(tpm)) } }),
    };
  }

  /** Overwrites the bytes that are held. */
  wipe(): void {
    for (const { pinned } of this.#bytes) pinned.bytes.fill(0);
    this.#secrets.clear();
  }

  async #pinKey(source: KeySource, code: ErrorCode): Promise<KeySource> {
    return givesBytes(source) ? this.#pinBytes(source, code) : source;
  }

  async #pinBytes(source: ByteSource, code: ErrorCode): Promise<ByteSource> {
    if (!isReadOnce(source)) return source;
    const known = this.#bytes.find((entry) => isSameSource(entry.source, source));
    if (known !== undefined) return known.pinned;
    const { bytes } = await readSource(source, code, this.#context);
    const pinned = { option: source.option, kind: 'bytes', bytes, name: nameOfBytes(source) } as const;
    this.#bytes.push({ source, pinned });
    return pinned;
  }

  async #pinTpm(tpm: NonNullable<IdentitySource['tpm']>): Promise<NonNullable<IdentitySource['tpm']>> {
    const { keyPassword, parentPassword, hierarchyPassword } = tpm;
    return {
      ...(keyPassword && { keyPassword: await this.#pinSecret(keyPassword) }),
      ...(parentPassword && { parentPassword: await this.#pinSecret(parentPassword) }),
      ...(hierarchyPassword && { hierarchyPassword: await this.#pinSecret(hierarchyPassword) }),
    };
  }

  async #pinSecret(source: SecretSource): Promise<SecretSource> {
    if (!isReadOnce(source)) return source;
    const known = this.#secrets.get(source);
    if (known !== undefined) return known;
    const bytes = await readSecret(source, this.#context);
    const pinned = { option: source.option, kind: 'value', value: bytes.toString('utf8') } as const;
    bytes.fill(0);
    this.#secrets.set(source, pinned);
    return pinned;
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
