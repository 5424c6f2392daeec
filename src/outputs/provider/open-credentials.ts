import type { FailoverEvent } from '../../pipeline/failover/failover.ts';
import { abortable, inTime } from '../../pipeline/refresh/abortable.ts';
import type { RefreshEvent } from '../../pipeline/refresh/refresher.ts';
import { refreshableCredentials, type RefreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import type { Ambient } from './ambient.ts';
import type { CallerConfig, FromRolesAnywhereInit } from './init.ts';
import { withPropertyNames } from './provider-error.ts';
import { checkInit } from './check-init.ts';
import { type ResolvedInit, resolveInit } from './resolve-init.ts';
import { profileName } from './caller-config.ts';
import { appIdOf, userAgentOf } from './user-agent.ts';
import type { Credentials } from '../../core/credentials.ts';
import { explainedMessage } from '../../core/describe-refusal.ts';

/**
 * Makes of the init what renews its credentials. Reads environment and profile; certificate and key come later.
 *
 * @throws RolesAnywhereError OPTION_*, ARN_*, ENDPOINT_INVALID, CONFIG_*, NOT_CONFIGURED: every fault of a way at once
 */
export async function openCredentials(
  init: FromRolesAnywhereInit,
  caller: CallerConfig | undefined,
  { environment, clock, random, sleep }: Ambient,
): Promise<RefreshableCredentials> {
  checkInit(init);
  const say = sayTo(init.logger ?? init.parentClientConfig?.logger ?? caller?.logger);
  const env = environment();
  const { askSecret } = init;
  const end = new AbortController();
  const context = {
    clock,
    now: clock.now,
    random,
    sleep,
    environment: env,
    askSecret: askSecret && ((question: string) => answerOf(askSecret(question), clock, end.signal)),
    warn: (message: string) => say('warn', message),
    debug: (message: string) => say('debug', message),
    onRefresh: (event: RefreshEvent) => logRefresh(event, say),
    onFailover: (event: FailoverEvent) => logFailover(event, say),
  };
  const userAgentAppId = init.userAgentAppId ?? (await appIdOf(init.parentClientConfig ?? caller, clock));
  const profile = profileName(init, caller, env);
  const resolved = await resolveInit({ ...init, userAgentAppId }, { env, context, profile });
  if (resolved.plan.targets.some(({ request }) => !request.network.verify)) {
    say('warn', '--no-verify-ssl: the certificate of the endpoint is not checked');
  }
  const userAgent = userAgentOf(resolved.appId, context.warn);
  const credentials = refreshableCredentials(resolved.plan, { ...context, userAgent });
  return {
    ...credentials,
    get: async (options) => attributed(await credentials.get(options), resolved),
    async close() {
      end.abort(new DOMException('the provider was closed', 'AbortError'));
      await credentials.close();
    },
  };
}

/** Milliseconds for a person to type a password or PIN. */
const longestQuestion = 5 * 60_000;

/** Who does not answer in time gives up the question. */
function answerOf(
  asked: Promise<string | undefined>,
  clock: Ambient['clock'],
  signal: AbortSignal,
): Promise<string | undefined> {
  return abortable(inTime(asked, { milliseconds: longestQuestion, clock, late: () => undefined }), signal);
}

/** Lines in the form of the SDK's own providers. */
function sayTo(logger: FromRolesAnywhereInit['logger']): Say {
  return (level, message) => logger?.[level]?.(`roles-anywhere - fromRolesAnywhere: ${withPropertyNames(message)}`);
}

/**
 * Credentials with the note by which the SDK's clients tell AWS, in the `m/` part of their user agent, where these come
 * from (`$source` of `AttributedAwsCredentialIdentity` in `@aws-sdk/types`, whose feature ids these are).
 */
function attributed(credentials: Credentials, { plan, profiles }: ResolvedInit): Credentials {
  const target = plan.targets.find(({ name }) => name === credentials.target) ?? plan.targets[0];
  const { roleChain = [] } = target.request;
  const $source = {
    ...(profiles.includes(target.name) ? { CREDENTIALS_PROFILE: 'n' } : { CREDENTIALS_CODE: 'e' }),
    ...(roleChain.length === 0 ? {} : { CREDENTIALS_STS_ASSUME_ROLE: 'i' }),
  };
  return Object.assign(credentials, { $source });
}

export type Say = (level: 'debug' | 'warn', message: string) => void;

/** A failure that nobody else tells of is a warning: who waits for credentials gets it as an error anyway. */
export function logRefresh(event: RefreshEvent, say: Say): void {
  if (event.kind === 'renewed') {
    const { expiration, target } = event.credentials;
    say('debug', `credentials${from(target)} until ${expiration.toISOString()}, after ${seconds(event.elapsedMs)}`);
  } else if (event.kind === 'failed') {
    const next = `the next attempt is in ${seconds(event.retryInMs)} at the earliest`;
    if (event.stillValid)
      say('warn', `cannot renew the credentials, which still work: ${explainedMessage(event.error)}; ${next}`);
    else say('debug', `no credentials: ${explainedMessage(event.error)}; ${next}`);
  } else if (event.kind === 'certificate') {
    say('warn', event.message);
  } else {
    say('debug', `the clock was set, or the machine slept: ${seconds(event.jumpedMs)}`);
  }
}

export function logFailover(event: FailoverEvent, say: Say): void {
  if (event.kind === 'target-failed') {
    const rest = `it is left alone for ${seconds(event.restsForMs)}`;
    say('warn', `no credentials from ${event.target}: ${explainedMessage(event.error)}; ${rest}`);
  } else {
    say('debug', `credentials from ${event.target}`);
  }
}

function from(target: string | undefined): string {
  return target === undefined ? '' : ` from ${target}`;
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
