import { RolesAnywhereError } from '../../../core/errors.ts';
import type {
  IdentityContext,
  IdentitySource,
  KeySource,
  KeyStoreSource,
  ReadContext,
  SignerSource,
  SigningIdentity,
  SpiffeSettings,
} from '../../identity.ts';
import { naming } from '../../problem.ts';
import type { OpenedSigner } from '../../signer.ts';
import { parseX509 } from '../../x509/parse-certificate.ts';
import { elementsOf } from '../../x509/der.ts';
import type { BytesOfPair, CertificateSearch, ListedCertificate } from '../backend.ts';
import { openFileIdentity } from '../file/open-file.ts';
import { chooseSvid } from './choose-svid.ts';
import { workloadEndpoint, type WorkloadEndpoint } from './endpoint.ts';
import { SvidStream } from './follow-svid.ts';
import { pemOf, type Svid, svidsOf } from './svid.ts';

type SpiffeSource = KeyStoreSource & { readonly kind: 'spiffe' };

/**
 * Opens the X.509-SVID that the Workload API gives to this process, certificate and key out of one answer. Where
 * somebody asks to be told of its successor, the stream of SVIDs stays open until the identity is closed.
 *
 * @throws RolesAnywhereError SPIFFE_*, CERTIFICATE_*, CHAIN_*, KEY_*, OPTION_*
 */
export async function openSpiffeIdentity(source: IdentitySource, context: IdentityContext): Promise<SigningIdentity> {
  const { place, endpoint, settings } = requestOf(source, context);
  const stream = new SvidStream(endpoint);
  const choose = (message: Buffer): Svid => chooseSvid(svidsOf(message), settings, endpoint.name);
  try {
    const message = await firstOf(stream, endpoint, context);
    try {
      const svid = await ofAnswer(endpoint, () => choose(message));
      const identity = await openPair(await pairOf(svid, place, endpoint), source, context);
      const { onOutdated } = context;
      if (onOutdated === undefined) stream.close();
      else stream.follow(svid, { choose, onOutdated });
      return { ...identity, close: () => closeBoth(stream, identity) };
    } finally {
      message.fill(0);
    }
  } catch (error) {
    stream.close();
    throw error;
  }
}

async function closeBoth(stream: SvidStream, identity: SigningIdentity): Promise<void> {
  stream.close();
  await identity.close();
}

/** The same to sign with alone. */
export async function openSpiffeSigner(source: SignerSource, context: IdentityContext): Promise<OpenedSigner> {
  const certificate = source.certificate ?? source.privateKey;
  if (certificate === undefined) throw new RolesAnywhereError('OPTION_MISSING', '--certificate is missing');
  const identity = await openSpiffeIdentity({ ...source, certificate }, context);
  const { signer, certificate: leaf } = identity;
  return { signer, publicKeyInfo: leaf.publicKeyInfo, close: () => identity.close() };
}

/**
 * Certificate and key as bytes, for who tells identities apart by them: which SVID it is depends on the process that
 * asks, and not on the options alone. Whoever has the key wipes it.
 *
 * @throws RolesAnywhereError SPIFFE_*, OPTION_*
 */
export async function fetchSpiffePair(source: IdentitySource, context: ReadContext): Promise<BytesOfPair> {
  const { place, endpoint, settings } = requestOf(source, context);
  return withAnswer(endpoint, context, async (message) => {
    const svid = await ofAnswer(endpoint, () => chooseSvid(svidsOf(message), settings, endpoint.name));
    return pairOf(svid, place, endpoint);
  });
}

/** Every SVID of this process, by its ID. */
export async function listSvids(
  { certificate }: CertificateSearch,
  context: IdentityContext,
): Promise<readonly ListedCertificate[]> {
  const endpoint = workloadEndpoint(spiffeSourceOf(certificate), context.environment);
  return withAnswer(endpoint, context, (message) =>
    ofAnswer(endpoint, () =>
      svidsOf(message).map(({ id, certificates }) => ({ certificate: leafOf(certificates), uri: id })),
    ),
  );
}

function leafOf(certificates: Buffer) {
  return parseX509(elementsOf(certificates)[0]?.encoded ?? Buffer.of());
}

interface Request {
  readonly place: SpiffeSource;
  readonly endpoint: WorkloadEndpoint;
  readonly settings: SpiffeSettings;
}

function requestOf({ certificate, privateKey, spiffe = {} }: IdentitySource, context: ReadContext): Request {
  const place = spiffeSourceOf(certificate);
  if (privateKey !== undefined && privateKey.kind !== 'spiffe') throw notTogether(privateKey);
  return { place, endpoint: workloadEndpoint(place, context.environment), settings: spiffe };
}

function spiffeSourceOf(source: KeySource): SpiffeSource {
  if (source.kind === 'spiffe') return source;
  throw notTogether(source);
}

function notTogether({ option }: KeySource): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_CONFLICT', `${option} does not go with an X.509-SVID`, {
    hints: ['an SVID comes with its key, and a key with its SVID: give --certificate spiffe: alone'],
  });
}

async function withAnswer<T>(
  endpoint: WorkloadEndpoint,
  context: ReadContext,
  use: (message: Buffer) => Promise<T>,
): Promise<T> {
  const stream = new SvidStream(endpoint);
  try {
    const message = await firstOf(stream, endpoint, context);
    return await use(message).finally(() => message.fill(0));
  } finally {
    stream.close();
  }
}

function firstOf(stream: SvidStream, endpoint: WorkloadEndpoint, { signal }: ReadContext): Promise<Buffer> {
  return ofAnswer(endpoint, () => stream.first(signal));
}

function ofAnswer<T>({ name }: WorkloadEndpoint, read: () => T | Promise<T>): Promise<T> {
  return naming(`${name}: its answer`, 'SPIFFE_FAILED', read);
}

async function pairOf(svid: Svid, { option }: SpiffeSource, endpoint: WorkloadEndpoint): Promise<BytesOfPair> {
  const name = `the X.509-SVID ${svid.id}`;
  const certificates = await ofAnswer(endpoint, () => Buffer.from(pemOf(svid)));
  return {
    certificate: { option, kind: 'bytes', bytes: certificates, name },
    // A copy, as the answer is wiped.
    privateKey: { option, kind: 'bytes', bytes: Uint8Array.from(svid.key), name: `the key of ${name}` },
  };
}

async function openPair(
  { certificate, privateKey }: BytesOfPair,
  { intermediates }: IdentitySource,
  context: IdentityContext,
): Promise<SigningIdentity> {
  const files = { certificate, privateKey, intermediates, keyPassword: undefined };
  try {
    return await openFileIdentity(files, context, () => Promise.reject(noTpmKey(privateKey)));
  } finally {
    privateKey.bytes.fill(0);
  }
}

function noTpmKey({ option }: KeySource): RolesAnywhereError {
  return new RolesAnywhereError('SPIFFE_FAILED', `${option}: the key of the X.509-SVID is no PKCS#8`);
}
