import { platform } from 'node:os';
import { RolesAnywhereError } from '../../core/errors.ts';

/** For sh and its kin: as it is where no shell sees anything in it, else in single quotes, which hide everything. */
export function quoteForSh(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

/** For fish, in double quotes: there `\`, `"` and `$` mean something, and nothing else does. */
export function quoteForFish(value: string): string {
  return `"${value.replaceAll(/[\\"$]/g, String.raw`\$&`)}"`;
}

/**
 * For PowerShell, in double quotes (about_Quoting_Rules): the backtick escapes itself, `$` and the quotes, the
 * typographic ones of which count too. Line breaks are written out, for `| Invoke-Expression` reads line by line.
 */
export function quoteForPowerShell(value: string): string {
  const escaped = value.replaceAll(/[`$"\u201C-\u201E]/g, '`$&');
  return `"${escaped.replaceAll('\n', '`n').replaceAll('\r', '`r')}"`;
}

// oxlint-disable-next-line no-control-regex
const notForSet = /[%"!\u0000-\u001F]/;

/**
 * For `set` of cmd.exe: as it is, or with quotes around name and value, between which `&|<>^` are plain characters.
 *
 * `%` is doubled in a batch file but not by `for /f`, `"` ends the quotes, `!` depends on a switch, and a line break
 * cannot be written: there is no text for them that is right everywhere.
 *
 * @throws RolesAnywhereError OUTPUT_FAILED
 */
export function setForCmd(name: string, value: string): string {
  if (notForSet.test(value)) {
    throw new RolesAnywhereError(
      'OUTPUT_FAILED',
      `--format windows-cmd: ${name} holds a character that set cannot take`,
      {
        hints: ['take another format, or roles-anywhere exec'],
      },
    );
  }
  return /^[\w@+=:,./-]+$/.test(value) ? `set ${name}=${value}` : `set "${name}=${value}"`;
}

/** A line that sets a variable in the shell that people use on this system: on Windows, that of PowerShell. */
export function settingLine(name: string, value: string): string {
  return platform() === 'win32' ? `$env:${name} = ${quoteForPowerShell(value)}` : `export ${name}=${quoteForSh(value)}`;
}

/** The same for each shell of this system: on Windows also for cmd.exe, unless the value is none that `set` takes. */
export function settingLines(name: string, value: string): readonly string[] {
  const line = settingLine(name, value);
  return platform() === 'win32' && !notForSet.test(value) ? [line, setForCmd(name, value)] : [line];
}
