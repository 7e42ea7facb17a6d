/* floor 4 */
/*
 * open.h - opening an input: choosing its format, and finding out what is in it.
 */
#ifndef AVS_INPUT_OPEN_H
#define AVS_INPUT_OPEN_H

#include "../session.h"

operation input_op_open;

#endif
