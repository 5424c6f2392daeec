import { version } from '../../version.ts';
import type { CallerConfig } from './init.ts';

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

/** That of a client; a client whose settings cannot be had has none. */
export async function appIdOf(client: CallerConfig | undefined): Promise<string | undefined> {
  try {
    const given: unknown = client?.userAgentAppId;
    const appId: unknown = typeof given === 'function' ? await given.call(client) : given;
    return typeof appId === 'string' && appId !== '' ? appId : undefined;
  } catch {
    return undefined;
  }
}
