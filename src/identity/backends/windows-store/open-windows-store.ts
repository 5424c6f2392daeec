import { RolesAnywhereError } from '../../../core/errors.ts';
import type {
  IdentityContext,
  IdentitySource,
  KeySource,
  SignerSource,
  SigningIdentity,
  WindowsStoreSource,
} from '../../identity.ts';
import { naming } from '../../problem.ts';
import { sourceReader } from '../../read-source.ts';
import type { OpenedSigner } from '../../signer.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { chainOf, findIssuers } from '../../x509/chain.ts';
import type { CertificateSearch, ListedCertificate } from '../backend.ts';
import { openChainFile } from '../file/open-files.ts';
import { locationOf } from '../sources.ts';
import { freeAll, readStore, type StoredCertificate } from './certificate-store.ts';
import { chooseCertificate, selectCertificates } from './choose-certificate.ts';
import { openStoreKey, type StoreKey } from './store-key.ts';
import { openWindowsCalls, unavailable, type WindowsCalls } from './windows-calls.ts';

/** Opens a certificate of a store of Windows with its key, and the issuers that stores or a file have. */
export async function openStoreIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const selected = selectedBy(source);
  const calls = await openWindowsCalls(selected.option);
  const given = await readIntermediates(source, context);
  return withStore(calls, selected, async (stored) => {
    const { certificate, key } = open(calls, stored, selected, { source, context });
    const bag = [...given, ...stored.map((one) => one.certificate), ...readIssuers(calls)];
    const chain = await naming(locationOf(selected), 'CHAIN_INVALID', async () =>
      chainOf(await findIssuers(certificate, bag)),
    );
    return { certificate, chain, signer: key.signer, close: async () => key.close() };
  });
}

/** Opens the key of a certificate of a store of Windows. */
export async function openStoreSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const selected = selectedBy(source);
  const calls = await openWindowsCalls(selected.option);
  return withStore(calls, selected, async (stored) => {
    const { certificate, key } = open(calls, stored, selected, { source, context });
    return { signer: key.signer, publicKeyInfo: certificate.publicKeyInfo, close: async () => key.close() };
  });
}

/** Every certificate that a source selects, with a key or without. */
export async function listStoreCertificates(search: CertificateSearch): Promise<readonly ListedCertificate[]> {
  const selected = selectedBy(search);
  const calls = await openWindowsCalls(selected.option);
  const { location, store } = selected;
  return withStore(calls, selected, async (stored) =>
    selectCertificates(stored, selected).map(({ certificate, thumbprint }) => ({
      certificate,
      uri: `cert:/${location}/${store}?thumbprint=${thumbprint}`,
    })),
  );
}

interface Asked {
  readonly source: SignerSource;
  readonly context: IdentityContext;
}

function open(
  calls: WindowsCalls,
  stored: readonly StoredCertificate[],
  selected: WindowsStoreSource,
  { source, context }: Asked,
): { readonly certificate: Certificate; readonly key: StoreKey } {
  const place = locationOf(selected);
  const useLatestExpiring = source.pkcs11?.useLatestExpiring === true;
  const chosen = chooseCertificate(stored, selected, { now: context.now(), useLatestExpiring, place });
  const use = { mayAsk: context.askSecret !== undefined, place: `${place}, ${chosen.thumbprint}` };
  return { certificate: chosen.certificate, key: openStoreKey(calls, chosen, use) };
}

/** Runs `use` with what the store has, which is open that long. */
async function withStore<T>(
  calls: WindowsCalls,
  source: WindowsStoreSource,
  use: (stored: readonly StoredCertificate[]) => Promise<T>,
): Promise<T> {
  const stored = readStore(calls, source.location, source.store);
  if (stored === undefined) {
    throw unavailable(`${locationOf(source)} cannot be opened`, [
      'certutil -store names the stores of the machine, certutil -user -store your own',
    ]);
  }
  try {
    return await use(stored);
  } finally {
    freeAll(calls, stored);
  }
}

/** The user's stores of CAs show those of the machine, too. */
function readIssuers(calls: WindowsCalls): readonly Certificate[] {
  return ['CA', 'Root'].flatMap((name) => {
    const found = readStore(calls, 'CurrentUser', name) ?? [];
    freeAll(calls, found);
    return found.map(({ certificate }) => certificate);
  });
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
}): WindowsStoreSource {
  const source = certificate ?? privateKey;
  if (source?.kind === 'windows-store' && privateKey?.kind === 'windows-store') return source;
  throw new RolesAnywhereError(
    'OPTION_CONFLICT',
    `${privateKey?.option ?? 'the private key'} and the certificate are not in one store of Windows`,
    {
      hints: ['the key of a certificate in a store is there, too: leave --private-key away'],
    },
  );
}
