import type { IncomingMessage } from 'node:http';
import { type Answer, jsonAnswer } from './answer.ts';
import { answerRequest, type Routes } from './answer-request.ts';
import { refusalOf } from './guard.ts';
import type { Answerer } from './http-server.ts';
import type { MayConnect } from './who-may-connect.ts';

/** What stands between a connection and the routes. */
export interface Entrance {
  readonly mayConnect: MayConnect;
  /** Names in Host headers besides those of loopback. */
  readonly allowHosts: readonly string[];
  readonly routes: () => Routes;
}

/** Answers only whom the guard lets in. */
export function guardedAnswerer({ mayConnect, allowHosts, routes }: Entrance): Answerer {
  const answer = (request: IncomingMessage): Answer | Promise<Answer> => {
    const refusal = refusalOf(request, request.socket, allowHosts);
    return refusal === undefined ? answerRequest(request, routes()) : refused(refusal.status, refusal.reason);
  };
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

function stranger(): Answer {
  return refused(403, 'the user of the other end may not connect');
}

/** In the form of the container provider's failures; clients of the metadata service look at the status alone. */
function refused(status: number, reason: string): Answer {
  const code = status === 403 ? 'Forbidden' : 'BadRequest';
  return { ...jsonAnswer('refused', status, JSON.stringify({ Code: code, Message: reason })), reason };
}
