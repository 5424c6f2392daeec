import type { ErrorCode } from '../../core/errors.ts';

/**
 * What `--debug` shows. None of it is secret: no key, no password, no credentials.
 *
 * @example
 * ```ts
 * import type { TraceEvent } from 'roles-anywhere';
 *
 * export const isRetry = (event: TraceEvent): boolean => event.kind === 'waiting';
 * ```
 */
export type TraceEvent =
  | { readonly kind: 'endpoint'; readonly url: string; readonly proxy: string | undefined }
  | {
      readonly kind: 'identity';
      /** Decimal. */
      readonly serialNumber: string;
      readonly notAfter: Date;
      readonly chainLength: number;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'signed';
      readonly attempt: number;
      readonly canonicalRequest: string;
      readonly stringToSign: string;
    }
  | {
      readonly kind: 'answered';
      readonly attempt: number;
      readonly status: number;
      readonly requestId: string | undefined;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly attempt: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: 'assumed';
      readonly attempt: number;
      readonly roleArn: string;
      /** Its place in the chain, from 1, and how many roles the chain has. */
      readonly position: number;
      readonly hops: number;
      readonly requestId: string | undefined;
      readonly elapsedMs: number;
    }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly delayMs: number };

/**
 * Told of each event as it happens.
 *
 * @example
 * ```ts
 * import type { Trace } from 'roles-anywhere';
 *
 * export const trace: Trace = (event) => console.error(event.kind);
 * ```
 */
export type Trace = (event: TraceEvent) => void;
