import type { RefusalDetails } from './refusal.ts';

/** What shall go wrong with the next requests. Delay and clock go along with any of the others. */
export interface Fault {
  /** Answer with this status and never look at the request. */
  readonly status?: number;
  /** Error code that goes with `status`; a fitting one when not given. */
  readonly code?: string;
  /** Error message that goes with `status`. */
  readonly message?: string;
  /** Body that goes with `status`, exactly these characters, in place of an error document. */
  readonly body?: string;
  /** Headers that go with `status`: `{ 'retry-after': '2' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Close the connection: before anything is answered, or in the middle of the answer's body. */
  readonly drop?: 'at-once' | 'in-body';
  /** Milliseconds to wait before the answer. */
  readonly delay?: number;
  /** Seconds the service's clock is ahead while it looks at the request, negative for behind. */
  readonly clock?: number;
  /** Which operation it is for; any when not given. */
  readonly operation?: 'CreateSession' | 'AssumeRole' | 'GetCallerIdentity';
  /** How many requests it is for; 1 when not given. */
  readonly times?: number;
}

/** Codes the services answer with, by status. */
const codes: ReadonlyMap<number, readonly [code: string, message: string]> = new Map([
  [400, ['ValidationException', 'The request is not valid']],
  [403, ['AccessDeniedException', 'Access denied']],
  [404, ['ResourceNotFoundException', 'The resource was not found']],
  [429, ['ThrottlingException', 'Rate exceeded']],
  [503, ['ServiceUnavailableException', 'Service unavailable']],
]);

/** The refusal a fault asks for; undefined when the request is to be looked at. */
export function faultRefusal(fault: Fault): RefusalDetails | undefined {
  if (fault.status === undefined && fault.drop !== 'at-once') return undefined;
  const status = fault.status ?? 500;
  const [code, message] = codes.get(status) ?? ['InternalFailure', 'Internal failure'];
  return {
    status,
    code: fault.code ?? code,
    message: fault.message ?? message,
    reason: fault.drop === undefined ? `told to answer with status ${status}` : 'told to drop the connection',
    ...(fault.headers === undefined ? {} : { headers: fault.headers }),
    ...(fault.body === undefined ? {} : { body: fault.body }),
  };
}

/** Faults that wait for their requests, first come first served. */
export class FaultQueue {
  readonly #waiting: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault for a request, if there is one; it is used up. */
  take(operation: string): Fault | undefined {
    const index = this.#waiting.findIndex(({ fault }) => (fault.operation ?? operation) === operation);
    const entry = this.#waiting[index];
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#waiting.splice(index, 1);
    return entry.fault;
  }
}
