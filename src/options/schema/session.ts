import { credentials, of, type OptionDefinition } from './option.ts';

/** Whose credentials: trust anchor, profile and role, and how the session is to be. */
export const session: readonly OptionDefinition[] = of(credentials, [
  {
    flag: 'trust-anchor-arn',
    kind: 'string',
    placeholder: 'ARN',
    help: 'Trust anchor that the certificate chains to. Required.',
    property: {
      text: 'ARN of the trust anchor that the certificate chains to. Required, from one source or another; region and account of it decide where the session is asked for.',
    },
  },
  {
    flag: 'profile-arn',
    kind: 'string',
    placeholder: 'ARN',
    help: 'Roles Anywhere profile that lists the role. Required.',
    property: {
      text: 'ARN of the Roles Anywhere profile that lists the role. Required; in region and account of the trust anchor.',
    },
  },
  {
    flag: 'role-arn',
    kind: 'string',
    placeholder: 'ARN',
    help: 'Role to get credentials for. Required.',
    property: { text: 'ARN of the role to get credentials for. Required; in the account of the trust anchor.' },
  },
  {
    flag: 'session-duration',
    kind: 'integer',
    range: [900, 43_200],
    fallback: '3600',
    about: 'session',
    placeholder: 'SECONDS',
    help: 'How long the credentials work; the profile may shorten it.',
    property: {
      name: 'durationSeconds',
      text: 'How long the session lasts: whole seconds, {range}; {fallback} by default. The Roles Anywhere profile may shorten it (API reference, CreateSession).',
    },
  },
  {
    flag: 'role-session-name',
    kind: 'string',
    placeholder: 'NAME',
    help: 'Session name in place of the serial number; the profile must accept one.',
    property: {
      text: "Name of the session in CloudTrail, 2 to 64 characters; the certificate's serial number by default. The Roles Anywhere profile must accept one.",
    },
  },
  {
    flag: 'region',
    kind: 'string',
    about: 'session',
    placeholder: 'REGION',
    help: "Region of endpoint and signature, in place of the trust anchor's.",
    property: { text: "Region of endpoint and signature; the trust anchor's by default." },
  },
]);

const endpointsOfAll = { environment: ['AWS_ENDPOINT_URL'], profileKeys: ['endpoint_url'] };
const endpointsOff = {
  environment: 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  profileKey: 'ignore_configured_endpoint_urls',
};

/** How the service is reached. */
export const network: readonly OptionDefinition[] = of(credentials, [
  {
    flag: 'endpoint',
    kind: 'string',
    environment: ['AWS_ENDPOINT_URL_ROLESANYWHERE'],
    profileKeys: ['services.rolesanywhere.endpoint_url'],
    general: endpointsOfAll,
    switchedOffBy: endpointsOff,
    about: 'session',
    placeholder: 'URL',
    help: 'Roles Anywhere endpoint to call; http only on loopback.',
    property: {
      text: 'URL of the Roles Anywhere endpoint, http on loopback only; that of the region by default.',
    },
  },
  {
    flag: 'use-fips-endpoint',
    kind: 'boolean',
    environment: ['AWS_USE_FIPS_ENDPOINT'],
    about: 'surroundings',
    help: 'Calls the FIPS endpoint of the region.',
    property: { text: 'Calls the FIPS endpoint of the region; false by default.' },
  },
  {
    flag: 'use-dualstack-endpoint',
    kind: 'boolean',
    environment: ['AWS_USE_DUALSTACK_ENDPOINT'],
    about: 'surroundings',
    help: 'Calls the endpoint that also has IPv6 addresses.',
    property: { text: 'Calls the endpoint that has IPv6 addresses too; false by default.' },
  },
  {
    flag: 'ca-bundle',
    kind: 'string',
    environment: ['AWS_CA_BUNDLE'],
    about: 'surroundings',
    placeholder: 'PATH',
    help: 'PEM file of the only certificates to trust for TLS, in place of those of Node, SSL_CERT_FILE, SSL_CERT_DIR and the system.',
    property: {
      text: 'Path of a PEM file whose certificates alone are trusted for TLS; by default those of the runtime, SSL_CERT_FILE, SSL_CERT_DIR and the system.',
    },
  },
  {
    flag: 'no-verify-ssl',
    kind: 'boolean',
    about: 'surroundings',
    help: 'Does not check the certificate of the endpoint. Dangerous.',
    property: {
      text: 'Does not check the certificate of the endpoint, which anybody on the way may then be; false by default.',
    },
  },
  {
    flag: 'with-proxy',
    kind: 'boolean',
    fallback: 'true',
    about: 'surroundings',
    help: 'Goes through the proxy of HTTPS_PROXY, but for the hosts of NO_PROXY and for this machine; false goes straight.',
    property: {
      text: 'Obeys HTTPS_PROXY and NO_PROXY: {fallback} by default. False goes straight, whatever they say.',
    },
  },
  {
    flag: 'max-attempts',
    kind: 'integer',
    range: [1, 100],
    fallback: '3',
    environment: ['AWS_MAX_ATTEMPTS'],
    about: 'surroundings',
    placeholder: 'COUNT',
    help: 'Attempts in all when throttled, on 5xx and on network failures.',
    property: {
      text: 'Attempts in all when throttled, on 5xx and on failures of the network: {range}; {fallback} by default.',
    },
  },
  {
    flag: 'connect-timeout',
    kind: 'integer',
    range: [1, 3600],
    fallback: '10',
    about: 'surroundings',
    placeholder: 'SECONDS',
    help: 'Until TCP and TLS stand, for one attempt.',
    property: { text: 'Until TCP and TLS stand, for one attempt: whole seconds, {range}; {fallback} by default.' },
  },
  {
    flag: 'request-timeout',
    kind: 'integer',
    range: [1, 3600],
    fallback: '60',
    about: 'surroundings',
    placeholder: 'SECONDS',
    help: 'From connecting to the end of the answer, for one attempt.',
    property: {
      text: 'From connecting to the end of the answer, for one attempt: whole seconds, {range}; {fallback} by default.',
    },
  },
]);

/** Roles to assume behind the session, and what to do where there is none to be had. */
export const roles: readonly OptionDefinition[] = of(credentials, [
  {
    flag: 'assume-role',
    kind: 'list',
    chain: true,
    placeholder: 'ARN',
    help: 'Role to assume with the credentials; a further one is assumed with those of the one before.',
    property: {
      name: 'roleChain',
      type: 'readonly RoleHop[]',
      text: 'Roles to assume one after the other, each with the credentials of the one before; none by default. `[]` takes no notice of those of the environment.',
    },
  },
  {
    flag: 'external-id',
    kind: 'string',
    chain: true,
    placeholder: 'ID',
    help: 'External ID that the last role to assume asks for.',
    property: { otherwise: 'give it to the hop of roleChain that asks for it' },
  },
  {
    flag: 'sts-endpoint',
    kind: 'string',
    chain: true,
    environment: ['AWS_ENDPOINT_URL_STS'],
    profileKeys: ['services.sts.endpoint_url'],
    general: endpointsOfAll,
    switchedOffBy: endpointsOff,
    about: 'surroundings',
    placeholder: 'URL',
    help: "STS endpoint for roles to assume, in place of the region's own.",
    property: {
      text: 'URL of the STS endpoint for these roles, http on loopback only; that of the region by default.',
    },
  },
  {
    flag: 'failover-on-refusal',
    kind: 'boolean',
    about: 'surroundings',
    help: 'Goes on to the next profile of --from-profile also when the service refuses; else only when it cannot be reached, throttles or fails. Without effect in serve and update.',
    property: {
      text: 'Goes on to the next way also when the service refuses; false by default: only when it cannot be reached, throttles or fails.',
    },
  },
]);
