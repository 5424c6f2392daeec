import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { abortable, inTime } from './abortable.ts';
import { checkSet, copyOf, type ExpiringSet, expiringSet, timeLeft } from './credential-set.ts';
import { type Clock, watchClocks } from './clock.ts';
import { CoolDown } from './cool-down.ts';
import { jitteredWindow } from './renewal-window.ts';

/** What a renewal came to, for logs and metrics. None of it is secret but `credentials` itself. */
export type RefreshEvent =
  | { readonly kind: 'renewed'; readonly credentials: Credentials; readonly elapsedMs: number }
  | {
      readonly kind: 'failed';
      readonly error: unknown;
      readonly elapsedMs: number;
      /** Milliseconds until the next attempt; until then nobody makes one. Infinity: nobody does before a `reload`. */
      readonly retryInMs: number;
      /** Whether a set that has not expired is still handed out. */
      readonly stillValid: boolean;
    }
  /** The wall clock went another way than the monotonic one: it was set, or the machine slept. */
  | { readonly kind: 'clock'; readonly jumpedMs: number }
  /** The certificate in use passed a threshold before its end, or that: to be told to somebody who can renew it. */
  | {
      readonly kind: 'certificate';
      readonly message: string;
      /** Decimal. */
      readonly serialNumber: string;
      readonly notAfter: Date;
    };

/** Obtains a new set. The signal aborts when nobody wants it any more. */
export type Obtain = (signal: AbortSignal) => Promise<Credentials>;

export interface RefresherOptions {
  readonly clock: Clock;
  /** From 0 up to, not including, 1: spreads renewals and the attempts after a failure. */
  readonly random: () => number;
  /** Milliseconds after which a call of `obtain` counts as failed, whatever it does; for ever when not given. */
  readonly limitMs?: number | undefined;
  readonly onEvent?: ((event: RefreshEvent) => void) | undefined;
}

interface GetOptions {
  /** Gives up this caller's wait; the renewal goes on for the others, and for a few seconds more for nobody. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks for a set newer than the current one. That is handed out all the same when the renewal fails or takes too long,
   * within the pause after a failure, and within a second after the last time that this was asked for.
   */
  readonly forceRefresh?: boolean | undefined;
}

/** One set of credentials, renewed for any number of callers. */
export interface Refresher {
  /**
   * A set that has not expired.
   * @throws whatever the last renewal threw, when there is no valid set; the signal's reason, when it was aborted
   */
  get(options?: GetOptions): Promise<Credentials>;
  /** The current set, unless it has expired. */
  current(): Credentials | undefined;
  /** From now on renews by itself, early, without waiting for a caller. */
  keepFresh(): void;
  /**
   * Renews at once, after the renewal under way if there is one, and whatever the pause after a failure.
   * @throws whatever the renewal threw; the current set stays
   */
  reload(): Promise<Credentials>;
  /** Ends the timers and, with an AbortError, all waits. A renewal under way is told to end, and comes to nothing. */
  close(): void;
}

/** Milliseconds. A timer stands still while the machine sleeps; this is how late it is noticed at the most. */
const longestSleep = 60_000;

/** Milliseconds between two renewals that callers force, when many find out at once that a set does not work. */
const forcedPause = 1000;

/** With less than this left, or a twentieth of the lifetime, callers wait for a renewal that is due. */
const closeToEnd = 60_000;

/**
 * Caches what `obtain` gives, renews it early and hands it out for as long as it works: docs/refresh.md has the rules.
 *
 * @param obtain never runs twice at the same time, unless it goes on after it was told to end
 */
export function createRefresher(obtain: Obtain, options: RefresherOptions): Refresher {
  return new CredentialRefresher(obtain, options);
}

/** Milliseconds that a caller with a set that works waits for a newer one, and one that forces it. */
const [longestWait, longestForcedWait] = [5000, 30_000] as const;

/** Milliseconds after which a renewal is called off that the last caller has given up. */
const grace = 5000;

const noop = (): void => undefined;

/** A call of `obtain` under way. */
interface Flight {
  readonly landing: Promise<Credentials>;
  /** Tells `obtain` to end. */
  readonly controller: AbortController;
  /** The same, and ends the wait for it whether or not `obtain` ends. */
  readonly abandon: (reason: Error) => void;
  /** Callers that have nothing until it lands. */
  waiting: number;
}

class CredentialRefresher implements Refresher {
  readonly #obtain: Obtain;
  readonly #options: RefresherOptions;
  readonly #clock: Clock;
  readonly #coolDown: CoolDown;
  readonly #jumpOfClocks: () => number;
  #set: (ExpiringSet & { readonly window: number }) | undefined;
  #flight: Flight | undefined;
  #reload: Promise<Credentials> | undefined;
  #lastForced = Number.NEGATIVE_INFINITY;
  #renewsByItself = false;
  #endTimer = noop;
  #closed: Error | undefined;

  constructor(obtain: Obtain, options: RefresherOptions) {
    this.#obtain = obtain;
    this.#options = options;
    this.#clock = options.clock;
    this.#coolDown = new CoolDown(options.random);
    this.#jumpOfClocks = watchClocks(options.clock);
  }

  async get({ signal, forceRefresh = false }: GetOptions = {}): Promise<Credentials> {
    signal?.throwIfAborted();
    // What was called off comes to nothing: whoever comes now begins anew.
    while (this.#flight?.controller.signal.aborted) await abortable(this.#flight.landing.then(noop, noop), signal);
    if (this.#closed !== undefined) throw this.#closed;
    this.#lookAtClocks();
    const current = this.current();
    if (current === undefined) return copyOf(await this.#wait(this.#flightOrFailure(), signal));
    const isForced = forceRefresh && this.#mayForce();
    if (!isForced && !this.#isDue()) return current;
    const flight = this.#flightOrPause();
    if (flight === undefined || !(isForced || this.#isCloseToEnd())) return current;
    return this.#newer(flight, isForced ? longestForcedWait : longestWait, signal);
  }

  current(): Credentials | undefined {
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
    this.#closed ??= aborted('the credentials were closed');
    this.#flight?.abandon(this.#closed);
  }

  /** A flight that has begun may have read what has changed since: it is let land first. */
  async #renewAfterFlight(): Promise<Credentials> {
    await this.#flight?.landing.catch(noop);
    this.#reload = undefined;
    if (this.#closed !== undefined) throw this.#closed;
    this.#coolDown.lift();
    return this.#wait(this.#flight ?? this.#takeOff(), undefined);
  }

  /** The set of a flight or, where that fails or takes too long, the current one, as long as it works. */
  async #newer(flight: Flight, longest: number, signal: AbortSignal | undefined): Promise<Credentials> {
    const milliseconds = Math.min(longest, this.#timeLeft() / 2);
    const landing: Promise<Credentials | undefined> = flight.landing;
    const patience = { milliseconds, clock: this.#clock, late: () => undefined, keepsAlive: true };
    try {
      const newer = await abortable(inTime(landing, patience), signal);
      if (newer !== undefined) return copyOf(newer);
    } catch (error) {
      signal?.throwIfAborted();
      if (this.current() === undefined) throw error;
    }
    return this.current() ?? copyOf(await this.#wait(flight, signal));
  }

  /** A caller's wait for a flight. One that the last caller has given up is called off a while later. */
  async #wait(flight: Flight, signal: AbortSignal | undefined): Promise<Credentials> {
    flight.waiting += 1;
    try {
      return await abortable(flight.landing, signal);
    } finally {
      flight.waiting -= 1;
      if (this.#isForNobody(flight)) this.#callOffLater(flight);
    }
  }

  #isForNobody(flight: Flight): boolean {
    return flight === this.#flight && flight.waiting === 0 && !this.#renewsByItself && this.#reload === undefined;
  }

  #callOffLater(flight: Flight): void {
    this.#clock.after(grace, () => {
      if (this.#isForNobody(flight)) flight.controller.abort(aborted('nobody waits for the credentials any more'));
    });
  }

  /** The flight under way, or a new one; undefined while there must be none. */
  #flightOrPause(): Flight | undefined {
    if (this.#flight !== undefined) return this.#flight;
    return this.#coolDown.left(this.#clock.monotonic()) > 0 ? undefined : this.#takeOff();
  }

  #flightOrFailure(): Flight {
    const flight = this.#flightOrPause();
    if (flight === undefined) throw this.#coolDown.error;
    return flight;
  }

  #takeOff(): Flight {
    this.#endTimer();
    const start = this.#clock.monotonic();
    const controller = new AbortController();
    let abandon: Flight['abandon'] = noop;
    const abandoned = new Promise<never>((_resolve, reject) => {
      abandon = (reason) => {
        controller.abort(reason);
        reject(reason);
      };
    });
    const endLimit = this.#limit(abandon);
    // Not at once: `obtain` may throw, or call back, before there is a flight to end.
    const obtained = Promise.resolve().then(() => this.#obtain(controller.signal));
    const landing = Promise.race([obtained, abandoned])
      .finally(endLimit)
      .then((credentials) => this.#renewed(credentials, start))
      .catch((error: unknown) => this.#failed(error, start));
    // Those who wait for it are told; there may be none.
    landing.catch(noop);
    this.#flight = { landing, controller, abandon, waiting: 0 };
    return this.#flight;
  }

  /** Nothing that a renewal waits for may keep it for ever. */
  #limit(abandon: Flight['abandon']): () => void {
    const { limitMs } = this.#options;
    if (limitMs === undefined) return noop;
    // Somebody waits for it where there is nothing to hand out meanwhile.
    const keepsAlive = this.#timeLeft() <= 0 && !this.#renewsByItself;
    return this.#clock.after(limitMs, () => abandon(tooLong(limitMs)), { keepsAlive });
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
    const isCalledOff = error instanceof DOMException && error === this.#flight?.controller.signal.reason;
    this.#flight = undefined;
    if (this.#closed !== undefined) throw this.#closed;
    if (!isCalledOff) this.#rest(error, start);
    this.#schedule();
    throw error;
  }

  #rest(error: unknown, start: number): void {
    const now = this.#clock.monotonic();
    const retryInMs = this.#coolDown.begin(error, now);
    this.#tell({ kind: 'failed', error, elapsedMs: now - start, retryInMs, stillValid: this.#timeLeft() > 0 });
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
    if (!this.#isDue() || this.#flightOrPause() === undefined) this.#schedule();
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

function aborted(message: string): DOMException {
  return new DOMException(message, 'AbortError');
}

function tooLong(milliseconds: number): RolesAnywhereError {
  const seconds = Math.round(milliseconds / 1000);
  return new RolesAnywhereError('NETWORK_TIMEOUT', `there were no credentials within ${seconds} s`, {
    hints: ['key, token, password or service do not answer: debug output shows how far it went'],
  });
}
