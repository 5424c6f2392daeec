import { serveRows } from '../../../options/schema/command-rows.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';

/** `serve`: credentials for the SDKs of this machine, until a signal stops it. */
export const serve: Command = {
  name: 'serve',
  summary: 'serves credentials to the SDKs of this machine',
  description:
    'Speaks the protocol of the EC2 instance metadata service (IMDSv2) and, with --token-file, that of a container ' +
    'credential endpoint. Credentials are renewed in the background. --from-profile a,b serves the role of each profile. ' +
    'SIGHUP reads certificates, keys and profiles again; SIGINT and SIGTERM end it.',
  options: [...serveRows, ...optionsOf('serve')],
  buffersWarnings: true,
  examples: [
    'roles-anywhere serve --from-profile on-prem',
    'roles-anywhere serve --from-profile on-prem,backup --token-file /run/roles-anywhere/token --admin-listen 127.0.0.1:9912',
    'roles-anywhere serve --from-profile on-prem --listen /run/roles-anywhere/socket --token-file /run/roles-anywhere/token',
  ],
  async run(values, terminal, reread = async () => values) {
    const { runServe } = await import('./run-serve.ts');
    await runServe(values, terminal, reread);
  },
};
