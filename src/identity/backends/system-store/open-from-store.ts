import { RolesAnywhereError } from '../../../core/errors.ts';
import { describeError } from '../../../core/describe-error.ts';
import type {
  IdentityContext,
  IdentitySource,
  KeySource,
  SignerSource,
  SigningIdentity,
  SystemStoreSource,
} from '../../identity.ts';
import { naming } from '../../problem.ts';
import { sourceReader } from '../../read-source.ts';
import type { OpenedSigner } from '../../signer.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers } from '../../x509/chain.ts';
import { describePublicKey } from '../../x509/public-key.ts';
import type { CertificateSearch, ListedCertificate } from '../backend.ts';
import { openChainFile } from '../file/open-files.ts';
import { locationOf } from '../sources.ts';
import { chooseCertificate, selectCertificates } from './choose-certificate.ts';
import type { OpenSystemStore, StoredCertificate, StoreKey, SystemStore } from './system-store.ts';

/** Opens the store that a source names, by the system that it is of. */
export const openSystemStore: OpenSystemStore = async (source) =>
  source.kind === 'keychain'
    ? (await import('../macos-keychain/open-keychain.ts')).openKeychain(source)
    : (await import('../windows-store/open-windows-store.ts')).openWindowsStore(source);

/** Opens a certificate of a store with its key, and the issuers that stores or a file have. */
export async function openStoreIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const selected = selectedBy(source);
  const given = await readIntermediates(source, context);
  return withStore(selected, async (store) => {
    const one = choose(store, selected, source, context);
    const issuers = await store.issuersOf(one);
    const bag = [...given, ...store.certificates.map(({ certificate }) => certificate), ...issuers];
    const chain = await naming(locationOf(selected), 'CHAIN_INVALID', async () =>
      chainOf(await findIssuers(one.certificate, bag)),
    );
    const key = await openKey(store, one, selected, { source, context });
    return { certificate: one.certificate, chain, signer: key.signer, close: async () => key.close() };
  });
}

/** Opens the key of a certificate of a store. */
export async function openStoreSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const selected = selectedBy(source);
  return withStore(selected, async (store) => {
    const one = choose(store, selected, source, context);
    const key = await openKey(store, one, selected, { source, context });
    return { signer: key.signer, publicKeyInfo: one.certificate.publicKeyInfo, close: async () => key.close() };
  });
}

/** Every certificate that a source selects, with a key or without. */
export async function listStoreCertificates(search: CertificateSearch): Promise<readonly ListedCertificate[]> {
  const selected = selectedBy(search);
  return withStore(selected, async ({ certificates }) =>
    selectCertificates(certificates, selected).map(({ certificate, thumbprint }) => ({
      certificate,
      uri: uriOf(selected, thumbprint),
    })),
  );
}

/** Which certificate would be opened now, or why none: another text where the store has another one for us. */
export async function storePrint(source: IdentitySource, context: IdentityContext): Promise<string> {
  try {
    const selected = selectedBy(source);
    return await withStore(selected, async (store) => choose(store, selected, source, context).thumbprint);
  } catch (error) {
    return describeError(error).message;
  }
}

function uriOf(source: SystemStoreSource, thumbprint: string): string {
  if (source.kind === 'windows-store') return `cert:/${source.location}/${source.store}?thumbprint=${thumbprint}`;
  const path = source.keychain === undefined ? '' : `path=${encodeURIComponent(source.keychain)}&`;
  return `keychain:?${path}thumbprint=${thumbprint}`;
}

interface Asked {
  readonly source: Pick<SignerSource, 'systemStore'>;
  readonly context: IdentityContext;
}

function choose(
  { certificates }: SystemStore,
  selected: SystemStoreSource,
  { systemStore }: Asked['source'],
  context: IdentityContext,
): StoredCertificate {
  const useLatestExpiring = systemStore?.useLatestExpiring === true;
  return chooseCertificate(certificates, selected, {
    now: context.now(),
    useLatestExpiring,
    place: locationOf(selected),
  });
}

function openKey(
  store: SystemStore,
  one: StoredCertificate,
  selected: SystemStoreSource,
  { source: { systemStore }, context }: Asked,
): Promise<StoreKey> {
  const { family } = describePublicKey(one.certificate.publicKeyInfo);
  return store.openKey(one, {
    mayAsk: context.askSecret !== undefined || systemStore?.allowUi === true,
    place: `${locationOf(selected)}, ${one.thumbprint}`,
    // No other family is chosen.
    family: family === 'RSA' ? 'RSA' : 'EC',
  });
}

/** Runs `use` with the store, which is open that long. */
async function withStore<T>(source: SystemStoreSource, use: (store: SystemStore) => Promise<T>): Promise<T> {
  const store = await openSystemStore(source);
  try {
    return await use(store);
  } finally {
    store.close();
  }
}

async function readIntermediates(
  { intermediates, keyPassword }: IdentitySource,
  context: IdentityContext,
): Promise<readonly Certificate[]> {
  if (intermediates === undefined) return [];
  const reader = sourceReader(context);
  try {
    return (await openChainFile(intermediates, { reader, context, password: keyPassword })).certificates;
  } finally {
    reader.wipe();
  }
}

/** @throws RolesAnywhereError OPTION_CONFLICT where only one of certificate and key is in a store */
function selectedBy({
  certificate,
  privateKey = certificate,
}: {
  certificate?: KeySource;
  privateKey?: KeySource;
}): SystemStoreSource {
  const source = certificate ?? privateKey;
  if (source !== undefined && isStored(source) && privateKey?.kind === source.kind) return source;
  throw new RolesAnywhereError(
    'OPTION_CONFLICT',
    `${privateKey?.option ?? 'the private key'} and the certificate are not in one store of the operating system`,
    { hints: ['the key of a certificate in a store is there, too: leave --private-key away'] },
  );
}

function isStored(source: KeySource): source is SystemStoreSource {
  return source.kind === 'windows-store' || source.kind === 'keychain';
}
