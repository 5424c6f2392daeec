import { updateOptions } from '../../../options/schema/update-table.ts';
import type { Command } from '../../command.ts';

/** `update`: keeps profiles of the credentials file fresh. */
export const update: Command = {
  name: 'update',
  summary: 'keeps profiles of ~/.aws/credentials fresh',
  description:
    'Writes credentials into ~/.aws/credentials, or the file that AWS_SHARED_CREDENTIALS_FILE names, and renews them ' +
    'until SIGINT or SIGTERM. All else in the file stays as it is. SIGHUP reads certificates, keys and profiles again. ' +
    'Programs that can call credential_process are better off with that: no secret lies in a file.',
  options: updateOptions,
  keepsWarnings: true,
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
