import type { OptionRow } from '../../../options/schema/option.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import { keyTypes } from '../../../sandbox/key-types.ts';

/** The environment that the sandbox prints is for its clients: it must not set up the next sandbox. */
const ownOptions: readonly Omit<OptionRow, 'flagOnly'>[] = [
  {
    flag: 'port',
    kind: 'integer',
    placeholder: 'NUMBER',
    help: 'Port to listen on, on 127.0.0.1; 0 finds a free one.',
    fallback: '0',
    range: [0, 65_535],
  },
  {
    flag: 'region',
    kind: 'string',
    placeholder: 'REGION',
    help: 'Region of its ARNs, which requests must be signed for.',
    fallback: 'us-east-1',
  },
  {
    flag: 'account-id',
    kind: 'string',
    placeholder: 'DIGITS',
    help: 'Account of its ARNs.',
    fallback: '111122223333',
  },
  {
    flag: 'anchor',
    kind: 'list',
    placeholder: 'PATH',
    help: 'PEM file of your own CA, a root or an intermediate, as the trust anchor; up to two certificates.',
  },
  {
    flag: 'crl',
    kind: 'list',
    placeholder: 'PATH',
    help: 'PEM file of a CRL to import for the trust anchor; two at the most.',
  },
  {
    flag: 'certificate',
    kind: 'string',
    placeholder: 'PATH',
    help: 'Your own leaf, to be named in what is printed.',
  },
  {
    flag: 'private-key',
    kind: 'string',
    placeholder: 'PATH',
    help: "Your own leaf's key, to be named in what is printed; the sandbox does not read it.",
  },
  {
    flag: 'key-type',
    kind: 'string',
    placeholder: 'TYPE',
    help: 'Key of the leaf that the sandbox makes.',
    fallback: 'P-256',
    choices: keyTypes,
  },
  {
    flag: 'role',
    kind: 'list',
    placeholder: 'NAME|ARN',
    help: 'Role it knows. The first is the one printed; those of other accounts can be reached by AssumeRole only.',
    fallback: 'sandbox',
  },
  {
    flag: 'role-max-session-duration',
    kind: 'integer',
    placeholder: 'SECONDS',
    help: 'MaxSessionDuration of the roles; a longer session is refused.',
    fallback: '3600',
    range: [3600, 43_200],
  },
  {
    flag: 'profile-duration',
    kind: 'integer',
    placeholder: 'SECONDS',
    help: 'What the profile allows; a longer session is shortened to it.',
    fallback: '3600',
    range: [900, 43_200],
  },
  {
    flag: 'accept-role-session-name',
    kind: 'boolean',
    help: 'Lets clients choose the session name.',
  },
  {
    flag: 'attribute-mapping',
    kind: 'list',
    placeholder: 'FIELD=SPECIFIERS',
    help:
      'Attributes of the certificate that become session tags, in place of those of a new profile: x509Subject=CN,OU, ' +
      'x509Issuer=*, x509SAN=DNS,Name/CN. A field that is not given has none.',
  },
  {
    flag: 'throttle',
    kind: 'integer',
    placeholder: 'NUMBER',
    help: 'CreateSession calls a second before ThrottlingException; the service has 10, the sandbox no limit.',
    range: [1, 10_000],
  },
  {
    flag: 'fail',
    kind: 'list',
    placeholder: 'FAULT',
    help:
      'How the first requests go wrong: status=503, delay=2000 (milliseconds), drop, drop=in-body or clock=-900 ' +
      '(seconds), joined by commas, with times=N for more than one and operation=NAME for one operation only.',
  },
  {
    flag: 'clock-offset',
    kind: 'integer',
    placeholder: 'SECONDS',
    help: 'How far its clock is ahead of the real one; negative for behind.',
    fallback: '0',
    range: [-315_360_000, 315_360_000],
  },
  {
    flag: 'directory',
    kind: 'string',
    placeholder: 'PATH',
    help: 'Where certificate.pem and private-key.pem are written until it stops; a new temporary folder when not given.',
  },
  { flag: 'json', kind: 'boolean', help: 'Prints JSON in place of a profile and export lines.' },
];

/** The options of `roles-anywhere sandbox`, in the order of help. */
export const sandboxOptions: readonly OptionRow[] = [
  ...ownOptions.map((row) => Object.assign({ flagOnly: true }, row)),
  ...optionsOf('sandbox'),
];
