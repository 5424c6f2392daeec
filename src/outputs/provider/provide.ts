import type { Credentials } from '../../core/credentials.ts';
import { abortable } from '../../pipeline/refresh/abortable.ts';
import type { RefreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import { type Ambient, ambient } from './ambient.ts';
import { clientProfile } from './caller-config.ts';
import type { CallerConfig, FromRolesAnywhereInit, IdentityProperties } from './init.ts';
import { openCredentials } from './open-credentials.ts';
import { toProviderError } from './provider-error.ts';

/** A provider: what it was made of, and what its calls have opened. */
export interface Provider {
  readonly init: FromRolesAnywhereInit;
  /** The process itself when not given. */
  readonly surroundings?: Ambient | undefined;
  /** By the profile of the client, where that counts: what was got for one profile no client of another gets. */
  readonly opened: Map<string | undefined, Promise<RefreshableCredentials>>;
}

/**
 * One call of a provider.
 *
 * @throws RolesAnywhereError, the SDK's CredentialsProviderError too; the reason of `abortSignal`
 */
export async function provide(
  provider: Provider,
  { forceRefresh, abortSignal, callerClientConfig }: IdentityProperties,
): Promise<Credentials> {
  try {
    const credentials = await abortable(credentialsFor(provider, callerClientConfig), abortSignal);
    return await credentials.get({ forceRefresh, signal: abortSignal });
  } catch (error) {
    throw await toProviderError(error);
  }
}

function credentialsFor(
  { init, surroundings = ambient, opened }: Provider,
  caller: CallerConfig | undefined,
): Promise<RefreshableCredentials> {
  const profile = clientProfile(init, caller, surroundings.environment());
  const known = opened.get(profile);
  if (known !== undefined) return known;
  const opening = openCredentials(init, caller, surroundings);
  opened.set(profile, opening);
  // What was wrong may be mended before the next call.
  opening.catch(() => {
    if (opened.get(profile) === opening) opened.delete(profile);
  });
  return opening;
}
