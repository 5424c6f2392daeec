import { createHash } from 'node:crypto';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { WorkloadEndpoint } from './endpoint.ts';
import { type GrpcHandlers, type GrpcStream, openGrpcStream } from './grpc-stream.ts';
import type { Svid } from './svid.ts';

const method = '/SpiffeWorkloadAPI/FetchX509SVID';

/** Milliseconds. An agent may ask others for half a minute which process it is that asks. */
const limits = { first: 40_000, message: 30_000 } as const;

/** Milliseconds between two connections, at first and at the most; each pause is twice the one before. */
const [firstPause, longestPause] = [1000, 30_000] as const;

interface Following {
  /** Gives the SVID that is meant out of an answer. */
  readonly choose: (message: Buffer) => Svid;
  /** Called when another SVID has been pushed than the one in use, or none is given any more. */
  readonly onOutdated: () => void;
}

/** The stream of SVIDs to one process, over every end of the connection. */
export class SvidStream {
  readonly #endpoint: WorkloadEndpoint;
  #stream: GrpcStream | undefined;
  #following: (Following & { readonly inUse: string }) | undefined;
  /** Came before anybody followed. */
  #early: Buffer | undefined;
  #pause: number = firstPause;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(endpoint: WorkloadEndpoint) {
    this.#endpoint = endpoint;
  }

  /**
   * Connects, and waits for the first answer. Whoever has it wipes it.
   *
   * @throws RolesAnywhereError SPIFFE_UNREACHABLE, SPIFFE_DENIED, SPIFFE_FAILED; Problem for what is no answer; the
   * signal's reason
   */
  first(signal: AbortSignal | undefined): Promise<Buffer> {
    return new Promise((settle, fail) => {
      const onAbort = (): void => {
        this.close();
        fail(signal?.reason);
      };
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort);
      const done = (): void => signal?.removeEventListener('abort', onAbort);
      let isFirst = true;
      this.#open({
        onMessage: (message) => {
          if (!isFirst) return this.#pushed(message);
          isFirst = false;
          done();
          settle(message);
        },
        onEnd: (error) => {
          done();
          if (isFirst) fail(error);
          else this.#ended(error);
        },
      });
    });
  }

  /** From now on tells of others than the one in use, and does not keep the process alive. */
  follow(inUse: Svid, following: Following): void {
    this.#following = { ...following, inUse: printOf(inUse) };
    this.#stream?.unref();
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) this.#pushed(early);
    if (this.#stream === undefined) this.#againLater();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#stream = undefined;
    this.#early?.fill(0);
    this.#early = undefined;
  }

  #open(handlers: GrpcHandlers): void {
    this.#stream = openGrpcStream(this.#endpoint, method, handlers, limits);
  }

  #pushed(message: Buffer): void {
    this.#pause = firstPause;
    if (this.#following === undefined) {
      this.#early?.fill(0);
      this.#early = message;
      return;
    }
    const { choose, inUse, onOutdated } = this.#following;
    const isSame = isTheSame(() => printOf(choose(message)) === inUse);
    message.fill(0);
    if (!isSame) onOutdated();
  }

  #ended(error: unknown): void {
    this.#stream = undefined;
    if (this.#isClosed || this.#following === undefined) return;
    this.#againLater();
    if (error instanceof RolesAnywhereError && error.code === 'SPIFFE_DENIED') this.#following.onOutdated();
  }

  #againLater(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#again(), this.#pause).unref();
    this.#pause = Math.min(2 * this.#pause, longestPause);
  }

  #again(): void {
    this.#open({ onMessage: (message) => this.#pushed(message), onEnd: (error) => this.#ended(error) });
    this.#stream?.unref();
  }
}

/** What cannot be read, or holds no SVID that is meant, is another one: whoever opens it says why. */
function isTheSame(compare: () => boolean): boolean {
  try {
    return compare();
  } catch {
    return false;
  }
}

/** Of certificates and key. */
function printOf({ certificates, key }: Svid): string {
  return createHash('sha256').update(certificates).update(key).digest('base64');
}
