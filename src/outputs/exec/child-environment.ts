import type { Variable } from '../credential-variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Other credentials, and what leads SDKs to them: with one of these left, a program would use those. */
const stale: ReadonlySet<string> = new Set([
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CREDENTIAL_EXPIRATION',
  'AWS_SESSION_EXPIRATION',
  'AWS_CREDENTIAL_SCOPE',
  'AWS_ACCOUNT_ID',
  // Names that older SDKs know.
  'AWS_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AMAZON_ACCESS_KEY_ID',
  'AMAZON_SECRET_ACCESS_KEY',
  'AMAZON_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
  'AWS_ROLE_ARN',
  'AWS_ROLE_SESSION_NAME',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
]);
const stalePrefix = 'AWS_CONTAINER_';

/** Passwords, PINs and keys may be in any of these, a URI included, and a program has no use for them. */
const ownPrefix = 'ROLES_ANYWHERE_';

export interface ChildEnvironment {
  /** What leads to the credentials. */
  readonly variables: readonly Variable[];
  /** For a program whose environment names none. */
  readonly region: string;
  /** Names of further variables that hold secrets of ours: those of `--private-key env:NAME`. */
  readonly secrets: readonly string[];
}

/** The environment of a program that is to use these credentials and no others. */
export function childEnvironment(env: Environment, { variables, region, secrets }: ChildEnvironment): Environment {
  const given = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || region;
  const isToGo = (name: string): boolean => {
    // Windows takes names in any case.
    const upper = name.toUpperCase();
    return stale.has(upper) || upper.startsWith(stalePrefix) || upper.startsWith(ownPrefix) || secrets.includes(name);
  };
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !isToGo(name))),
    // Some SDKs read the one and some the other.
    AWS_REGION: env['AWS_REGION'] || given,
    AWS_DEFAULT_REGION: env['AWS_DEFAULT_REGION'] || given,
    ...Object.fromEntries(variables),
  };
}
