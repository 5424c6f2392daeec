import {
  type Answer,
  headerOf,
  isRead,
  type LocalRequest,
  type RouteName,
  textAnswer,
  withHeaders,
  wrongMethod,
} from './answer.ts';
import { documentsOf, withoutFractions } from './credential-documents.ts';
import type { ImdsTokens } from './imds-tokens.ts';
import { decodedSegment, withoutSlash } from './paths.ts';
import type { RoleDirectory } from './served-role.ts';

/** What the routes of the metadata service need. */
export interface ImdsContext {
  readonly tokens: ImdsTokens;
  readonly directory: () => RoleDirectory;
  readonly now: () => Date;
}

const tokenHeader = 'x-aws-ec2-metadata-token';
const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';
const ttlName = 'X-Aws-Ec2-Metadata-Token-Ttl-Seconds';
/** Six hours, the most that EC2 grants. */
const maxTtl = 21_600;

const listPath = '/latest/meta-data/iam/security-credentials';
const extendedPath = `${listPath}-extended`;

/** Whether a path is the metadata service's: `/latest` or one of its dated versions, as `/2021-07-15`. */
export function isImdsPath(path: string): boolean {
  return path === '/latest' || path.startsWith('/latest/') || isVersioned(path);
}

/** IMDSv2 (EC2 user guide, "Use the Instance Metadata Service"): a token by PUT, everything else only with one. */
export function answerImds(request: LocalRequest, path: string, context: ImdsContext): Answer {
  if (withoutSlash(path) === '/latest/api/token') return answerToken(request, context.tokens);
  if (isVersioned(path) && withoutSlash(path).endsWith('/api/token')) {
    return textAnswer('imds-token', 403, 'ask for /latest/api/token');
  }
  if (!isRead(request.method)) return wrongMethod('imds-other', 'GET, HEAD');
  const token = headerOf(request, tokenHeader);
  const left = token === undefined ? undefined : context.tokens.secondsLeft(token);
  if (left === undefined) {
    const reason = token === undefined ? 'no token' : 'unknown or expired token';
    return { ...textAnswer('imds-other', 401, `unauthorized: ${reason}`), reason };
  }
  return answerWithToken(path, [ttlName, String(left)], context);
}

/** Without a time to live, and with one that is out of bounds, EC2 refuses, and SDKs expect that it does. */
function answerToken(request: LocalRequest, tokens: ImdsTokens): Answer {
  if (request.method !== 'PUT') return wrongMethod('imds-token', 'PUT');
  const text = headerOf(request, ttlHeader) ?? '';
  const ttl = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (ttl < 1 || ttl > maxTtl) {
    const reason = `${ttlHeader} must be a whole number from 1 to ${maxTtl}`;
    return { ...textAnswer('imds-token', 400, reason), reason: 'token without a valid time to live' };
  }
  return textAnswer('imds-token', 200, tokens.issue(ttl), [ttlName, String(ttl)]);
}

function answerWithToken(path: string, ttl: readonly string[], context: ImdsContext): Answer {
  const directory = context.directory();
  const bare = withoutSlash(path);
  if (bare === listPath || bare === extendedPath) {
    // One name, as EC2 never has more, and without a line break at its end: botocore and others take the whole text for it.
    return textAnswer('imds-roles', 200, directory.firstName, ttl);
  }
  const isExtended = path.startsWith(`${extendedPath}/`);
  if (isExtended || path.startsWith(`${listPath}/`)) {
    const name = decodedSegment(bare.slice((isExtended ? extendedPath : listPath).length + 1));
    const role = name === undefined ? undefined : directory.byName(name);
    const route = isExtended ? 'imds-credentials-extended' : 'imds-credentials';
    if (role === undefined) return textAnswer(route, 404, 'no such role', ttl);
    const documents = documentsOf(role, context.now());
    if (documents === undefined) return answerNothing(route, ttl, context.now());
    return withHeaders(isExtended ? documents.extended : documents.imds, ttl);
  }
  return textAnswer('imds-other', 404, 'not found', ttl);
}

function answerNothing(route: RouteName, ttl: readonly string[], now: Date): Answer {
  const failure = {
    Code: 'Failed',
    Message: 'there are no valid credentials at the moment',
    LastUpdated: withoutFractions(now),
  };
  return { ...textAnswer(route, 503, JSON.stringify(failure), ttl), reason: 'no valid credentials' };
}

function isVersioned(path: string): boolean {
  return /^\/\d{4}-\d\d-\d\d(?:\/|$)/.test(path);
}
