import { fromTemporaryCredentials, type FromTemporaryCredentialsOptions } from '@aws-sdk/credential-providers';

import type { Credentials } from '../../core/credentials.ts';
import type { SessionContext } from '../create-session/create-session.ts';
import { resolveEndpoint } from '../http/endpoint.ts';
import { retry, type Outcome } from '../http/retry.ts';
import { clientConfig, retriesBySdk } from './client-config.ts';
import { type AssumedRole, readAssumedRole } from './read-assumed-role.ts';
import { requestHandler } from './request-handler.ts';
import type { NamedHop, RoleCall } from './role-hop.ts';

/**
 * Assumes the role of a hop through the SDK, again where that may help.
 *
 * @throws RolesAnywhereError REFUSED_ASSUME_ROLE, RESPONSE_*, NETWORK_*, SERVICE_*, ENDPOINT_INVALID: naming the hop
 */
export async function assumeRole(call: RoleCall, previous: Credentials, context: SessionContext): Promise<Credentials> {
  const { partition, region, sts } = call;
  // The rules for an endpoint of the user's own are those of CreateSession's.
  if (sts.endpoint !== undefined) await resolveEndpoint({ partition, region, ...sts, custom: sts.endpoint });
  const attempts = retriesBySdk(sts) ? 1 : call.network.maxAttempts;
  return retry(attempts, (number) => tracedAttempt({ call, previous, number, context }), {
    random: context.random,
    sleep: context.sleep,
    onWait: (attempt, delayMs) => context.trace?.({ kind: 'waiting', attempt, delayMs }),
  });
}

interface Attempt {
  readonly call: RoleCall;
  readonly previous: Credentials;
  readonly number: number;
  readonly context: SessionContext;
}

async function tracedAttempt(attempt: Attempt): Promise<Outcome<Credentials>> {
  const { call, number, context } = attempt;
  const start = context.now().getTime();
  const elapsed = (): number => context.now().getTime() - start;
  try {
    const answer = await attemptOnce(attempt);
    const value = readAssumedRole(answer, call, context.now());
    const { position, hops } = call;
    const { roleArn } = call.hop;
    const { requestId } = answer;
    context.trace?.({ kind: 'assumed', attempt: number, roleArn, position, hops, requestId, elapsedMs: elapsed() });
    return { kind: 'done', value };
  } catch (cause) {
    // What it means that STS refuses is no part of the way that goes well.
    const { judgeFailure } = await import('./judge-failure.ts');
    const judged = judgeFailure(cause, call, context.now());
    const { code, message } = judged.error;
    context.trace?.({ kind: 'failed', attempt: number, code, message, elapsedMs: elapsed() });
    if (judged.kind === 'permanent') throw judged.error;
    return judged;
  }
}

/** @throws whatever the SDK throws, and RolesAnywhereError */
async function attemptOnce({ call, previous, number, context }: Attempt): Promise<AssumedRole> {
  const handler = requestHandler(call.network, context.signal, ({ href: url }, proxy) => {
    if (number === 1) context.trace?.({ kind: 'endpoint', url, proxy });
  });
  let output: unknown;
  const { accessKeyId, secretAccessKey, sessionToken } = previous;
  const provider = fromTemporaryCredentials({
    masterCredentials: { accessKeyId, secretAccessKey, sessionToken },
    params: paramsOf(call.hop, context.now()),
    clientConfig: clientConfig({
      ...call,
      requestHandler: handler,
      userAgent: context.userAgent,
      // The SDK reads the system's clock, which need not be the one that was handed in.
      clockOffset: context.now().getTime() - Date.now(),
    }),
    clientPlugins: [outputPlugin((found) => (output = found))],
  });
  const identity = await provider();
  return {
    ...identity,
    sessionArn: textAt(output, ['AssumedRoleUser', 'Arn']),
    requestId: textAt(output, ['$metadata', 'requestId']),
  };
}

type Plugin = NonNullable<FromTemporaryCredentialsOptions['clientPlugins']>[number];

/** Shows the whole answer of STS, of which the SDK's provider hands on the keys alone. */
function outputPlugin(show: (output: unknown) => void): Plugin {
  return {
    applyToStack: (stack) =>
      stack.add(
        (next) => async (args) => {
          const result = await next(args);
          show(result.output);
          return result;
        },
        { step: 'initialize', name: 'rolesAnywhereOutput' },
      ),
  };
}

function textAt(container: unknown, path: readonly string[]): string | undefined {
  let value = container;
  for (const name of path) {
    value =
      typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
  }
  return typeof value === 'string' ? value : undefined;
}

function paramsOf(hop: NamedHop, now: Date): FromTemporaryCredentialsOptions['params'] {
  const { externalId, durationSeconds, policy, policyArns = [], tags = {}, transitiveTagKeys = [] } = hop;
  const tagList = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    RoleArn: hop.roleArn,
    RoleSessionName: hop.roleSessionName ?? `roles-anywhere-${now.getTime()}`,
    ...(externalId === undefined ? {} : { ExternalId: externalId }),
    ...(durationSeconds === undefined ? {} : { DurationSeconds: durationSeconds }),
    ...(policy === undefined ? {} : { Policy: policy }),
    // An empty list would be sent as an empty parameter.
    ...(policyArns.length === 0 ? {} : { PolicyArns: policyArns.map((arn) => ({ arn })) }),
    ...(tagList.length === 0 ? {} : { Tags: tagList }),
    ...(transitiveTagKeys.length === 0 ? {} : { TransitiveTagKeys: [...transitiveTagKeys] }),
  };
}
