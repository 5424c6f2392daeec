import { helpTextOf } from '../../../options/schema/shared-options.ts';
import type { OptionRow } from '../../../options/schema/option.ts';
import type { Command } from '../../command.ts';

/** The completion script of a shell; undefined for a shell that has none. */
export function completionScript(shell: string, commands: readonly Command[]): string | undefined {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
    case 'powershell':
      return powershellScript(commands);
    default:
      return undefined;
  }
}

/** Prints the names of profiles, one a line: they are asked for when they are needed. */
const listProfiles = 'roles-anywhere completion profiles 2>/dev/null';

/** What can stand for the value of an option. */
function valueOf(row: OptionRow): 'none' | 'choices' | 'profile' | 'file' | 'free' {
  if (row.kind === 'boolean') return 'none';
  if (row.flag === 'from-profile' || row.flag === 'profile') return 'profile';
  if (row.choices !== undefined) return 'choices';
  const { placeholder } = helpTextOf(row);
  return placeholder === 'PATH' || placeholder === 'SOURCE' ? 'file' : 'free';
}

function bashScript(commands: readonly Command[]): string {
  const names = [...commands.map(({ name }) => name), 'help'];
  return `# bash completion for roles-anywhere
_roles_anywhere_profiles() {
  local name escaped
  while IFS= read -r name; do
    printf -v escaped %q "$name"
    if [[ $name == "$1"* || $escaped == "$1"* ]]; then COMPREPLY+=("$escaped"); fi
  done < <(${listProfiles})
}
_roles_anywhere() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} candidates=
  # bash splits --flag=value at the equals sign.
  if [[ $current == = ]]; then current=; fi
  if [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(bashCommand).join('\n')}
    help) candidates='${names.join(' ')}' ;;
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -o default -F _roles_anywhere roles-anywhere
`;
}

/** An empty answer makes bash complete file names, where that is not switched off. */
function bashCommand(command: Command): string {
  const rowsOf = (kind: string): readonly OptionRow[] => command.options.filter((row) => valueOf(row) === kind);
  const branches = [
    ...rowsOf('choices').flatMap((row) => bashBranch([row], `candidates='${row.choices?.join(' ')}'`)),
    ...bashBranch(rowsOf('profile'), '_roles_anywhere_profiles "$current"; compopt +o default 2>/dev/null; return'),
    ...bashBranch(rowsOf('file'), 'return'),
    ...bashBranch(rowsOf('free'), 'compopt +o default 2>/dev/null; return'),
  ];
  const words = [...(command.word?.choices ?? []), ...command.options.map((row) => `--${row.flag}`)];
  return [
    `    ${command.name})`,
    `      case $previous in`,
    ...branches,
    `        *) candidates='${words.join(' ')}' ;;`,
    `      esac ;;`,
  ].join('\n');
}

function bashBranch(rows: readonly OptionRow[], action: string): readonly string[] {
  return rows.length === 0 ? [] : [`        ${rows.map((row) => `--${row.flag}`).join('|')}) ${action} ;;`];
}

const help = { name: 'help', summary: 'prints the help of a command' };

function zshScript(commands: readonly Command[]): string {
  const named = [...commands, help];
  return `#compdef roles-anywhere
_roles_anywhere_profiles() {
  local -a profiles
  profiles=(\${(f)"$(${listProfiles})"})
  compadd "$@" -a profiles
}
_roles_anywhere() {
  local -a commands
  commands=(
${named.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(zshCommand).join('\n')}
    help) _describe command commands ;;
  esac
}
if [[ $funcstack[1] == _roles_anywhere ]]; then
  _roles_anywhere "$@"
else
  compdef _roles_anywhere roles-anywhere
fi
`;
}

function zshCommand(command: Command): string {
  const words = command.word === undefined ? [] : [quoted(zshWord(command.word))];
  const specs = [...words, ...command.options.map(zshOption)];
  return `    ${command.name})\n      _arguments ${specs.join(' \\\n        ')} ;;`;
}

function zshWord({ placeholder, choices }: NonNullable<Command['word']>): string {
  return choices.length === 0 ? `*:${placeholder}:_files` : `1:${placeholder}:(${choices.join(' ')})`;
}

function zshOption(row: OptionRow): string {
  const help = `[${helpTextOf(row).help.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  const placeholder = helpTextOf(row).placeholder ?? 'VALUE';
  const actions = {
    none: '',
    choices: `:${placeholder}:(${row.choices?.join(' ')})`,
    profile: `:${placeholder}:_roles_anywhere_profiles`,
    file: `:${placeholder}:_files`,
    free: `:${placeholder}: `,
  };
  const value = valueOf(row);
  const long = quoted(`--${row.flag}${value === 'none' ? '' : '='}${help}${actions[value]}`);
  return row.short === undefined ? long : `${quoted(`-${row.short}${help}`)} ${long}`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = ['# fish completion for roles-anywhere', 'complete -c roles-anywhere -f'];
  for (const command of commands) {
    lines.push(
      `complete -c roles-anywhere -n __fish_use_subcommand -a ${command.name} -d ${quoted(command.summary)}`,
      ...fishWords(command),
      ...command.options.map((row) => `${fishPrefix(command)} ${fishOption(row)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function fishWords(command: Command): readonly string[] {
  if (command.word?.choices.length === 0) return [`${fishPrefix(command)} -F`];
  return (command.word?.choices ?? []).map((word) => `${fishPrefix(command)} -a ${word}`);
}

function fishPrefix(command: Command): string {
  return `complete -c roles-anywhere -n '__fish_seen_subcommand_from ${command.name}'`;
}

function fishOption(row: OptionRow): string {
  const values = {
    none: '',
    choices: ` -x -a ${quoted(row.choices?.join(' ') ?? '')}`,
    profile: ` -x -a ${quoted(`(${listProfiles})`)}`,
    file: ' -r -F',
    free: ' -x',
  };
  const short = row.short === undefined ? '' : `-s ${row.short} `;
  return `${short}-l ${row.flag}${values[valueOf(row)]} -d ${quoted(helpTextOf(row).help)}`;
}

function powershellScript(commands: readonly Command[]): string {
  const values = commands.flatMap((command) =>
    command.options
      .filter((row) => row.choices !== undefined || valueOf(row) === 'profile')
      .map(
        (row) => `    '${command.name} --${row.flag}' = ${row.choices?.map(forPowershell).join(', ') ?? `'<profile>'`}`,
      ),
  );
  return `# PowerShell completion for roles-anywhere
Register-ArgumentCompleter -Native -CommandName roles-anywhere -ScriptBlock {
  param($word, $ast, $cursor)
  $commands = [ordered]@{
${[...commands, help].map(({ name, summary }) => `    '${name}' = ${forPowershell(summary)}`).join('\n')}
  }
  $words = @{
    'help' = @($commands.Keys)
${commands.flatMap(({ name, word }) => (word === undefined ? [] : `    '${name}' = @(${word.choices.map(forPowershell).join(', ')})`)).join('\n')}
  }
  $options = @{
${commands.map(powershellOptions).join('\n')}
  }
  $values = @{
${values.join('\n')}
  }
  $before = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object { "$_" })
  $found = [ordered]@{}
  if ($before.Count -lt 2) {
    $found = $commands
  } elseif ($values.ContainsKey("$($before[1]) $($before[-1])")) {
    foreach ($value in $values["$($before[1]) $($before[-1])"]) {
      if ($value -eq '<profile>') {
        roles-anywhere completion profiles 2>$null | ForEach-Object { $found[$_] = 'profile' }
      } else { $found[$value] = $value }
    }
  } else {
    foreach ($name in $words[$before[1]]) { $found[$name] = $name }
    if ($options.ContainsKey($before[1])) {
      foreach ($entry in $options[$before[1]].GetEnumerator()) { $found[$entry.Key] = $entry.Value }
    }
  }
  foreach ($name in $found.Keys) {
    $text = if ($name -match '^[\\w\\-@+.%:/]+$') { $name } else { "'" + $name.Replace("'", "''") + "'" }
    if (!"$name".StartsWith($word.Trim([char[]]"'\`""), 'OrdinalIgnoreCase')) { continue }
    [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $found[$name])
  }
}
`;
}

function powershellOptions(command: Command): string {
  const options = command.options.map((row) => `      '--${row.flag}' = ${forPowershell(helpTextOf(row).help)}`);
  return `    '${command.name}' = [ordered]@{\n${options.join('\n')}\n    }`;
}

/** Of the quotes that PowerShell knows, typographic ones included, each is written twice. */
function forPowershell(text: string): string {
  return `'${text.replaceAll(/['\u2018-\u201B]/g, '$&$&')}'`;
}

/** In single quotes, as the other three shells read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
