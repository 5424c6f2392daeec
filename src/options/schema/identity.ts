import { credentials, everywhere, of, type OptionDefinition, propertyName, signing } from './option.ts';

type Option = Omit<OptionDefinition, 'commands'>;

/** A password or PIN, and what is said of each way to give it. */
interface Password {
  readonly flag: string;
  readonly placeholder?: string;
  /** By value, by file and by descriptor. */
  readonly help: readonly [string, string, string];
  /** Of value and file in the library; a descriptor is for a process that is started with one. */
  readonly text: readonly [string, string];
  readonly hardware?: boolean;
  /** Not for what counts wrong passwords and locks: there an empty variable is none. */
  readonly mayBeEmpty?: boolean;
  readonly excludes?: readonly string[];
}

function password({
  flag,
  placeholder = 'PASSWORD',
  help,
  text,
  hardware,
  mayBeEmpty,
  excludes = [],
}: Password): readonly Option[] {
  const all = hardware === undefined ? {} : { hardware };
  const [file, fd] = [`${flag}-file`, `${flag}-fd`];
  const name = propertyName({ flag });
  return [
    {
      ...all,
      ...(mayBeEmpty === undefined ? {} : { mayBeEmpty }),
      ...{ flag, kind: 'string', secret: true, placeholder, help: help[0] },
      excludes: [file, fd, ...excludes],
      property: { type: 'Supplied<string>', text: text[0] },
    },
    {
      ...all,
      ...{ flag: file, kind: 'string', placeholder: 'PATH', help: help[1] },
      excludes: [fd, ...excludes],
      property: { text: text[1] },
    },
    {
      ...all,
      // Secret as well: a password given here by mistake must not show up in a message.
      ...{ flag: fd, kind: 'integer', range: [0, 0x7fff_ffff], secret: true, placeholder: 'FD', help: help[2] },
      excludes,
      property: { otherwise: `a descriptor is the command's own: give ${name} as a function, or ${name}File` },
    },
  ];
}

const thatPassword = {
  file: 'File that holds that password.',
  fd: 'Open file descriptor to read that password from.',
  text: 'Path of a file with that password; a line break at its end does not count.',
};

const forAll = (...environment: readonly string[]) => ({ environment });

/** Certificate and key, wherever they are. */
export const identity: readonly OptionDefinition[] = [
  ...of(everywhere, [
    {
      flag: 'certificate',
      kind: 'string',
      placeholder: 'SOURCE',
      help: 'Certificate: a PEM, DER or PKCS#12 file, env:NAME, fd:N, - for stdin, cred:NAME of systemd, a pkcs11: URI, spiffe: for an X.509-SVID, cert: of a Windows store, or keychain: of macOS.',
      property: {
        type: 'Supplied<CertificateMaterial | CertificateInStore>',
        text: 'The leaf certificate: a path, `env:NAME`, a `pkcs11:` URI, `spiffe:`, `cert:` or `keychain:`, PEM text, bytes, an X509Certificate, a `{ store }` of the operating system, or a function that gives one of these. Required, unless `identity` is given.',
      },
    },
  ]),
  ...of(signing, [
    {
      flag: 'private-key',
      kind: 'string',
      placeholder: 'SOURCE',
      help: 'Private key, from the same kinds of sources, a TSS2 key file or handle:0x81… of a TPM, or ssh-agent: for an agent; that of the certificate when not given.',
      property: {
        type: 'Supplied<KeyMaterial>',
        text: 'Its private key: what `certificate` takes, `handle:0x81…` of a TPM, `ssh-agent:`, a KeyObject; by default it is looked for where the certificate is.',
      },
    },
  ]),
  ...of(signing, [
    {
      flag: 'signer',
      kind: 'string',
      hardware: true,
      excludes: ['private-key', 'use-latest-expiring-certificate'],
      placeholder: 'exec:PROGRAM',
      help: 'A program that signs with the private key of the certificate; docs/backends/custom.md has what it is asked.',
      property: { otherwise: 'give identity, with a signer of your own' },
    },
  ]),
  ...of(credentials, [
    {
      flag: 'intermediates',
      kind: 'string',
      placeholder: 'SOURCE',
      help: 'Intermediate certificates between the certificate and the trust anchor.',
      property: {
        type: 'Supplied<CertificateMaterial>',
        text: 'Certificates between the leaf and the trust anchor, at most 5; by default those beside the certificate, as far as there are any.',
      },
    },
  ]),
  ...of(everywhere, [
    ...password({
      flag: 'pkcs8-password',
      mayBeEmpty: true,
      help: [
        'Password of an encrypted key file or PKCS#12.',
        'File that holds that password; a line break at its end does not count.',
        thatPassword.fd,
      ],
      text: [
        'Opens an encrypted key file or PKCS#12: the password, or a function that gives it. Without one `askSecret` is asked.',
        thatPassword.text,
      ],
    }),
    {
      flag: 'cert-selector',
      kind: 'string',
      hardware: true,
      multiline: true,
      excludes: ['certificate', 'private-key', 'intermediates', 'reuse-pin', 'tpm-key-password', 'no-tpm-key-password'],
      placeholder: 'SELECTOR',
      help: 'Picks a certificate of a Windows store or a macOS keychain: "Key=x509Subject,Value=CN=leaf …", or file://PATH of such entries as JSON.',
      property: { otherwise: 'give certificate: { store: { subject, issuer, serial } }' },
    },
    {
      flag: 'system-store-name',
      kind: 'string',
      hardware: true,
      fallback: 'MY',
      excludes: ['certificate', 'private-key', 'reuse-pin'],
      placeholder: 'STORE',
      help: "Windows certificate store to look in, of the user; LocalMachine\\MY for the machine's.",
      property: { otherwise: 'give certificate: { store: { name } }' },
    },
    {
      flag: 'keychain',
      kind: 'string',
      hardware: true,
      excludes: ['certificate', 'private-key'],
      placeholder: 'PATH',
      help: 'Keychain of macOS to look in: a path, login or System; all that the user looks in when not given.',
      property: { otherwise: 'give certificate: { store: { keychain } }' },
    },
  ]),
  ...of(signing, [
    {
      flag: 'use-latest-expiring-certificate',
      kind: 'boolean',
      hardware: true,
      excludes: ['private-key', 'intermediates', 'reuse-pin'],
      help: 'Takes the certificate that expires last where several match.',
      property: {
        text: 'Of several certificates that match on a token or in a store of the operating system, takes the one that expires last; false by default, which is an error where several match.',
      },
    },
    {
      flag: 'allow-ui',
      kind: 'boolean',
      hardware: true,
      help: 'Windows or macOS may ask by a window, for a PIN or for leave, also where there is no terminal.',
      property: {
        text: 'Windows or macOS may ask by a window, for a PIN or for leave to use a key; false by default, when they may where there is `askSecret`.',
      },
    },
  ]),
  ...of(everywhere, [
    {
      flag: 'pkcs11-lib',
      kind: 'string',
      hardware: true,
      general: forAll('PKCS11_MODULE_PATH'),
      placeholder: 'PATH',
      help: "PKCS#11 module to load; p11-kit's proxy when nothing names one.",
      property: { text: "Path of the PKCS#11 module; that of the URI or p11-kit's proxy by default." },
    },
    ...password({
      flag: 'pkcs11-pin',
      placeholder: 'PIN',
      hardware: true,
      help: [
        'PIN of the token, where its URI has none.',
        'File that holds the PIN; a line break at its end does not count.',
        'Open file descriptor to read the PIN from.',
      ],
      text: [
        'PIN of the token, where its URI has none: the PIN, or a function that gives it. Without one `askSecret` is asked.',
        'Path of a file with that PIN; a line break at its end does not count.',
      ],
    }),
  ]),
  ...of(signing, [
    {
      flag: 'spiffe-id',
      kind: 'string',
      hardware: true,
      placeholder: 'ID',
      help: 'SPIFFE ID of the X.509-SVID to use, where spiffe: gives several.',
      property: {
        text: 'SPIFFE ID of the X.509-SVID to use, where `spiffe:` gives several. Without one, it must give exactly one SVID.',
      },
    },
    {
      flag: 'spiffe-hint',
      kind: 'string',
      hardware: true,
      placeholder: 'HINT',
      help: 'Hint of the X.509-SVID to use, where spiffe: gives several.',
      property: {
        text: 'Hint of the X.509-SVID to use, where `spiffe:` gives several. Without one, it must give exactly one SVID.',
      },
    },
  ]),
  ...of(signing, [
    {
      flag: 'reuse-pin',
      kind: 'boolean',
      hardware: true,
      excludes: ['tpm-key-password', { flag: 'no-tpm-key-password', of: 'sign-string' }],
      help: 'Uses the PIN of the token for keys that ask for one at every signature.',
      property: {
        text: 'Sends the PIN of the token also before each signature, for keys that ask for it (CKA_ALWAYS_AUTHENTICATE); false by default.',
      },
    },
    {
      flag: 'tpm-device',
      kind: 'string',
      hardware: true,
      general: forAll('TPM_DEVICE', 'TPM2TOOLS_TCTI'),
      placeholder: 'DEVICE',
      help: 'Where the TPM is: a path, device:PATH, swtpm:path=PATH or swtpm:host=HOST,port=PORT; /dev/tpmrm0 or /dev/tpm0 when not given.',
      property: {
        text: 'Where the TPM is: a path, or what TPM2TOOLS_TCTI takes; `/dev/tpmrm0`, then `/dev/tpm0`, by default.',
      },
    },
    ...password({
      flag: 'tpm-key-password',
      hardware: true,
      excludes: ['pkcs8-password', 'pkcs8-password-file', 'pkcs8-password-fd'],
      help: ['Password of a TPM key.', thatPassword.file, thatPassword.fd],
      text: [
        'Password of a key in the TPM, or a function that gives it. Without one `askSecret` is asked.',
        thatPassword.text,
      ],
    }),
    {
      flag: 'no-tpm-key-password',
      kind: 'boolean',
      hardware: true,
      excludes: ['tpm-key-password', 'tpm-key-password-file', 'tpm-key-password-fd'],
      help: 'The TPM key has an empty password.',
      property: { text: 'The TPM key has an empty password: nobody is asked for one; false by default.' },
    },
    ...password({
      flag: 'tpm-parent-password',
      hardware: true,
      help: ['Password of the persistent key that a TPM key hangs from.', thatPassword.file, thatPassword.fd],
      text: [
        'Password of the persistent key that a TPM key hangs from, or a function that gives it; empty by default.',
        thatPassword.text,
      ],
    }),
    ...password({
      flag: 'tpm-hierarchy-password',
      hardware: true,
      help: ['Password of the TPM hierarchy that a key file names as parent.', thatPassword.file, thatPassword.fd],
      text: [
        'Password of the TPM hierarchy that a key file names as parent, or a function that gives it; empty by default.',
        thatPassword.text,
      ],
    }),
  ]),
];
