import {
  type Answer,
  isRead,
  jsonAnswer,
  type LocalRequest,
  makeAnswer,
  type RouteName,
  textAnswer,
  wrongMethod,
} from './answer.ts';
import type { Metrics } from './metrics.ts';
import type { RoleDirectory } from './served-role.ts';

/** What the endpoints for operators need. */
export interface AdminContext {
  readonly metrics: Metrics;
  readonly directory: () => RoleDirectory;
}

const routes: Readonly<Record<string, RouteName>> = { '/healthz': 'health', '/readyz': 'ready', '/metrics': 'metrics' };

/** Whether a path is one of these endpoints. */
export function isAdminPath(path: string): boolean {
  return Object.hasOwn(routes, path);
}

/** `/healthz`: the process answers. `/readyz`: every role has credentials that work. `/metrics`: for Prometheus. */
export function answerAdmin(request: LocalRequest, path: string, context: AdminContext): Answer | Promise<Answer> {
  const route = routes[path];
  if (route === undefined) return textAnswer('unknown', 404, 'not found');
  if (!isRead(request.method)) return wrongMethod(route, 'GET, HEAD');
  if (route === 'health') return textAnswer(route, 200, 'ok');
  return route === 'ready' ? answerReady(context.directory()) : answerMetrics(context.metrics);
}

function answerReady({ roles }: RoleDirectory): Answer {
  const states = roles.map((role) => {
    const isReady = role.held() !== undefined;
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
