import type { Command } from '../../src/cli/command.ts';
import { helpTextOf } from '../../src/options/schema/shared-options.ts';
import { environmentName, type OptionRow, profileKeyName, sharedKeysOf } from '../../src/options/schema/option.ts';
import { exclusions } from '../../src/options/schema/table.ts';

const introduction = `# Options

Made from the definitions of the options; \`npm run generate\` writes it anew.

## Where an option comes from

From the first of these that has it:

1. the command line, \`--flag value\` or \`--flag=value\`; of a flag given twice the last one counts, unless its row says
   otherwise;
2. the environment, \`ROLES_ANYWHERE_<OPTION>\`, then AWS's own variable where the tables below name one;
3. with \`--from-profile NAME\`, that profile of \`~/.aws/config\` (or of the file that AWS_CONFIG_FILE names): the key
   \`roles_anywhere_<option>\`, then AWS's own key. Without \`--from-profile\` the file is not read at all.

A profile may lead on to another one by \`role_arn\` and \`source_profile\`: [roles to assume](role-chaining.md#with-profiles-and-on-the-command-line).
With \`--from-profile A,B\`, or the flag given twice, there are several: the next one is tried where one cannot be reached,
throttles or fails, and with \`--failover-on-refusal\` also where the service refuses; \`serve\` and \`update\` take each for
itself. Flags and environment hold for all of them. A name ends at a comma.

A list has commas between its parts in the environment and in a profile; between ARNs, only a comma before the next \`arn:\`
counts, for the name of a role may hold one. A variable or key that is empty counts as not given, but for ROLES_ANYWHERE_PKCS8_PASSWORD: where
no other password of the file is given, it is the empty one. A flag with an empty value is an error, but for passwords: it is the
empty one too, and of a PIN, which is never empty, none. A switch takes \`true\`, \`false\` and their short forms after an equals
sign: \`--debug=false\`.

The endpoints have one more rule: \`AWS_ENDPOINT_URL\` and \`endpoint_url\`, which are meant for all services, come after
everything that is meant for one, the profile's \`services\` section included. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true
takes away all of AWS's own sources of endpoints. In the same way PKCS11_MODULE_PATH, TPM_DEVICE and TPM2TOOLS_TCTI, which other
programs read too, come after everything of ours; PKCS11_MODULE_PATH also after the module that a URI names.

Two options that exclude each other are an error when they come from the same place. From different places the nearer one
wins: a \`--pkcs8-password-file\` on the command line overrules a ROLES_ANYWHERE_PKCS8_PASSWORD in the environment.

## Sources of certificates, keys and intermediates

| value | means |
|---|---|
| \`/etc/pki/leaf.pem\` | a file, as is everything that is none of the others; \`~\` is not expanded |
| \`env:NAME\` | the text in the environment variable NAME |
| \`fd:3\` | what can be read from an open file descriptor |
| \`-\` | stdin |
| \`cred:NAME\` | a credential that systemd handed to the service: LoadCredential= of its unit. Password files take it too |
| \`pkcs11:…\` | certificate or key on a [PKCS#11 token](backends/pkcs11.md) |
| \`handle:0x81…\` | a key in a [TPM](backends/tpm.md); TSS2 key files are files, known by what they hold |
| \`ssh-agent:\` | the key of the certificate in an [SSH agent](backends/ssh-agent.md) |
| \`spiffe:\` | the X.509-SVID of SPIFFE's [Workload API](backends/spiffe.md), with its key |
| \`cert:\\CurrentUser\\My\\0A1B…\` | a certificate of a [Windows store](backends/windows.md), with its key |
| \`keychain:?subject=CN=leaf\` | a certificate of a [macOS keychain](backends/macos.md), with its key |

Options that name the same source share it: it is read once. A password needs a descriptor of its own.

## Passwords

\`--pkcs8-password\` is the official helper's, and shows in the list of processes. ROLES_ANYWHERE_PKCS8_PASSWORD,
\`--pkcs8-password-file\` and \`--pkcs8-password-fd\` do not. The same holds for \`--pkcs11-pin\`, \`--tpm-key-password\`,
\`--tpm-parent-password\` and \`--tpm-hierarchy-password\`. Where none is given and one is needed, the terminal is asked, if
there is one; for parent and hierarchy it is the empty one. No message and no trace shows a password.
`;

/** docs/options.md */
export function optionsPage(commands: readonly Command[]): string {
  const sections = commands.filter(({ options }) => options.some((row) => row.flag !== 'help')).map(section);
  return [introduction, ...sections].join('\n');
}

function section(command: Command): string {
  const configurable = command.options.some((row) => row.flagOnly !== true);
  const columns = configurable ? ['option', 'what it does', 'variable', 'profile key'] : ['option', 'what it does'];
  const rows = command.options.map((row) =>
    [usage(row), effect(row, command), variables(row), keys(row)].slice(0, columns.length),
  );
  return [
    `## ${command.name}`,
    '',
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`,
    '',
    `| ${columns.join(' | ')} |`,
    `|${'---|'.repeat(columns.length)}`,
    ...rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`),
    '',
  ].join('\n');
}

function usage(row: OptionRow): string {
  const { placeholder } = helpTextOf(row);
  const short = row.short === undefined ? '' : `\`-${row.short}\`, `;
  return `${short}\`--${row.flag}${placeholder === undefined ? '' : ` ${placeholder}`}\``;
}

function effect(row: OptionRow, command: Command): string {
  const excluded = excludedBy(row, command).map((flag) => `\`--${flag}\``);
  return [
    helpTextOf(row).help,
    ...(row.kind === 'list' ? ['May be given more than once.'] : []),
    ...(row.choices === undefined ? [] : [`One of ${row.choices.map((choice) => `\`${choice}\``).join(', ')}.`]),
    ...(row.range === undefined || row.range[1] > 65_535 ? [] : [`From ${row.range[0]} to ${row.range[1]}.`]),
    ...(row.fallback === undefined ? [] : [`Default: \`${row.fallback}\`.`]),
    ...(excluded.length === 0 ? [] : [`Not with ${excluded.join(', ')}.`]),
  ].join(' ');
}

/** The flags that may not stand beside it in a command. */
function excludedBy({ flag }: OptionRow, { name, options }: Command): readonly string[] {
  const pairs = exclusions.filter(([, , onlyOf = name]) => onlyOf === name);
  const others = pairs.flatMap(([one, other]) => (one === flag ? [other] : other === flag ? [one] : []));
  return others.filter((other) => options.some((row) => row.flag === other));
}

function variables(row: OptionRow): string {
  if (row.flagOnly === true) return '';
  return [environmentName(row), ...(row.environment ?? []), ...(row.general?.environment ?? [])].map(code).join(', ');
}

function keys(row: OptionRow): string {
  if (row.flagOnly === true) return '';
  return [profileKeyName(row), ...sharedKeysOf(row), ...(row.general?.profileKeys ?? [])].map(code).join(', ');
}

function code(text: string): string {
  return `\`${text}\``;
}
