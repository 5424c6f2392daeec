import { RolesAnywhereError } from '../../core/errors.ts';

/** Characters. A row of an audit report has some five hundred. */
const longestRecord = 100_000;

/**
 * Takes CSV (RFC 4180) apart as it comes, in pieces of any size. Lines end in LF or CR LF; a cell in quotes may hold commas,
 * line breaks, and quotes that are written twice.
 */
export class CsvRecords {
  #cells: string[] = [];
  #cell = '';
  #length = 0;
  /** `quoted`: within quotes. `closed`: behind a quote, which was the last or the first of two. */
  #state: 'plain' | 'quoted' | 'closed' = 'plain';

  /** The records that are whole with this piece. */
  take(piece: string): string[][] {
    const records: string[][] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const character = piece[at];
      if (this.#state === 'quoted') {
        if (character !== '"') continue;
        this.#cell += piece.slice(from, at);
        this.#state = 'closed';
      } else if (character === '"') {
        // The second of two stands for one.
        this.#cell += this.#state === 'closed' ? '"' : piece.slice(from, at);
        this.#state = 'quoted';
      } else if (character === ',' || character === '\n') {
        this.#endCell(piece.slice(from, at));
        if (character === '\n') this.#endRecord(records);
      } else continue;
      from = at + 1;
    }
    this.#keep(piece.slice(from));
    return records;
  }

  /** The last record, where no line break ends it. */
  end(): string[][] {
    const records: string[][] = [];
    if (this.#state === 'quoted') throw new RolesAnywhereError('FILE_FAILED', 'the CSV ends within quotes');
    if (this.#cell !== '' || this.#cells.length > 0) {
      this.#endCell('');
      this.#endRecord(records);
    }
    return records;
  }

  #keep(rest: string): void {
    this.#cell += rest;
    this.#length = this.#cell.length + this.#cells.reduce((sum, cell) => sum + cell.length, 0);
    if (this.#length > longestRecord)
      throw new RolesAnywhereError('FILE_FAILED', `a row is longer than ${longestRecord} characters`);
  }

  #endCell(rest: string): void {
    const cell = this.#cell + rest;
    this.#cells.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
    this.#cell = '';
    this.#state = 'plain';
  }

  #endRecord(records: string[][]): void {
    // A line with nothing on it is no record.
    if (this.#cells.length > 1 || this.#cells[0] !== '') records.push(this.#cells);
    this.#cells = [];
  }
}
