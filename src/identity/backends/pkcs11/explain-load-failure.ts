import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import { isAbsolute } from 'node:path';
import { RolesAnywhereError } from '../../../core/errors.ts';
import type { LoadFailure } from './load-module.ts';

/**
 * Why a module does not load: the dynamic loader's own words, and what they do not say about the file.
 *
 * @param paths what was tried, in this order
 * @param failures one for each path
 */
export function explainLoadFailure(
  option: string,
  paths: readonly string[],
  failures: readonly LoadFailure[],
): RolesAnywhereError {
  const [path = ''] = paths;
  const words = failures.map(({ message }) => message).join('; ');
  return new RolesAnywhereError('PKCS11_MODULE', `${option}: the PKCS#11 module ${path} does not load: ${words}`, {
    cause: failures[0],
    hints: hintsFor(path, words),
  });
}

function hintsFor(path: string, words: string): readonly string[] {
  if (/C_GetFunctionList/.test(words)) return ['the file is a library, but no PKCS#11 module'];
  if (path.includes('p11-kit-proxy')) {
    return [
      'install p11-kit (Debian: p11-kit-modules), or name the module of the token: --pkcs11-lib /usr/lib/…/module.so',
    ];
  }
  if (!/[/\\]/.test(path)) {
    return ['a name without a folder is looked for where the dynamic loader looks: give the whole path'];
  }
  const found = describeFile(path);
  const hints = found === undefined ? [] : [found];
  return isAbsolute(path) ? hints : [...hints, 'the path is relative to the working directory: give the whole path'];
}

/** What is wrong with the file, if that can be seen from its first bytes. */
function describeFile(path: string): string | undefined {
  const head = readHead(path);
  if (head === undefined) return undefined;
  const machine = machineOf(head);
  if (machine === undefined) return 'the file is no library';
  return machine === arch() || machine === 'several'
    ? undefined
    : `the file is built for ${machine}, and this Node for ${arch()}`;
}

/** The processor that a library is for, in Node's words; undefined when the file is no library. */
function machineOf(head: Buffer): string | undefined {
  if (head.length < 20) return undefined;
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return elfMachine(head);
  if (magic === 0xcffaedfe) return machMachines[head.readUInt32LE(4)] ?? 'another processor';
  // A universal binary of macOS.
  if (magic === 0xcafebabe) return 'several';
  return head.readUInt16BE(0) === 0x4d5a ? peMachine(head) : undefined;
}

function readHead(path: string): Buffer | undefined {
  try {
    // To open a named pipe is to wait for who writes to it.
    if (!statSync(path).isFile()) return undefined;
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(1024);
      return head.subarray(0, readSync(fd, head, 0, head.length, 0));
    } finally {
      closeSync(fd);
    }
  } catch {
    // A folder, or a file that is not there or not ours to read: the loader's words have said so.
    return undefined;
  }
}

/** e_machine (System V ABI, chapter 4); byte 5 is the byte order. */
const elfMachines: Readonly<Record<number, string>> = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

function elfMachine(head: Buffer): string {
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18);
  return elfMachines[machine] ?? 'another processor';
}

/** cputype of Mach-O's 64-bit header. */
const machMachines: Readonly<Record<number, string>> = { 0x0100_0007: 'x64', 0x0100_000c: 'arm64' };

/** Machine of the COFF header, whose offset the DOS header has at 0x3c. */
const peMachines: Readonly<Record<number, string>> = { 0x014c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' };

function peMachine(head: Buffer): string | undefined {
  if (head.length < 0x40) return undefined;
  const at = head.readUInt32LE(0x3c);
  return at + 6 > head.length ? undefined : (peMachines[head.readUInt16LE(at + 4)] ?? 'another processor');
}
