import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  type Answer,
  decodedSegment,
  headerOf,
  isRead,
  type LocalRequest,
  type RouteName,
  textAnswer,
  withHeaders,
  withoutSlash,
  wrongMethod,
} from './answer.ts';
import { documentsOf, withoutFractions } from './credential-documents.ts';
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

/** Bytes of a token's parts: when it expires, what makes it unlike any other, and the seal over both. */
const [expiryBytes, nonceBytes, sealBytes] = [6, 12, 24] as const;
const contentBytes = expiryBytes + nonceBytes;
/** Of the text: as long as EC2's. */
const tokenLength = ((contentBytes + sealBytes) / 3) * 4;

/** How many tokens in use are recognised by their hash, which takes a seventh of the time that the seal takes. */
const recognised = 256;

/**
 * Session tokens of the metadata service. Nothing need be stored of them: each says when it expires, sealed with a key
 * that only this process has (HMAC-SHA256, RFC 2104, of which 192 bits are kept). However many are asked for, none that
 * was given is forgotten before its time.
 */
export class ImdsTokens {
  readonly #monotonic: () => number;
  #key = randomBytes(32);
  /** Hash of a token that was used -> when it expires. */
  readonly #recent = new Map<string, number>();

  /** @param monotonic milliseconds since some moment; never goes back, so that setting the wall clock revives none */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  issue(ttlSeconds: number): string {
    const token = Buffer.allocUnsafe(contentBytes + sealBytes);
    token.writeUIntBE(Math.floor(this.#monotonic()) + ttlSeconds * 1000, 0, expiryBytes);
    randomBytes(nonceBytes).copy(token, expiryBytes);
    this.#sealOf(token).copy(token, contentBytes);
    return token.toString('base64');
  }

  /** Whole seconds that a token has left; undefined for one that has expired, or that this process did not give. */
  secondsLeft(text: string): number | undefined {
    if (text.length !== tokenLength) return undefined;
    const key = hash('sha256', text, 'base64url');
    const expiry = this.#recent.get(key) ?? this.#recognise(text, key);
    const left = expiry - this.#monotonic();
    return left > 0 ? Math.ceil(left / 1000) : undefined;
  }

  /** Takes back all of them. */
  clear(): void {
    this.#key = randomBytes(32);
    this.#recent.clear();
  }

  /** @returns when it expires; 0 where the seal is none of ours */
  #recognise(text: string, key: string): number {
    const token = Buffer.from(text, 'base64');
    if (token.length !== contentBytes + sealBytes) return 0;
    if (!timingSafeEqual(this.#sealOf(token), token.subarray(contentBytes))) return 0;
    const [oldest] = this.#recent.size < recognised ? [] : this.#recent.keys();
    if (oldest !== undefined) this.#recent.delete(oldest);
    const expiry = token.readUIntBE(0, expiryBytes);
    this.#recent.set(key, expiry);
    return expiry;
  }

  #sealOf(token: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(token.subarray(0, contentBytes)).digest().subarray(0, sealBytes);
  }
}
