/* floor 4 */
/*
 * cut.h - finding where a part of an input begins.
 */
#ifndef AVS_REMUX_CUT_H
#define AVS_REMUX_CUT_H

#include "../session.h"

operation remux_op_cut;

#endif
