/** The longest name that file systems take, in bytes. */
const maxName = 255;

/** Shorter texts are values: an ARN, a region. */
const minRun = 60;

/** What is looked at of one. */
const sampleLength = 1024;

/** How base64 of keys, certificates and PEM begins: of SEQUENCE { … }, `-----BEGIN`, and of base64 of them once more. */
const base64Starts = /^(?:MI[GHIJ-M]|M[CEFGH]|LS0tLS1C|TUl|TFMwdExTMUN)/;

/** Characters in one case, four or more: words are made of them, random base64 hardly ever is. */
const wordPart = /[a-z]{4,}|[A-Z]{4,}/g;

/**
 * Whether a text is rather the content of a key file than the path or value it was given as: PEM, or a long run of
 * base64 or hexadecimal. Such a text must not come out in a message: a shell variable that holds the key itself is a
 * usual mistake.
 *
 * A path has dots, begins like a path or is made of words, and none of its segments is longer than file systems take.
 */
export function looksLikeContent(text: string): boolean {
  if (text.includes('-----') || text.includes('\n') || text.includes('\r') || hasLongName(text)) return true;
  const sample = text.slice(0, sampleLength);
  if (text.length < minRun || !/^[\w+/=-]+$/.test(sample) || sample.startsWith('/')) return false;
  return base64Starts.test(sample) || /^[0-9A-Fa-f]+$/.test(sample) || isRandom(sample);
}

/** By its segments, none of which is looked at twice. */
function hasLongName(text: string): boolean {
  for (let start = 0; start <= text.length;) {
    const found = text.slice(start, start + maxName + 1).search(/[/\\]/);
    if (found === -1) return text.length - start > maxName;
    start += found + 1;
  }
  return false;
}

/** Base64 of 60 characters has letters of both cases and digits, and words in it are short and rare. */
function isRandom(sample: string): boolean {
  if (![/[a-z]/, /[A-Z]/, /\d/].every((kind) => kind.test(sample))) return false;
  const inWords = (sample.match(wordPart) ?? []).reduce((sum, { length }) => sum + length, 0);
  return inWords < sample.length * 0.4;
}
