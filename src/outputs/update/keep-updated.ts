import { isDeepStrictEqual } from 'node:util';
import type { Credentials } from '../../core/credentials.ts';
import { explainedMessage } from '../../core/describe-refusal.ts';
import { failureKind } from '../../core/error-facts.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { inTurn } from '../../core/in-turn.ts';
import { type RefreshableCredentials, refreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import type { RefreshEvent } from '../../pipeline/refresh/refresher.ts';
import { fileWriter, type UpdateContext, type UpdateTarget, type WriteCredentials } from './update-file.ts';

/** Profiles that are kept fresh in the file. */
export interface Updating {
  /** Takes over what the options say now, and reads certificates and keys again. What fails stays as it was. */
  reload(targets: readonly UpdateTarget[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Writes credentials for every profile, and keeps them fresh from then on.
 *
 * @throws what obtaining or writing a first set threw, unless it may be over soon: that is tried again
 */
export async function keepUpdated(targets: readonly UpdateTarget[], context: UpdateContext): Promise<Updating> {
  const updaters = new Updaters(targets, { ...context, write: fileWriter(context), oneByOne: inTurn() });
  await updaters.start();
  return updaters;
}

class Updaters implements Updating {
  readonly #context: UpdaterContext;
  #updaters: readonly ProfileUpdater[];
  /** What is to take a place among them, and may not come to it. */
  readonly #candidates = new Set<ProfileUpdater>();
  #isClosed = false;

  constructor(targets: readonly UpdateTarget[], context: UpdaterContext) {
    this.#context = context;
    this.#updaters = targets.map((target) => new ProfileUpdater(target, context));
  }

  async start(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#updaters.map((each) => each.start()));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed === undefined) return;
    await this.close();
    throw failed.reason;
  }

  async reload(targets: readonly UpdateTarget[]): Promise<void> {
    await Promise.all(this.#updaters.map((each, index) => this.#renew(each, targets[index] ?? each.target)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#updaters, ...this.#candidates].map((each) => each.close()));
  }

  async #renew(updater: ProfileUpdater, target: UpdateTarget): Promise<void> {
    if (this.#isClosed) return;
    try {
      await (isDeepStrictEqual(updater.target, target) ? updater.reload() : this.#replace(updater, target));
    } catch (error) {
      if (this.#isClosed) return;
      this.#context.warn(`profile ${target.profile}: ${explainedMessage(error)}; all stays as it was`);
    }
  }

  /** A profile that is to be obtained in another way makes place once that way has led to credentials. */
  async #replace(old: ProfileUpdater, target: UpdateTarget): Promise<void> {
    const next = new ProfileUpdater(target, this.#context);
    this.#candidates.add(next);
    let closing: Promise<void> | undefined;
    try {
      await next.takeOver(() => {
        this.#updaters = this.#updaters.map((each) => (each === old ? next : each));
        closing = old.close();
      });
    } catch (error) {
      await next.close();
      throw error;
    } finally {
      this.#candidates.delete(next);
    }
    await closing;
  }
}

/** The world around, and who is told. */
interface UpdaterContext extends Pick<UpdateContext, 'pipeline' | 'clock' | 'warn'> {
  readonly write: WriteCredentials;
  /** The turns in which the file is written. */
  readonly oneByOne: ReturnType<typeof inTurn>;
}

/** Milliseconds. */
const firstPause = 1000;
const longestPause = 60_000;

/** Keeps the credentials of one profile fresh in the file. */
class ProfileUpdater {
  readonly target: UpdateTarget;
  readonly #context: UpdaterContext;
  readonly #credentials: RefreshableCredentials;
  /** The newest set that is not in the file yet. */
  #pending: Credentials | undefined;
  #isWriting = false;
  #isStarted = false;
  #isClosed = false;

  constructor(target: UpdateTarget, context: UpdaterContext) {
    this.target = target;
    this.#context = context;
    const { pipeline, clock } = context;
    this.#credentials = refreshableCredentials(target.plan, {
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
      this.#pending = this.#credentials.current();
      this.#keepFresh();
    }
  }

  /**
   * The same in place of a profile that works: nothing is tried again, as that one goes on.
   *
   * @param onWritten called before anybody else writes
   * @throws whatever obtaining and writing throw
   */
  async takeOver(onWritten?: () => void): Promise<void> {
    await this.#write(await this.#credentials.get(), onWritten);
    this.#keepFresh();
  }

  /** Reads certificate and key again and renews. @throws what the attempt threw; what there is stays */
  async reload(): Promise<void> {
    await this.#credentials.reload();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#credentials.close();
  }

  /** Does nothing once this is closed: the turn may come after another has taken the place. */
  #write(credentials: Credentials, onWritten?: () => void): Promise<void> {
    const { write, oneByOne } = this.#context;
    return oneByOne(async () => {
      if (this.#isClosed) return;
      await write(new Map([[this.target.profile, credentials]]));
      onWritten?.();
    });
  }

  #keepFresh(): void {
    if (this.#isClosed) return;
    this.#isStarted = true;
    void this.#writePending();
    this.#credentials.keepFresh();
  }

  #onRefresh(event: RefreshEvent): void {
    if (event.kind === 'certificate') this.#context.warn(`profile ${this.target.profile}: ${event.message}`);
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
    const { pipeline, clock } = this.#context;
    this.#isWriting = true;
    for (let pause = firstPause; this.#pending !== undefined && !this.#isClosed;) {
      const credentials = this.#pending;
      try {
        await this.#write(credentials);
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
    this.#context.warn(`profile ${this.target.profile}: ${explainedMessage(error)}; ${then}`);
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof RolesAnywhereError && error.code === 'FILE_LOCKED';
}

function seconds(milliseconds: number): string {
  return `${Math.ceil(milliseconds / 1000)} s`;
}
