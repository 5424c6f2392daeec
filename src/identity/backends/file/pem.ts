import { Problem } from '../../problem.ts';

/** One block of textual encoding (RFC 7468); views into the bytes that were scanned. */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  /** From its BEGIN line to its END line. */
  readonly armoured: Buffer;
  /** What stands between these lines: headers, if any, and base64. */
  readonly body: Buffer;
  /** False for one without its END line, which ends where the next block begins: `decodePem` refuses it. */
  readonly isWhole: boolean;
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
 * Finds every block, whatever stands before, between and after them; lines may end in LF, CR LF or CR. A damaged one is
 * among them, so that it ends nobody's call who does not need it.
 */
export function pemBlocks(bytes: Buffer): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let [line, counted] = [1, 0];
  for (let begin = nextBegin(bytes, 0); begin !== -1;) {
    for (const byte of bytes.subarray(counted, begin)) if (byte === 0x0a) line += 1;
    counted = begin;
    const block = blockAt(bytes, begin, line);
    if (block !== undefined) blocks.push(block);
    begin = nextBegin(bytes, block?.isWhole ? begin + block.armoured.length : begin + 1);
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
const blanks = Buffer.of(0x20, 0x09, 0xef, 0xbb, 0xbf);

const isBlank = (byte: number | undefined): boolean => byte !== undefined && blanks.includes(byte);

/** Undefined when the line only looks like a BEGIN line. */
function blockAt(bytes: Buffer, begin: number, line: number): PemBlock | undefined {
  const labelStart = begin + beginMark.length;
  const labelLength = bytes.subarray(labelStart, labelStart + maxLabel + dashes.length).indexOf(dashes);
  if (labelLength === -1) return undefined;
  const label = bytes.toString('latin1', labelStart, labelStart + labelLength);
  if (label.includes('\n')) return undefined;
  const bodyStart = labelStart + labelLength + dashes.length;
  const following = bytes.indexOf(beginMark, bodyStart);
  const next = following === -1 ? bytes.length : following;
  const length = bytes.subarray(bodyStart, next).indexOf(endMark(label));
  const isWhole = length !== -1;
  const end = isWhole ? bodyStart + length : next;
  return {
    label,
    armoured: bytes.subarray(begin, isWhole ? end + endMark(label).length : end),
    body: bytes.subarray(bodyStart, end),
    isWhole,
    line,
  };
}

function endMark(label: string): string {
  return `-----END ${label}-----`;
}

/** @throws Problem for a block without its END line */
export function checkWhole(block: PemBlock): void {
  if (!block.isWhole) throw damagedBlock(block, `has no line ${endMark(block.label)}`);
}

function damagedBlock({ label, line }: PemBlock, how: string): Problem {
  return new Problem(`is damaged: the block ${label} in line ${line} ${how}`);
}

/**
 * The bytes of a block.
 *
 * @throws Problem when its END line is missing or its base64 damaged
 */
export function decodePem(block: PemBlock): Buffer {
  checkWhole(block);
  const text = block.body.toString('latin1');
  const base64 = text.includes(':') ? withoutHeaders(text) : text;
  const bytes = Buffer.from(base64, 'base64');
  // Buffer.from leaves out what is not base64; then the way back does not lead to the same text.
  if (bytes.length > 0 && bytes.toString('base64') === withoutSpace(base64)) return bytes;
  throw damagedBlock(block, 'is not base64');
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
