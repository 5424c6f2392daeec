import { RolesAnywhereError } from '../core/errors.ts';
import { givesBytes } from '../identity/backends/sources.ts';
import { BufferedSources } from '../identity/buffered-sources.ts';
import type { IdentityContext, IdentitySource, ReloadingIdentity, SigningIdentity } from '../identity/identity.ts';
import { openIdentity, openSigner } from '../identity/open-identity.ts';
import { readCertificate } from '../identity/read-certificate.ts';
import type { Signer } from '../identity/signer.ts';
import { verifiedSigner } from '../identity/verified-signer.ts';
import type { Certificate } from '../identity/x509/certificate.ts';
import type { Examination } from './examination.ts';

/** What came of opening certificate, chain and key: each as far as it can be had without the others. */
export interface OpenedSubject {
  readonly leaf?: Certificate | undefined;
  /** Why the certificate cannot be read. */
  readonly leafError?: unknown;
  readonly signer?: Signer | undefined;
  /** Why the key cannot be had. */
  readonly keyError?: unknown;
  /** All of it, judged, as every call needs it. */
  readonly identity?: SigningIdentity | undefined;
  readonly identityError?: unknown;
}

const openings = new WeakMap<Examination, Promise<OpenedSubject>>();

/** Opens what the subject names, once. */
export function openSubject(examination: Examination): Promise<OpenedSubject> {
  const known = openings.get(examination);
  if (known !== undefined) return known;
  const opening = open(examination);
  openings.set(examination, opening);
  return opening;
}

async function open(examination: Examination): Promise<OpenedSubject> {
  const { subject, context, facts } = examination;
  const given = subject.identity;
  if (given === undefined) return {};
  const reading: IdentityContext = { ...context, warn: (message) => facts.warnings.push(message) };
  if ('signer' in given)
    return whole({ ...given, signer: verifiedSigner(given.signer, given.certificate.publicKeyInfo) });
  if ('use' in given) return openReloading(given, examination);
  const source = await buffered(given, reading, examination);
  facts.source = source;
  const leaf = await readLeaf(source, reading);
  if (facts.noLogin !== undefined) return leaf;
  const found = { ...leaf, ...(await openSources(source, reading, examination)) };
  return { ...found, leaf: found.identity?.certificate ?? found.leaf };
}

function whole(identity: SigningIdentity): OpenedSubject {
  return { leaf: identity.certificate, signer: identity.signer, identity };
}

/** Held until the end: what is lent out is closed when its use is over. */
async function openReloading(given: ReloadingIdentity, { facts }: Examination): Promise<OpenedSubject> {
  try {
    return await new Promise<OpenedSubject>((resolve, reject) => {
      const use = (identity: SigningIdentity): Promise<void> =>
        new Promise((release) => {
          facts.closing.push(release);
          resolve(whole(identity));
        });
      given.use(use).catch(reject);
    });
  } catch (error) {
    return { leafError: error, keyError: error, identityError: error };
  }
}

/** What can be read only once is read for all. That it cannot be is told where it is needed. */
async function buffered(
  source: IdentitySource,
  reading: IdentityContext,
  { facts }: Examination,
): Promise<IdentitySource> {
  const sources = new BufferedSources(reading);
  facts.wiping.push(() => sources.wipe());
  try {
    return await sources.buffer(source);
  } catch {
    return source;
  }
}

/** That of a file; one in a store is had with its key. */
async function readLeaf(
  { certificate, keyPassword }: IdentitySource,
  reading: IdentityContext,
): Promise<OpenedSubject> {
  if (!givesBytes(certificate)) return {};
  try {
    return { leaf: await readCertificate({ certificate, ...(keyPassword && { keyPassword }) }, reading) };
  } catch (error) {
    return { leafError: error };
  }
}

/** Faults of the certificate or its chain, found when the key was open already: it can be opened without them. */
const ofOthers = /^(CERTIFICATE|CHAIN)_/;

async function openSources(
  source: IdentitySource,
  reading: IdentityContext,
  { facts }: Examination,
): Promise<OpenedSubject> {
  try {
    const identity = await openIdentity(source, reading);
    facts.closing.push(() => identity.close());
    return { identity, signer: identity.signer };
  } catch (identityError) {
    const isOther = identityError instanceof RolesAnywhereError && ofOthers.test(identityError.code);
    if (!isOther) return { identityError, keyError: identityError };
    return { identityError, ...(await openKeyAlone(source, reading, facts)) };
  }
}

async function openKeyAlone(
  source: IdentitySource,
  reading: IdentityContext,
  facts: Examination['facts'],
): Promise<OpenedSubject> {
  try {
    const opened = await openSigner(source, reading);
    facts.closing.push(() => opened.close());
    return { signer: opened.signer };
  } catch (keyError) {
    return { keyError };
  }
}
