import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * The number of a process that has a file open to write, proc_pid_fd(5), proc_pid_fdinfo(5): of this user's, or of any
 * where root asks. Undefined where there is none, or nobody tells.
 */
export function findWriter(path: string): number | undefined {
  return namesIn('/proc')
    .map(Number)
    .find((pid) => Number.isSafeInteger(pid) && hasOpen(pid, path));
}

function hasOpen(pid: number, path: string): boolean {
  return namesIn(`/proc/${pid}/fd`).some((fd) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/fd/${fd}`) === path && isToWrite(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'))
      );
    } catch {
      return false;
    }
  });
}

/** O_WRONLY or O_RDWR, of flags in octal. */
function isToWrite(info: string): boolean {
  const flags = /^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0';
  return (Number.parseInt(flags, 8) & 3) !== 0;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
