/* floor 0 */
/*
 * data_url.h - decodes "data:" URLs.
 */
#ifndef AVS_DATA_URL_H
#define AVS_DATA_URL_H

#include <stdint.h>

/* Decodes a URL without its "data:"; av_free() frees the bytes. Returns their number, or an error. */
int data_url_decode(const char *url, uint8_t **bytes);

#endif
