import type { Credentials } from '../../core/credentials.ts';
import { loadPart } from '../../core/load-part.ts';
import type { Ambient } from './ambient.ts';
import type { FromRolesAnywhereInit, IdentityProperties, RolesAnywhereProvider } from './init.ts';
import type { provide as provideOnce, Provider } from './provide.ts';

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
  return providerIn(undefined, init);
}

/** The same in surroundings of one's own: tests have another clock and another environment. */
export function providerIn(surroundings: Ambient | undefined, init: FromRolesAnywhereInit): RolesAnywhereProvider {
  const provider: Provider = { init, surroundings, opened: new Map() };

  async function provide(properties: IdentityProperties = {}): Promise<Credentials> {
    properties.abortSignal?.throwIfAborted();
    const calls = await loadCalls();
    return calls.provide(provider, properties);
  }

  async function close(): Promise<void> {
    const closing = [...provider.opened.values()];
    provider.opened.clear();
    await Promise.all(closing.map(async (opening) => (await opening.catch(() => undefined))?.close()));
  }

  return Object.assign(provide, { close, [Symbol.asyncDispose]: close });
}

interface Calls {
  readonly provide: typeof provideOnce;
}

let loading: Promise<Calls> | undefined;

/** What a call needs, loaded by the first one that can be. */
function loadCalls(): Promise<Calls> {
  loading ??= loadPart(() => import('./provide.ts')).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
