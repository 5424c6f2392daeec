import type { OptionValues } from '../options/parse/option-values.ts';
import type { CacheOptions } from '../pipeline/pipeline-cached.ts';
import type { Terminal } from './command.ts';
import { thisProcess } from './terminal/this-process.ts';

type Environment = Pick<Terminal, 'env'>;

/** What `--cache` asks for, for the process that this is; undefined without it. */
export async function cacheOptions(values: OptionValues, terminal: Environment): Promise<CacheOptions | undefined> {
  if (!values.isOn('cache')) return undefined;
  return { folder: await cacheFolder(values, terminal), process: thisProcess };
}

/** The folder of `--cache-dir`, or `~/.aws/roles-anywhere/cache`, for the user that this process acts as. */
export async function cacheFolder(values: OptionValues, { env }: Environment): Promise<CacheOptions['folder']> {
  const home = async () => env['HOME'] || (await import('../options/profile/home-folder.ts')).homeForCache(env);
  const path = values.text('cache-dir') ?? `${await home()}/.aws/roles-anywhere/cache`;
  return { path, option: values.origin('cache-dir'), userId: process.geteuid?.() };
}
