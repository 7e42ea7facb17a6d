/* floor 4 */
/*
 * fit.h - whether an output's format can hold a stream of an input (avs_can_hold()), or several together (avs_can_hold_all()).
 */
#ifndef AVS_REMUX_FIT_H
#define AVS_REMUX_FIT_H

#include "../avs.h"

#endif
