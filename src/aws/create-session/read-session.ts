import type { Credentials } from '../../core/credentials.ts';
import type { SessionRequest } from './session-request.ts';

/** Twelve hours, and as much again for clocks that are wrong: a later time is no time but another unit. */
export const longestLifetime = 24 * 60 * 60 * 1000;

/** What is wrong with an answer. explain-session.ts, off the hot path, puts it in words. */
export type SessionFault =
  | { readonly kind: 'no-json' }
  | { readonly kind: 'missing'; readonly member: string }
  | { readonly kind: 'malformed'; readonly member: string }
  | { readonly kind: 'other-role'; readonly found: string }
  | { readonly kind: 'expired'; readonly expiration: Date };

const missing = (member: string): SessionFault => ({ kind: 'missing', member });
const malformed = (member: string): SessionFault => ({ kind: 'malformed', member });

/**
 * The credentials in the answer of CreateSession, or what keeps them from being used.
 *
 * A fault holds no part of the answer but names of members, an ARN and a date: the rest is secret.
 */
export function readSession(body: Uint8Array, request: SessionRequest, now: Date): Credentials | SessionFault {
  const document = parseJson(body);
  if (!isObject(document)) return { kind: 'no-json' };
  const set = memberOf(document, 'credentialSet');
  if (isMissing(set) || (Array.isArray(set) && set.length === 0)) return missing('credentialSet');
  const entry: unknown = Array.isArray(set) ? set[0] : undefined;
  if (!isObject(entry)) return malformed('credentialSet');
  return roleFault(entry, request.roleArn) ?? readCredentials(entry, request, now);
}

function readCredentials(entry: object, request: SessionRequest, now: Date): Credentials | SessionFault {
  const given = memberOf(entry, 'credentials');
  if (!isObject(given)) return missing('credentials');
  const texts: Record<string, string> = {};
  for (const member of ['accessKeyId', 'secretAccessKey', 'sessionToken']) {
    const value = memberOf(given, member);
    if (isMissing(value)) return missing(member);
    // Printable ASCII: anything else would break the files, headers and documents that credentials end up in.
    if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) return malformed(member);
    texts[member] = value;
  }
  const expiry = memberOf(given, 'expiration');
  if (isMissing(expiry)) return missing('expiration');
  const expiration = new Date(parseTime(expiry));
  if (Number.isNaN(expiration.getTime())) return malformed('expiration');
  if (expiration.getTime() <= now.getTime()) return { kind: 'expired', expiration };
  if (expiration.getTime() > now.getTime() + longestLifetime) return malformed('expiration');
  const { accessKeyId = '', secretAccessKey = '', sessionToken = '' } = texts;
  const accountId = request.roleArn.split(':')[4] ?? '';
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration,
    ...(/^\d{12}$/.test(accountId) ? { accountId } : {}),
  };
}

/** The role must be the one asked for, and the session, where the answer tells it, one of that role. */
function roleFault(entry: object, asked: string): SessionFault | undefined {
  const role = memberOf(entry, 'roleArn');
  if (typeof role !== 'string') return malformed('roleArn');
  if (role !== asked) return { kind: 'other-role', found: role };
  const user = memberOf(entry, 'assumedRoleUser');
  const session = isObject(user) ? memberOf(user, 'arn') : undefined;
  return typeof session === 'string' && !isSessionOf(session, asked)
    ? { kind: 'other-role', found: session }
    : undefined;
}

/**
 * `arn:aws:sts::111122223333:assumed-role/Name/session`: the role's account and name, without the role's path. The name
 * of the session is nobody's concern, and may be left out.
 */
export function isSessionOf(session: string, role: string): boolean {
  const [, partition, , , account, resource = ''] = role.split(':');
  const name = resource.split('/').at(-1);
  return `${session}/`.startsWith(`arn:${partition}:sts::${account}:assumed-role/${name}/`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function memberOf(container: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(container, name)?.value;
}

/** Without a cause on failure: the message of JSON.parse quotes what it could not read. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** ISO 8601, to the minute or finer, in UTC where it names no zone; or seconds since 1970 as other AWS APIs have it. */
function parseTime(value: unknown): number {
  if (typeof value === 'number') return value * 1000;
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/.exec(String(value));
  if (match === null) return Number.NaN;
  const zone = (match[2] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${match[1]}${zone}`);
}
