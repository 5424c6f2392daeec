import type { CommandName, OptionRow } from './option-row.ts';

const credentials: readonly CommandName[] = ['credential-process'];
const signing: readonly CommandName[] = ['credential-process', 'sign-string'];
const everywhere: readonly CommandName[] = ['credential-process', 'sign-string', 'read-certificate-data'];

const osStore = 'certificates of the operating system';
const pkcs11 = 'keys on a PKCS#11 token';
const tpm = 'keys in a TPM';

const sessionRows: readonly OptionRow[] = [
  {
    flag: 'trust-anchor-arn',
    kind: 'string',
    placeholder: 'ARN',
    help: 'Trust anchor that the certificate chains to. Required.',
    commands: credentials,
  },
  {
    flag: 'profile-arn',
    kind: 'string',
    placeholder: 'ARN',
    help: 'Roles Anywhere profile that lists the role. Required.',
    commands: credentials,
  },
  {
    flag: 'role-arn',
    kind: 'string',
    placeholder: 'ARN',
    help: 'Role to get credentials for. Required.',
    commands: credentials,
  },
  {
    flag: 'session-duration',
    kind: 'integer',
    placeholder: 'SECONDS',
    help: 'How long the credentials work; the profile may shorten it.',
    fallback: '3600',
    range: [900, 43200],
    commands: credentials,
  },
  {
    flag: 'role-session-name',
    kind: 'string',
    placeholder: 'NAME',
    help: 'Session name in place of the serial number; the profile must accept one.',
    commands: credentials,
  },
  {
    flag: 'region',
    kind: 'string',
    placeholder: 'REGION',
    help: "Region of endpoint and signature, in place of the trust anchor's.",
    commands: credentials,
  },
];

const identityRows: readonly OptionRow[] = [
  {
    flag: 'certificate',
    kind: 'string',
    placeholder: 'SOURCE',
    help: 'Certificate: a PEM, DER or PKCS#12 file, env:NAME, fd:N or - for stdin.',
    conflicts: ['cert-selector', 'system-store-name'],
    commands: everywhere,
  },
  {
    flag: 'private-key',
    kind: 'string',
    placeholder: 'SOURCE',
    help: 'Private key, from the same kinds of sources; the certificate when not given.',
    conflicts: ['cert-selector', 'system-store-name', 'use-latest-expiring-certificate'],
    commands: signing,
  },
  {
    flag: 'intermediates',
    kind: 'string',
    placeholder: 'SOURCE',
    help: 'Intermediate certificates between the certificate and the trust anchor.',
    conflicts: ['cert-selector', 'use-latest-expiring-certificate'],
    commands: credentials,
  },
  {
    flag: 'pkcs8-password',
    kind: 'string',
    placeholder: 'PASSWORD',
    help: 'Password of an encrypted key file or PKCS#12.',
    secret: true,
    mayBeEmpty: true,
    conflicts: ['pkcs8-password-file', 'pkcs8-password-fd', 'tpm-key-password'],
    commands: everywhere,
  },
  {
    flag: 'pkcs8-password-file',
    kind: 'string',
    placeholder: 'PATH',
    help: 'File that holds that password on its first line.',
    conflicts: ['pkcs8-password-fd', 'tpm-key-password'],
    commands: everywhere,
  },
  {
    flag: 'pkcs8-password-fd',
    kind: 'integer',
    placeholder: 'FD',
    help: 'Open file descriptor to read that password from.',
    // A password given here by mistake must not show up in a message.
    secret: true,
    range: [0, 0x7fff_ffff],
    conflicts: ['tpm-key-password'],
    commands: everywhere,
  },
  {
    flag: 'cert-selector',
    kind: 'string',
    placeholder: 'SELECTOR',
    help: 'Picks a certificate of the operating system by subject, issuer and serial number.',
    notBuilt: osStore,
    conflicts: ['intermediates', 'reuse-pin', 'tpm-key-password', 'no-tpm-key-password'],
    commands: everywhere,
  },
  {
    flag: 'system-store-name',
    kind: 'string',
    placeholder: 'STORE',
    help: 'Windows certificate store to look in.',
    fallback: 'MY',
    notBuilt: osStore,
    conflicts: ['reuse-pin'],
    commands: everywhere,
  },
  {
    flag: 'use-latest-expiring-certificate',
    kind: 'boolean',
    help: 'Takes the certificate that expires last where several match.',
    notBuilt: osStore,
    conflicts: ['reuse-pin'],
    commands: signing,
  },
  {
    flag: 'pkcs11-lib',
    kind: 'string',
    placeholder: 'PATH',
    help: 'PKCS#11 module to load.',
    notBuilt: pkcs11,
    commands: everywhere,
  },
  {
    flag: 'reuse-pin',
    kind: 'boolean',
    help: 'Uses the PIN of the token for keys that ask for one at every signature.',
    notBuilt: pkcs11,
    commands: credentials,
  },
  {
    flag: 'reuse-pin',
    kind: 'boolean',
    help: 'Uses the PIN of the token for keys that ask for one at every signature.',
    notBuilt: pkcs11,
    conflicts: ['no-tpm-key-password'],
    commands: ['sign-string'],
  },
  {
    flag: 'tpm-key-password',
    kind: 'string',
    placeholder: 'PASSWORD',
    help: 'Password of a TPM key.',
    secret: true,
    mayBeEmpty: true,
    notBuilt: tpm,
    conflicts: ['reuse-pin', 'no-tpm-key-password'],
    commands: signing,
  },
  {
    flag: 'no-tpm-key-password',
    kind: 'boolean',
    help: 'The TPM key has an empty password.',
    notBuilt: tpm,
    commands: signing,
  },
];

const networkRows: readonly OptionRow[] = [
  {
    flag: 'endpoint',
    kind: 'string',
    placeholder: 'URL',
    help: 'Roles Anywhere endpoint to call; http only on loopback.',
    environment: ['AWS_ENDPOINT_URL_ROLESANYWHERE'],
    profileKeys: ['services.rolesanywhere.endpoint_url'],
    general: { environment: ['AWS_ENDPOINT_URL'], profileKeys: ['endpoint_url'] },
    switchedOffBy: {
      environment: 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
      profileKey: 'ignore_configured_endpoint_urls',
    },
    commands: credentials,
  },
  {
    flag: 'use-fips-endpoint',
    kind: 'boolean',
    help: 'Calls the FIPS endpoint of the region.',
    environment: ['AWS_USE_FIPS_ENDPOINT'],
    profileKeys: ['use_fips_endpoint'],
    commands: credentials,
  },
  {
    flag: 'use-dualstack-endpoint',
    kind: 'boolean',
    help: 'Calls the endpoint that also has IPv6 addresses.',
    environment: ['AWS_USE_DUALSTACK_ENDPOINT'],
    profileKeys: ['use_dualstack_endpoint'],
    commands: credentials,
  },
  {
    flag: 'ca-bundle',
    kind: 'string',
    placeholder: 'PATH',
    help: 'PEM file of the certificates to trust for TLS, in place of the default ones.',
    environment: ['AWS_CA_BUNDLE'],
    profileKeys: ['ca_bundle'],
    commands: credentials,
  },
  {
    flag: 'no-verify-ssl',
    kind: 'boolean',
    help: 'Does not check the certificate of the endpoint. Dangerous.',
    commands: credentials,
  },
  {
    flag: 'with-proxy',
    kind: 'boolean',
    help: 'Goes through the proxy of HTTPS_PROXY or HTTP_PROXY, but for the hosts of NO_PROXY.',
    commands: credentials,
  },
  {
    flag: 'max-attempts',
    kind: 'integer',
    placeholder: 'COUNT',
    help: 'Attempts in all when throttled, on 5xx and on network failures.',
    fallback: '3',
    range: [1, 100],
    environment: ['AWS_MAX_ATTEMPTS'],
    profileKeys: ['max_attempts'],
    commands: credentials,
  },
  {
    flag: 'connect-timeout',
    kind: 'integer',
    placeholder: 'SECONDS',
    help: 'Until TCP and TLS stand, for one attempt.',
    fallback: '10',
    range: [1, 3600],
    commands: credentials,
  },
  {
    flag: 'request-timeout',
    kind: 'integer',
    placeholder: 'SECONDS',
    help: 'From connecting to the end of the answer, for one attempt.',
    fallback: '60',
    range: [1, 3600],
    commands: credentials,
  },
];

const inspectRows: readonly OptionRow[] = [
  {
    flag: 'format',
    kind: 'string',
    placeholder: 'FORMAT',
    help: 'How the signature is written: hex in quotes, hex, or raw bytes.',
    fallback: 'json',
    choices: ['json', 'text', 'bin'],
    commands: ['sign-string'],
  },
  {
    flag: 'digest',
    kind: 'string',
    placeholder: 'DIGEST',
    help: 'Hash to sign with; an ML-DSA key has none.',
    fallback: 'SHA256',
    choices: ['SHA256', 'SHA384', 'SHA512'],
    commands: ['sign-string'],
  },
];

/** Of every command. */
export const helpRow: OptionRow = {
  flag: 'help',
  short: 'h',
  kind: 'boolean',
  help: 'Prints this.',
  flagOnly: true,
  commands: [...everywhere, 'version', 'completion', 'sandbox'],
};

const commonRows: readonly OptionRow[] = [
  {
    flag: 'from-profile',
    kind: 'string',
    placeholder: 'NAME',
    help: 'Profile of ~/.aws/config whose roles_anywhere_ keys give the options that are not given here.',
    flagOnly: true,
    commands: everywhere,
  },
  {
    flag: 'debug',
    kind: 'boolean',
    help: 'Shows on stderr what is signed, sent and answered, never a secret.',
    commands: everywhere,
  },
  helpRow,
];

/** One row an option, in the order of help. A flag that two commands define differently has a row for each. */
export const optionTable: readonly OptionRow[] = [
  ...sessionRows,
  ...identityRows,
  ...networkRows,
  ...inspectRows,
  ...commonRows,
];

/** The rows of one command. */
export function optionsOf(command: CommandName): readonly OptionRow[] {
  return optionTable.filter((row) => row.commands.includes(command));
}
