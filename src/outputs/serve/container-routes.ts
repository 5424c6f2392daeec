import { timingSafeEqual } from 'node:crypto';
import {
  type Answer,
  decodedSegment,
  headerOf,
  isRead,
  jsonAnswer,
  type LocalRequest,
  withoutSlash,
} from './answer.ts';
import { documentsOf } from './credential-documents.ts';
import type { RoleDirectory } from './served-role.ts';

/** What the routes of the container provider need. */
export interface ContainerContext {
  /** Whether the text of an Authorization header is the token. */
  readonly isToken: (authorization: string) => boolean;
  readonly directory: () => RoleDirectory;
  readonly now: () => Date;
}

const listPath = '/credentials';

/** Whether a path is the container provider's. */
export function isContainerPath(path: string): boolean {
  return path === listPath || path.startsWith(`${listPath}/`);
}

/**
 * `/credentials` for the first role, `/credentials/<profile>` for each (SDK guide, "Container credential provider").
 * Failures have the body that SDKs read: Code and Message.
 */
export function answerContainer(request: LocalRequest, path: string, context: ContainerContext): Answer {
  if (!isRead(request.method)) return failure(405, 'MethodNotAllowed', 'use GET', ['Allow', 'GET, HEAD']);
  const authorization = headerOf(request, 'authorization');
  if (authorization === undefined) return failure(401, 'Unauthorized', 'the Authorization header is missing');
  if (!context.isToken(authorization)) return failure(401, 'Unauthorized', 'the Authorization header is not the token');
  const role = findRole(withoutSlash(path), context.directory());
  if (role === undefined) return failure(404, 'NotFound', 'there is no such profile');
  const documents = documentsOf(role, context.now());
  if (documents !== undefined) return documents.container;
  const why = role.lastFailure();
  const message = `there are no valid credentials at the moment${why === undefined ? '' : ` (${why})`}`;
  return failure(503, 'CredentialsUnavailable', message);
}

function findRole(path: string, directory: RoleDirectory) {
  if (path === listPath) return directory.roles[0];
  const profile = decodedSegment(path.slice(listPath.length + 1));
  return profile === undefined ? undefined : directory.byProfile(profile);
}

function failure(status: number, code: string, message: string, more?: readonly string[]): Answer {
  const answer = jsonAnswer('container', status, JSON.stringify({ Code: code, Message: message }), more);
  return { ...answer, reason: message };
}

/** Compares in a time that tells nothing of the token but its length, which is no secret. */
export function tokenCheck(token: string): (text: string) => boolean {
  const expected = Buffer.from(token, 'latin1');
  // Room for what clients send: a new buffer for each of them would be most of the work.
  const given = Buffer.alloc(expected.length);
  return (text) => {
    if (text.length !== expected.length) return false;
    given.write(text, 'latin1');
    return timingSafeEqual(given, expected);
  };
}
