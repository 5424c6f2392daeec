import type { SigningIdentity } from './identity.ts';

/** An open identity that is closed when nobody uses it any more. */
export class Lease {
  readonly identity: SigningIdentity;
  #users = 0;
  #isRetired = false;

  constructor(identity: SigningIdentity) {
    this.identity = identity;
  }

  async use<T>(action: (identity: SigningIdentity) => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await action(this.identity);
    } finally {
      this.#users -= 1;
      if (this.#isRetired) await this.#closeIfUnused();
    }
  }

  /** Nobody new will use it. */
  async retire(): Promise<void> {
    if (this.#isRetired) return;
    this.#isRetired = true;
    await this.#closeIfUnused();
  }

  async #closeIfUnused(): Promise<void> {
    if (this.#users > 0) return;
    // A token that was pulled cannot be closed well, and is nobody's concern any more.
    await this.identity.close().catch(() => undefined);
  }
}
