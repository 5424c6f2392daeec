import { describeError } from '../../core/describe-error.ts';
import { randomBytes } from 'node:crypto';
import type { CredentialPlan, PipelineContext } from '../../pipeline/credential-plan.ts';
import { refreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import type { Variable } from '../credential-variables.ts';
import { tokenCheck } from '../serve/container-routes.ts';
import { guardedAnswerer } from '../serve/guard.ts';
import { limitedServer } from '../serve/http-server.ts';
import { openListener } from '../serve/listeners.ts';
import { currentCredentials, roleDirectory, type ServedRole, servedRoleOf } from '../serve/served-role.ts';

export interface ContainerEndpointContext {
  readonly pipeline: PipelineContext;
  readonly clock: Clock;
  /** A renewal that failed, a certificate that expires, without secrets. */
  readonly warn: (message: string) => void;
}

/** A container credential endpoint that one program alone can ask. */
export interface ContainerEndpoint {
  /** What leads SDKs there (SDK guide, "Container credential provider"). */
  readonly variables: readonly Variable[];
  close(): Promise<void>;
}

/**
 * Obtains credentials, keeps them fresh, and hands them out on a free port of loopback to who knows the token.
 *
 * @throws RolesAnywhereError what obtaining the first set throws; PORT_UNAVAILABLE
 */
export async function openContainerEndpoint(
  plan: CredentialPlan,
  { pipeline, clock, warn }: ContainerEndpointContext,
): Promise<ContainerEndpoint> {
  let failure: string | undefined;
  let renewedAt = clock.now();
  const source = refreshableCredentials(plan, {
    ...pipeline,
    clock,
    onRefresh(event) {
      if (event.kind === 'renewed') {
        [failure, renewedAt] = [undefined, clock.now()];
      } else if (event.kind === 'failed') {
        const { code, message } = describeError(event.error);
        failure = code;
        if (isOpen) warn(`the credentials could not be renewed: ${message}`);
      } else if (event.kind === 'certificate') {
        warn(event.message);
      }
    },
  });
  let isOpen = false;
  try {
    await source.get();
    const currentOf = currentCredentials(source);
    const role: ServedRole = {
      profile: 'exec',
      ...servedRoleOf(plan),
      current() {
        const credentials = currentOf();
        return credentials === undefined ? undefined : { credentials, renewedAt };
      },
      lastFailure: () => failure,
    };
    const token = randomBytes(32).toString('base64url');
    const directory = roleDirectory([role]);
    const container = { isToken: tokenCheck(token), directory: () => directory, now: clock.now };
    const entrance = { mayConnect: () => true as const, allowHosts: [], routes: () => ({ container }) };
    const server = limitedServer({ answer: guardedAnswerer(entrance), onAnswered: ignore, onDropped: ignore });
    const listener = await openListener({ kind: 'tcp', host: '127.0.0.1', port: 0 }, unguarded, server);
    isOpen = true;
    source.keepFresh();
    return {
      variables: [
        ['AWS_CONTAINER_CREDENTIALS_FULL_URI', `${listener.name}/credentials`],
        ['AWS_CONTAINER_AUTHORIZATION_TOKEN', token],
      ],
      async close() {
        await Promise.all([listener.close(), source.close()]);
      },
    };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** Its token is what guards it. */
const unguarded = { socketMode: 0o600, needsDescriptors: false };

function ignore(): void {}
