import type { Command } from '../../command.ts';
import { sandboxOptions } from './sandbox-options.ts';

/** `sandbox`: a Roles Anywhere and an STS on this machine until a signal stops them. */
export const sandbox: Command = {
  name: 'sandbox',
  summary: 'runs a local Roles Anywhere and STS that verify everything',
  description:
    'Makes a CA, a leaf and ARNs, or takes your CA, and prints a profile for ~/.aws/config and export lines that lead ' +
    'clients here; or runs a command with all of that in its environment. Every request is checked as the service ' +
    'would, and what was wrong with it is told on stderr. Runs until it is interrupted, or the command has ended. Its ' +
    'credentials open nothing.',
  options: sandboxOptions,
  program: 'COMMAND [ARGUMENT …]',
  examples: [
    'roles-anywhere sandbox -- aws sts get-caller-identity',
    'roles-anywhere sandbox --port 9920 --role Worker',
    'roles-anywhere sandbox --anchor ca.pem --certificate leaf.pem --private-key leaf.key',
    'roles-anywhere sandbox --fail status=503,times=2 --fail drop',
  ],
  async run(values, terminal) {
    const { runSandbox } = await import('./run-sandbox.ts');
    return runSandbox(values, terminal);
  },
};
