import type { Signer } from './signer.ts';
import type { Certificate } from './x509/certificate.ts';

/**
 * Who signs, and with which key: what every backend returns and what a caller of the library may bring along.
 */
export interface SigningIdentity {
  /** The leaf, sent as `X-Amz-X509`. */
  readonly certificate: Certificate;
  /** What goes into `X-Amz-X509-Chain`: issuer of the leaf first, without leaf, without self-signed root, at most 5. */
  readonly chain: readonly Certificate[];
  readonly signer: Signer;
  /** Gives back what is held open: a token session, a TPM handle. */
  close(): Promise<void>;
}

/** Where bytes come from. `option` is what messages call it: `--certificate`. */
export type ByteSource = { readonly option: string } & (
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'fd'; readonly fd: number }
  | { readonly kind: 'stdin' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
);

/** Where the private key is: bytes, or a place that never gives it out. */
export type KeySource =
  | ByteSource
  | { readonly option: string; readonly kind: 'pkcs11'; readonly uri: string }
  | { readonly option: string; readonly kind: 'tpm-handle'; readonly handle: number };

/** Where a password or PIN comes from. A `value` was given as it is, by flag, environment or library call. */
export type SecretSource = { readonly option: string } & (
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }
);

/** What openIdentity opens. */
export interface IdentitySource {
  readonly certificate: KeySource;
  /** The same source as the certificate when not given (a combined PEM, a PKCS#12). */
  readonly privateKey?: KeySource;
  readonly intermediates?: ByteSource;
  /** Opens an encrypted key file or PKCS#12. */
  readonly keyPassword?: SecretSource;
}

/** What a backend needs of the world around it. A library never logs, prompts or reads the clock by itself. */
export interface IdentityContext {
  readonly now: () => Date;
  /** Told in the words of an error message: lower case, no full stop. */
  readonly warn: (message: string) => void;
  /** Asks the person at the terminal; undefined where there is none. Resolves to undefined when they give up. */
  readonly askSecret?: ((question: string) => Promise<string | undefined>) | undefined;
  /** What `env` sources are looked up in; undefined where there is no environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}
