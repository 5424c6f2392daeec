/* What both stand-ins for stores of operating systems need: files of a folder, a signature by openssl, and an end of the process
   where they are misused. A certificate NAME is NAME.der; its key, where it has one, is NAME.rsa, NAME.p256 or NAME.p384 (PEM).
   Other files of a NAME change how it behaves: each stand-in says how. */
#include "gate.h"
#include <dirent.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_ROOM 4096

static _Noreturn void misused(const char *where, const char *what) {
  fprintf(stderr, "stand-in: %s: %s\n", where, what);
  abort();
}

/* In what takes its time in the system. */
static void wait_at_gate(const char *name) {
  if (waits_in_vain(name)) misused(name, "nobody else had their turn");
}

/* Not to be freed: four of them at once are enough. */
static const char *path_of(const char *folder, const char *name, const char *suffix) {
  static _Thread_local char paths[4][PATH_ROOM];
  static _Thread_local int next;
  char *path = paths[next++ % 4];
  if (snprintf(path, PATH_ROOM, "%s/%s.%s", folder, name, suffix) >= PATH_ROOM) misused("path", "too long");
  return path;
}

static int has_file(const char *folder, const char *name, const char *suffix) {
  return access(path_of(folder, name, suffix), R_OK) == 0;
}

/* With a zero behind it, which is not counted: what is a number or a name may be read as a string. */
static unsigned char *read_file(const char *path, long *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  unsigned char *bytes = calloc(1, 65537);
  *length = (long)fread(bytes, 1, 65536, file);
  fclose(file);
  return bytes;
}

/* Of the folder's certificates the names, NULL behind the last; issuers are those whose names begin with "issuer". */
static char **names_in(const char *folder, int issuers) {
  char **names = calloc(65, sizeof *names);
  DIR *opened = opendir(folder);
  int count = 0;
  for (struct dirent *entry; opened && (entry = readdir(opened)) && count < 64;) {
    char *dot = strstr(entry->d_name, ".der");
    if (!dot || dot[4] || (strncmp(entry->d_name, "issuer", 6) == 0) != issuers) continue;
    names[count++] = strndup(entry->d_name, (size_t)(dot - entry->d_name));
  }
  if (opened) closedir(opened);
  return names;
}

static void free_names(char **names) {
  for (char **each = names; *each; each++) free(*each);
  free(names);
}

static const char *key_suffix(const char *folder, const char *name) {
  static const char *const suffixes[] = { "rsa", "p256", "p384" };
  for (int at = 0; at < 3; at++)
    if (has_file(folder, name, suffixes[at])) return suffixes[at];
  return NULL;
}

/* PKCS#1 v1.5, or the DER of r and s; the length, or -1. */
static long sign_hash(const char *folder, const char *name, const char *digest, const void *hash, long length, unsigned char *out, long room) {
  const char *suffix = key_suffix(folder, name);
  char hashed[] = "/tmp/stand-in-XXXXXX", command[3 * PATH_ROOM];
  int fd = mkstemp(hashed);
  if (!suffix || fd < 0 || write(fd, hash, (size_t)length) != length) misused("sign", "no key, or no temporary file");
  close(fd);
  snprintf(command, sizeof command, "openssl pkeyutl -sign -inkey '%s' -in %s -pkeyopt digest:%s %s", path_of(folder, name, suffix), hashed, digest,
           strcmp(suffix, "rsa") ? "" : "-pkeyopt rsa_padding_mode:pkcs1");
  FILE *openssl = popen(command, "r");
  long signed_length = openssl ? (long)fread(out, 1, (size_t)room, openssl) : -1;
  int status = openssl ? pclose(openssl) : -1;
  unlink(hashed);
  return status == 0 ? signed_length : -1;
}
