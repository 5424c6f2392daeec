import { RolesAnywhereError } from '../../../core/errors.ts';
import { nearest } from '../../../core/nearest.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';

const shells = ['bash', 'zsh', 'fish', 'powershell'];

/** `completion bash|zsh|fish|powershell`: a script made from the tables, and what these scripts ask for. */
export const completion = (loadCommands: () => Promise<readonly Command[]>): Command => ({
  name: 'completion',
  summary: 'prints a completion script for a shell',
  description:
    'The scripts complete commands, options, file names and the names of profiles, for which they call `completion ' +
    'profiles`: that prints the profiles of ~/.aws/config and ~/.aws/credentials, one a line.',
  options: optionsOf('completion'),
  word: { placeholder: 'SHELL', choices: [...shells, 'profiles'] },
  examples: [
    'roles-anywhere completion bash > /etc/bash_completion.d/roles-anywhere',
    'roles-anywhere completion zsh > "${fpath[1]}/_roles-anywhere"',
    'roles-anywhere completion fish > ~/.config/fish/completions/roles-anywhere.fish',
    'roles-anywhere completion powershell | Out-String | Invoke-Expression',
  ],
  async run(values, terminal) {
    const [shell, ...more] = values.words;
    if (shell === 'profiles' && more.length === 0) {
      const { profileNames } = await import('../../../options/profile/aws-files.ts');
      const names = await profileNames(terminal.env);
      return terminal.stdout(names.map((name) => `${name}\n`).join(''));
    }
    const { completionScript } = await import('./completion-script.ts');
    const script = shell === undefined ? undefined : completionScript(shell, await loadCommands());
    if (script === undefined || more.length > 0) {
      const meant = nearest(shell ?? '', shells);
      throw new RolesAnywhereError('OPTION_INVALID', `completion takes one of ${shells.join(', ')}`, {
        hints: meant === undefined ? [] : [`did you mean ${meant}?`],
      });
    }
    await terminal.stdout(script);
  },
});
