import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { softHsmModule } from './softhsm.ts';

/** Places in CK_FUNCTION_LIST (PKCS#11 v2.40, section 3.6). */
const source = `
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

struct list { unsigned char version[2]; unsigned long (*functions[68])(); };
static struct list list, *inner;

/* By C's buffer, which goes out as the process exits, and past it. */
static void say(const char *where) { printf("printed by %s\\n", where); write(1, "written\\n", 8); }
__attribute__((constructor)) static void loaded(void) { say("load"); }
__attribute__((destructor)) static void unloaded(void) { say("unload"); }

static unsigned long login(unsigned long session, unsigned long user, void *pin, unsigned long length) {
  say("C_Login");
  return inner->functions[18](session, user, pin, length);
}
static unsigned long sign(unsigned long session, void *data, unsigned long length, void *signature, void *size) {
  say("C_Sign");
  return inner->functions[43](session, data, length, signature, size);
}

unsigned long C_GetFunctionList(struct list **found) {
  void *library = dlopen("${softHsmModule}", RTLD_NOW);
  unsigned long (*real)(struct list **) = library ? (unsigned long (*)(struct list **))dlsym(library, "C_GetFunctionList") : 0;
  if (!real || real(&inner)) return 5;
  list = *inner;
  list.functions[18] = login;
  list.functions[43] = sign;
  *found = &list;
  return 0;
}
`;

/** SoftHSM's module, but one that prints to stdout when it is loaded, logged in to, signed with and unloaded. */
export function makePrintingModule(folder: string): string {
  const [code, module] = [join(folder, 'printing.c'), join(folder, 'printing.so')];
  writeFileSync(code, source);
  execFileSync('cc', ['-std=gnu11', '-shared', '-fPIC', '-o', module, code, '-ldl'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return module;
}
