import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { RolesAnywhereError } from '../../core/errors.ts';
import { systemCodeOf } from '../../core/errno.ts';
import { type Cells, readAuditRow } from './audit-row.ts';
import type { AuditSummary } from './audit-summary.ts';
import { CsvRecords } from './csv-records.ts';
import { JsonObjects } from './json-objects.ts';

/** Where the bytes of a report come from, in pieces. */
export interface AuditBytes {
  /** Named in errors; its ending tells CSV from JSON. */
  readonly name: string;
  readonly pieces: AsyncIterable<Uint8Array>;
}

/** A report on this machine, which is read in pieces of 256 KiB. */
export function auditFile(path: string): AuditBytes {
  return { name: path, pieces: createReadStream(path, { highWaterMark: 256 * 1024 }) };
}

/**
 * Reads an audit report of AWS Private CA, CSV or JSON, row by row.
 *
 * @returns the number of rows
 * @throws RolesAnywhereError FILE_FAILED that names report and row; whatever the pieces throw
 */
export async function readAuditReport({ name, pieces }: AuditBytes, summary: AuditSummary): Promise<number> {
  const reader = /\.json$/i.test(name) ? jsonRows() : csvRows();
  const decoder = new StringDecoder('utf8');
  let count = 0;
  try {
    for await (const piece of pieces) for (const cells of reader.take(decoder.write(Buffer.from(piece)))) add(cells);
    for (const cells of [...reader.take(decoder.end()), ...reader.end()]) add(cells);
  } catch (error) {
    throw explained(error, name, count);
  }
  return count;

  function add(cells: Cells): void {
    count += 1;
    summary.add(readAuditRow(cells));
  }
}

function explained(error: unknown, name: string, row: number): unknown {
  if (error instanceof RolesAnywhereError && error.code === 'FILE_FAILED') {
    const place = row === 0 ? name : `${name}, row ${row}`;
    return new RolesAnywhereError('FILE_FAILED', `${place}: ${error.message}`, { hints: error.hints });
  }
  const code = error instanceof RolesAnywhereError ? undefined : systemCodeOf(error);
  return code === undefined
    ? error
    : new RolesAnywhereError('FILE_FAILED', `${name} cannot be read: ${code}`, { cause: error });
}

interface Rows {
  take(text: string): Iterable<Cells>;
  end(): Iterable<Cells>;
}

function csvRows(): Rows {
  const records = new CsvRecords();
  let columns: ReadonlyMap<string, number> | undefined;
  function* cellsOf(found: readonly string[][]): Iterable<Cells> {
    for (const record of found) {
      if (columns === undefined) columns = columnsOf(record);
      else yield (column) => record[columns?.get(column) ?? -1];
    }
  }
  return {
    take: (text) => cellsOf(records.take(text)),
    *end() {
      yield* cellsOf(records.end());
      // A CA that has issued nothing has a report of one line.
      if (columns === undefined) throw new RolesAnywhereError('FILE_FAILED', 'it is empty');
    },
  };
}

function columnsOf(head: readonly string[]): ReadonlyMap<string, number> {
  const columns = new Map(head.map((name, at) => [name.replace(/^\uFEFF/, '').trim(), at]));
  if (columns.has('certificateArn')) return columns;
  throw new RolesAnywhereError(
    'FILE_FAILED',
    'it is no audit report of AWS Private CA: it has no column certificateArn',
    {
      hints: ['the first line of such a report begins with awsAccountId,requestedByServicePrincipal,certificateArn'],
    },
  );
}

function jsonRows(): Rows {
  const objects = new JsonObjects();
  const cellsOf = (found: readonly unknown[]): Iterable<Cells> => found.map((one) => (column) => textAt(one, column));
  return { take: (text) => cellsOf(objects.take(text)), end: () => cellsOf(objects.end()) };
}

function textAt(object: unknown, name: string): string | undefined {
  if (typeof object !== 'object' || object === null) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(object, name)?.value;
  return typeof value === 'string' ? value : undefined;
}
