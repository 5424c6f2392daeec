import type { OptionRow } from '../../../options/schema/option.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';

/** What a call of a `credential_process` has nothing to do with: no variable and no profile gives these. */
const ownOptions: readonly OptionRow[] = [
  {
    flag: 'offline',
    kind: 'boolean',
    flagOnly: true,
    help: 'Sends nothing: neither network nor service is looked at.',
  },
  { flag: 'json', kind: 'boolean', flagOnly: true, help: 'Prints JSON in place of text.' },
  { flag: 'quiet', kind: 'boolean', flagOnly: true, help: 'Prints warnings and failures alone.' },
  {
    flag: 'trust-anchor-certificate',
    kind: 'list',
    flagOnly: true,
    placeholder: 'PATH',
    help: 'PEM file of the certificates that the trust anchor holds; up to two certificates.',
  },
  {
    flag: 'trust-policy',
    kind: 'string',
    flagOnly: true,
    placeholder: 'PATH',
    help: "JSON file of the role's trust policy.",
  },
  {
    flag: 'attribute-mapping',
    kind: 'string',
    flagOnly: true,
    placeholder: 'PATH',
    help: 'JSON file of the attribute mappings of the profile, as GetProfile shows them.',
  },
  {
    flag: 'crl',
    kind: 'list',
    flagOnly: true,
    placeholder: 'PATH',
    help: 'PEM or DER file of a CRL that was imported for the trust anchor.',
  },
  {
    flag: 'inspect',
    kind: 'boolean',
    flagOnly: true,
    help: 'Reads trust anchor, CRLs, profile and role of the account, with the keys of the environment.',
  },
  {
    flag: 'profile-document',
    kind: 'string',
    flagOnly: true,
    placeholder: 'PATH',
    help: 'JSON file of the profile, as aws rolesanywhere get-profile prints it.',
  },
];

/** `doctor`: what keeps credentials from being had, and what to do about it. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'checks options, files, keys, certificates, network and service',
  description:
    'Runs every check whatever the others find, in the order of the path, with the options of credential-process. ' +
    'Exit status: 0 where all is well, 1 for warnings, 2 for failures. Nothing that is printed is secret.',
  options: [...ownOptions, ...optionsOf('doctor')],
  examples: [
    'roles-anywhere doctor --from-profile on-prem',
    'roles-anywhere doctor --from-profile on-prem --offline --json',
    'roles-anywhere doctor --from-profile on-prem --trust-policy policy.json --trust-anchor-certificate ca.pem',
  ],
  async examine(flags, terminal) {
    const { runDoctor } = await import('./run-doctor.ts');
    return runDoctor({ command: doctorCommand, flags }, terminal);
  },
  /** For who has read the options. */
  async run(values, terminal) {
    const { runDoctor } = await import('./run-doctor.ts');
    return runDoctor(
      { command: doctorCommand, flags: { given: new Map(), words: values.words, faults: [] } },
      terminal,
    );
  },
};
