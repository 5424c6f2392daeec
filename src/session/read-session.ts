import type { Credentials } from '../credentials.ts';
import { RolesAnywhereError } from '../errors.ts';
import type { SessionRequest } from './session-request.ts';
import type { WireResponse } from './transport.ts';

/**
 * The credentials in the answer of CreateSession, after everything about them that can be checked was checked.
 *
 * No error made here holds a part of the answer but ARNs, dates and names of members: the rest is secret.
 *
 * @throws RolesAnywhereError RESPONSE_*
 */
export function readSession(answer: WireResponse, request: SessionRequest, now: Date): Credentials {
  const requestId = answer.headers['x-amzn-requestid'];
  const fail: Fail = (code, message, hints = []) =>
    new RolesAnywhereError(code, message, { hints, ...(requestId === undefined ? {} : { requestId }) });
  const entry = firstCredentialSet(answer, fail);
  checkRole(entry, request.roleArn, fail);
  const given = memberOf(entry, 'credentials');
  if (!isObject(given)) throw fail('RESPONSE_EMPTY', 'the answer of the service holds no credentials');
  const expiration = readExpiration(memberOf(given, 'expiration'), fail);
  if (expiration.getTime() <= now.getTime()) {
    throw fail('RESPONSE_EXPIRED', `the credentials of the service expired at ${expiration.toISOString()}`, [
      `check the clock of this machine: it says ${now.toISOString()}${serviceTime(answer)}`,
    ]);
  }
  const accountId = request.roleArn.split(':')[4] ?? '';
  return {
    accessKeyId: readSecret(given, 'accessKeyId', fail),
    secretAccessKey: readSecret(given, 'secretAccessKey', fail),
    sessionToken: readSecret(given, 'sessionToken', fail),
    expiration,
    ...(/^\d{12}$/.test(accountId) ? { accountId } : {}),
  };
}

type Fail = (
  code: 'RESPONSE_INVALID' | 'RESPONSE_EMPTY' | 'RESPONSE_EXPIRED' | 'RESPONSE_OTHER_ROLE',
  message: string,
  hints?: readonly string[],
) => RolesAnywhereError;

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function memberOf(container: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(container, name)?.value;
}

function firstCredentialSet(answer: WireResponse, fail: Fail): object {
  const document = parseJson(answer.body);
  if (!isObject(document)) {
    const type = answer.headers['content-type'] ?? 'of no type';
    throw fail(
      'RESPONSE_INVALID',
      `the answer of the service is no JSON object but ${answer.body.length} bytes ${type}`,
      ['check that the endpoint is that of IAM Roles Anywhere, and that no proxy answers in its place'],
    );
  }
  const set = memberOf(document, 'credentialSet');
  if (set === undefined || set === null)
    throw fail('RESPONSE_EMPTY', 'the answer of the service holds no credentialSet');
  if (!Array.isArray(set)) throw fail('RESPONSE_INVALID', 'credentialSet in the answer of the service is no list');
  if (set.length === 0) throw fail('RESPONSE_EMPTY', 'credentialSet in the answer of the service is empty');
  const first: unknown = set[0];
  if (!isObject(first)) throw fail('RESPONSE_INVALID', 'credentialSet in the answer of the service holds no object');
  return first;
}

/** Without a cause on failure: the message of JSON.parse quotes what it could not read. */
function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

function checkRole(entry: object, asked: string, fail: Fail): void {
  const role = memberOf(entry, 'roleArn');
  if (typeof role !== 'string') throw fail('RESPONSE_INVALID', 'the answer of the service names no roleArn');
  if (role !== asked) {
    throw fail('RESPONSE_OTHER_ROLE', `the service gave credentials of ${forMessage(role)}, but asked was ${asked}`);
  }
  const user = memberOf(entry, 'assumedRoleUser');
  const session = isObject(user) ? memberOf(user, 'arn') : undefined;
  if (typeof session === 'string' && !isSessionOf(session, asked)) {
    throw fail('RESPONSE_OTHER_ROLE', `the service gave the session ${forMessage(session)}, but asked was ${asked}`);
  }
}

/** `arn:aws:sts::111122223333:assumed-role/Name/session`: the role's account and name, without the role's path. */
function isSessionOf(session: string, role: string): boolean {
  const [, partition, , , account, resource = ''] = role.split(':');
  const name = resource.split('/').at(-1);
  return session.startsWith(`arn:${partition}:sts::${account}:assumed-role/${name}/`);
}

/** What came from outside, short enough and without control characters. */
function forMessage(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

/** ISO 8601, to the minute or finer, in UTC where it names no zone; or seconds since 1970 as other AWS APIs have it. */
function readExpiration(value: unknown, fail: Fail): Date {
  const time = typeof value === 'number' ? value * 1000 : parseIsoTime(value);
  if (value === undefined || value === null || value === '') {
    throw fail('RESPONSE_EMPTY', 'expiration is missing in the answer of the service');
  }
  if (!Number.isFinite(time) || Number.isNaN(new Date(time).getTime())) {
    throw fail('RESPONSE_INVALID', 'expiration in the answer of the service is no time');
  }
  return new Date(time);
}

function parseIsoTime(value: unknown): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:?\d\d)?$/.exec(String(value));
  if (match === null) return Number.NaN;
  const zone = (match[2] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${match[1]}${zone}`);
}

/** Printable ASCII: anything else would break the files, headers and documents that credentials end up in. */
function readSecret(container: object, name: string, fail: Fail): string {
  const value = memberOf(container, name);
  if (value === undefined || value === null || value === '') {
    throw fail('RESPONSE_EMPTY', `${name} is missing in the answer of the service`);
  }
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) {
    throw fail('RESPONSE_INVALID', `${name} in the answer of the service is not what it should be`);
  }
  return value;
}

function serviceTime(answer: WireResponse): string {
  const date = answer.headers['date'];
  return date === undefined ? '' : `, the service says ${forMessage(date)}`;
}
