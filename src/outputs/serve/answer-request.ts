import { type AdminContext, answerAdmin, isAdminPath } from './admin-routes.ts';
import { type Answer, type LocalRequest, textAnswer } from './answer.ts';
import { answerContainer, type ContainerContext, isContainerPath } from './container-routes.ts';
import { answerImds, type ImdsContext, isImdsPath } from './imds-routes.ts';
import { pathOf } from './paths.ts';

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
