import type {
  ByteSource,
  IdentityContext,
  IdentitySource,
  KeySource,
  Pkcs11Settings,
  ReadContext,
  SecretSource,
  SignerSource,
  SigningIdentity,
  TpmSettings,
} from '../identity.ts';
import type { FoundBefore, PrivateKey } from '../private-key.ts';
import type { OpenedSigner } from '../signer.ts';
import type { Certificate } from '../x509/certificate.ts';

/**
 * What a key store is to the rest: a row of registry.ts.
 *
 * @typeParam S the source that it opens
 */
export type Backend<S> = (CertificateStore | KeyStore<S>) & {
  /** Password or PIN that the source itself names; a change of its file is a change of the identity. */
  secretOf?(source: S): SecretSource | undefined;
};

/** A store of keys and certificates. It opens them together, the certificate out of the store or out of a file. */
export interface CertificateStore {
  readonly holds: 'certificates';
  readonly openIdentity: Open<IdentitySource, SigningIdentity>;
  readonly openSigner: Open<SignerSource, OpenedSigner>;
  readonly listCertificates: Open<CertificateSearch, readonly ListedCertificate[]>;
  /**
   * A text that is another one when another certificate would be opened now: one that was renewed in the store. A process
   * that lives on asks before each use; it never rejects.
   */
  readonly printOf?: Open<IdentitySource, string>;
  /** Where it gives out keys: the bytes of certificate and key, of which the caller wipes the key. */
  readonly fetchPair?: (source: IdentitySource, context: ReadContext) => Promise<BytesOfPair>;
}

/** Certificate and key as bytes. */
export interface BytesOfPair {
  readonly certificate: ByteSource;
  readonly privateKey: ByteSource & { readonly kind: 'bytes' };
}

/** A store of keys alone. The file backend reads the certificate, and asks for the key that goes with it. */
interface KeyStore<S> {
  readonly holds: 'keys';
  openKey(source: S, opening: KeyOpening): Promise<PrivateKey>;
}

type Open<Source, Opened> = (source: Source, context: IdentityContext) => Promise<Opened>;

/** What a key of a store is opened with. */
export interface KeyOpening extends FoundBefore {
  readonly tpm: TpmSettings | undefined;
  readonly context: IdentityContext;
}

/** Where certificates are to be looked for. */
export interface CertificateSearch {
  readonly certificate: KeySource;
  readonly pkcs11?: Pkcs11Settings;
}

/** A certificate of a store. */
export interface ListedCertificate {
  readonly certificate: Certificate;
  /** Names it alone: the PKCS#11 URI of token and object, without the PIN. */
  readonly uri: string;
}
