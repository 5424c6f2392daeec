/*
 * Runs a program as systemd does in a unit with a SystemCallFilter= and perhaps MemoryDenyWriteExecute=yes.
 *
 *     hardened calls|prctl|filter PROGRAM ARGUMENT...
 *
 * `calls` is without the latter. `prctl` is how systemd 254 and newer do it (prctl(2), PR_SET_MDWE), where the kernel can;
 * `filter` is how the others do, by seccomp(2). allowed-calls.h has the system calls that the SystemCallFilter= allows, a
 * line ALLOW(SYS_name) each: any other ends the process.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define GIVE(action) BPF_STMT(BPF_RET | BPF_K, action)
/* Skips the next `count` statements unless the value is the one asked for. */
#define WHEN(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count)
#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
/* Refuses a call one of whose arguments has all these bits. */
#define REFUSE(call, argument, bits) \
  LOAD(nr), WHEN(call, 4), LOAD(args[argument]), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits), WHEN(bits, 1), GIVE(REFUSED)
#define ALLOW(call) WHEN(call, 1), GIVE(SECCOMP_RET_ALLOW),

static struct sock_filter write_execute[] = {
  REFUSE(SYS_mmap, 2, PROT_WRITE | PROT_EXEC),
  REFUSE(SYS_mprotect, 2, PROT_EXEC),
  REFUSE(SYS_pkey_mprotect, 2, PROT_EXEC),
  REFUSE(SYS_shmat, 2, SHM_EXEC),
  GIVE(SECCOMP_RET_ALLOW),
};

static struct sock_filter calls[] = {
  LOAD(nr),
#include "allowed-calls.h"
  GIVE(SECCOMP_RET_KILL_PROCESS),
};

static int install(struct sock_filter *filter, size_t bytes) {
  struct sock_fprog program = {bytes / sizeof *filter, filter};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int count, char **words) {
  const int set_mdwe = 65, refuse_exec_gain = 1;
  if (count < 3) return 64;
  int status = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (status == 0 && strcmp(words[1], "prctl") == 0) status = prctl(set_mdwe, refuse_exec_gain, 0, 0, 0);
  else if (status == 0 && strcmp(words[1], "filter") == 0) status = install(write_execute, sizeof write_execute);
  if (status != 0 || install(calls, sizeof calls) != 0) {
    perror(words[1]);
    return 71;
  }
  execvp(words[2], words + 2);
  perror(words[2]);
  return 72;
}
