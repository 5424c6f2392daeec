import { describeError } from '../../core/describe-error.ts';
import type { CredentialPlan, PipelineContext } from '../../pipeline/credential-plan.ts';
import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { failureKind } from '../../core/error-facts.ts';
import { type RefreshableCredentials, refreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import type { RefreshEvent } from '../../pipeline/refresh/refresher.ts';

/** A profile of the credentials file and where its credentials come from. */
export interface UpdateTarget {
  readonly profile: string;
  readonly plan: CredentialPlan;
}

/** The world around, and who is told. */
export interface KeptProfileContext {
  readonly pipeline: PipelineContext;
  readonly clock: Clock;
  /** Puts credentials into the file. */
  readonly write: (profile: string, credentials: Credentials) => Promise<void>;
  /** What went wrong and is tried again, without secrets. */
  readonly warn: (message: string) => void;
}

/** Milliseconds. */
const firstPause = 1000;
const longestPause = 60_000;

/** A profile whose credentials are kept fresh in the file. */
export class KeptProfile {
  readonly target: UpdateTarget;
  readonly #context: KeptProfileContext;
  readonly #held: RefreshableCredentials;
  /** The newest set that is not in the file yet. */
  #pending: Credentials | undefined;
  #isWriting = false;
  #isStarted = false;
  #isClosed = false;

  constructor(target: UpdateTarget, context: KeptProfileContext) {
    this.target = target;
    this.#context = context;
    const { pipeline, clock } = context;
    this.#held = refreshableCredentials(target.plan, {
      ...pipeline,
      clock,
      onRefresh: (event) => this.#onRefresh(event),
    });
  }

  /**
   * Obtains and writes the first set, and keeps it fresh from then on. What may be over soon is tried again.
   *
   * @throws what else obtaining and writing throw
   */
  async start(): Promise<void> {
    try {
      await this.takeOver();
    } catch (error) {
      if (failureKind(error) !== 'transient' && !isLocked(error)) throw error;
      this.#warn(error, 'it is tried again');
      this.#pending = this.#held.current();
      this.#keepFresh();
    }
  }

  /**
   * The same in place of a profile that works: nothing is tried again, as that one goes on.
   *
   * @throws whatever obtaining and writing throw
   */
  async takeOver(): Promise<void> {
    await this.#context.write(this.target.profile, await this.#held.get());
    this.#keepFresh();
  }

  /** Reads certificate and key again and renews. @throws what the attempt threw; what is held stays */
  async reload(): Promise<void> {
    await this.#held.reload();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#held.close();
  }

  #keepFresh(): void {
    this.#isStarted = true;
    void this.#writePending();
    this.#held.keepFresh();
  }

  #onRefresh(event: RefreshEvent): void {
    if (!this.#isStarted) return;
    if (event.kind === 'renewed') this.#writeLater(event.credentials);
    if (event.kind !== 'failed') return;
    const pause = Number.isFinite(event.retryInMs) ? `, next attempt in ${seconds(event.retryInMs)}` : '';
    this.#warn(event.error, `the file ${event.stillValid ? 'is still good' : 'holds none that work'}${pause}`);
  }

  #writeLater(credentials: Credentials): void {
    this.#pending = credentials;
    if (!this.#isWriting) void this.#writePending();
  }

  /** Writes the newest set until it is written, has expired, or nobody wants it any more. */
  async #writePending(): Promise<void> {
    const { pipeline, clock, write } = this.#context;
    this.#isWriting = true;
    for (let pause = firstPause; this.#pending !== undefined && !this.#isClosed;) {
      const credentials = this.#pending;
      try {
        await write(this.target.profile, credentials);
        if (this.#pending === credentials) this.#pending = undefined;
      } catch (error) {
        const delay = pause * (0.5 + pipeline.random() / 2);
        this.#warn(error, `next attempt in ${seconds(delay)}`);
        await new Promise<void>((resolve) => void clock.after(delay, resolve));
        pause = Math.min(pause * 2, longestPause);
        if (credentials.expiration <= clock.now() && this.#pending === credentials) this.#pending = undefined;
      }
    }
    this.#isWriting = false;
  }

  #warn(error: unknown, then: string): void {
    this.#context.warn(`profile ${this.target.profile}: ${describeError(error).message}; ${then}`);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof RolesAnywhereError && error.code === 'FILE_LOCKED';
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}
