import { chmodSync, lstatSync, mkdtempSync, renameSync, rmSync, type Stats, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { RolesAnywhereError } from '../../core/errors.ts';

/**
 * Listens on a Unix socket that nobody could connect to before it had its mode: it is made in a folder of its own and
 * then moved to its place, over one that a dead process left behind.
 *
 * @throws RolesAnywhereError PORT_UNAVAILABLE when somebody listens there, or something else has the name
 */
export async function listenOnUnixSocket(server: Server, path: string, mode: number): Promise<void> {
  await makeSureItIsFree(path);
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(dirname(path), '.ra-'));
    const made = join(folder, 's');
    await new Promise<void>((settle, fail) => {
      server.once('error', fail);
      server.listen(made, () => {
        server.off('error', fail);
        settle();
      });
    });
    chmodSync(made, mode);
    renameSync(made, path);
    const { dev, ino } = lstatSync(path);
    server.once('close', () => removeSocket(path, { dev, ino }));
  } catch (cause) {
    server.close();
    throw unavailable(path, cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason', cause);
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function makeSureItIsFree(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket()) throw unavailable(path, 'there is a file of another kind');
  const isAlive = await new Promise<boolean>((settle) => {
    const probe = connect(path, () => {
      probe.destroy();
      settle(true);
    });
    probe.once('error', () => settle(false));
  });
  if (isAlive) throw unavailable(path, 'somebody listens there already');
}

/** Only the one that was made here: a successor may have put its own in its place. */
function removeSocket(path: string, own: Pick<Stats, 'dev' | 'ino'>): void {
  try {
    const { dev, ino } = lstatSync(path);
    if (dev === own.dev && ino === own.ino) unlinkSync(path);
  } catch {
    // Somebody else has removed it.
  }
}

function unavailable(path: string, reason: string, cause?: unknown): RolesAnywhereError {
  return new RolesAnywhereError('PORT_UNAVAILABLE', `cannot listen on ${path}: ${reason}`, { cause });
}
