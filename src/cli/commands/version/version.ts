import { optionsOf } from '../../../options/schema/shared-options.ts';
import { version as number } from '../../../version.ts';
import type { Command } from '../../command.ts';

/** Put in by the build of an executable: its target, `linux-x64-musl`. */
declare const __TARGET__: string | undefined;

/** `version`: the bare number, as the official helper prints it. */
export const versionCommand: Command = {
  name: 'version',
  summary: 'prints the version',
  options: [
    {
      flag: 'verbose',
      kind: 'boolean',
      help: 'Also which build this is, and what runs it.',
      flagOnly: true,
    },
    ...optionsOf('version'),
  ],
  run: (values, terminal) => terminal.stdout([number, ...(values.isOn('verbose') ? build() : []), ''].join('\n')),
};

function build(): readonly string[] {
  const { bun, node } = process.versions;
  return [
    `build: ${typeof __TARGET__ === 'string' ? `executable for ${__TARGET__}` : 'bundle'}`,
    `runtime: ${bun === undefined ? `Node ${node}` : `Bun ${bun}`}`,
    `program: ${process.execPath}`,
  ];
}
