import { expect, test } from 'vitest';
import { optionsPage } from '../../scripts/docs/options-page.ts';
import { loadCommands } from '../../src/cli/load-commands.ts';

test('docs/options.md is what the table says', async () => {
  await expect(optionsPage(await loadCommands())).toMatchFileSnapshot('../../docs/options.md');
});
