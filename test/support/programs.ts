import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program that is not ours can be run here. */
function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/**
 * Options for a suite that needs a program. Without the program the suite fails in CI, and is skipped by name elsewhere.
 *
 * @example describe('with the AWS CLI', needs('aws'), () => { … });
 */
export function needs(program: string): { skip: boolean } {
  if (isOnPath(program)) return { skip: false };
  if (process.env['CI'] !== undefined) throw new Error(`${program} is not installed, and in CI it must be`);
  console.log(`skipped: tests that need ${program}, which is not installed`);
  return { skip: true };
}
