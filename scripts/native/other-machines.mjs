/**
 * How the Linux executables that are not for this machine are started on Debian for x64: those for arm64 by qemu with
 * Debian's libraries for that, those for musl with Debian's musl.
 *
 * What Debian lacks is a C++ library for musl. It is put together of Debian's own, which is made for glibc: as little of
 * it as the executable asks for, with the names of glibc that this needs. Alpine's, which is the package libstdc++
 * there, is another one.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchDebian } from '../lib/debian.mjs';
import { installPackagesOf, isOnPath } from '../lib/system-packages.mjs';

/** Program -> Debian package. */
const programs = {
  'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu',
  'g++': 'g++',
  'ld-musl-config': 'musl',
  nm: 'binutils',
  'qemu-aarch64-static': 'qemu-user-static',
};

const qemu = ['qemu-aarch64-static'];

export const otherTargets = ['linux-x64-musl', 'linux-arm64', 'linux-arm64-musl'];

/** Whether they can be started here, after what is missing was installed where that may be. */
export function canStartOthers() {
  if (process.platform !== 'linux' || process.arch !== 'x64' || !isOnPath('apt-get')) return false;
  installPackagesOf(programs);
  return Object.keys(programs).every((program) => isOnPath(program));
}

/**
 * Target -> the words before the executable and the environment that start it here.
 *
 * @param executableOf target -> path of its executable
 * @param folder for libraries, which stay as long as executables are to be started
 */
export function startersOfOthers(executableOf, folder) {
  const x64 = join(folder, 'musl-x64');
  linkLibrary('g++', executableOf('linux-x64-musl'), x64);
  const arm64 = join(folder, 'musl-arm64');
  linkLibrary('aarch64-linux-gnu-g++', executableOf('linux-arm64-musl'), join(arm64, 'lib'));
  const musl = join(fetchDebian('arm64', ['musl']).musl, 'lib', 'aarch64-linux-musl', 'libc.so');
  symlinkSync(musl, join(arm64, 'lib', 'ld-musl-aarch64.so.1'));
  return {
    'linux-x64-musl': { words: [], env: { LD_LIBRARY_PATH: x64 } },
    'linux-arm64': { words: qemu, env: { QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu' } },
    'linux-arm64-musl': { words: qemu, env: { QEMU_LD_PREFIX: arm64 } },
  };
}

const namesOfGlibc = `
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/random.h>
__attribute__((visibility("hidden"))) void *__dso_handle = &__dso_handle;
char __libc_single_threaded = 0;
int _dl_find_object(void *address, void *result) { return -1; }
unsigned arc4random(void) { unsigned r; if (getrandom(&r, sizeof r, 0) != sizeof r) abort(); return r; }
unsigned long __getauxval(unsigned long type) { return getauxval(type); }
/* Of libstdc++ itself, from version 13 on. */
__attribute__((weak)) void _ZSt21__glibcxx_assert_failPKciS0_S0_(void) { abort(); }
`;

/** libstdc++.so.6 for an executable that is linked with musl. */
function linkLibrary(compiler, executable, folder) {
  mkdirSync(folder, { recursive: true });
  const source = join(folder, 'names-of-glibc.c');
  writeFileSync(source, namesOfGlibc);
  const archives = ['libstdc++.a', 'libgcc_eh.a', 'libgcc.a'].map((name) =>
    execFileSync(compiler, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim(),
  );
  const wanted = namesOfCxx(executable).map((name) => `-Wl,-u,${name}`);
  const how = ['-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libstdc++.so.6', '-Wl,--gc-sections', ...wanted];
  const program = compiler.replace('g++', 'gcc');
  execFileSync(program, [...how, '-o', join(folder, 'libstdc++.so.6'), source, ...archives], { timeout: 60_000 });
}

/** The names of the C++ library that an executable has to be given: undefined ones, and those of data that it copies. */
function namesOfCxx(executable) {
  const lines = execFileSync('nm', ['--dynamic', executable], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n');
  return lines
    .map((line) => /[UVvB] ((?:_Z|__cxa_[bdgp]|__dynamic_cast|__once_)[^@]*)/.exec(line)?.[1])
    .filter((name) => name !== undefined);
}
