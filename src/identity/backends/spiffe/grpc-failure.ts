import type { IncomingHttpHeaders } from 'node:http2';
import { systemCodeOf } from '../../../core/errno.ts';
import { type ErrorCode, RolesAnywhereError } from '../../../core/errors.ts';
import { oneLine } from '../../../core/one-line.ts';
import { codeInWords } from '../../../core/system-errors.ts';
import type { WorkloadEndpoint } from './endpoint.ts';

type Meaning = readonly [code: ErrorCode, what: string, hint: string];

/** Status codes of gRPC that the Workload Endpoint gives a meaning to (its appendix A). */
const meanings: Readonly<Record<string, Meaning>> = {
  3: ['SPIFFE_FAILED', 'says that the request is invalid', 'is something else listening there, or in between?'],
  7: [
    'SPIFFE_DENIED',
    'has no identity for this process',
    'register the workload, and wait until the agent knows; SPIRE tells processes by user, path, pod and the like',
  ],
  12: ['SPIFFE_FAILED', 'does not know FetchX509SVID', 'X.509-SVIDs may be switched off there'],
  14: ['SPIFFE_UNREACHABLE', 'is not available now', 'it may be starting'],
};

/**
 * What the headers or trailers of an answer say; undefined where they say nothing of its end, as the first ones of an
 * answer that goes on.
 */
export function statusFailure(
  { name }: WorkloadEndpoint,
  headers: IncomingHttpHeaders,
): RolesAnywhereError | undefined {
  const httpStatus = headers[':status'];
  if (httpStatus !== undefined && Number(httpStatus) !== 200) {
    return failure('SPIFFE_FAILED', `${name} answered with HTTP status ${Number(httpStatus)}`, [
      'is that a Workload API?',
    ]);
  }
  const status = headers['grpc-status'];
  if (typeof status !== 'string') return undefined;
  if (status === '0') return grpcHungUp({ name });
  const [code, what, hint] = meanings[status] ?? [
    'SPIFFE_FAILED',
    `answered with status ${oneLine(status, 20)} of gRPC`,
    'the log of the agent may say more',
  ];
  const words = messageOf(headers['grpc-message']);
  return failure(code, `${name} ${what}${words === '' ? '' : `: ${words}`}`, [hint]);
}

/** Percent-encoded; of somebody else, so it is one short line. */
function messageOf(header: string | string[] | undefined): string {
  const text = typeof header === 'string' ? header : '';
  try {
    return oneLine(decodeURIComponent(text), 200);
  } catch {
    return oneLine(text, 200);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'is not there: the socket does not exist',
  ENOTDIR: 'is not there: part of the path is no directory',
  ECONNREFUSED: 'is not there: nobody listens at the socket',
  ENOTSOCK: 'is no socket',
  EACCES: 'may not be used by this user',
  EPERM: 'may not be used by this user',
  ERR_HTTP2_ERROR: 'does not speak gRPC',
};

export function grpcConnectionFailure({ name }: Named, cause: unknown): RolesAnywhereError {
  const code = systemCodeOf(cause) ?? 'unknown';
  const what = reasons[code] ?? `broke the connection off (${codeInWords(code)})`;
  return failure('SPIFFE_UNREACHABLE', `${name} ${what}`, ['is the agent running, and is this its socket?'], cause);
}

export function grpcHungUp({ name }: Named): RolesAnywhereError {
  return failure('SPIFFE_UNREACHABLE', `${name} closed the connection`, ['it may have been started anew']);
}

export function grpcLate({ name }: Named, milliseconds: number): RolesAnywhereError {
  return failure('SPIFFE_UNREACHABLE', `${name} gave no answer within ${milliseconds / 1000} s`, [
    'the log of the agent may say what it waits for',
  ]);
}

type Named = Pick<WorkloadEndpoint, 'name'>;

function failure(code: ErrorCode, message: string, hints: readonly string[], cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError(code, message, { hints, cause });
}
