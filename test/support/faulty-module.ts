import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { softHsmModule } from './softhsm.ts';

/** Functions that can be made to fail, and where CK_FUNCTION_LIST has them (PKCS#11 v2.40, section 3.6). */
const places = { C_Login: 18, C_SignInit: 42, C_Sign: 43 } as const;

const source = `
#include <dlfcn.h>
#include <stdlib.h>

struct list { unsigned char version[2]; void *functions[68]; };
static struct list list;

#define FAULT(name) \\
  static unsigned long name##_result; \\
  static unsigned long faulty_##name(void) { return name##_result; }
#define REPLACE(name, place) \\
  if (getenv("FAULTY_" #name)) { \\
    name##_result = strtoul(getenv("FAULTY_" #name), 0, 0); \\
    list.functions[place] = (void *)faulty_##name; \\
  }

${Object.keys(places)
  .map((name) => `FAULT(${name})`)
  .join('\n')}

unsigned long C_GetFunctionList(struct list **found) {
  void *library = dlopen("${softHsmModule}", RTLD_NOW);
  unsigned long (*real)(struct list **) = library ? (unsigned long (*)(struct list **))dlsym(library, "C_GetFunctionList") : 0;
  struct list *inner;
  if (!real || real(&inner)) return 5;
  list = *inner;
${Object.entries(places)
  .map(([name, place]) => `  REPLACE(${name}, ${place})`)
  .join('\n')}
  *found = &list;
  return 0;
}
`;

/**
 * SoftHSM's module with faults that SoftHSM does not have: a variable such as FAULTY_C_Login holds the CK_RV that the
 * function answers in place of doing anything.
 */
export function makeFaultyModule(folder: string): string {
  const [code, module] = [join(folder, 'faulty.c'), join(folder, 'faulty.so')];
  writeFileSync(code, source);
  execFileSync('cc', ['-shared', '-fPIC', '-o', module, code, '-ldl'], { stdio: ['ignore', 'ignore', 'pipe'] });
  return module;
}
