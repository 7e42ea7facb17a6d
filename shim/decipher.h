/* floor 2 */
/*
 * decipher.h - AES-128 in CBC mode with PKCS7 padding, as HLS encrypts its segments: what an I/O context reads, deciphered.
 */
#ifndef AVS_DECIPHER_H
#define AVS_DECIPHER_H

#include <stdint.h>

struct decipher;
struct io;

/*
 * The encrypted part begins at the position of the I/O context, and has `size` bytes, or fewer if the device ends before.
 * AVERROR(EINVAL): key or vector is not 32 hexadecimal digits. What was made is to be freed after an error, too.
 */
int decipher_new(const char *key, const char *vector, int64_t size, struct decipher **decipher);
int decipher_read(struct decipher *decipher, struct io *io, uint8_t *out, int size);
void decipher_free(struct decipher *decipher);

#endif
