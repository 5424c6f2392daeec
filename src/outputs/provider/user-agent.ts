import type { CallerConfig } from './init.ts';
import { inTime } from '../../pipeline/refresh/abortable.ts';
import type { Clock } from '../../pipeline/refresh/clock.ts';
import { version } from '../../version.ts';

/** Characters that CloudTrail and the SDK keep of it. */
const longestAppId = 50;

/**
 * The user agent of CreateSession and AssumeRole, with the name of the application as the SDK's clients have it.
 *
 * @param appId undefined for none; one that is too long is warned of and left out
 */
export function userAgentOf(appId: string | undefined, warn: (message: string) => void): string {
  const ours = `roles-anywhere/${version}`;
  if (!appId) return ours;
  if (appId.length > longestAppId) {
    warn(`userAgentAppId has ${appId.length} characters, and may have ${longestAppId}: it is left out`);
    return ours;
  }
  return `${ours} app/${appId.replaceAll(/[^!$%&'*+\-.^_`|~\w#]/g, '-')}`;
}

/** Milliseconds: a client's settings are its own, or in a file. */
const longestWaitForAppId = 5000;

/** That of a client; a client whose settings cannot be had has none. */
export async function appIdOf(
  client: CallerConfig | undefined,
  clock: Pick<Clock, 'after'>,
): Promise<string | undefined> {
  try {
    const given: unknown = client?.userAgentAppId;
    const asked = Promise.resolve<unknown>(typeof given === 'function' ? given.call(client) : given);
    const appId = await inTime(asked, { milliseconds: longestWaitForAppId, clock, late: () => undefined });
    return typeof appId === 'string' && appId !== '' ? appId : undefined;
  } catch {
    return undefined;
  }
}
