import { Problem } from '../../problem.ts';

/** One block of textual encoding (RFC 7468); views into the bytes that were scanned. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  /** From its BEGIN line to its END line. */
  readonly armoured: Buffer;
  /** What stands between these lines: headers, if any, and base64. */
  readonly body: Buffer;
  /** Where it begins, counted from 1. */
  readonly line: number;
}

const beginMark = '-----BEGIN ';
const dashes = '-----';

/** Longer than any label there is. */
const maxLabel = 64;

/** PEM, and not DER: a DER file of ours begins with SEQUENCE and a length of several bytes. */
export function isPem(bytes: Buffer): boolean {
  return !(bytes[0] === 0x30 && (bytes[1] ?? 0) > 0x80) && bytes.includes(beginMark);
}

/**
 * Finds every block, whatever stands before, between and after them; lines may end in LF, CR LF or CR.
 *
 * @throws Problem for a block without its END line
 */
export function pemBlocks(bytes: Buffer): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let begin = nextBegin(bytes, 0); begin !== -1;) {
    const block = blockAt(bytes, begin);
    if (block !== undefined) blocks.push(block);
    begin = nextBegin(bytes, begin + (block?.armoured.length ?? beginMark.length));
  }
  return blocks;
}

/** BEGIN counts at the beginning of a line only, spaces and a byte order mark left aside. */
function nextBegin(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(beginMark, from); at !== -1; at = bytes.indexOf(beginMark, at + 1)) {
    let before = at - 1;
    while (isBlank(bytes[before])) before--;
    if (before < from || isLineEnd(bytes[before])) return at;
  }
  return -1;
}

const isLineEnd = (byte: number | undefined): boolean => byte === 0x0a || byte === 0x0d;

/** Space, tab, and the bytes of a UTF-8 byte order mark. */
const isBlank = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0xef || byte === 0xbb || byte === 0xbf;

/** Undefined when the line only looks like a BEGIN line. */
function blockAt(bytes: Buffer, begin: number): PemBlock | undefined {
  const labelStart = begin + beginMark.length;
  const labelEnd = bytes.indexOf(dashes, labelStart);
  if (labelEnd === -1) return undefined;
  const label = bytes.toString('latin1', labelStart, Math.min(labelEnd, labelStart + maxLabel + 1));
  if (label.length > maxLabel || label.includes('\n')) return undefined;
  const bodyStart = labelEnd + dashes.length;
  const endMark = `-----END ${label}-----`;
  const bodyEnd = bytes.indexOf(endMark, bodyStart);
  const line = lineOf(bytes, begin);
  const following = bytes.indexOf(beginMark, bodyStart);
  if (bodyEnd === -1 || (following !== -1 && following < bodyEnd)) {
    throw new Problem(`is damaged: the block ${label} that begins in line ${line} has no line ${endMark}`);
  }
  return {
    label,
    armoured: bytes.subarray(begin, bodyEnd + endMark.length),
    body: bytes.subarray(bodyStart, bodyEnd),
    line,
  };
}

function lineOf(bytes: Buffer, offset: number): number {
  let line = 1;
  for (let at = bytes.indexOf(0x0a); at !== -1 && at < offset; at = bytes.indexOf(0x0a, at + 1)) line++;
  return line;
}

/**
 * The bytes of a block.
 *
 * @throws Problem when its base64 is damaged
 */
export function decodePem(block: PemBlock): Buffer {
  const text = block.body.toString('latin1');
  const base64 = text.includes(':') ? withoutHeaders(text) : text;
  const bytes = Buffer.from(base64, 'base64');
  // Buffer.from leaves out what is not base64; then the way back does not lead to the same text.
  if (bytes.length > 0 && bytes.toString('base64') === withoutSpace(base64)) return bytes;
  throw new Problem(`is damaged: the block ${block.label} in line ${block.line} is not base64`, undefined, {
    hints: base64.includes('\\n') ? [String.raw`it holds \n where line breaks belong`] : [],
  });
}

/** Line feeds are all there is in most files; compiling a pattern takes longer than all the rest. */
function withoutSpace(text: string): string {
  const joined = text.split('\n').join('');
  return joined.includes('\r') || joined.includes(' ') || joined.includes('\t')
    ? joined.replaceAll(/\s+/g, '')
    : joined;
}

/** Headers as in RFC 1421, section 4.6, which old encrypted keys have, by their name. */
export function pemHeaders(block: PemBlock): ReadonlyMap<string, string> {
  const lines = block.body.toString('latin1', 0, 4096).split(/[\r\n]+/);
  return new Map(
    lines
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

function withoutHeaders(text: string): string {
  return text.replaceAll(/^.*:.*$/gm, '');
}
