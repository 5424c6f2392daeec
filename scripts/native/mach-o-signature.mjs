/**
 * The ad-hoc signature of a Mach-O executable of 64 bits (cs_blobs.h and loader.h of Apple's XNU): hashes of its pages, which macOS checks as it
 * maps them, and nobody's name. Bun signs what it makes for Apple silicon, and leaves on Intel's the signature of the bytes
 * that it began with.
 */
import { createHash } from 'node:crypto';

const [loadSegment, loadSignature] = [0x19, 0x1d];
const headerBytes = 32;
const [superBlob, codeDirectory] = [0xfade0cc0, 0xfade0c02];
const pageShift = 12;
const pageBytes = 1 << pageShift;
const hashBytes = 32;
/** Its version is 0x20400: it tells where the code is. */
const directoryBytes = 88;
const adHoc = 0x2;

/** Offsets of the load commands that a signature has to do with. */
function findCommands(bytes) {
  const found = {};
  let at = headerBytes;
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    const command = bytes.readUInt32LE(at);
    if (command === loadSignature) found.signature = at;
    if (command === loadSegment) {
      const name = bytes.toString('latin1', at + 8, at + 24).replace(/\0+$/, '');
      if (name === '__TEXT') found.text = at;
      if (name === '__LINKEDIT') found.linkEdit = at;
    }
    at += bytes.readUInt32LE(at + 4);
  }
  return found;
}

function pageHashes(bytes, limit) {
  const hashes = [];
  for (let at = 0; at < limit; at += pageBytes) {
    hashes.push(
      createHash('sha256')
        .update(bytes.subarray(at, Math.min(at + pageBytes, limit)))
        .digest(),
    );
  }
  return hashes;
}

/** The executable with a signature in the place of the one it has. */
export function signAdHoc(executable, identifier) {
  const { signature, text, linkEdit } = findCommands(executable);
  const limit = executable.readUInt32LE(signature + 8);
  const name = Buffer.from(`${identifier}\0`);
  const hashesAt = directoryBytes + name.length;
  const directoryLength = hashesAt + Math.ceil(limit / pageBytes) * hashBytes;
  const length = 20 + directoryLength;
  const signed = Buffer.alloc(limit + length);
  executable.copy(signed, 0, 0, limit);
  // What the header says of the signature is signed itself.
  signed.writeUInt32LE(length, signature + 12);
  const linkEditStart = signed.readBigUInt64LE(linkEdit + 40);
  const linkEditBytes = BigInt(signed.length) - linkEditStart;
  signed.writeBigUInt64LE(linkEditBytes, linkEdit + 48);
  signed.writeBigUInt64LE(((linkEditBytes + 0x3fffn) >> 14n) << 14n, linkEdit + 32);
  const blob = signed.subarray(limit);
  for (const [index, word] of [superBlob, length, 1, 0, 20].entries()) blob.writeUInt32BE(word, index * 4);
  const directory = blob.subarray(20);
  const slots = Math.ceil(limit / pageBytes);
  const words = [codeDirectory, directoryLength, 0x20400, adHoc, hashesAt, directoryBytes, 0, slots, limit];
  for (const [index, word] of words.entries()) directory.writeUInt32BE(word, index * 4);
  directory.set([hashBytes, 2, 0, pageShift], 36);
  directory.writeBigUInt64BE(signed.readBigUInt64LE(text + 40), 64);
  directory.writeBigUInt64BE(signed.readBigUInt64LE(text + 48), 72);
  directory.writeBigUInt64BE(1n, 80);
  name.copy(directory, directoryBytes);
  Buffer.concat(pageHashes(signed, limit)).copy(directory, hashesAt);
  return signed;
}

/** What is wrong with the signature of an executable; nothing where macOS takes it. */
export function faultsOfSignature(executable) {
  const { signature, linkEdit } = findCommands(executable);
  if (signature === undefined) return ['there is none'];
  const [start, length] = [executable.readUInt32LE(signature + 8), executable.readUInt32LE(signature + 12)];
  const faults = [];
  const linkEditEnd = executable.readBigUInt64LE(linkEdit + 40) + executable.readBigUInt64LE(linkEdit + 48);
  if (start + length !== executable.length) faults.push('it does not end with the file');
  if (linkEditEnd !== BigInt(executable.length)) faults.push('__LINKEDIT does not end with the file');
  const blob = executable.subarray(start, start + length);
  if (blob.readUInt32BE(0) !== superBlob) return [...faults, 'it is no signature'];
  const directory = blob.subarray(blob.readUInt32BE(16));
  if (directory.readUInt32BE(0) !== codeDirectory) return [...faults, 'it does not begin with a code directory'];
  if ((directory.readUInt32BE(12) & adHoc) === 0) faults.push('it is not ad hoc');
  if (directory.readUInt32BE(32) !== start) faults.push('it is not of all that stands before it');
  const hashesAt = directory.readUInt32BE(16);
  const bad = pageHashes(executable, start).filter(
    (hash, index) => !hash.equals(directory.subarray(hashesAt + index * hashBytes, hashesAt + (index + 1) * hashBytes)),
  );
  return bad.length === 0 ? faults : [...faults, `${bad.length} pages have another hash`];
}
