/** Where a client finds the sandbox and who it is there. */
export interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly trustAnchorArn: string;
  readonly profileArn: string;
  readonly roleArn: string;
  /** Files of the leaf; undefined when the caller has them and the sandbox does not know where. */
  readonly identity: { readonly certificatePath: string; readonly privateKeyPath: string } | undefined;
}

/** Environment variables that lead the AWS clients and `roles-anywhere` to the sandbox. */
export function environmentOf(settings: ClientSettings): Record<string, string> {
  const options = optionsOf(settings, settings.identity).map(
    ([name, value]) => [`ROLES_ANYWHERE_${name.toUpperCase()}`, value] as const,
  );
  return {
    AWS_REGION: settings.region,
    // Python clients know no other name for it.
    AWS_DEFAULT_REGION: settings.region,
    AWS_ENDPOINT_URL_STS: settings.endpoint,
    AWS_ENDPOINT_URL_ROLESANYWHERE: settings.endpoint,
    ...Object.fromEntries(options),
  };
}

/**
 * A profile with its services section for `~/.aws/config`: `aws --profile NAME sts get-caller-identity` then works.
 */
export function configSectionOf(settings: ClientSettings, profileName: string): string {
  const identity = settings.identity ?? somewhere;
  const lines = [
    `[profile ${profileName}]`,
    `credential_process = roles-anywhere credential-process --from-profile ${profileName}`,
    `region = ${settings.region}`,
    `services = ${profileName}`,
    ...optionsOf(settings, identity).map(([name, value]) => `roles_anywhere_${name} = ${value}`),
    '',
    `[services ${profileName}]`,
    'sts =',
    `  endpoint_url = ${settings.endpoint}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** What is left for the reader to fill in. */
const somewhere = { certificatePath: '/path/to/certificate.pem', privateKeyPath: '/path/to/private-key.pem' } as const;

function optionsOf(settings: ClientSettings, identity: ClientSettings['identity']): [name: string, value: string][] {
  const options: [name: string, value: string | undefined][] = [
    ['trust_anchor_arn', settings.trustAnchorArn],
    ['profile_arn', settings.profileArn],
    ['role_arn', settings.roleArn],
    ['certificate', identity?.certificatePath],
    ['private_key', identity?.privateKeyPath],
    ['endpoint', settings.endpoint],
  ];
  return options.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}
