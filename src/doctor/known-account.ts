import type { KnownProfile, KnownRole, KnownTrustAnchor } from '../trust/session/decide-session.ts';

/** What only the account knows, as far as somebody told it. */
export interface KnownAccount {
  readonly trustAnchor?: KnownTrustAnchor | undefined;
  readonly profile?: KnownProfile | undefined;
  readonly role?: KnownRole | undefined;
}
