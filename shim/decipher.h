/* floor 2 */
/*
 * decipher.h - AES-128 in CBC mode with PKCS7 padding, as HLS encrypts its segments: what an I/O context reads, deciphered.
 */
#ifndef AVS_DECIPHER_H
#define AVS_DECIPHER_H

#include <stdint.h>

struct io;

/*
 * What is enciphered begins where the I/O context is, and has `size` bytes, or fewer where the device ends before. NULL
 * without memory, or where key or vector are none: 32 hexadecimal digits each.
 */
struct decipher *decipher_new(const char *key, const char *vector, int64_t size);
int decipher_read(struct decipher *decipher, struct io *io, uint8_t *out, int size);
void decipher_free(struct decipher *decipher);

#endif
