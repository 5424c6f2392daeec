import type { IncomingMessage } from 'node:http';
import { type AdminContext, answerAdmin, isAdminPath } from './admin-routes.ts';
import { type Answer, type LocalRequest, refusedAnswer, textAnswer } from './answer.ts';
import { answerContainer, type ContainerContext, isContainerPath } from './container-routes.ts';
import { maxBody, refusalOf, tooLarge } from './guard.ts';
import { type Answerer, hasUnknownLength } from './http-server.ts';
import { answerImds, type ImdsContext, isImdsPath } from './imds-routes.ts';
import { pathOf } from './paths.ts';
import type { Peers } from './peer-check.ts';

/** The routes behind one listener; those that are left out answer 404, like any path that is none. */
export interface Routes {
  readonly imds?: ImdsContext | undefined;
  readonly container?: ContainerContext | undefined;
  readonly admin?: AdminContext | undefined;
}

/** Finds the route of a request that may come in. */
export function answerRequest(request: LocalRequest, { imds, container, admin }: Routes): Answer | Promise<Answer> {
  const path = pathOf(request.url ?? '');
  if (path === undefined)
    return { ...textAnswer('refused', 400, 'the target is no path'), reason: 'target is no path' };
  if (imds !== undefined && isImdsPath(path)) return answerImds(request, path, imds);
  if (container !== undefined && isContainerPath(path)) return answerContainer(request, path, container);
  if (admin !== undefined && isAdminPath(path)) return answerAdmin(request, path, admin);
  return textAnswer('unknown', 404, 'not found');
}

/** What stands between a connection and the routes. */
export interface Entrance {
  readonly mayConnect: Peers['mayConnect'];
  /** Names in Host headers besides those of loopback. */
  readonly allowHosts: readonly string[];
  readonly routes: () => Routes;
}

/** Answers only whom the guard lets in. */
export function guardedAnswerer({ mayConnect, allowHosts, routes }: Entrance): Answerer {
  const answer = (request: IncomingMessage): Answer | Promise<Answer> => {
    const refusal = refusalOf(request, request.socket, allowHosts);
    if (refusal !== undefined) return refusedAnswer(refusal.status, refusal.reason);
    return hasUnknownLength(request) ? answerAtEnd(request) : answerRequest(request, routes());
  };
  const answerAtEnd = async (request: IncomingMessage): Promise<Answer> =>
    (await endsWithin(request, maxBody))
      ? answerRequest(request, routes())
      : refusedAnswer(tooLarge.status, tooLarge.reason);
  return (request) => {
    const may = mayConnect(request.socket);
    if (may === true) return answer(request);
    return may === false ? stranger() : may.then((isIn) => (isIn ? answer(request) : stranger()));
  };
}

/** Health and metrics on an address of their own hold nothing that a web page or a stranger could use. */
export function adminAnswerer({ routes }: Pick<Entrance, 'routes'>): Answerer {
  return (request) => answerRequest(request, routes());
}

/** Reads a body that nobody needs to its end. @returns false as soon as it is too long; never comes where it never ends */
function endsWithin(request: IncomingMessage, bytes: number): Promise<boolean> {
  return new Promise((settle) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytes) settle(false);
    });
    request.once('end', () => settle(true));
  });
}

function stranger(): Answer {
  return refusedAnswer(403, 'the user of the other end may not connect');
}
