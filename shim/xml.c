#include "xml.h"

#include <stddef.h>

#include <libavutil/log.h>

/* As libxml2 has had it ever since. */
struct xml_error {
  int domain, code;
  char *message;
};
typedef void xml_handler(void *opaque, struct xml_error *error);

/* The machine's libavformat has libxml2 with it, or does without. */
extern void xmlSetStructuredErrorFunc(void *opaque, xml_handler *handler) __attribute__((weak));

static void on_error(void *opaque, struct xml_error *error) {
  (void)opaque;
  if (error && error->message) av_log(NULL, AV_LOG_ERROR, "libxml2: %s", error->message);
}

void xml_log_here(void) {
  if (xmlSetStructuredErrorFunc) xmlSetStructuredErrorFunc(NULL, on_error);
}
