import type { CredentialStore, RoleSession } from './credential-store.ts';
import type { Registry } from './registry.ts';

/** What the operations work on. */
export interface Service {
  readonly registry: Registry;
  readonly credentials: CredentialStore;
  /** The sandbox's time at this request. */
  readonly now: Date;
}

/** A request that was accepted. */
export interface Accepted {
  readonly status: number;
  readonly body: string;
  /** The session that was made, or that asked. */
  readonly session: RoleSession;
}
