#include "xml.h"

#include <stddef.h>

#include <libavutil/log.h>

#include "platform.h"

/* As libxml2 has had it ever since. */
struct xml_error {
  int domain, code;
  char *message;
};
typedef void xml_handler(void *opaque, struct xml_error *error);

/* The machine's libavformat has libxml2 with it, or does without. */
extern void xmlInitParser(void) __attribute__((weak));
extern void xmlSetStructuredErrorFunc(void *opaque, xml_handler *handler) __attribute__((weak));

static void on_error(void *opaque, struct xml_error *error) {
  (void)opaque;
  if (error && error->message) av_log(NULL, AV_LOG_ERROR, "libxml2: %s", error->message);
}

/* Two threads that use an old libxml2 first both make what it is to share. */
static void initialize(void) {
  if (xmlInitParser) xmlInitParser();
}

void xml_log_here(void) {
  static once initialized = ONCE_INITIALIZER;
  run_once(&initialized, initialize);
  if (xmlSetStructuredErrorFunc) xmlSetStructuredErrorFunc(NULL, on_error);
}
