import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { isAbsolute } from 'node:path';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { inTurn } from '../../../core/in-turn.ts';
import type { ProcessLife } from '../../../ffi/ffi.ts';
import { CryptokiError, type CryptokiModule, explainFailure, isResult } from './cryptoki.ts';
import { LoadFailure, type LoadedModule, loadModule } from './load-module.ts';
import type { ModuleChoice, Pkcs11Options, Pkcs11Source } from './pkcs11-options.ts';

/** A module that is initialised until the last of its users has released it. */
export interface OpenModule extends CryptokiModule {
  /** As it was loaded. */
  readonly path: string;
  /**
   * Initialises anew, which ends all sessions: after somebody finalised the module, or because some modules look for
   * tokens only when they are initialised. Does nothing while other parts of this process use the module.
   */
  restart(): Promise<void>;
  release(): Promise<void>;
}

interface Shared {
  readonly module: LoadedModule;
  /** Nobody starts or shuts it down while somebody else does. */
  readonly inTurn: ReturnType<typeof inTurn>;
  users: number;
  /** Whether C_Finalize is ours to call: somebody else in the process may have initialised the module first. */
  isOurs: boolean;
}

/** A module is initialised once in a process, however many identities use it. It stays loaded. */
const sharedModules = new Map<string, Shared>();

/**
 * Loads and initialises the module that option, URI, environment or default name, in this order.
 *
 * @param life of this process, as IdentityContext has it
 * @throws RolesAnywhereError PKCS11_NOT_INSTALLED, PKCS11_MODULE, OPTION_CONFLICT
 */
export async function openModule(
  sources: readonly Pkcs11Source[],
  options: Pkcs11Options,
  life: ProcessLife | undefined,
): Promise<OpenModule> {
  const wanted = chooseModule(sources, options);
  const [path, shared] = await loadFirst(wanted, life);
  const start = (): Promise<void> => initialize(shared, path, wanted.option);
  await shared.inTurn(async () => {
    if (shared.users === 0) await start();
    shared.users += 1;
  });
  return opened(path, shared, start);
}

function opened(path: string, shared: Shared, start: () => Promise<void>): OpenModule {
  const { module } = shared;
  let released = false;
  return {
    path,
    describe: () => module.describe(),
    slots: () => module.slots(),
    restart: () =>
      shared.inTurn(async () => {
        if (shared.users > 1 && (await isInitialized(module))) return;
        await finalize(shared);
        await start();
      }),
    release: async () => {
      if (released) return;
      released = true;
      await shared.inTurn(async () => {
        shared.users -= 1;
        if (shared.users === 0) await finalize(shared);
      });
    },
  };
}

interface WantedModule {
  readonly option: string;
  /** Tried in this order. */
  readonly paths: readonly string[];
}

function chooseModule(sources: readonly Pkcs11Source[], options: Pkcs11Options): WantedModule {
  if (options.module !== undefined) return asWanted(options.module);
  const [named, ...others] = sources.flatMap((source) => moduleOf(source));
  const other = others.find(({ paths }) => paths.join() !== named?.paths.join());
  if (named !== undefined && other !== undefined) {
    throw new RolesAnywhereError(
      'OPTION_CONFLICT',
      `${named.option} and ${other.option} name different PKCS#11 modules`,
      {
        hints: ['certificate and key must be reached through one module'],
      },
    );
  }
  return named ?? (options.defaultModule === undefined ? p11Kit() : asWanted(options.defaultModule));
}

function asWanted({ option, path }: ModuleChoice): WantedModule {
  return { option, paths: [path] };
}

/** RFC 7512, section 2.4: module-path is a file, module-name a name to which the platform adds its own. */
function moduleOf({ option, uri }: Pkcs11Source): readonly WantedModule[] {
  if (uri.modulePath !== undefined) return [{ option: `module-path of ${option}`, paths: [uri.modulePath] }];
  if (uri.moduleName === undefined) return [];
  const file = `${uri.moduleName}${librarySuffix()}`;
  return [{ option: `module-name of ${option}`, paths: [file, `lib${file}`] }];
}

/** p11-kit puts all modules that are registered on a machine behind one. */
function p11Kit(): WantedModule {
  const file = `p11-kit-proxy${librarySuffix()}`;
  // Homebrew's folder on Apple silicon is not among those that the loader of macOS searches.
  return {
    option: 'the default module',
    paths: platform() === 'darwin' ? [file, `/opt/homebrew/lib/${file}`] : [file],
  };
}

function librarySuffix(): string {
  if (platform() === 'win32') return '.dll';
  return platform() === 'darwin' ? '.dylib' : '.so';
}

async function loadFirst(
  { option, paths }: WantedModule,
  life: ProcessLife | undefined,
): Promise<readonly [string, Shared]> {
  const failures: LoadFailure[] = [];
  for (const path of paths) {
    try {
      return [path, await load(path, life)];
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error;
      failures.push(error);
    }
  }
  throw explainLoadFailure(option, paths, failures);
}

async function load(path: string, life: ProcessLife | undefined): Promise<Shared> {
  const known = sharedModules.get(path);
  if (known !== undefined) return known;
  const module = await loadModule(path, life);
  const shared = sharedModules.get(path) ?? { module, inTurn: inTurn(), users: 0, isOurs: false };
  sharedModules.set(path, shared);
  return shared;
}

async function initialize(shared: Shared, path: string, option: string): Promise<void> {
  try {
    shared.isOurs = await shared.module.initialize();
  } catch (error) {
    if (!(error instanceof CryptokiError)) throw error;
    const { message } = explainFailure(error, 'C_Initialize');
    throw new RolesAnywhereError('PKCS11_MODULE', `${option}: the PKCS#11 module ${path} cannot start: ${message}`, {
      cause: error,
      hints: [
        /softhsm/i.test(path)
          ? 'check its configuration: SoftHSM reads the file that SOFTHSM2_CONF names'
          : 'check the configuration of the module',
      ],
    });
  }
}

/** By C_GetSlotList, as SoftHSM answers C_GetInfo at all times. */
async function isInitialized(module: CryptokiModule): Promise<boolean> {
  try {
    await module.slots();
  } catch (error) {
    return !isResult(error, 'CKR_CRYPTOKI_NOT_INITIALIZED');
  }
  return true;
}

async function finalize(shared: Shared): Promise<void> {
  if (!shared.isOurs) return;
  shared.isOurs = false;
  try {
    await shared.module.finalize();
  } catch (error) {
    // Somebody else has finalised it, which is what was wanted.
    if (!(error instanceof CryptokiError)) throw error;
  }
}

/**
 * Why a module does not load: the dynamic loader's own words, and what they do not say about the file.
 *
 * @param paths what was tried, in this order
 * @param failures one for each path
 */
function explainLoadFailure(
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
