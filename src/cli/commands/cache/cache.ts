import { RolesAnywhereError } from '../../../core/errors.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import type { Command } from '../../command.ts';

const actions = ['list', 'clear'];

/** `cache list|clear`: what `--cache` has put on disk. */
export const cache: Command = {
  name: 'cache',
  summary: 'lists and clears cached credentials',
  description:
    'What is listed is no secret: role, profile or trust anchor, and when the credentials expire. Clearing removes the ' +
    'entries from this disk; the credentials themselves work until they expire.',
  options: [
    {
      flag: 'json',
      kind: 'boolean',
      help: 'Prints JSON in place of text.',
      flagOnly: true,
    },
    ...optionsOf('cache'),
  ],
  word: { placeholder: 'ACTION', choices: actions },
  examples: ['roles-anywhere cache list', 'roles-anywhere cache clear'],
  async run(values, terminal) {
    const [action, ...more] = values.words;
    if (action === undefined || !actions.includes(action) || more.length > 0) {
      throw new RolesAnywhereError('OPTION_INVALID', `cache takes one of ${actions.join(', ')}`);
    }
    const { clearCache, listCache } = await import('./run-cache.ts');
    await (action === 'list' ? listCache : clearCache)(values, terminal);
  },
};
