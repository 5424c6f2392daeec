import type { FailoverEvent } from '../../pipeline/failover/failover.ts';
import type { RefreshEvent } from '../../pipeline/refresh/refresher.ts';
import { holdCredentials, type HeldCredentials } from '../../pipeline/pipeline-held.ts';
import type { Ambient } from './ambient.ts';
import { attributed } from './attribution.ts';
import type { CallerConfig, FromRolesAnywhereInit } from './init.ts';
import { inWords } from './callers-words.ts';
import { checkInit } from './check-init.ts';
import { logFailover, logRefresh, type Say } from './log-events.ts';
import { profileName } from './profile-name.ts';
import { resolveInit } from './resolve-init.ts';
import { appIdOf, userAgentOf } from './user-agent.ts';

/**
 * Makes of the init what keeps its credentials. Reads environment and profile; certificate and key come later.
 *
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*, NOT_CONFIGURED: every fault of a way at once
 */
export async function openHeld(
  init: FromRolesAnywhereInit,
  caller: CallerConfig | undefined,
  { environment, clock, random, sleep }: Ambient,
): Promise<HeldCredentials> {
  checkInit(init);
  const say = sayTo(init.logger ?? init.parentClientConfig?.logger ?? caller?.logger);
  const env = environment();
  const context = {
    clock,
    now: clock.now,
    random,
    sleep,
    environment: env,
    askSecret: init.askSecret,
    warn: (message: string) => say('warn', message),
    debug: (message: string) => say('debug', message),
    onRefresh: (event: RefreshEvent) => logRefresh(event, say),
    onFailover: (event: FailoverEvent) => logFailover(event, say),
  };
  const userAgentAppId = init.userAgentAppId ?? (await appIdOf(init.parentClientConfig ?? caller));
  const profile = profileName(init, caller, env);
  const resolved = await resolveInit({ ...init, userAgentAppId }, { env, context, profile });
  if (resolved.plan.targets.some(({ request }) => !request.network.verify)) {
    say('warn', '--no-verify-ssl: the certificate of the endpoint is not checked');
  }
  const held = holdCredentials(resolved.plan, { ...context, userAgent: userAgentOf(resolved.appId, context.warn) });
  return { ...held, get: async (options) => attributed(await held.get(options), resolved) };
}

/** Lines in the form of the SDK's own providers. */
function sayTo(logger: FromRolesAnywhereInit['logger']): Say {
  return (level, message) => logger?.[level]?.(`roles-anywhere - fromRolesAnywhere: ${inWords(message)}`);
}
