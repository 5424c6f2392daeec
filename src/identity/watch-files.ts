import { stat } from 'node:fs/promises';
import { systemCodeOf } from '../core/errno.ts';

/**
 * Watches files by asking for their dates, sizes and numbers. That is slower than the events of the operating system,
 * but sees what these miss: a link that leads elsewhere now, a folder that was replaced, a file on a network, and
 * events that there were too many of. Does not keep the process alive.
 *
 * @param everyMs milliseconds between two looks
 * @param onChange called once the files have stood still for one look: at the beginning, as they may have changed since
 * they were read, and after each change
 * @returns ends it
 */
export function watchFiles(paths: readonly string[], everyMs: number, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isEnded = false;
  let seen: string | undefined;
  let isMoving = false;
  const look = async (): Promise<void> => {
    const found = (await Promise.all(paths.map(describe))).join('\n');
    if (isEnded) return;
    const isChanged = found !== seen;
    if (isMoving && !isChanged) onChange();
    isMoving = isChanged;
    seen = found;
    timer = setTimeout(() => void look(), everyMs).unref();
  };
  void look();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}

/** Of the file behind the links. What is no regular file changes whenever it is read. */
async function describe(path: string): Promise<string> {
  try {
    const stats = await stat(path, { bigint: true });
    if (!stats.isFile()) return 'no file';
    return `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
  } catch (error) {
    return systemCodeOf(error) ?? 'unreadable';
  }
}
