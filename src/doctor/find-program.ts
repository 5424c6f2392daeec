import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { platform } from 'node:os';
import { delimiter, join } from 'node:path';

/** Where a program is that is named without a folder, as a shell finds it; undefined where it is not. */
export function findProgram(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (/[/\\]/.test(name)) return isProgram(name) ? name : undefined;
  const folders = (environment['PATH'] ?? environment['Path'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const names = platform() === 'win32' ? ['.exe', '.cmd', '.bat'].map((end) => name + end) : [name];
  return folders.flatMap((folder) => names.map((one) => join(folder, one))).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** With its links resolved. */
export function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
