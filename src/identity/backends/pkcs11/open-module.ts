import { platform } from 'node:os';
import { RolesAnywhereError } from '../../../core/errors.ts';
import { CryptokiError, type CryptokiModule, explainFailure, isResult } from './cryptoki.ts';
import { explainLoadFailure } from './explain-load-failure.ts';
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
  restart(): void;
  release(): void;
}

interface Shared {
  readonly module: LoadedModule;
  users: number;
  /** Whether C_Finalize is ours to call: somebody else in the process may have initialised the module first. */
  isOurs: boolean;
}

/** A module is initialised once in a process, however many identities use it. It stays loaded. */
const sharedModules = new Map<string, Shared>();

/**
 * Loads and initialises the module that option, URI, environment or default name, in this order.
 *
 * @throws RolesAnywhereError PKCS11_NOT_INSTALLED, PKCS11_MODULE, OPTION_CONFLICT
 */
export async function openModule(sources: readonly Pkcs11Source[], options: Pkcs11Options): Promise<OpenModule> {
  const wanted = chooseModule(sources, options);
  const [path, shared] = await loadFirst(wanted);
  if (shared.users === 0) initialize(shared, path, wanted.option);
  shared.users += 1;
  let released = false;
  return {
    path,
    get library() {
      return shared.module.library;
    },
    slots: () => shared.module.slots(),
    restart: () => {
      if (shared.users > 1 && isInitialized(shared.module)) return;
      finalize(shared);
      initialize(shared, path, wanted.option);
    },
    release: () => {
      if (released) return;
      released = true;
      shared.users -= 1;
      if (shared.users === 0) finalize(shared);
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

async function loadFirst({ option, paths }: WantedModule): Promise<readonly [string, Shared]> {
  const failures: LoadFailure[] = [];
  for (const path of paths) {
    try {
      return [path, await load(path)];
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error;
      failures.push(error);
    }
  }
  throw explainLoadFailure(option, paths, failures);
}

async function load(path: string): Promise<Shared> {
  const known = sharedModules.get(path);
  if (known !== undefined) return known;
  const module = await loadModule(path);
  const shared = sharedModules.get(path) ?? { module, users: 0, isOurs: false };
  sharedModules.set(path, shared);
  return shared;
}

function initialize(shared: Shared, path: string, option: string): void {
  try {
    shared.isOurs = shared.module.initialize();
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
function isInitialized(module: CryptokiModule): boolean {
  try {
    module.slots();
  } catch (error) {
    return !isResult(error, 'CKR_CRYPTOKI_NOT_INITIALIZED');
  }
  return true;
}

function finalize(shared: Shared): void {
  if (!shared.isOurs) return;
  shared.isOurs = false;
  try {
    shared.module.finalize();
  } catch (error) {
    // Somebody else has finalised it, which is what was wanted.
    if (!(error instanceof CryptokiError)) throw error;
  }
}
