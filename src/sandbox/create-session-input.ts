import { durationLimits } from '../trust/session/session.ts';
import { readQuery } from './canonical-request.ts';
import type { ReceivedRequest } from './received-request.ts';
import { ServiceRefusal } from './refusal.ts';

/** What CreateSession was asked for, checked for form. */
export interface CreateSessionInput {
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  readonly durationSeconds?: number;
  readonly roleSessionName?: string;
}

/** The patterns of the service's model. */
const arnPatterns = {
  trustAnchorArn: /^arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:trust-anchor.*)$/,
  profileArn: /^arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:profile.*)$/,
  roleArn: /^arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)$/,
} as const;

type ArnName = keyof typeof arnPatterns;

const sessionNamePattern = /^[\w+=,.@-]{2,64}$/;
const longestArn = 1011;

/**
 * Reads the parameters: the ARNs from the query or the body, the rest from the body.
 * @throws ServiceRefusal ValidationException, SerializationException
 */
export function readCreateSessionInput(request: ReceivedRequest): CreateSessionInput {
  const body = readBody(request.body);
  const query = new Map(readQuery(request.query));
  const problems: string[] = [];
  const arn = (name: ArnName): string => readArn(name, [query.get(name), body[name]], problems);
  const arns = { trustAnchorArn: arn('trustAnchorArn'), profileArn: arn('profileArn'), roleArn: arn('roleArn') };
  const durationSeconds = readDuration(body['durationSeconds'], problems);
  const roleSessionName = readSessionName(body['roleSessionName'], problems);
  if (problems.length > 0) throw invalidValues(problems);
  return {
    ...arns,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(roleSessionName === undefined ? {} : { roleSessionName }),
  };
}

function readBody(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length === 0) return {};
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw unreadable('the body is not JSON in UTF-8');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw unreadable('the body is no JSON object');
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

/** In both places it has to be the same; no document says which one would win. */
function readArn(name: ArnName, given: readonly unknown[], problems: string[]): string {
  const values = [...new Set(given.filter((value) => value !== undefined))];
  const [value] = values;
  if (value === undefined) problems.push(violation('null', name, 'Member must not be null'));
  else if (typeof value !== 'string') throw unreadable(`${name} is no string`);
  else if (values.length > 1) problems.push(violation(`'${value}'`, name, 'Member must be the same in query and body'));
  else if (value.length > longestArn || !arnPatterns[name].test(value)) {
    const pattern = `Member must satisfy regular expression pattern: ${arnPatterns[name].source}`;
    problems.push(violation(`'${value}'`, name, pattern));
  } else return value;
  return '';
}

function readDuration(value: unknown, problems: string[]): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw unreadable('durationSeconds is no whole number');
  const { least, most } = durationLimits;
  if (value < least) {
    problems.push(
      violation(`'${value}'`, 'durationSeconds', `Member must have value greater than or equal to ${least}`),
    );
  }
  if (value > most) {
    problems.push(violation(`'${value}'`, 'durationSeconds', `Member must have value less than or equal to ${most}`));
  }
  return value;
}

function readSessionName(value: unknown, problems: string[]): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw unreadable('roleSessionName is no string');
  if (!sessionNamePattern.test(value)) {
    const pattern = `Member must satisfy regular expression pattern: ${sessionNamePattern.source}`;
    problems.push(violation(`'${value}'`, 'roleSessionName', pattern));
  }
  return value;
}

function violation(value: string, member: string, constraint: string): string {
  return `Value ${value} at '${member}' failed to satisfy constraint: ${constraint}`;
}

function invalidValues(problems: readonly string[]): ServiceRefusal {
  const count = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`;
  const message = `${count} detected: ${problems.join('; ')}`;
  return new ServiceRefusal({
    status: 400,
    code: 'ValidationException',
    message,
    reason: `invalid input, ${problems.join('; ')}`,
  });
}

function unreadable(reason: string): ServiceRefusal {
  return new ServiceRefusal({
    status: 400,
    code: 'SerializationException',
    message: 'Unable to parse the request',
    reason,
  });
}
