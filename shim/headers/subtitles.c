/* floor 4 */
/*
 * subtitles.c - bitmap subtitles: the size of the picture that they overlay.
 */
#include <stdio.h>
#include <string.h>

#include "readers.h"

static void set_size(AVCodecParameters *parameters, unsigned width, unsigned height) {
  enum { LARGEST = 1 << 14 };
  if (!width || !height || width > LARGEST || height > LARGEST) return;
  parameters->width = (int)width;
  parameters->height = (int)height;
}

/* The lines of an .idx file: "size: 720x576". */
void read_dvd_subtitle(AVCodecParameters *parameters, struct bits *header) {
  enum { LONGEST = 4096 };
  char text[LONGEST];
  int size = header->size < LONGEST - 1 ? header->size : LONGEST - 1;
  if (!size) return;
  memcpy(text, header->data, (size_t)size);
  text[size] = '\0';
  unsigned width = 0, height = 0;
  const char *line = strstr(text, "size:");
  if (line && sscanf(line, "size: %5ux%5u", &width, &height) == 2) set_size(parameters, width, height);
}

/* The segment that begins a composition. */
void read_pgs(AVCodecParameters *parameters, struct bits *header) {
  enum { COMPOSITION = 0x16 };
  if (byte_at(header, 0) == COMPOSITION) set_size(parameters, be16_at(header, 3), be16_at(header, 5));
}
