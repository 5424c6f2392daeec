import { RolesAnywhereError } from '../core/errors.ts';
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

const operations = ['CreateSession', 'AssumeRole', 'GetCallerIdentity'] as const;

type Reader = (value: string) => Fault | undefined;

/** One entry a word of `--fail`; undefined for a value that makes no sense. */
const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['status', (value) => (/^[1-5]\d\d$/.test(value) && Number(value) >= 200 ? { status: Number(value) } : undefined)],
  ['delay', (value) => (/^\d+$/.test(value) ? { delay: Number(value) } : undefined)],
  ['clock', (value) => (/^[+-]?\d+$/.test(value) ? { clock: Number(value) } : undefined)],
  ['times', (value) => (/^[1-9]\d*$/.test(value) ? { times: Number(value) } : undefined)],
  ['drop', readDrop],
  ['operation', readOperation],
]);

/**
 * Reads a fault as the command line gives it: `status=503,times=2`, `delay=2000`, `drop`, `drop=in-body`,
 * `clock=-900`, `operation=AssumeRole,status=403`.
 * @param option what messages call it: `--fail`
 * @throws RolesAnywhereError OPTION_INVALID
 */
export function parseFault(text: string, option: string): Fault {
  const fault: Fault = Object.assign({}, ...text.split(',').map((part) => readPart(part, option)));
  if (
    fault.status !== undefined ||
    fault.delay !== undefined ||
    fault.drop !== undefined ||
    fault.clock !== undefined
  ) {
    return fault;
  }
  throw invalid(option, text);
}

function readPart(part: string, option: string): Fault {
  const equals = part.indexOf('=');
  const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
  const fault = readers.get(name.trim())?.(value.trim());
  if (fault === undefined) throw invalid(option, part);
  return fault;
}

function readDrop(value: string): Fault | undefined {
  if (value === '' || value === 'at-once') return { drop: 'at-once' };
  return value === 'in-body' ? { drop: 'in-body' } : undefined;
}

function readOperation(value: string): Fault | undefined {
  const operation = operations.find((name) => name === value);
  return operation === undefined ? undefined : { operation };
}

function invalid(option: string, text: string): RolesAnywhereError {
  return new RolesAnywhereError('OPTION_INVALID', `${option} does not take "${text}"`, {
    hints: [
      'write status=503, delay=2000, drop, drop=in-body or clock=-900, with times=N or operation=NAME after a comma',
    ],
  });
}
