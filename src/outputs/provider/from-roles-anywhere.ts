import type { Credentials } from '../../core/credentials.ts';
import { RolesAnywhereError } from '../../core/errors.ts';
import { loadPart } from '../../core/load-part.ts';
import { abortable } from '../../pipeline/refresh/abortable.ts';
import type { RefreshableCredentials } from '../../pipeline/refreshable-credentials.ts';
import { type Ambient, ambient } from './ambient.ts';
import type { CallerConfig, FromRolesAnywhereInit, IdentityProperties, RolesAnywhereProvider } from './init.ts';
import { clientProfile } from './caller-config.ts';

/**
 * Credentials for clients of the AWS SDK, by IAM Roles Anywhere: a provider like those of
 * `@aws-sdk/credential-providers`. Nothing is read or asked for before its first call; from then on credentials are
 * used again and renewed in time, with one request for any number of callers.
 *
 * Its errors are RolesAnywhereErrors and the SDK's CredentialsProviderErrors at once, and `createCredentialChain()`
 * understands them: it goes on to the next provider when nothing was configured and when the service could not be
 * reached, and stops at everything else.
 *
 * @example
 * ```ts
 * import { STSClient } from '@aws-sdk/client-sts';
 * import { fromRolesAnywhere } from 'roles-anywhere';
 *
 * export const sts = new STSClient({
 *   region: 'eu-west-1',
 *   credentials: fromRolesAnywhere({
 *     trustAnchorArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555',
 *     profileArn: 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000',
 *     roleArn: 'arn:aws:iam::111122223333:role/OnPrem',
 *     certificate: '/etc/pki/leaf.pem',
 *     privateKey: '/etc/pki/leaf.key',
 *   }),
 * });
 * ```
 */
export function fromRolesAnywhere(init: FromRolesAnywhereInit = {}): RolesAnywhereProvider {
  return providerIn(ambient, init);
}

/** The same in surroundings of one's own: tests have another clock and another environment. */
export function providerIn(surroundings: Ambient, init: FromRolesAnywhereInit): RolesAnywhereProvider {
  /** By the profile of the client, where that counts: what was got for one profile no client of another gets. */
  const opened = new Map<string | undefined, Promise<RefreshableCredentials>>();

  function credentialsFor(caller: CallerConfig | undefined): Promise<RefreshableCredentials> {
    const profile = clientProfile(init, caller, surroundings.environment());
    return opened.get(profile) ?? open(profile, caller);
  }

  function open(profile: string | undefined, caller: CallerConfig | undefined): Promise<RefreshableCredentials> {
    const opening = loadPart(() => import('./open-credentials.ts')).then(({ openCredentials }) =>
      openCredentials(init, caller, surroundings),
    );
    opened.set(profile, opening);
    // What was wrong may be mended before the next call.
    opening.catch(() => {
      if (opened.get(profile) === opening) opened.delete(profile);
    });
    return opening;
  }

  async function provide({
    forceRefresh,
    abortSignal,
    callerClientConfig,
  }: IdentityProperties = {}): Promise<Credentials> {
    abortSignal?.throwIfAborted();
    try {
      const credentials = await abortable(credentialsFor(callerClientConfig), abortSignal);
      return await credentials.get({ forceRefresh, signal: abortSignal });
    } catch (error) {
      throw await providerError(error);
    }
  }

  async function close(): Promise<void> {
    const closing = [...opened.values()];
    opened.clear();
    await Promise.all(closing.map(async (opening) => (await opening.catch(() => undefined))?.close()));
  }

  return Object.assign(provide, { close, [Symbol.asyncDispose]: close });
}

/** Loaded with all the rest, at the first call; where that could not be read, this cannot be either. */
async function providerError(error: unknown): Promise<unknown> {
  try {
    const { toProviderError } = await loadPart(() => import('./open-credentials.ts'));
    return await toProviderError(error);
  } catch (failure) {
    return error instanceof RolesAnywhereError ? error : failure;
  }
}
