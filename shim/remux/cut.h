/* floor 4 */
/*
 * cut.h - finds the key frame at which a range of an input begins.
 */
#ifndef AVS_REMUX_CUT_H
#define AVS_REMUX_CUT_H

#include "../session.h"

operation remux_op_cut;

#endif
