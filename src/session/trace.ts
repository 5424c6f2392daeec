import type { ErrorCode } from '../errors.ts';

/** What `--debug` shows. None of it is secret: no key, no password, no credentials. */
export type TraceEvent =
  | { readonly kind: 'endpoint'; readonly url: string; readonly proxy: string | undefined }
  | {
      readonly kind: 'identity';
      readonly serialNumber: string;
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
  | { readonly kind: 'waiting'; readonly attempt: number; readonly delayMs: number };

export type Trace = (event: TraceEvent) => void;
