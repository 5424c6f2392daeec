import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';

/** `exec`: runs a program with credentials in its environment. */
export const exec: Command = {
  name: 'exec',
  summary: 'runs a program, or your shell, with credentials in its environment',
  description:
    "The program has the credentials in AWS's variables, and no other ones: what leads to others is taken out of its " +
    'environment, and so are all ROLES_ANYWHERE_ variables. Signals go on to it. The exit status is its own; 127 where ' +
    'there is no such program, 126 where it cannot be run.',
  options: [
    {
      flag: 'server',
      kind: 'boolean',
      help:
        'Gives the program a credential endpoint of its own on 127.0.0.1, which renews, in place of credentials that end ' +
        'some day.',
      flagOnly: true,
    },
    ...optionsOf('exec'),
  ],
  program: 'PROGRAM [ARGUMENT …]',
  examples: [
    'roles-anywhere exec --from-profile on-prem -- aws s3 ls',
    'roles-anywhere exec --from-profile on-prem --server -- node server.js',
    'roles-anywhere exec --from-profile on-prem',
  ],
  async run(values, terminal) {
    const { runExec } = await import('./run-exec.ts');
    return runExec(values, terminal);
  },
};
