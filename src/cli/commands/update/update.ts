import { logFormat } from '../../../options/schema/command-rows.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';

/** `update`: keeps profiles of the credentials file fresh. */
export const update: Command = {
  name: 'update',
  summary: 'keeps profiles of ~/.aws/credentials fresh',
  description:
    'Writes credentials into ~/.aws/credentials, or the file that AWS_SHARED_CREDENTIALS_FILE names, and renews them ' +
    'until SIGINT or SIGTERM. All else in the file stays as it is. SIGHUP reads certificates, keys and profiles again. ' +
    'Programs that can call credential_process are better off with that: no secret lies in a file.',
  options: [
    {
      flag: 'profile',
      kind: 'list',
      placeholder: 'NAME',
      help:
        'Profile of the credentials file to write: as many as --from-profile names, with commas between them. Several of ' +
        '--from-profile are written under their own names when this is not given.',
      fallback: 'default',
      flagOnly: true,
    },
    {
      flag: 'once',
      kind: 'boolean',
      help: 'Writes once and ends, in place of renewing until a signal comes.',
      flagOnly: true,
    },
    logFormat,
    ...optionsOf('update'),
  ],
  buffersWarnings: true,
  examples: [
    'roles-anywhere update --from-profile on-prem --profile default',
    'roles-anywhere update --from-profile on-prem,backup',
    'roles-anywhere update --from-profile on-prem --once',
  ],
  async run(values, terminal, reread = async () => values) {
    const { runUpdate } = await import('./run-update.ts');
    await runUpdate(values, terminal, reread);
  },
};
