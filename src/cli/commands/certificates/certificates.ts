import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { OptionRow } from '../../../options/schema/option.ts';
import type { Command } from '../../command.ts';

const ownOptions: readonly OptionRow[] = [
  {
    flag: 'within',
    kind: 'string',
    placeholder: 'TIME',
    help: 'Ends with exit status 1 where a certificate expires within that time, or has: 30d, 12h, 2w.',
  },
  { flag: 'json', kind: 'boolean', help: 'Prints JSON in place of a table.' },
  { flag: 'csv', kind: 'boolean', help: 'Prints CSV in place of a table.' },
  { flag: 'prometheus', kind: 'boolean', help: 'Prints metrics for the textfile collector of node_exporter.' },
  { flag: 'details', kind: 'boolean', help: 'Prints all that each certificate says, field by field.' },
  {
    flag: 'notify',
    kind: 'list',
    placeholder: 'TARGET',
    help:
      'Tells of certificates that expire, once at 30, 7 and 1 days and when they have (--within in place of the first): ' +
      'sns:ARN, eventbridge:BUS, securityhub or exec:COMMAND.',
  },
  {
    flag: 'dry-run',
    kind: 'boolean',
    help: 'Shows on stderr what --notify would send, and sends and remembers nothing.',
  },
  {
    flag: 'notify-state',
    kind: 'string',
    placeholder: 'PATH',
    help: 'File that keeps who was told of what; ~/.aws/roles-anywhere/certificates.json when not given.',
  },
];

/** `certificates`: what certificates there are, when they expire, and what Roles Anywhere would object to. */
export const certificates: Command = {
  name: 'certificates',
  summary: 'lists certificates, their expiry and what Roles Anywhere would object to',
  description:
    'Of files, folders, PKCS#11 tokens, stores of the system (store), TLS servers (https://host), and audit reports of AWS ' +
    'Private CA (report.csv, report.json, s3://bucket/prefix, for which credentials are obtained); without a PLACE ' +
    'those of --certificate and --intermediates. With --within, certificates that expire are an exit status of 1, for monitoring. ' +
    'No private key is used.',
  options: [...ownOptions.map((row) => Object.assign({ flagOnly: true }, row)), ...optionsOf('credential-process')],
  word: { placeholder: 'PLACE', choices: [], optional: true },
  examples: [
    'roles-anywhere certificates /etc/pki --within 30d',
    "roles-anywhere certificates 'pkcs11:token=hsm' --json",
    'roles-anywhere certificates leaf.pem --details',
    'roles-anywhere certificates https://vault.example.com',
    'roles-anywhere certificates /etc/pki --notify sns:arn:aws:sns:eu-west-1:111122223333:expiry --dry-run',
  ],
  async run(values, terminal) {
    const { runCertificates } = await import('./run-certificates.ts');
    return runCertificates(values, terminal);
  },
};
