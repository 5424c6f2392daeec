import {
  type Answer,
  isRead,
  jsonAnswer,
  type LocalRequest,
  makeAnswer,
  type RouteName,
  targetPath,
  textAnswer,
  wrongMethod,
} from './answer.ts';
import { answerContainer, type ContainerContext, isContainerPath } from './container-routes.ts';
import { answerImds, type ImdsContext, isImdsPath } from './imds-routes.ts';
import type { Metrics } from './metrics.ts';
import type { RoleDirectory } from './served-role.ts';

/** The routes behind one listener; those that are left out answer 404, like any path that is none. */
export interface Routes {
  readonly imds?: ImdsContext | undefined;
  readonly container?: ContainerContext | undefined;
  readonly admin?: AdminContext | undefined;
}

/** Finds the route of a request that may come in. */
export function answerRequest(request: LocalRequest, { imds, container, admin }: Routes): Answer | Promise<Answer> {
  const path = targetPath(request.url ?? '');
  if (path === undefined)
    return { ...textAnswer('refused', 400, 'the target is no path'), reason: 'target is no path' };
  if (imds !== undefined && isImdsPath(path)) return answerImds(request, path, imds);
  if (container !== undefined && isContainerPath(path)) return answerContainer(request, path, container);
  if (admin !== undefined && isAdminPath(path)) return answerAdmin(request, path, admin);
  return textAnswer('unknown', 404, 'not found');
}

/** What the endpoints for operators need. */
interface AdminContext {
  readonly metrics: Metrics;
  readonly directory: () => RoleDirectory;
}

const adminRoutes: Readonly<Record<string, RouteName>> = {
  '/healthz': 'health',
  '/readyz': 'ready',
  '/metrics': 'metrics',
};

/** Whether a path is one of these endpoints. */
function isAdminPath(path: string): boolean {
  return Object.hasOwn(adminRoutes, path);
}

/** `/healthz`: the process answers. `/readyz`: every role has credentials that work. `/metrics`: for Prometheus. */
function answerAdmin(request: LocalRequest, path: string, context: AdminContext): Answer | Promise<Answer> {
  const route = adminRoutes[path];
  if (route === undefined) return textAnswer('unknown', 404, 'not found');
  if (!isRead(request.method)) return wrongMethod(route, 'GET, HEAD');
  if (route === 'health') return textAnswer(route, 200, 'ok');
  return route === 'ready' ? answerReady(context.directory()) : answerMetrics(context.metrics);
}

function answerReady({ roles }: RoleDirectory): Answer {
  const states = roles.map((role) => {
    const isReady = role.current() !== undefined;
    return {
      profile: role.profile,
      role: role.roleName,
      ready: isReady,
      code: isReady ? undefined : role.lastFailure(),
    };
  });
  const isReady = states.every(({ ready }) => ready);
  return jsonAnswer('ready', isReady ? 200 : 503, JSON.stringify({ ready: isReady, roles: states }));
}

async function answerMetrics(metrics: Metrics): Promise<Answer> {
  return makeAnswer({ route: 'metrics', status: 200, body: await metrics.page() }, [
    'Content-Type',
    metrics.contentType,
  ]);
}
