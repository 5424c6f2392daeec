import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { optionsPage } from '../../scripts/docs/options-page.ts';
import { withProperties } from '../../scripts/docs/provider-properties.ts';
import { loadCommands } from '../../src/cli/load-commands.ts';
import { definitions } from '../../src/options/schema/definitions.ts';
import { root } from '../support/command.ts';

const source = (path: string): string => readFileSync(join(root, path), 'utf8');

test('docs/options.md is what the definitions say: npm run generate writes it', async () => {
  expect(optionsPage(await loadCommands())).toBe(source('docs/options.md'));
});

test('so are the properties of the provider', () => {
  const init = source('src/outputs/provider/init.ts');
  expect(withProperties(init, definitions)).toBe(init);
});

test('a new option comes after the one before it', () => {
  const property = { text: 'Tells of {range}; {fallback} by default.' };
  const [first, ...others] = definitions;
  if (first === undefined) throw new Error('no definitions');
  const added = { ...first, flag: 'some-count', kind: 'integer', range: [1, 5], fallback: '2', property } as const;
  const before = source('src/outputs/provider/init.ts');
  expect(withProperties(before, [first, added, ...others])).toBe(
    before.replace(
      '  readonly trustAnchorArn?: string | undefined;\n',
      `$&  /**
   * Tells of 1 to 5; 2 by default. The command's \`--some-count\`; also from \`ROLES_ANYWHERE_SOME_COUNT\`.
   */
  readonly someCount?: number | undefined;
`,
    ),
  );
});
