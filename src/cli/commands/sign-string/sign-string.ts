import { signString as sign } from '../../../outputs/inspect/sign-string.ts';
import { resolveSignString } from '../../../options/resolve/resolve-inspect.ts';
import { optionsOf } from '../../../options/schema/shared-options.ts';
import { signStringRows } from '../../../options/schema/command-rows.ts';
import type { Command } from '../../command.ts';
import { debugTo } from '../../debug-trace.ts';
import { identityContext } from '../../contexts.ts';

/** `sign-string`: shows that a key can sign, without the network. */
export const signStringCommand: Command = {
  name: 'sign-string',
  summary: 'signs a fixed test message with the private key',
  description:
    'Signs a message that is always the same, to show that the key can be opened and used. stdin is not read for it.',
  options: [...signStringRows, ...optionsOf('sign-string')],
  examples: ['roles-anywhere sign-string --private-key leaf.key --format text'],
  async run(values, terminal) {
    const debug = values.isOn('debug') ? debugTo(terminal.log) : undefined;
    await terminal.stdout(await sign(resolveSignString(values), { ...identityContext(terminal), debug }));
  },
};
