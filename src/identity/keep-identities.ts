import type { IdentityContext, IdentitySource, ReloadingIdentity } from './identity.ts';
import { reloadingIdentity, type ReloadSettings } from './reloading-identity.ts';

/** The identities of one process: what several of its parts ask for is opened, and its password asked for, once. */
export interface IdentityPool {
  /** A kept one is taken over as it is. */
  keep(source: IdentitySource | ReloadingIdentity): ReloadingIdentity;
  reload(): void;
  /** Calls back when a file of one of them has changed; the returned function ends that. */
  onChange(callback: () => void): () => void;
  close(): Promise<void>;
}

export function identityPool(context: IdentityContext, settings: ReloadSettings = {}): IdentityPool {
  const kept = new Map<string | ReloadingIdentity, ReloadingIdentity>();
  return {
    keep(source) {
      const key = 'use' in source ? source : keyOf(source);
      const identity = kept.get(key) ?? ('use' in source ? source : reloadingIdentity(source, context, settings));
      kept.set(key, identity);
      return identity;
    },
    reload() {
      for (const identity of kept.values()) identity.reload();
    },
    onChange(callback) {
      const ends = [...kept.values()].map((identity) => identity.onChange(callback));
      return () => ends.forEach((end) => end());
    },
    async close() {
      await Promise.all([...kept.values()].map((identity) => identity.close()));
    },
  };
}

/** The same for the same sources, whichever options gave them. */
function keyOf(source: IdentitySource): string {
  return JSON.stringify(source, (name, value: unknown) => (name === 'option' ? undefined : value));
}
