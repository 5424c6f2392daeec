import type { Command } from '../../command.ts';

/** What help says of `credential-process`. */
export const credentialProcessHelp: Pick<Command, 'summary' | 'examples'> = {
  summary: 'prints credentials as the SDKs expect them of a credential_process',
  examples: [
    'roles-anywhere credential-process --from-profile on-prem',
    'roles-anywhere credential-process --certificate leaf.pem --private-key leaf.key \\',
    '    --trust-anchor-arn ARN --profile-arn ARN --role-arn ARN',
  ],
};
