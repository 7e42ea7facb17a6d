/* floor 0 */
/*
 * data_url.h - "data:" URLs, which are what they name.
 */
#ifndef AVS_DATA_URL_H
#define AVS_DATA_URL_H

#include <stdint.h>

/* The bytes of a URL without its "data:", which av_free() frees; how many, or an error. */
int data_url_decode(const char *url, uint8_t **bytes);

#endif
