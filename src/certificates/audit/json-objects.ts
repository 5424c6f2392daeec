import { RolesAnywhereError } from '../../core/errors.ts';

/** Characters. */
const longestObject = 100_000;

/** Takes the objects of one JSON array apart as they come, in pieces of any size; what is between them is passed over. */
export class JsonObjects {
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
      else if (character === '"') this.#inText = true;
      else if (character === '{') {
        if (this.#depth === 0) from = at;
        this.#depth += 1;
      } else if (character === '}') {
        this.#depth -= 1;
        if (this.#depth === 0) objects.push(this.#parse(piece.slice(from, at + 1)));
        if (this.#depth < 0) throw notAnArray();
      }
    }
    if (this.#depth > 0) this.#keep(piece.slice(from));
    return objects;
  }

  end(): unknown[] {
    if (this.#depth === 0 && !this.#inText) return [];
    throw new RolesAnywhereError('FILE_FAILED', 'the JSON ends within an object');
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

function notAnArray(): RolesAnywhereError {
  return new RolesAnywhereError('FILE_FAILED', 'the JSON is no array of objects');
}
