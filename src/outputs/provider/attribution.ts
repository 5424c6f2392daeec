import type { Credentials } from '../../core/credentials.ts';
import type { ResolvedInit } from './resolve-init.ts';

/**
 * Credentials with the note by which the SDK's clients tell AWS, in the `m/` part of their user agent, where these come
 * from (`$source` of `AttributedAwsCredentialIdentity` in `@aws-sdk/types`, whose feature ids these are).
 */
export function attributed(credentials: Credentials, { plan, profiles }: ResolvedInit): Credentials {
  const target = plan.targets.find(({ name }) => name === credentials.target) ?? plan.targets[0];
  const { roleChain = [] } = target.request;
  const $source = {
    ...(profiles.includes(target.name) ? { CREDENTIALS_PROFILE: 'n' } : { CREDENTIALS_CODE: 'e' }),
    ...(roleChain.length === 0 ? {} : { CREDENTIALS_STS_ASSUME_ROLE: 'i' }),
  };
  return Object.assign(credentials, { $source });
}
