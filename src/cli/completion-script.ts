import { helpTextOf } from '../options/help-texts.ts';
import type { OptionRow } from '../options/option-row.ts';
import type { Command } from './command.ts';

/** The completion script of a shell; undefined for a shell that has none. */
export function completionScript(shell: string, commands: readonly Command[]): string | undefined {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
    default:
      return undefined;
  }
}

/** What can stand for the value of an option. */
function valueOf(row: OptionRow): 'none' | 'choices' | 'file' | 'free' {
  if (row.kind === 'boolean') return 'none';
  if (row.choices !== undefined) return 'choices';
  const { placeholder } = helpTextOf(row);
  return placeholder === 'PATH' || placeholder === 'SOURCE' ? 'file' : 'free';
}

function bashScript(commands: readonly Command[]): string {
  const names = [...commands.map(({ name }) => name), 'help'];
  return `# bash completion for roles-anywhere
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

function zshScript(commands: readonly Command[]): string {
  const named = [...commands, { name: 'help', summary: 'prints the help of a command' }];
  return `#compdef roles-anywhere
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
  const words =
    command.word === undefined ? [] : [quoted(`1:${command.word.placeholder}:(${command.word.choices.join(' ')})`)];
  const specs = [...words, ...command.options.map(zshOption)];
  return `    ${command.name})\n      _arguments ${specs.join(' \\\n        ')} ;;`;
}

function zshOption(row: OptionRow): string {
  const help = `[${helpTextOf(row).help.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  const placeholder = helpTextOf(row).placeholder ?? 'VALUE';
  const actions = {
    none: '',
    choices: `:${placeholder}:(${row.choices?.join(' ')})`,
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
      ...(command.word?.choices ?? []).map((word) => `${fishPrefix(command)} -a ${word}`),
      ...command.options.map((row) => `${fishPrefix(command)} ${fishOption(row)}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

function fishPrefix(command: Command): string {
  return `complete -c roles-anywhere -n '__fish_seen_subcommand_from ${command.name}'`;
}

function fishOption(row: OptionRow): string {
  const values = { none: '', choices: ` -x -a ${quoted(row.choices?.join(' ') ?? '')}`, file: ' -r -F', free: ' -x' };
  const short = row.short === undefined ? '' : `-s ${row.short} `;
  return `${short}-l ${row.flag}${values[valueOf(row)]} -d ${quoted(helpTextOf(row).help)}`;
}

/** In single quotes, as all three shells read them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
