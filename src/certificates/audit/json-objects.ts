import { RolesAnywhereError } from '../../core/errors.ts';

/** Characters. */
const longestObject = 100_000;

/** Takes the objects of one JSON array apart as they come, in pieces of any size. An array without its end is an error. */
export class JsonObjects {
  #array: 'ahead' | 'open' | 'closed' = 'ahead';
  #object = '';
  #depth = 0;
  #inText = false;
  #isEscaped = false;

  /** The objects that are whole with this piece. */
  take(piece: string): unknown[] {
    const objects: unknown[] = [];
    let from = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const character = piece[at];
      if (this.#inText) this.#within(character);
      else if (this.#depth === 0 && (character !== '{' || this.#array !== 'open')) this.#between(character);
      else if (character === '"') this.#inText = true;
      else if (character === '{') {
        if (this.#depth === 0) from = at;
        this.#depth += 1;
      } else if (character === '}') {
        this.#depth -= 1;
        if (this.#depth === 0) objects.push(this.#parse(piece.slice(from, at + 1)));
      }
    }
    if (this.#depth > 0) this.#keep(piece.slice(from));
    return objects;
  }

  end(): unknown[] {
    if (this.#depth > 0) throw new RolesAnywhereError('FILE_FAILED', 'the JSON ends within an object');
    if (this.#array === 'closed') return [];
    const found = this.#array === 'ahead' ? 'it is empty' : 'the JSON ends before its array does';
    throw new RolesAnywhereError('FILE_FAILED', found);
  }

  /** Outside of objects. JavaScript trims a byte order mark, too. */
  #between(character = ''): void {
    if (character.trim() === '' || (character === ',' && this.#array === 'open')) return;
    if (character === '[' && this.#array === 'ahead') this.#array = 'open';
    else if (character === ']' && this.#array === 'open') this.#array = 'closed';
    else throw notAnArray(`: it has ${JSON.stringify(character)} where ${expected[this.#array]}`);
  }

  #within(character: string | undefined): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === '\\') this.#isEscaped = true;
    else if (character === '"') this.#inText = false;
  }

  #keep(rest: string): void {
    this.#object += rest;
    if (this.#object.length > longestObject) {
      throw new RolesAnywhereError('FILE_FAILED', `an object is longer than ${longestObject} characters`);
    }
  }

  #parse(rest: string): unknown {
    const text = this.#object + rest;
    this.#object = '';
    try {
      return JSON.parse(text);
    } catch {
      throw notAnArray();
    }
  }
}

const expected = { ahead: 'an array begins', open: 'an object or the end is', closed: 'it has ended' };

function notAnArray(found = ''): RolesAnywhereError {
  return new RolesAnywhereError('FILE_FAILED', `the JSON is no array of objects${found}`);
}
