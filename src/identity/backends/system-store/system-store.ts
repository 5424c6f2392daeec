import type { SystemStoreSource } from '../../identity.ts';
import type { Signer } from '../../signer.ts';
import type { Certificate } from '../../x509/certificate.ts';

/** A certificate of a store of the operating system, open as long as the store is. */
export interface StoredCertificate {
  readonly certificate: Certificate;
  /** SHA-1 of the certificate: 40 hexadecimal digits, in lower case. */
  readonly thumbprint: string;
  readonly friendlyName?: string | undefined;
  readonly hasKey: boolean;
  /** What the system calls it by: an address. */
  readonly handle: bigint;
}

/** What is read of a store, and what opens keys there. */
export interface SystemStore {
  readonly certificates: readonly StoredCertificate[];
  /** What may be between a certificate and its trust anchor, besides those of the store. */
  issuersOf(one: StoredCertificate): Promise<readonly Certificate[]>;
  /** @throws RolesAnywhereError STORE_LOCKED, STORE_REFUSED */
  openKey(one: StoredCertificate, use: KeyUse): Promise<StoreKey>;
  close(): void;
}

/** @throws RolesAnywhereError STORE_UNAVAILABLE */
export type OpenSystemStore<S = SystemStoreSource> = (source: S) => Promise<SystemStore>;

/** Whether the system may show a window, as for the PIN of a smart card; and what messages call the certificate. */
export interface KeyUse {
  readonly mayAsk: boolean;
  readonly place: string;
  readonly family: 'RSA' | 'EC';
}

/** A key that the system keeps, which signs there. */
export interface StoreKey {
  readonly signer: Signer;
  close(): void;
}
