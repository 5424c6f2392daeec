import type { SecretSource } from '../../identity.ts';
import type { TpmTransport } from './transport/tpm-transport.ts';

/** Where a TPM key is. `place` is how messages name it: `--private-key: /etc/pki/leaf.pem`. */
export type TpmKeySource = { readonly place: string } & (
  | {
      readonly kind: 'tss2';
      /** PEM or DER of a TSS2 PRIVATE KEY. */
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: 'handle';
      /** 0x81000000 to 0x81ffffff */
      readonly handle: number;
    }
);

/** What else the caller says of the TPM and its passwords. */
export interface TpmOptions {
  /** Where the TPM is, in the words that `parseTpmDevice` reads, and what messages call the option that says so. */
  readonly device?: { readonly text: string; readonly option: string } | undefined;
  /** Takes the place of `device`: a way to the TPM of the caller's own. */
  readonly openTransport?: (() => Promise<TpmTransport>) | undefined;
  /** A password that is given is always used, whatever the key file says. */
  readonly keyPassword?: SecretSource | undefined;
  /** The key has no password: nobody is asked for one. */
  readonly noKeyPassword?: boolean | undefined;
  /** Of a parent at a persistent handle. */
  readonly parentPassword?: SecretSource | undefined;
  /** Of the hierarchy that a key file names as parent. */
  readonly hierarchyPassword?: SecretSource | undefined;
  /** Stops what is under way between two commands of the TPM; what is loaded is flushed all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a user need not know, as the end of a sentence: that a password went to the TPM as it is. */
  readonly debug?: ((message: string) => void) | undefined;
}
