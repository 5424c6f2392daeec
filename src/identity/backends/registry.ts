import { RolesAnywhereError } from '../../core/errors.ts';
import type {
  IdentityContext,
  IdentitySource,
  KeySource,
  KeyStoreSource,
  ReadContext,
  SecretSource,
} from '../identity.ts';
import { parsePkcs11Uri } from '../pkcs11-uri.ts';
import type { PrivateKey } from '../private-key.ts';
import type { Backend, BytesOfPair, CertificateStore, KeyOpening } from './backend.ts';
import { givesBytes } from './sources.ts';

/** Stores of operating systems differ in how they are opened alone. */
function systemStore(): CertificateStore {
  const load = () => import('./system-store/open-from-store.ts');
  return {
    holds: 'certificates',
    openIdentity: async (...given) => (await load()).openStoreIdentity(...given),
    openSigner: async (...given) => (await load()).openStoreSigner(...given),
    listCertificates: async (search) => (await load()).listStoreCertificates(search),
    printOf: async (...given) => (await load()).storePrint(...given),
  };
}

type Backends = { readonly [K in KeyStoreSource['kind']]: Backend<KeyStoreSource & { readonly kind: K }> };

/**
 * What opens keys that are not in files, by the kind of their source; each is loaded when it is asked for ("Add a
 * backend" in docs/architecture.md). Files are on the way of every call, and have no row.
 */
const backends: Backends = {
  pkcs11: {
    holds: 'certificates',
    openIdentity: async (...given) => (await import('./pkcs11/open-pkcs11.ts')).openTokenIdentity(...given),
    openSigner: async (...given) => (await import('./pkcs11/open-pkcs11.ts')).openTokenSigner(...given),
    listCertificates: async (...given) => (await import('./pkcs11/open-pkcs11.ts')).listTokenCertificates(...given),
    secretOf: ({ uri, option }) => parsePkcs11Uri(uri, option).pin,
  },
  exec: {
    holds: 'keys',
    openKey: async (...given) => (await import('./exec/open-program-key.ts')).openProgramKey(...given),
  },
  spiffe: {
    holds: 'certificates',
    openIdentity: async (...given) => (await import('./spiffe/open-svid.ts')).openSpiffeIdentity(...given),
    openSigner: async (...given) => (await import('./spiffe/open-svid.ts')).openSpiffeSigner(...given),
    listCertificates: async (...given) => (await import('./spiffe/open-svid.ts')).listSvids(...given),
    fetchPair: async (...given) => (await import('./spiffe/open-svid.ts')).fetchSpiffePair(...given),
  },
  'tpm-handle': {
    holds: 'keys',
    openKey: openTpmKey,
  },
  'ssh-agent': {
    holds: 'keys',
    openKey: async (...given) => (await import('./ssh-agent/open-agent-key.ts')).openAgentKey(...given),
  },
  'windows-store': systemStore(),
  keychain: systemStore(),
};

/** The store that opens what these sources name, if one of them does. */
export function certificateStoreOf(sources: readonly KeySource[]): CertificateStore | undefined {
  return sources.map(backendOf).find((backend) => backend?.holds === 'certificates');
}

/**
 * Opens the key that goes with a certificate file: one of a store of keys, or of a key file, which is for the TPM then.
 *
 * @throws RolesAnywhereError what the backend throws
 */
export async function openKey(source: KeySource, opening: KeyOpening): Promise<PrivateKey> {
  if (givesBytes(source)) return openTpmKey(source, opening);
  const backend: Backend<KeyStoreSource> = backends[source.kind];
  if (backend.holds === 'keys') return backend.openKey(source, opening);
  throw new RolesAnywhereError('OPTION_CONFLICT', `${source.option} names no key alone`);
}

/**
 * Certificate and key as bytes, of a store that gives out both.
 *
 * @throws RolesAnywhereError what the backend throws
 */
export async function fetchPair(source: IdentitySource, context: ReadContext): Promise<BytesOfPair | undefined> {
  return certificateStoreOf([source.certificate])?.fetchPair?.(source, context);
}

async function openTpmKey(source: KeySource, opening: KeyOpening): Promise<PrivateKey> {
  return (await import('./tpm/open-tpm-key.ts')).openTpmKey(source, opening);
}

/** What tells which pair of a store would be opened now; the empty text of stores that do not tell, and of files. */
export async function printOf(source: IdentitySource, context: IdentityContext): Promise<string> {
  const store = certificateStoreOf([source.privateKey, source.certificate].filter((one) => one !== undefined));
  return (await store?.printOf?.(source, context)) ?? '';
}

/** The password that a source names. Where it cannot be read, whoever opens it says why. */
export function secretOf(source: KeySource): SecretSource | undefined {
  try {
    return givesBytes(source) ? undefined : backendOf(source)?.secretOf?.(source);
  } catch {
    return undefined;
  }
}

function backendOf(source: KeySource): Backend<KeyStoreSource> | undefined {
  return givesBytes(source) ? undefined : backends[source.kind];
}
