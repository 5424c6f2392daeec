import type { CredentialStore, RoleSession } from './credential-store.ts';
import type { Registry } from './registry.ts';

/** What the operations work on. */
export interface Service {
  readonly registry: Registry;
  readonly credentials: CredentialStore;
  /** The sandbox's time at this request. */
  readonly now: Date;
  /** Seconds after which any session ends, whatever was asked for. */
  readonly sessionLifetime?: number | undefined;
}

/** When a session of so many seconds ends; credentials name whole seconds. */
export function sessionEnd({ now, sessionLifetime = Infinity }: Service, seconds: number): Date {
  return new Date((Math.floor(now.getTime() / 1000) + Math.min(seconds, sessionLifetime)) * 1000);
}

/** A request that was accepted. */
export interface Accepted {
  readonly status: number;
  readonly body: string;
  /** The session that was made, or that asked. */
  readonly session: RoleSession;
}
