import type { SecretSource } from '../../identity.ts';
import type { Problem } from '../../problem.ts';
import type { Certificate } from '../../x509/certificate.ts';
import type { Pkcs11Uri } from '../../pkcs11-uri.ts';

/** Where a key or certificate is on a token. `option` is what messages call it: `--private-key`. */
export interface Pkcs11Source {
  readonly option: string;
  readonly uri: Pkcs11Uri;
}

/** A PKCS#11 module and who named it: `--pkcs11-lib`, `PKCS11_MODULE_PATH`. */
export interface ModuleChoice {
  readonly option: string;
  readonly path: string;
}

/** What was asked for besides the URIs. */
export interface Pkcs11Options {
  /** Goes before the module that a URI names. */
  readonly module?: ModuleChoice;
  /** Is used where neither `module` nor a URI names one; p11-kit's proxy when not given. */
  readonly defaultModule?: ModuleChoice;
  /** Goes after the PIN that a URI gives, and before the question at the terminal. */
  readonly pin?: SecretSource;
  /** Whether the PIN of the token also serves keys that want one for each signature (CKA_ALWAYS_AUTHENTICATE). */
  readonly reusePin: boolean;
  /** Whether, of several certificates of the key, the one that expires last is taken. */
  readonly useLatestExpiring: boolean;
}

/** Certificates that were read from elsewhere; one of them is the key's. */
export interface FileCertificates {
  readonly option: string;
  readonly certificates: readonly Certificate[];
  /** What is wrong with those that cannot be read, told where none of the others is the key's. */
  readonly damaged?: readonly Problem[];
}

/** Key and certificate on a token. Without a URI of its own, the key is the one of the certificate. */
interface TokenPairSource {
  readonly certificate: Pkcs11Source;
  readonly privateKey?: Pkcs11Source;
}

/** A key on a token, alone or with a certificate from elsewhere. */
interface TokenKeySource {
  readonly certificate?: FileCertificates;
  readonly privateKey: Pkcs11Source;
}

export type PairSource = TokenPairSource | TokenKeySource;

/** The URIs of a source; the same object twice where there is one URI for both. */
export function tokenSourcesOf(source: PairSource): {
  readonly key: Pkcs11Source;
  readonly certificate: Pkcs11Source | undefined;
} {
  if (!isTokenPair(source)) return { key: source.privateKey, certificate: undefined };
  return { key: source.privateKey ?? source.certificate, certificate: source.certificate };
}

function isTokenPair(source: PairSource): source is TokenPairSource {
  return source.certificate !== undefined && 'uri' in source.certificate;
}
