#include "xml.h"

#include <stddef.h>

#include <libavutil/log.h>

#include "platform.h"

/* The beginning of xmlError, the same in all versions of libxml2. */
struct xml_error {
  int domain, code;
  char *message;
};
typedef void xml_handler(void *opaque, struct xml_error *error);

/* Weak: the system's libavformat may be built without libxml2. */
extern void xmlInitParser(void) __attribute__((weak));
extern void xmlSetStructuredErrorFunc(void *opaque, xml_handler *handler) __attribute__((weak));

static void on_error(void *opaque, struct xml_error *error) {
  (void)opaque;
  if (error && error->message) av_log(NULL, AV_LOG_ERROR, "libxml2: %s", error->message);
}

/* An old libxml2 initializes its global state without a lock: two threads could do so at once. */
static void initialize(void) {
  if (xmlInitParser) xmlInitParser();
}

void xml_log_here(void) {
  static once initialized = ONCE_INITIALIZER;
  run_once(&initialized, initialize);
  if (xmlSetStructuredErrorFunc) xmlSetStructuredErrorFunc(NULL, on_error);
}
