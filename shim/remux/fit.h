/* floor 4 */
/*
 * fit.h - can an output's format hold a stream of an input? (avs_can_hold())
 */
#ifndef AVS_REMUX_FIT_H
#define AVS_REMUX_FIT_H

#include "../avs.h"

#endif
