import type { IdentitySource, SecretSource } from './identity.ts';

/** The settings of each backend, beside the sources: a new group of them is found here without being named. */
type Settings = Omit<IdentitySource, 'certificate' | 'privateKey' | 'intermediates' | 'keyPassword'>;

function settingsOf(source: IdentitySource): Settings {
  const { certificate: _, privateKey: __, intermediates: ___, keyPassword: ____, ...settings } = source;
  return settings;
}

/** A member of settings; other ones are texts with their option, and switches. */
function isSecret(member: unknown): member is SecretSource {
  return typeof member === 'object' && member !== null && 'kind' in member;
}

/** Every password and PIN that is given beside the sources themselves. */
export function secretsOf(source: IdentitySource): readonly SecretSource[] {
  const ofBackends = Object.values(settingsOf(source)).flatMap((group: object) => Object.values(group));
  return [source.keyPassword, ...ofBackends].filter(isSecret);
}

/** The same source with each of these replaced. */
export async function mapSecrets(
  source: IdentitySource,
  replace: (secret: SecretSource) => Promise<SecretSource>,
): Promise<IdentitySource> {
  const { keyPassword } = source;
  const groups = Object.entries(settingsOf(source)).map(
    async ([name, group]: [string, object]) => [name, await mapGroup(group, replace)] as const,
  );
  return {
    ...source,
    ...(keyPassword && { keyPassword: await replace(keyPassword) }),
    ...Object.fromEntries(await Promise.all(groups)),
  };
}

async function mapGroup(group: object, replace: (secret: SecretSource) => Promise<SecretSource>): Promise<object> {
  const mapped = { ...group };
  for (const [name, member] of Object.entries(group)) {
    if (isSecret(member)) Object.assign(mapped, { [name]: await replace(member) });
  }
  return mapped;
}
