import { header, type ReceivedRequest } from './received-request.ts';
import type { ServiceRefusal } from './refusal.ts';

/** What both kinds of signature say in the Authorization header. */
export interface AuthorizationHeader {
  readonly algorithm: string;
  /** Serial number of the leaf, or the access key id. */
  readonly credential: string;
  readonly scope: { readonly date: string; readonly region: string; readonly service: string };
  /** Lower case and sorted, as signed. */
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
  /** X-Amz-Date as it was sent, and what it means. */
  readonly timestamp: string;
  readonly date: Date;
}

/** How far a request's date may be from the service's: the usual window of SigV4. */
const clockWindow = 15 * 60 * 1000;

type Complain = (reason: string) => ServiceRefusal;

/**
 * Reads the Authorization header and X-Amz-Date, and checks what can be checked without a key.
 * @param complain makes the refusal; what is wrong has many reasons and one message
 * @throws ServiceRefusal
 */
export function readAuthorization(request: ReceivedRequest, complain: Complain): AuthorizationHeader {
  const text = header(request, 'authorization') ?? '';
  const blank = text.indexOf(' ');
  const algorithm = text.slice(0, Math.max(blank, 0));
  const fields = new Map(
    text
      .slice(blank + 1)
      .split(',')
      .map((field) => splitOnce(field.trim())),
  );
  const signedHeaders = readSignedHeaders(request, fields.get('SignedHeaders') ?? '', complain);
  const signature = fields.get('Signature') ?? '';
  if (!/^(?:[0-9a-f]{2})+$/.test(signature)) throw complain('the Signature is not in lower-case hex');
  const time = readTimestamp(request, complain);
  const [credential, scope] = readCredential(fields.get('Credential') ?? '', complain);
  if (!time.timestamp.startsWith(scope.date)) {
    throw complain(`the date ${scope.date} of the scope is not the day of X-Amz-Date ${time.timestamp}`);
  }
  return { algorithm, credential, scope, signedHeaders, signature, ...time };
}

/** Why the request is too old or too new at `now`; undefined when it is neither. */
export function staleness(date: Date, now: Date): string | undefined {
  const seconds = Math.round((now.getTime() - date.getTime()) / 1000);
  if (Math.abs(now.getTime() - date.getTime()) <= clockWindow) return undefined;
  const direction = seconds > 0 ? 'behind' : 'ahead of';
  return `X-Amz-Date is ${Math.abs(seconds)} s ${direction} the clock of the service; ${clockWindow / 1000} s are allowed`;
}

function splitOnce(field: string): [string, string] {
  const equals = field.indexOf('=');
  return equals === -1 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
}

function readCredential(text: string, complain: Complain): [credential: string, scope: AuthorizationHeader['scope']] {
  const [credential = '', date = '', region = '', service = '', terminator, ...more] = text.split('/');
  if (credential === '' || more.length > 0 || terminator !== 'aws4_request') {
    throw complain(`the Credential "${text}" is not <id>/<date>/<region>/<service>/aws4_request`);
  }
  if (!/^\d{8}$/.test(date)) throw complain(`the date "${date}" of the scope is not YYYYMMDD`);
  return [credential, { date, region, service }];
}

function readSignedHeaders(request: ReceivedRequest, text: string, complain: Complain): string[] {
  const names = text.split(';');
  const sorted = [...new Set(names)].toSorted((one, other) => Number(one > other) - Number(one < other));
  if (text === '' || text !== text.toLowerCase() || sorted.join(';') !== text) {
    throw complain(`SignedHeaders "${text}" is not a sorted list in lower case, joined with ;`);
  }
  const absent = names.find((name) => header(request, name) === undefined);
  if (absent !== undefined) throw complain(`the signed header ${absent} was not sent`);
  return names;
}

function readTimestamp(request: ReceivedRequest, complain: Complain): { timestamp: string; date: Date } {
  const timestamp = header(request, 'x-amz-date');
  if (timestamp === undefined) throw complain('there is no X-Amz-Date header');
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp) ?? [];
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(date.getTime())) throw complain(`X-Amz-Date "${timestamp}" is not YYYYMMDD'T'HHMMSS'Z'`);
  return { timestamp, date };
}
