/* A stand-in for crypt32, ncrypt and advapi32 of Windows: the functions that this package calls, over folders of files (stand-in.h), one folder
   for each store: CurrentUser-MY. Whatever is misused ends the process, and stand_in_live() counts what was not given back.
   NAME.friendly: the friendly name. NAME.legacy: the key is one of an older provider. NAME.borrowed: the key is the certificate's own.
   NAME.refused: the key is not opened; NAME.no-window: not so that it may ask. NAME.ask-open, NAME.ask: it asks when it is opened, or when it signs, and fails where it may not.
   NAME.status: what NCryptSignHash returns, as a number. */
#include "stand-in.h"

enum { STORE = 0x53544f52, CONTEXT, KEY, PROVIDER, HASH, CLOSED };

typedef struct {
  unsigned encoding;
  unsigned char *der;
  unsigned length;
  void *info, *store;
  /* Behind what CERT_CONTEXT of wincrypt.h has. */
  int kind, references;
  char *folder, *name;
  int at;
} Context;

typedef struct {
  int kind;
  char *folder, **names;
} Store;

typedef struct {
  int kind, silent, of_newer_type;
  unsigned char hash[64];
  long length;
  const char *digest;
  Context *context;
} Handle;

static int live, asked;
static char all_stores[PATH_ROOM];

void stand_in_use(const char *folder) { snprintf(all_stores, sizeof all_stores, "%s", folder); }
int stand_in_live(void) { return __atomic_load_n(&live, __ATOMIC_SEQ_CST); }
int stand_in_asked(void) { return asked; }

static void count(int change) { __atomic_add_fetch(&live, change, __ATOMIC_SEQ_CST); }

static void narrow(const uint16_t *wide, char *out, size_t room) {
  size_t at = 0;
  for (; wide[at] && at + 1 < room; at++) out[at] = (char)wide[at];
  out[at] = 0;
}

void *CertOpenStore(void *provider, unsigned encoding, void *legacy, unsigned flags, const uint16_t *wide_name) {
  char name[256], path[2 * PATH_ROOM];
  wait_at_gate("CertOpenStore");
  if (provider != (void *)10 || encoding || legacy) misused("CertOpenStore", "not CERT_STORE_PROV_SYSTEM_W");
  if ((flags & 0xc000) != 0xc000) misused("CertOpenStore", "it may write, or make a store");
  narrow(wide_name, name, sizeof name);
  const char *location = (flags & 0xff0000) == 0x20000 ? "LocalMachine" : "CurrentUser";
  snprintf(path, sizeof path, "%s/%s-%s", all_stores, location, name);
  if (access(path, R_OK) != 0) return NULL;
  Store *store = calloc(1, sizeof *store);
  *store = (Store){ STORE, strdup(path), names_in(path, strcmp(name, "CA") == 0) };
  count(1);
  return store;
}

int CertCloseStore(Store *store, unsigned flags) {
  if (store->kind != STORE || flags) misused("CertCloseStore", "no open store");
  free_names(store->names);
  free(store->folder);
  store->kind = CLOSED;
  count(-1);
  return 1;
}

static Context *check_context(Context *context, const char *where) {
  if (!context || context->kind != CONTEXT || context->references <= 0) misused(where, "a context that was freed");
  return context;
}

int CertFreeCertificateContext(Context *context) {
  check_context(context, "CertFreeCertificateContext");
  if (--context->references > 0) return 1;
  free(context->der);
  context->kind = CLOSED;
  count(-1);
  return 1;
}

Context *CertDuplicateCertificateContext(Context *context) {
  check_context(context, "CertDuplicateCertificateContext")->references++;
  return context;
}

Context *CertEnumCertificatesInStore(Store *store, Context *before) {
  if (store->kind != STORE) misused("CertEnumCertificatesInStore", "no open store");
  int at = before ? before->at + 1 : 0;
  if (before) CertFreeCertificateContext(before);
  const char *name = store->names[at];
  if (!name) return NULL;
  long length = 0;
  Context *context = calloc(1, sizeof *context);
  context->der = read_file(path_of(store->folder, name, "der"), &length);
  context->encoding = 1;
  context->length = (unsigned)length;
  context->kind = CONTEXT;
  context->references = 1;
  context->folder = strdup(store->folder);
  context->name = strdup(name);
  context->at = at;
  count(1);
  return context;
}

int CertGetCertificateContextProperty(Context *context, unsigned property, void *value, unsigned *size) {
  check_context(context, "CertGetCertificateContextProperty");
  unsigned char found[512] = { 0 };
  unsigned length = 0;
  if (property == 2 && key_suffix(context->folder, context->name)) length = 32;
  if (property == 11) {
    long read = 0;
    unsigned char *text = read_file(path_of(context->folder, context->name, "friendly"), &read);
    for (long at = 0; text && at < read && at < 200; at++) found[2 * at] = text[at];
    if (text) length = 2 * (unsigned)read + 2;
    free(text);
  }
  if (length == 0 || (value && *size < length)) return 0;
  if (value) memcpy(value, found, length);
  *size = length;
  return 1;
}

static int has(const Handle *key, const char *suffix) { return has_file(key->context->folder, key->context->name, suffix); }

int CryptAcquireCertificatePrivateKey(Context *context, unsigned flags, void *parameters, void **handle, unsigned *spec, int *must_free) {
  check_context(context, "CryptAcquireCertificatePrivateKey");
  if (!(flags & 0x20000) || parameters) misused("CryptAcquireCertificatePrivateKey", "CNG is not preferred");
  int silent = (flags & 0x40) != 0;
  if (has_file(context->folder, context->name, "refused")) return 0;
  if (!silent && has_file(context->folder, context->name, "no-window")) return 0;
  if (has_file(context->folder, context->name, "ask-open")) {
    if (silent) return 0;
    asked++;
  }
  Handle *key = calloc(1, sizeof *key);
  *key = (Handle){ .kind = KEY, .silent = silent, .context = context };
  *handle = key;
  *spec = has(key, "legacy") ? 1 : 0xffffffff;
  *must_free = !has(key, "borrowed");
  if (*must_free) count(1);
  return 1;
}

static Handle *check_key(Handle *key, const char *where) {
  if (!key || key->kind != KEY) misused(where, "no open key");
  check_context(key->context, where);
  return key;
}

unsigned NCryptFreeObject(Handle *key) {
  if (has(check_key(key, "NCryptFreeObject"), "borrowed")) misused("NCryptFreeObject", "a key that is the certificate's own");
  key->kind = CLOSED;
  count(-1);
  return 0;
}

static const char *digest_of(const uint16_t *wide) {
  char name[16];
  narrow(wide, name, sizeof name);
  return strcmp(name, "SHA256") == 0 ? "sha256" : strcmp(name, "SHA384") == 0 ? "sha384" : strcmp(name, "SHA512") == 0 ? "sha512" : NULL;
}

/* r and s of DER, each in `half` bytes. */
static void side_by_side(const unsigned char *der, unsigned char *out, int half) {
  const unsigned char *at = der + (der[1] & 0x80 ? 3 : 2);
  memset(out, 0, 2 * (size_t)half);
  for (int which = 0; which < 2; which++) {
    int length = at[1];
    const unsigned char *digits = at + 2;
    at = digits + length;
    for (; length > half; length--) digits++;
    memcpy(out + (which + 1) * half - length, digits, (size_t)length);
  }
}

unsigned NCryptSignHash(Handle *key, void **padding, const void *hash, unsigned length, unsigned char *out, unsigned room, unsigned *size, unsigned flags) {
  const char *suffix = key_suffix(check_key(key, "NCryptSignHash")->context->folder, key->context->name);
  if (!suffix) return 0x8009000d; /* NTE_NO_KEY */
  int is_rsa = strcmp(suffix, "rsa") == 0, silent = key->silent || (flags & 0x40);
  if (is_rsa != ((flags & 2) != 0) || is_rsa != (padding != NULL)) misused("NCryptSignHash", "padding is for RSA, and only for RSA");
  const char *digest = is_rsa ? digest_of(*padding) : length == 32 ? "sha256" : length == 48 ? "sha384" : "sha512";
  if (!digest || atoi(digest + 3) != (int)length * 8) misused("NCryptSignHash", "a hash of another length");
  long read = 0;
  unsigned char *status = read_file(path_of(key->context->folder, key->context->name, "status"), &read);
  if (status) {
    unsigned code = (unsigned)strtoul((char *)status, NULL, 0);
    free(status);
    return code;
  }
  if (has(key, "ask")) {
    if (silent) return 0x80090022;
    asked++;
  }
  unsigned char signature[1024];
  long signed_length = sign_hash(key->context->folder, key->context->name, digest, hash, length, signature, sizeof signature);
  int half = strcmp(suffix, "p384") == 0 ? 48 : 32;
  *size = is_rsa ? (unsigned)signed_length : 2 * (unsigned)half;
  if (signed_length < 0 || *size > room) return 0x80090027;
  if (is_rsa) memcpy(out, signature, *size);
  else side_by_side(signature, out, half);
  return 0;
}

/* Older providers: of SHA-2 only those of a newer type know, of which the container is opened again. */

int CryptGetProvParam(Handle *key, unsigned parameter, unsigned char *value, unsigned *size, unsigned flags) {
  if (parameter != 6 || flags) return 0;
  *size = (unsigned)snprintf((char *)value, *size, "%p", (void *)check_key(key, "CryptGetProvParam")->context) + 1;
  return 1;
}

int CryptAcquireContextW(void **provider, const uint16_t *container, const void *name, unsigned type, unsigned flags) {
  char text[64];
  void *context;
  narrow(container, text, sizeof text);
  if (name || type != 24 || (flags & ~0x60u) || sscanf(text, "%p", &context) != 1) return 0;
  Handle *opened = calloc(1, sizeof *opened);
  *opened = (Handle){ .kind = PROVIDER, .of_newer_type = 1, .silent = (flags & 0x40) != 0, .context = context };
  *provider = opened;
  count(1);
  return 1;
}

int CryptReleaseContext(Handle *provider, unsigned flags) {
  if ((provider->kind != PROVIDER && provider->kind != KEY) || flags) misused("CryptReleaseContext", "no open provider");
  provider->kind = CLOSED;
  count(-1);
  return 1;
}

int CryptCreateHash(Handle *provider, unsigned algorithm, void *key, unsigned flags, void **hash) {
  if (key || flags || !provider->of_newer_type) return 0;
  Handle *made = calloc(1, sizeof *made);
  *made = (Handle){ .kind = HASH, .silent = provider->silent, .context = provider->context };
  made->digest = algorithm == 0x800c ? "sha256" : algorithm == 0x800d ? "sha384" : "sha512";
  *hash = made;
  count(1);
  return 1;
}

int CryptSetHashParam(Handle *hash, unsigned parameter, const unsigned char *value, unsigned flags) {
  if (hash->kind != HASH || parameter != 2 || flags) misused("CryptSetHashParam", "not HP_HASHVAL of a hash");
  hash->length = atoi(hash->digest + 3) / 8;
  memcpy(hash->hash, value, (size_t)hash->length);
  return 1;
}

int CryptSignHashW(Handle *hash, unsigned spec, const void *description, unsigned flags, unsigned char *out, unsigned *size) {
  if (hash->kind != HASH || spec != 1 || description || flags) misused("CryptSignHashW", "no hash of this key");
  if (has(hash, "ask") && hash->silent) return 0;
  unsigned char signature[1024];
  long length = sign_hash(hash->context->folder, hash->context->name, hash->digest, hash->hash, hash->length, signature, sizeof signature);
  if (length < 0 || (unsigned)length > *size) return 0;
  for (long at = 0; at < length; at++) out[at] = signature[length - 1 - at];
  *size = (unsigned)length;
  return 1;
}

int CryptDestroyHash(Handle *hash) {
  if (hash->kind != HASH) misused("CryptDestroyHash", "no hash");
  hash->kind = CLOSED;
  count(-1);
  return 1;
}
