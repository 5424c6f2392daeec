import type { CommandName, OptionDefinition } from './option.ts';

/** The commands that print credentials and end. */
export const oneShot: readonly CommandName[] = ['credential-process', 'export'];

/** Those that get credentials. */
export const credentials: readonly CommandName[] = [...oneShot, 'serve', 'update', 'exec'];

/** Those that sign. */
export const signing: readonly CommandName[] = [...credentials, 'sign-string'];

/** Those that open a certificate. */
export const everywhere: readonly CommandName[] = [...signing, 'read-certificate-data'];

/** Options that the same commands have. */
export function of(
  commands: readonly CommandName[],
  options: readonly Omit<OptionDefinition, 'commands'>[],
): readonly OptionDefinition[] {
  return options.map((option) => ({ ...option, commands }));
}
