/*
 * A PKCS#11 module before another one. It hands every call on, except those of which a variable says otherwise:
 *
 *   SHIM_MODULE=/usr/lib/softhsm/libsofthsm2.so   the module behind it
 *   SHIM_C_Sign=0x30        C_Sign gives nothing and returns CKR_DEVICE_ERROR; 0x0 for a lie
 *   SHIM_C_Sign=0x30@0x1    where the detail is this one: the mechanism of C_SignInit and C_Sign, the attribute of
 *                           C_GetAttributeValue, the flags of C_Initialize
 *   SHIM_C_Sign=0x30*2      for the first two calls, counted from when the variable was last changed
 *   TEST_GATE=/tmp/gate     every call waits there (gate.h); in vain, it returns CKR_GENERAL_ERROR
 *   SHIM_ALONE=1            a call returns CKR_GENERAL_ERROR while another one is under way
 *   SHIM_SLOTS=10000        so many slots are there, it says; it has no numbers for them
 *   SHIM_NULL=5             the list has no function at this index
 *
 * It exports C_GetFunctionList alone.
 *
 * Every argument of the functions below is a pointer or a CK_ULONG, which are one machine word on Unix.
 */
#include "gate.h"
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long word;
typedef word (*function)(word, word, word, word, word);

/* CK_FUNCTION_LIST (PKCS#11 v2.40, section 3.6) */
struct list {
  unsigned char version[2];
  function functions[68];
};

struct fault {
  const char *variable;
  char text[64];
  long calls_left;
};

static struct list outer, *inner;
static word mechanism;

/* Whether the call fails; with what is in *result then. */
static int fails(struct fault *fault, word detail, word *result) {
  const char *text = getenv(fault->variable);
  char *end;
  if (!text) return 0;
  if (strncmp(fault->text, text, sizeof fault->text - 1)) {
    const char *count = strchr(text, '*');
    strncpy(fault->text, text, sizeof fault->text - 1);
    fault->calls_left = count ? strtol(count + 1, 0, 0) : -1;
  }
  *result = strtoul(text, &end, 0);
  if (*end == '@' && strtoul(end + 1, 0, 0) != detail) return 0;
  if (fault->calls_left == 0) return 0;
  if (fault->calls_left > 0) fault->calls_left--;
  return 1;
}

static int inside;

/* To be left with leave(); tells whether it must not go on. */
static int enters(const char *name) {
  int others = __atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST);
  return waits_in_vain(name) || (others > 0 && getenv("SHIM_ALONE"));
}

static word leave(word result) {
  __atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
  return result;
}

#define FUNCTION(name, place, detail)                                                       \
  static word name(word a, word b, word c, word d, word e) {                                \
    static struct fault fault = {"SHIM_" #name, "", 0};                                     \
    word result;                                                                            \
    if (enters(#name)) return leave(5);                                                     \
    if (fails(&fault, detail, &result)) return leave(result);                               \
    return leave(inner->functions[place](a, b, c, d, e));                                   \
  }

#define FUNCTIONS(each)                                                                     \
  each(C_Initialize, 0, a ? ((word *)a)[4] : 0)                                             \
  each(C_Finalize, 1, 0)                                                                    \
  each(C_GetInfo, 2, 0)                                                                     \
  each(C_GetSlotInfo, 5, 0)                                                                 \
  each(C_GetTokenInfo, 6, 0)                                                                \
  each(C_OpenSession, 12, 0)                                                                \
  each(C_CloseSession, 13, 0)                                                               \
  each(C_GetSessionInfo, 15, 0)                                                             \
  each(C_Login, 18, 0)                                                                      \
  each(C_GetAttributeValue, 24, ((word *)c)[0])                                             \
  each(C_FindObjectsInit, 26, 0)                                                            \
  each(C_FindObjects, 27, 0)                                                                \
  each(C_FindObjectsFinal, 28, 0)                                                           \
  each(C_SignInit, 42, mechanism = ((word *)b)[0])

FUNCTIONS(FUNCTION)

/* Like the others, but for the operation, which C_Sign ends whatever it returns (PKCS#11 v2.40, section 5.11). */
static word C_Sign(word session, word data, word data_length, word signature, word signature_length) {
  static struct fault fault = {"SHIM_C_Sign", "", 0};
  word result, length;
  if (enters("C_Sign")) return leave(5);
  if (!fails(&fault, mechanism, &result))
    return leave(inner->functions[43](session, data, data_length, signature, signature_length));
  unsigned char unused[1024];
  length = sizeof unused;
  inner->functions[43](session, data, data_length, (word)unused, (word)&length);
  return leave(result);
}

/* Asked for more than their number, it would write 80 KB: it returns CKR_VENDOR_DEFINED in place of that. */
static word C_GetSlotList(word present, word slots, word count, word d, word e) {
  static struct fault fault = {"SHIM_C_GetSlotList", "", 0};
  const char *claim = getenv("SHIM_SLOTS");
  word result;
  if (enters("C_GetSlotList")) return leave(5);
  if (fails(&fault, 0, &result)) return leave(result);
  if (!claim) return leave(inner->functions[4](present, slots, count, d, e));
  *(word *)count = strtoul(claim, 0, 0);
  return leave(slots ? 0x80000000 : 0);
}

#define REPLACE(name, place, detail) outer.functions[place] = name;

word C_GetFunctionList(struct list **found) {
  const char *path = getenv("SHIM_MODULE");
  void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : 0;
  word (*real)(struct list **) = library ? (word(*)(struct list **))dlsym(library, "C_GetFunctionList") : 0;
  if (!real || real(&inner)) return 5; /* CKR_GENERAL_ERROR */
  outer = *inner;
  FUNCTIONS(REPLACE)
  REPLACE(C_GetSlotList, 4, 0)
  REPLACE(C_Sign, 43, 0)
  const char *missing = getenv("SHIM_NULL");
  if (missing) outer.functions[strtoul(missing, 0, 0)] = 0;
  *found = &outer;
  return 0;
}
