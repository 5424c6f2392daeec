import type { IdentityContext } from '../identity/identity.ts';
import type { OptionValues } from '../options/parse/option-values.ts';
import type { PipelineContext } from '../pipeline/credential-plan.ts';
import type { CacheOptions } from '../pipeline/pipeline-cached.ts';
import { version } from '../version.ts';
import type { Terminal } from './command.ts';
import { thisProcess } from './terminal/this-process.ts';

/** What opening a key may need of the terminal. */
export function identityContext(terminal: Terminal): IdentityContext {
  return {
    now: terminal.now,
    warn: terminal.warn,
    askSecret: terminal.askSecret,
    environment: terminal.env,
    isolateOutput: terminal.isolateOutput,
    life: 'short',
    stoppable: async (work) => (await import('./terminal/stoppable.ts')).stoppable(work),
  };
}

/** What obtaining credentials may need of the terminal. */
export async function pipelineContext(values: OptionValues, terminal: Terminal): Promise<PipelineContext> {
  const isWatched = values.isOn('debug') || terminal.isWatched();
  return {
    ...identityContext(terminal),
    random: Math.random,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    userAgent: `roles-anywhere/${version}`,
    ...(isWatched && (await import('./debug-trace.ts')).watchedContext(values, terminal)),
  };
}

const isUnix = process.platform !== 'win32';

type Environment = Pick<Terminal, 'env' | 'warn'>;

/** What `--cache` asks for, for the process that this is; undefined without it. */
export async function cacheOptions(values: OptionValues, terminal: Environment): Promise<CacheOptions | undefined> {
  if (!values.isOn('cache')) return undefined;
  return { folder: await cacheFolder(values, terminal), process: thisProcess };
}

/** The folder of `--cache-dir`, or `~/.aws/roles-anywhere/cache`, for the user that this process acts as. */
export async function cacheFolder(values: OptionValues, terminal: Environment): Promise<CacheOptions['folder']> {
  const { HOME } = terminal.env;
  const below = (home: string): string => `${home}/.aws/roles-anywhere/cache`;
  const path = values.text('cache-dir') ?? (isUnix && HOME ? below(HOME) : undefined);
  const user = { option: values.origin('cache-dir'), userId: process.geteuid?.() };
  if (isUnix && path) return { path, ...user };
  return { ...user, ...(await (await import('./cache-elsewhere.ts')).cacheElsewhere(path, below, terminal)) };
}
