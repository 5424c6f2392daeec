import type { Credentials, CredentialSource } from '../../core/credentials.ts';
import { abortable } from './abortable.ts';
import { checkSet, copyOf, type ExpiringSet, expiringSet, timeLeft } from './credential-set.ts';
import { type Clock, watchClocks } from './clock.ts';
import { CoolDown } from './cool-down.ts';
import type { GetOptions, Refresher, RefresherOptions } from './refresher.ts';
import { jitteredWindow } from './renewal-window.ts';

/** Milliseconds. A timer stands still while the machine sleeps; this is how late it is noticed at the most. */
const longestSleep = 60_000;

/** Milliseconds between two renewals that callers force, when many find out at once that a set does not work. */
const forcedPause = 1000;

/** With less than this left, or a twentieth of the lifetime, callers wait for a renewal that is due. */
const closeToEnd = 60_000;

/**
 * Caches what `obtain` gives, renews it early and hands it out for as long as it works: docs/refresh.md has the rules.
 *
 * @param obtain never runs twice at the same time
 */
export function createRefresher(obtain: CredentialSource, options: RefresherOptions): Refresher {
  return new CredentialRefresher(obtain, options);
}

/** A flight and what ends the wait for it. */
interface Flight {
  readonly landing: Promise<Credentials>;
  readonly abandon: (reason: Error) => void;
}

class CredentialRefresher implements Refresher {
  readonly #obtain: CredentialSource;
  readonly #options: RefresherOptions;
  readonly #clock: Clock;
  readonly #coolDown: CoolDown;
  readonly #jumpOfClocks: () => number;
  #set: (ExpiringSet & { readonly window: number }) | undefined;
  #flight: Flight | undefined;
  #reload: Promise<Credentials> | undefined;
  #lastForced = Number.NEGATIVE_INFINITY;
  #renewsByItself = false;
  #endTimer = (): void => undefined;
  #closed: Error | undefined;

  constructor(obtain: CredentialSource, options: RefresherOptions) {
    this.#obtain = obtain;
    this.#options = options;
    this.#clock = options.clock;
    this.#coolDown = new CoolDown(options.random);
    this.#jumpOfClocks = watchClocks(options.clock);
  }

  async get({ signal, forceRefresh = false }: GetOptions = {}): Promise<Credentials> {
    signal?.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    this.#lookAtClocks();
    const current = this.held();
    if (current === undefined) return copyOf(await abortable(this.#landingOrFailure(), signal));
    const isForced = forceRefresh && this.#mayForce();
    if (!isForced && !this.#isDue()) return current;
    const landing = this.#landing();
    if (landing === undefined || !(isForced || this.#isCloseToEnd())) return current;
    try {
      return copyOf(await abortable(landing, signal));
    } catch (error) {
      signal?.throwIfAborted();
      const stillValid = this.held();
      if (stillValid === undefined) throw error;
      return stillValid;
    }
  }

  held(): Credentials | undefined {
    return this.#timeLeft() > 0 && this.#set !== undefined ? copyOf(this.#set.credentials) : undefined;
  }

  keepFresh(): void {
    this.#renewsByItself = true;
    this.#schedule();
  }

  async reload(): Promise<Credentials> {
    if (this.#closed !== undefined) throw this.#closed;
    this.#reload ??= this.#renewAfterFlight();
    return copyOf(await this.#reload);
  }

  close(): void {
    this.#endTimer();
    this.#closed ??= new DOMException('the credentials were closed', 'AbortError');
    this.#flight?.abandon(this.#closed);
  }

  /** A flight that has begun may have read what has changed since: it is let land first. */
  async #renewAfterFlight(): Promise<Credentials> {
    await this.#flight?.landing.catch(() => undefined);
    this.#reload = undefined;
    if (this.#closed !== undefined) throw this.#closed;
    this.#coolDown.lift();
    return (this.#flight ?? this.#takeOff()).landing;
  }

  /** The flight under way, or a new one; undefined while there must be none. */
  #landing(): Promise<Credentials> | undefined {
    if (this.#flight !== undefined) return this.#flight.landing;
    return this.#coolDown.left(this.#clock.monotonic()) > 0 ? undefined : this.#takeOff().landing;
  }

  #landingOrFailure(): Promise<Credentials> {
    const landing = this.#landing();
    if (landing === undefined) throw this.#coolDown.error;
    return landing;
  }

  #takeOff(): Flight {
    this.#endTimer();
    const start = this.#clock.monotonic();
    let abandon: Flight['abandon'] = () => undefined;
    const landing = new Promise<Credentials>((resolve, reject) => {
      abandon = reject;
      // Not at once: `obtain` may throw, or call back, before there is a flight to end.
      void Promise.resolve()
        .then(this.#obtain)
        .then((credentials) => this.#renewed(credentials, start))
        .catch((error: unknown) => this.#failed(error, start))
        .then(resolve, reject);
    });
    // Those who wait for it are told; there may be none.
    landing.catch(() => undefined);
    this.#flight = { landing, abandon };
    return this.#flight;
  }

  #renewed(credentials: Credentials, start: number): Credentials {
    checkSet(credentials, this.#clock.now());
    this.#flight = undefined;
    if (this.#closed !== undefined) throw this.#closed;
    const set = expiringSet(credentials, this.#clock);
    this.#set = { ...set, window: jitteredWindow(set.lifetime, this.#options.random) };
    this.#coolDown.lift();
    this.#tell({ kind: 'renewed', credentials: copyOf(credentials), elapsedMs: this.#clock.monotonic() - start });
    this.#schedule();
    return set.credentials;
  }

  #failed(error: unknown, start: number): never {
    this.#flight = undefined;
    if (this.#closed !== undefined) throw this.#closed;
    const now = this.#clock.monotonic();
    const retryInMs = this.#coolDown.begin(error, now);
    this.#tell({ kind: 'failed', error, elapsedMs: now - start, retryInMs, isHeld: this.#timeLeft() > 0 });
    this.#schedule();
    throw error;
  }

  #schedule(): void {
    this.#endTimer();
    // A flight that lands schedules what comes next.
    if (!this.#renewsByItself || this.#closed !== undefined || this.#flight !== undefined) return;
    const untilDue = this.#timeLeft() - (this.#set?.window ?? 0);
    const sleep = Math.max(untilDue, this.#coolDown.left(this.#clock.monotonic()), 1);
    this.#endTimer = this.#clock.after(Math.min(sleep, longestSleep), () => this.#wake());
  }

  #wake(): void {
    this.#lookAtClocks();
    if (!this.#isDue() || this.#landing() === undefined) this.#schedule();
  }

  #isDue(): boolean {
    return this.#timeLeft() < (this.#set?.window ?? Number.POSITIVE_INFINITY);
  }

  #isCloseToEnd(): boolean {
    return this.#timeLeft() < Math.min(closeToEnd, (this.#set?.lifetime ?? 0) / 20);
  }

  #timeLeft(): number {
    return this.#set === undefined ? 0 : timeLeft(this.#set, this.#clock);
  }

  #mayForce(): boolean {
    const now = this.#clock.monotonic();
    if (now - this.#lastForced < forcedPause) return false;
    this.#lastForced = now;
    return true;
  }

  #lookAtClocks(): void {
    const jumpedMs = this.#jumpOfClocks();
    if (jumpedMs !== 0) this.#tell({ kind: 'clock', jumpedMs });
  }

  /** An observer that throws must not turn a renewal into a failure. */
  #tell(event: Parameters<NonNullable<RefresherOptions['onEvent']>>[0]): void {
    try {
      this.#options.onEvent?.(event);
    } catch {
      // It is the observer's own.
    }
  }
}
