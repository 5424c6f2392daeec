import { RolesAnywhereError } from '../../core/errors.ts';
import { throwFaults } from '../explain/explain-faults.ts';
import { profileKeyName } from '../schema/option.ts';
import { parseFlags } from '../parse/parse-flags.ts';
import type { ProfileEntries } from './aws-files.ts';
import { splitCommandLine } from './split-command-line.ts';
import { optionTable } from '../schema/table.ts';

/** A `credential_process` line that runs us or the official helper. */
export interface ProcessLine {
  /** Its flags, as the keys of a profile that say the same. */
  readonly entries: ProfileEntries;
  /** The profile that its own `--from-profile` names. */
  readonly fromProfile: string | undefined;
  /** What to tell of a line that we read and others do not. */
  readonly warning?: string;
}

const command = { name: 'credential-process', options: optionTable } as const;

/**
 * Reads the line of a profile over the table of options; the official helper's flags are among ours.
 *
 * @returns undefined for a line that runs another program
 * @throws RolesAnywhereError OPTION_*: as for a command line of ours
 */
export function readProcessLine(line: string, profileName: string): ProcessLine | undefined {
  const args = argumentsOf(line.replaceAll(lineBreak, ' '));
  if (args === undefined) return undefined;
  const place = `credential_process of profile ${profileName}`;
  const { given } = parse(args, place);
  const texts = new Map([...given].filter(([flag]) => flag !== 'from-profile'));
  return {
    entries: entriesOfFlags(texts, place),
    fromProfile: oneName(given.get('from-profile') ?? [], place),
    ...(line.includes(lineBreak) && {
      warning: `${place} is broken over several lines, which no SDK reads: write it on one line for them`,
    }),
  };
}

/** As parseAwsConfig leaves it in a value. */
const lineBreak = '\\\n';

/** What follows `credential-process`, where it is ours or the official helper's. */
function argumentsOf(line: string): readonly string[] | undefined {
  const words = splitCommandLine(line) ?? [];
  const at = words.indexOf(command.name);
  const [runner, ...between] = words.slice(0, Math.max(at - 1, 0));
  const isOurs = /^(roles-anywhere(\.[cm]?js)?|aws_signing_helper)$/.test(programName(words[at - 1] ?? ''));
  if (!isOurs || between.some((word) => !word.startsWith('-'))) return undefined;
  const isRun = runner === undefined || /^(node|nodejs|bun|bunx|npx)$/.test(programName(runner));
  return isRun ? words.slice(at + 1) : undefined;
}

/** Of a path, on any system, without what Windows adds to the name of a program. */
function programName(path: string): string {
  return path
    .split(/[\\/]/)
    .slice(-1)
    .join('')
    .replace(/\.(exe|cmd|bat|ps1)$/i, '');
}

function parse(args: readonly string[], place: string): ReturnType<typeof parseFlags> {
  const flags = parseFlags(args, command.options, false);
  if (flags.faults.length === 0) return flags;
  try {
    return throwFaults(flags.faults, command, [command]);
  } catch (error) {
    if (!(error instanceof RolesAnywhereError)) throw error;
    const { code, message, hints, cause } = error;
    throw new RolesAnywhereError(code, `${place}: ${message}`, { hints, cause });
  }
}

function entriesOfFlags(given: ReadonlyMap<string, readonly string[]>, place: string): ProfileEntries {
  return new Map(
    command.options.flatMap((row) => {
      const texts = given.get(row.flag);
      if (texts === undefined) return [];
      return [[profileKeyName(row), { text: texts.join(','), place: `--${row.flag} in ${place}` }] as const];
    }),
  );
}

function oneName(names: readonly string[], place: string): string | undefined {
  const [name, ...others] = names.flatMap((text) => text.split(','));
  if (others.length === 0) return name;
  throw new RolesAnywhereError('CONFIG_INVALID', `${place} names several profiles: ${[name, ...others].join(', ')}`, {
    hints: ['name one profile there; --from-profile takes several on the command line'],
  });
}
