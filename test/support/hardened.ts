/**
 * What the kernel does for a unit of systemd, without systemd: SystemCallFilter=, MemoryDenyWriteExecute=, PrivateTmp= with
 * a /tmp that nothing is executed from, and ProtectSystem=strict.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './command.ts';
import { isOnPath, judge } from './programs.ts';

/** How memory that may be written is kept from being executed (hardened.c); `calls` leaves it as it is. */
export type WriteExecute = 'calls' | 'prctl' | 'filter';

export function needsHardening(): { skip: boolean } {
  return judge('cc and systemd-analyze', isOnPath('cc') && isOnPath('systemd-analyze'));
}

/** The system calls of the `SystemCallFilter=` lines of a unit (systemd.exec(5)). */
function allowedCalls(unit: string): ReadonlySet<string> {
  const allowed = new Set<string>();
  for (const [, taken = '', names = ''] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const call of names.split(' ').flatMap(callsOf)) {
      if (taken === '') allowed.add(call);
      else allowed.delete(call);
    }
  }
  return allowed;
}

/** Those of a group, `@system-service`. */
function callsOf(name: string): readonly string[] {
  if (!name.startsWith('@')) return [name];
  const list = execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8', timeout: 60_000 });
  const names = list
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
  return names.filter((each) => each !== '' && !each.startsWith('#')).flatMap(callsOf);
}

/** Compiles hardened.c for a unit into a folder. */
export function makeHardened(unit: string, folder: string): string {
  const lines = [...allowedCalls(unit)].map((call) => `#ifdef SYS_${call}\nALLOW(SYS_${call})\n#endif\n`);
  writeFileSync(join(folder, 'allowed-calls.h'), lines.join(''));
  const program = join(folder, 'hardened');
  const code = join(import.meta.dirname, 'hardened.c');
  execFileSync('cc', ['-Wall', '-Werror', '-I', folder, '-o', program, code], { timeout: 60_000, stdio: 'pipe' });
  return program;
}

/** The two folders stay where they are, below /tmp or not, and everything but /tmp is read-only. */
const mounts = `set -e
mount -t tmpfs none /mnt
mkdir /mnt/1 /mnt/2
mount --bind "$1" /mnt/1
mount --bind "$2" /mnt/2
for place in /tmp /var/tmp; do mount -t tmpfs -o noexec,nosuid,nodev none $place; done
mkdir -p "$1" "$2"
mount --bind /mnt/1 "$1"
mount --bind /mnt/2 "$2"
for place in "$1" "$2" /; do mount -o remount,bind,ro "$place"; done
shift 2
exec "$@"`;

/** What starts a program so: the words before it. */
export function hardened(program: string, folder: string, writeExecute: WriteExecute): readonly string[] {
  return ['unshare', '-rm', '/bin/sh', '-c', mounts, 'sh', root, folder, program, writeExecute];
}
