import type { OptionRow } from './option-row.ts';

/** What help and completion say of an option. */
export interface HelpText {
  /** A sentence. */
  readonly help: string;
  /** What stands for the value: ARN, PATH, SECONDS. Undefined for a switch. */
  readonly placeholder?: string | undefined;
}

/** By flag, for the rows of table.ts; a test holds the two equal. */
const helpTexts: Readonly<Record<string, HelpText>> = {
  'trust-anchor-arn': { placeholder: 'ARN', help: 'Trust anchor that the certificate chains to. Required.' },
  'profile-arn': { placeholder: 'ARN', help: 'Roles Anywhere profile that lists the role. Required.' },
  'role-arn': { placeholder: 'ARN', help: 'Role to get credentials for. Required.' },
  'session-duration': {
    placeholder: 'SECONDS',
    help: 'How long the credentials work; the profile may shorten it.',
  },
  'role-session-name': {
    placeholder: 'NAME',
    help: 'Session name in place of the serial number; the profile must accept one.',
  },
  region: { placeholder: 'REGION', help: "Region of endpoint and signature, in place of the trust anchor's." },
  certificate: {
    placeholder: 'SOURCE',
    help: 'Certificate: a PEM, DER or PKCS#12 file, env:NAME, fd:N, - for stdin or a pkcs11: URI.',
  },
  'private-key': {
    placeholder: 'SOURCE',
    help: 'Private key, from the same kinds of sources, a TSS2 key file or handle:0x81… of a TPM; that of the certificate when not given.',
  },
  intermediates: {
    placeholder: 'SOURCE',
    help: 'Intermediate certificates between the certificate and the trust anchor.',
  },
  'pkcs8-password': { placeholder: 'PASSWORD', help: 'Password of an encrypted key file or PKCS#12.' },
  'pkcs8-password-file': {
    placeholder: 'PATH',
    help: 'File that holds that password; a line break at its end does not count.',
  },
  'pkcs8-password-fd': { placeholder: 'FD', help: 'Open file descriptor to read that password from.' },
  'cert-selector': {
    placeholder: 'SELECTOR',
    help: 'Picks a certificate of the operating system by subject, issuer and serial number.',
  },
  'system-store-name': { placeholder: 'STORE', help: 'Windows certificate store to look in.' },
  'use-latest-expiring-certificate': { help: 'Takes the certificate that expires last where several match.' },
  'assume-role': {
    placeholder: 'ARN',
    help: 'Role to assume with the credentials; a further one is assumed with those of the one before.',
  },
  'external-id': { placeholder: 'ID', help: 'External ID that the last role to assume asks for.' },
  'sts-endpoint': { placeholder: 'URL', help: "STS endpoint for roles to assume, in place of the region's own." },
  'failover-on-refusal': {
    help: 'Goes on to the next profile of --from-profile also when the service refuses; else only when it cannot be reached, throttles or fails. Without effect in serve and update.',
  },
  cache: { help: 'Remembers credentials on disk for the next calls, until shortly before they expire.' },
  'cache-dir': { placeholder: 'PATH', help: 'Folder of that cache; ~/.aws/roles-anywhere/cache when not given.' },
  'pkcs11-lib': { placeholder: 'PATH', help: "PKCS#11 module to load; p11-kit's proxy when nothing names one." },
  'pkcs11-pin': { placeholder: 'PIN', help: 'PIN of the token, where its URI has none.' },
  'pkcs11-pin-file': { placeholder: 'PATH', help: 'File that holds the PIN; a line break at its end does not count.' },
  'pkcs11-pin-fd': { placeholder: 'FD', help: 'Open file descriptor to read the PIN from.' },
  'reuse-pin': { help: 'Uses the PIN of the token for keys that ask for one at every signature.' },
  'tpm-device': {
    placeholder: 'DEVICE',
    help: 'Where the TPM is: a path, device:PATH, swtpm:path=PATH or swtpm:host=HOST,port=PORT; /dev/tpmrm0 or /dev/tpm0 when not given.',
  },
  'tpm-key-password': { placeholder: 'PASSWORD', help: 'Password of a TPM key.' },
  'tpm-key-password-file': { placeholder: 'PATH', help: 'File that holds that password.' },
  'tpm-key-password-fd': { placeholder: 'FD', help: 'Open file descriptor to read that password from.' },
  'no-tpm-key-password': { help: 'The TPM key has an empty password.' },
  'tpm-parent-password': { placeholder: 'PASSWORD', help: 'Password of the persistent key that a TPM key hangs from.' },
  'tpm-parent-password-file': { placeholder: 'PATH', help: 'File that holds that password.' },
  'tpm-parent-password-fd': { placeholder: 'FD', help: 'Open file descriptor to read that password from.' },
  'tpm-hierarchy-password': {
    placeholder: 'PASSWORD',
    help: 'Password of the TPM hierarchy that a key file names as parent.',
  },
  'tpm-hierarchy-password-file': { placeholder: 'PATH', help: 'File that holds that password.' },
  'tpm-hierarchy-password-fd': { placeholder: 'FD', help: 'Open file descriptor to read that password from.' },
  endpoint: { placeholder: 'URL', help: 'Roles Anywhere endpoint to call; http only on loopback.' },
  'use-fips-endpoint': { help: 'Calls the FIPS endpoint of the region.' },
  'use-dualstack-endpoint': { help: 'Calls the endpoint that also has IPv6 addresses.' },
  'ca-bundle': {
    placeholder: 'PATH',
    help: 'PEM file of the only certificates to trust for TLS, in place of those of Node, SSL_CERT_FILE, SSL_CERT_DIR and the system.',
  },
  'no-verify-ssl': { help: 'Does not check the certificate of the endpoint. Dangerous.' },
  'with-proxy': {
    help: 'Goes through the proxy of HTTPS_PROXY, but for the hosts of NO_PROXY and for this machine; false goes straight.',
  },
  'max-attempts': { placeholder: 'COUNT', help: 'Attempts in all when throttled, on 5xx and on network failures.' },
  'connect-timeout': { placeholder: 'SECONDS', help: 'Until TCP and TLS stand, for one attempt.' },
  'request-timeout': { placeholder: 'SECONDS', help: 'From connecting to the end of the answer, for one attempt.' },
  'from-profile': {
    placeholder: 'NAME',
    help: 'Profile of ~/.aws/config that gives the options that are not given here, by roles_anywhere_ keys, role_arn and source_profile. Of several, with commas between them, the next is tried where one does not serve; serve and update serve each of them.',
  },
  debug: { help: 'Shows on stderr what is signed, sent and answered, never a secret.' },
  help: { help: 'Prints this.' },
};

/** The row's own text, or the one kept here for it. */
export function helpTextOf(row: OptionRow): HelpText {
  if (row.help !== undefined) return { help: row.help, placeholder: row.placeholder };
  return helpTexts[row.flag] ?? { help: '' };
}

/** The flags that texts are kept for. */
export const flagsWithHelp: readonly string[] = Object.keys(helpTexts);
