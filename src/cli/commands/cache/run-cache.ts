import type { OptionValues } from '../../../options/parse/option-values.ts';
import { clearEntries, listEntries, type ListedEntry } from '../../../pipeline/disk-cache/list-entries.ts';
import { cacheFolder } from '../../contexts.ts';
import type { Terminal } from '../../command.ts';
import { printable } from '../../terminal/printable.ts';
import { thisProcess } from '../../terminal/this-process.ts';

/** Prints what is in the cache: a line for each entry; where there is none, that is said on stderr. */
export async function listCache(values: OptionValues, terminal: Terminal): Promise<void> {
  const folder = await cacheFolder(values, terminal);
  const entries = listEntries(folder, terminal.now());
  const text = values.isOn('json') ? `${JSON.stringify(entries.map(fieldsOf), undefined, 2)}\n` : tableOf(entries);
  await terminal.stdout(text);
  if (entries.length === 0) terminal.log(`roles-anywhere: nothing is cached in ${printable(folder.path)}`);
}

/** Removes what is in the cache. */
export async function clearCache(values: OptionValues, terminal: Terminal): Promise<void> {
  const removed = clearEntries(await cacheFolder(values, terminal), thisProcess);
  const text = `removed ${removed} ${removed === 1 ? 'entry' : 'entries'}`;
  await terminal.stdout(values.isOn('json') ? `${JSON.stringify({ removed })}\n` : `${text}\n`);
}

function fieldsOf({ isEncrypted, ...entry }: ListedEntry): object {
  return { ...entry, encrypted: isEncrypted };
}

const headings = ['ROLE', 'TARGET', 'EXPIRES', 'STATE', 'ENCRYPTED', 'BYTES'];

/** Columns as wide as what stands in them. */
function tableOf(entries: readonly ListedEntry[]): string {
  if (entries.length === 0) return '';
  const rows = [headings, ...entries.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function cellsOf({ role, target, expiration, state, isEncrypted, bytes }: ListedEntry): readonly string[] {
  const encrypted = isEncrypted === undefined ? '-' : isEncrypted ? 'yes' : 'no';
  return [role, target, expiration?.toISOString(), state, encrypted, String(bytes)].map((cell) =>
    printable(cell ?? '-'),
  );
}
