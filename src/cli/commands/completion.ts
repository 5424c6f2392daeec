import { RolesAnywhereError } from '../../errors.ts';
import { optionsOf } from '../../options/table.ts';
import type { Command } from '../command.ts';

const shells = ['bash', 'zsh', 'fish'];

/** `completion bash|zsh|fish`: a script made from the tables. */
export const completion: Command = {
  name: 'completion',
  summary: 'prints a completion script for a shell',
  options: optionsOf('completion'),
  word: { placeholder: 'SHELL', choices: shells },
  examples: [
    'roles-anywhere completion bash > /etc/bash_completion.d/roles-anywhere',
    'roles-anywhere completion zsh > "${fpath[1]}/_roles-anywhere"',
    'roles-anywhere completion fish > ~/.config/fish/completions/roles-anywhere.fish',
  ],
  async run(values, terminal) {
    const { completionScript } = await import('../completion-script.ts');
    const { loadCommands } = await import('../load-commands.ts');
    const [shell, ...more] = values.words;
    const script = shell === undefined ? undefined : completionScript(shell, await loadCommands());
    if (script === undefined || more.length > 0) {
      throw new RolesAnywhereError('OPTION_INVALID', `completion takes one of ${shells.join(', ')}`);
    }
    await terminal.stdout(script);
  },
};
