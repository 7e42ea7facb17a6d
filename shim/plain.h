/* floor 4 */
/*
 * plain.h - avio_read, avio_write, avio_seek, avio_size and avio_flush on an I/O context, as operations.
 */
#ifndef AVS_PLAIN_H
#define AVS_PLAIN_H

#include "session.h"

operation plain_op_read, plain_op_write, plain_op_seek, plain_op_size, plain_op_flush;

#endif
