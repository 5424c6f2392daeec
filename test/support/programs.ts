import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { canCall } from './cryptoki-binding.ts';

/** Whether a program that is not ours can be run here. */
export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/**
 * Options for a suite that needs a program. Without the program the suite fails in CI, and is skipped by name elsewhere.
 *
 * @example describe('with openssl', needs('openssl'), () => { … });
 */
export function needs(program: string): { skip: boolean } {
  return judge(program, isOnPath(program));
}

/** The same for a suite that needs a module of Python: boto3, or botocore, which comes with it. */
export function needsPython(module: string): { skip: boolean } {
  const isThere = spawnSync('python3', ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0;
  return judge(`${module} of Python`, isThere);
}

/** The same for a suite that calls C functions, by an optional package. */
export function needsFfi(): { skip: boolean } {
  return judge('the package of koffi for this platform', canCall);
}

/**
 * For what only a closer look than at PATH can tell. On Windows, which in CI is Wine, the project's scripts install nothing
 * but Node: what is missing there is left out by name.
 */
export function judge(what: string, isThere: boolean): { skip: boolean } {
  if (isThere) return { skip: false };
  if (process.env['CI'] !== undefined && process.platform !== 'win32')
    throw new Error(`${what} is not installed, and in CI it must be`);
  console.log(`skipped: tests that need ${what}, which is not installed`);
  return { skip: true };
}

/** Options for a suite that mounts something in a namespace of its own, which not every kernel lets every user do. */
export function needsMounts(): { skip: boolean } {
  const mount = ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt'];
  if (process.platform === 'linux' && spawnSync('unshare', mount).status === 0) return { skip: false };
  console.log('skipped: tests that mount a file system in a namespace of their own, which is not allowed here');
  return { skip: true };
}
