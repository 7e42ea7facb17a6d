/*
 * own_client.h - the client of each thread of a C program.
 */
#ifndef OWN_CLIENT_H
#define OWN_CLIENT_H

#include "../../shim/avs.h"

static inline uint32_t own_client(void) {
  static _Thread_local uint32_t client;
  if (!client) client = avs_client(0, NULL);
  return client;
}

#endif
