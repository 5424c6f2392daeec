/* Where calls wait for somebody else to have their turn: TEST_GATE names a file, into which a call puts its name, and goes on when
   it was removed. gate.ts removes it. TEST_GATE_AT names the one function that waits, others pass; such a call hangs for ten
   minutes, which is longer than any test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether nobody let it pass for two minutes. */
static int waits_in_vain(const char *name) {
  const char *gate = getenv("TEST_GATE"), *only = getenv("TEST_GATE_AT");
  char written[4096];
  FILE *file;
  if (only && strcmp(only, name)) return 0;
  if (!gate || snprintf(written, sizeof written, "%s.%p", gate, (void *)&file) >= (int)sizeof written) return 0;
  file = fopen(written, "w");
  if (!file || fputs(name, file) < 0 || fclose(file)) return 1;
  int left = only ? 600000 : 120000;
  /* Of several calls one after the other: a name in the place of another's would hide that. */
  for (; left > 0 && link(written, gate); left--) usleep(1000);
  unlink(written);
  for (; left > 0; left--) {
    if (access(gate, F_OK)) return 0;
    usleep(1000);
  }
  return 1;
}
