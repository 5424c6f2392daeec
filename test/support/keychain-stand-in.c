/* A stand-in for CoreFoundation and Security of macOS: the functions that this package calls, over folders of files (stand-in.h).
   Whatever is misused ends the process: an object of the wrong kind, one that was given back too often, a look into the network.
   stand_in_live() counts what was not given back.
   NAME.ask: the key asks before it signs. NAME.deny: somebody says no. NAME.slow: signing takes a quarter of a second. */
#include "stand-in.h"

typedef enum { DEAD, STRING, BOOLEAN, DATA, ARRAY, DICTIONARY, ERROR, IDENTITY, CERTIFICATE, KEY, POLICY, TRUST, KEYCHAIN } Kind;

typedef struct Object {
  Kind kind;
  int references;
  int forever;
  char *folder, *text; /* of items: where they are, and their name */
  unsigned char *bytes;
  long number; /* count, length or code */
  struct Object **keys, **items;
} Object;

static int live, asked, may_ask = 1;
static char default_folder[PATH_ROOM];

void stand_in_use(const char *folder) { snprintf(default_folder, sizeof default_folder, "%s", folder); }
int stand_in_live(void) { return __atomic_load_n(&live, __ATOMIC_SEQ_CST); }
int stand_in_asked(void) { return asked; }

static Object *check(const void *given, Kind kind, const char *where) {
  Object *object = (Object *)given;
  if (!object) misused(where, "NULL");
  if (object->kind == DEAD || object->references <= 0) misused(where, "an object that was given back");
  if (kind && object->kind != kind) misused(where, "an object of another kind");
  return object;
}

static Object *make(Kind kind) {
  Object *object = calloc(1, sizeof *object);
  object->kind = kind;
  object->references = 1;
  __atomic_add_fetch(&live, 1, __ATOMIC_SEQ_CST);
  return object;
}

static Object *make_item(Kind kind, const char *folder, const char *name) {
  Object *object = make(kind);
  object->folder = strdup(folder);
  object->text = strdup(name);
  return object;
}

const void *CFRetain(const void *given) {
  __atomic_add_fetch(&check(given, 0, "CFRetain")->references, 1, __ATOMIC_SEQ_CST);
  return given;
}

void CFRelease(const void *given) {
  Object *object = check(given, 0, "CFRelease");
  if (object->forever || __atomic_sub_fetch(&object->references, 1, __ATOMIC_SEQ_CST) > 0) return;
  for (long at = 0; object->items && at < object->number; at++) {
    CFRelease(object->items[at]);
    if (object->keys) CFRelease(object->keys[at]);
  }
  free(object->items);
  free(object->keys);
  free(object->bytes);
  free(object->text);
  free(object->folder);
  /* The object itself stays: whoever goes on using it is found. */
  object->kind = DEAD;
  __atomic_sub_fetch(&live, 1, __ATOMIC_SEQ_CST);
}

#define CONSTANT(name) \
  static Object name##_object = { STRING, 1, 1, NULL, #name, NULL, 0, NULL, NULL }; \
  const void *const name = &name##_object;
CONSTANT(kSecClass)
CONSTANT(kSecClassIdentity)
CONSTANT(kSecClassCertificate)
CONSTANT(kSecReturnRef)
CONSTANT(kSecMatchLimit)
CONSTANT(kSecMatchLimitAll)
CONSTANT(kSecMatchSearchList)
CONSTANT(kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA256)
CONSTANT(kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA384)
CONSTANT(kSecKeyAlgorithmRSASignatureDigestPKCS1v15SHA512)
CONSTANT(kSecKeyAlgorithmECDSASignatureDigestX962SHA256)
CONSTANT(kSecKeyAlgorithmECDSASignatureDigestX962SHA384)
CONSTANT(kSecKeyAlgorithmECDSASignatureDigestX962SHA512)
static Object true_object = { BOOLEAN, 1, 1, NULL, NULL, NULL, 0, NULL, NULL };
const void *const kCFBooleanTrue = &true_object;
const long kCFTypeDictionaryKeyCallBacks[6], kCFTypeDictionaryValueCallBacks[5], kCFTypeArrayCallBacks[5];

static Object *make_array(Kind kind, long count) {
  Object *array = make(kind);
  array->items = calloc((size_t)count + 1, sizeof *array->items);
  return array;
}

const void *CFArrayCreate(const void *allocator, const void **values, long count, const void *callbacks) {
  if (allocator || callbacks != kCFTypeArrayCallBacks) misused("CFArrayCreate", "not the callbacks of CFType");
  Object *array = make_array(ARRAY, count);
  for (; array->number < count; array->number++) array->items[array->number] = (Object *)CFRetain(values[array->number]);
  return array;
}

const void *CFDictionaryCreate(const void *allocator, const void **keys, const void **values, long count, const void *of_keys, const void *of_values) {
  if (allocator || of_keys != kCFTypeDictionaryKeyCallBacks || of_values != kCFTypeDictionaryValueCallBacks)
    misused("CFDictionaryCreate", "not the callbacks of CFType");
  Object *dictionary = make_array(DICTIONARY, count);
  dictionary->keys = calloc((size_t)count + 1, sizeof *dictionary->keys);
  for (long at = 0; at < count; at++) {
    dictionary->keys[at] = (Object *)CFRetain(keys[at]);
    dictionary->items[at] = (Object *)CFRetain(values[at]);
  }
  dictionary->number = count;
  return dictionary;
}

static Object *value_of(const Object *dictionary, const void *key) {
  for (long at = 0; at < dictionary->number; at++)
    if (dictionary->keys[at] == key) return dictionary->items[at];
  return NULL;
}

long CFArrayGetCount(const void *array) { return check(array, ARRAY, "CFArrayGetCount")->number; }

const void *CFArrayGetValueAtIndex(const void *given, long at) {
  Object *array = check(given, ARRAY, "CFArrayGetValueAtIndex");
  if (at < 0 || at >= array->number) misused("CFArrayGetValueAtIndex", "beyond the end");
  return array->items[at];
}

const void *CFDataCreate(const void *allocator, const unsigned char *bytes, long length) {
  Object *data = make(DATA);
  if (allocator) misused("CFDataCreate", "an allocator");
  data->bytes = malloc((size_t)length + 1);
  data->number = length;
  memcpy(data->bytes, bytes, (size_t)length);
  return data;
}

long CFDataGetLength(const void *data) { return check(data, DATA, "CFDataGetLength")->number; }
const unsigned char *CFDataGetBytePtr(const void *data) { return check(data, DATA, "CFDataGetBytePtr")->bytes; }

static const void *make_string(const char *text) {
  Object *string = make(STRING);
  string->text = strdup(text);
  return string;
}

unsigned char CFStringGetCString(const void *given, char *buffer, long room, unsigned encoding) {
  Object *string = check(given, STRING, "CFStringGetCString");
  if (encoding != 0x08000100) misused("CFStringGetCString", "not UTF-8");
  if ((long)strlen(string->text) >= room) return 0;
  strcpy(buffer, string->text);
  return 1;
}

static const void *make_error(long code, const char *text) {
  Object *error = make(ERROR);
  error->number = code;
  error->text = strdup(text);
  return error;
}

long CFErrorGetCode(const void *error) { return check(error, ERROR, "CFErrorGetCode")->number; }
const void *CFErrorCopyDescription(const void *error) { return make_string(check(error, ERROR, "CFErrorCopyDescription")->text); }

const void *SecCopyErrorMessageString(int status, void *reserved) {
  if (reserved) misused("SecCopyErrorMessageString", "something reserved");
  return make_string(status == -25294 ? "The specified keychain could not be found." : "An error.");
}

int SecKeychainOpen(const char *path, const void **keychain) {
  *keychain = make_item(KEYCHAIN, path, "");
  return 0;
}

int SecKeychainGetStatus(const void *given, unsigned *state) {
  Object *keychain = check(given, KEYCHAIN, "SecKeychainGetStatus");
  *state = 1;
  return access(keychain->folder, R_OK) == 0 ? 0 : -25294;
}

int SecKeychainSetUserInteractionAllowed(unsigned char allowed) {
  may_ask = allowed;
  return 0;
}

/* Issuers are in keychains that only SecTrust looks into. */
static void add_all(Object *array, Kind kind, const char *folder) {
  char **names = names_in(folder, 0);
  for (char **name = names; *name && array->number < 64; name++)
    if (kind == CERTIFICATE || key_suffix(folder, *name)) array->items[array->number++] = make_item(kind, folder, *name);
  free_names(names);
}

int SecItemCopyMatching(const void *given, const void **found) {
  wait_at_gate("SecItemCopyMatching");
  Object *query = check(given, DICTIONARY, "SecItemCopyMatching"), *list = value_of(query, kSecMatchSearchList);
  const void *class = value_of(query, kSecClass);
  if (value_of(query, kSecReturnRef) != kCFBooleanTrue || value_of(query, kSecMatchLimit) != kSecMatchLimitAll) return -50;
  if (class != kSecClassIdentity && class != kSecClassCertificate) return -50;
  Object *array = make_array(ARRAY, 64);
  Kind kind = class == kSecClassIdentity ? IDENTITY : CERTIFICATE;
  if (!list) add_all(array, kind, default_folder);
  for (long at = 0; list && at < check(list, ARRAY, "kSecMatchSearchList")->number; at++)
    add_all(array, kind, check(list->items[at], KEYCHAIN, "kSecMatchSearchList")->folder);
  if (array->number > 0) *found = array;
  else CFRelease(array);
  return array->number > 0 ? 0 : -25300;
}

static int copy_as(const void *given, Kind kind, const void **copy, const char *where) {
  Object *identity = check(given, IDENTITY, where);
  *copy = make_item(kind, identity->folder, identity->text);
  return 0;
}

int SecIdentityCopyCertificate(const void *identity, const void **certificate) {
  return copy_as(identity, CERTIFICATE, certificate, "SecIdentityCopyCertificate");
}

int SecIdentityCopyPrivateKey(const void *identity, const void **key) { return copy_as(identity, KEY, key, "SecIdentityCopyPrivateKey"); }

const void *SecCertificateCopyData(const void *given) {
  Object *certificate = check(given, CERTIFICATE, "SecCertificateCopyData");
  long length = 0;
  unsigned char *bytes = read_file(path_of(certificate->folder, certificate->text, "der"), &length);
  const void *data = CFDataCreate(NULL, bytes ? bytes : (unsigned char *)"", length);
  free(bytes);
  return data;
}

static int is_rsa(const Object *key) {
  const char *suffix = key_suffix(key->folder, key->text);
  return suffix && strcmp(suffix, "rsa") == 0;
}

unsigned char SecKeyIsAlgorithmSupported(const void *given, long operation, const void *algorithm) {
  Object *key = check(given, KEY, "SecKeyIsAlgorithmSupported");
  const char *name = check(algorithm, STRING, "SecKeyIsAlgorithmSupported")->text;
  return operation == 0 && is_rsa(key) == (strstr(name, "RSA") != NULL);
}

const void *SecKeyCreateSignature(const void *given, const void *algorithm, const void *data, const void **error) {
  Object *key = check(given, KEY, "SecKeyCreateSignature"), *hash = check(data, DATA, "SecKeyCreateSignature");
  const char *name = check(algorithm, STRING, "SecKeyCreateSignature")->text;
  if (!key_suffix(key->folder, key->text)) *error = make_error(-25300, "The specified item could not be found in the keychain.");
  if (*error) return NULL;
  if (!SecKeyIsAlgorithmSupported(given, 0, algorithm)) misused("SecKeyCreateSignature", "an algorithm of another kind of key");
  const char *digest = strstr(name, "SHA256") ? "sha256" : strstr(name, "SHA384") ? "sha384" : "sha512";
  if (hash->number != atoi(digest + 3) / 8) misused("SecKeyCreateSignature", "a hash of another length");
  if (has_file(key->folder, key->text, "slow")) usleep(250000);
  if (has_file(key->folder, key->text, "ask") && !may_ask) *error = make_error(-25308, "User interaction is not allowed.");
  else if (has_file(key->folder, key->text, "deny")) *error = make_error(-128, "User canceled the operation.");
  if (*error) return NULL;
  if (has_file(key->folder, key->text, "ask")) asked++;
  unsigned char signature[1024];
  long length = sign_hash(key->folder, key->text, digest, hash->bytes, hash->number, signature, sizeof signature);
  if (length < 0) *error = make_error(-67673, "An internal error has occurred.");
  return length < 0 ? NULL : CFDataCreate(NULL, signature, length);
}

const void *SecPolicyCreateBasicX509(void) { return make(POLICY); }

int SecTrustCreateWithCertificates(const void *given, const void *policy, const void **trust) {
  Object *certificate = check(given, CERTIFICATE, "SecTrustCreateWithCertificates");
  check(policy, POLICY, "SecTrustCreateWithCertificates");
  *trust = make_item(TRUST, certificate->folder, certificate->text);
  return 0;
}

int SecTrustSetNetworkFetchAllowed(const void *given, unsigned char allowed) {
  check(given, TRUST, "SecTrustSetNetworkFetchAllowed")->number = allowed ? 0 : 1;
  return 0;
}

/* Never trusted: the anchors are the service's. */
unsigned char SecTrustEvaluateWithError(const void *given, const void **error) {
  wait_at_gate("SecTrustEvaluateWithError");
  if (check(given, TRUST, "SecTrustEvaluateWithError")->number != 1) misused("SecTrustEvaluateWithError", "it would ask the network");
  *error = make_error(-67843, "The certificate was not trusted.");
  return 0;
}

const void *SecTrustCopyCertificateChain(const void *given) {
  Object *trust = check(given, TRUST, "SecTrustCopyCertificateChain"), *chain = make_array(ARRAY, 64);
  chain->items[chain->number++] = make_item(CERTIFICATE, trust->folder, trust->text);
  char **names = names_in(trust->folder, 1);
  for (char **name = names; *name && chain->number < 64; name++)
    chain->items[chain->number++] = make_item(CERTIFICATE, trust->folder, *name);
  free_names(names);
  return chain;
}
