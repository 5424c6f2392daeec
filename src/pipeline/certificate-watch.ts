import { explainLateLeaf } from '../aws/create-session/explain-session.ts';
import { expiryThresholds, passedThreshold } from '../core/expiry-thresholds.ts';
import type { Certificate } from '../identity/x509/certificate.ts';
import type { Clock } from './refresh/clock.ts';
import type { RefreshEvent } from './refresh/refresher.ts';

type Leaf = Pick<Certificate, 'serialNumber' | 'notBefore' | 'notAfter'>;

/** Serial numbers of which it is remembered who was told: a process that lives for years sees many. */
const mostRemembered = 1000;

/**
 * Tells of the certificate that is in use when it passes one of the `expiryThresholds`, once at each, also between two
 * renewals; of one that another has taken the place of no more.
 */
export class CertificateWatch {
  readonly #clock: Clock;
  readonly #tell: (event: RefreshEvent) => void;
  /** By serial number: the last threshold that was told, in milliseconds. */
  readonly #told = new Map<bigint, number>();
  #callOff: (() => void) | undefined;
  #isClosed = false;

  constructor(clock: Clock, tell: (event: RefreshEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** This one was used just now. */
  use(leaf: Leaf): void {
    this.#callOff?.();
    if (this.#isClosed) return;
    const [thresholds, now] = [expiryThresholds(leaf), this.#clock.now()];
    const passed = passedThreshold(leaf, thresholds, now);
    if (passed !== undefined && passed < (this.#told.get(leaf.serialNumber) ?? Infinity)) this.#tellOf(leaf, passed);
    const left = leaf.notAfter.getTime() - now.getTime();
    const next = [...thresholds, 0].find((threshold) => threshold < left && threshold < (passed ?? Infinity));
    // A timer may be early where the time is long: it looks again then.
    this.#callOff = next === undefined ? undefined : this.#clock.after(left - next, () => this.use(leaf));
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff?.();
  }

  #tellOf(leaf: Leaf, threshold: number): void {
    const { serialNumber, notAfter } = leaf;
    if (this.#told.size === mostRemembered) this.#told.clear();
    this.#told.set(serialNumber, threshold);
    const message = explainLateLeaf({ certificate: leaf }, notAfter.getTime() - this.#clock.now().getTime());
    try {
      this.#tell({ kind: 'certificate', message, serialNumber: String(serialNumber), notAfter });
    } catch {
      // It is the observer's own, and must not turn a renewal into a failure.
    }
  }
}
