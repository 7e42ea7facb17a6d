#include "client.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/error.h>

#include "isolate.h"

/* ---------------------------------------------------------------------------------------- life */

/* Clients by number, for other threads than their own. */
static mutex registry_lock = MUTEX_INITIALIZER;
static struct client **registry;
static size_t registry_count;
static uint32_t last_id;

static bool registry_add(struct client *client) {
  mutex_lock(&registry_lock);
  struct client **grown = realloc(registry, (registry_count + 1) * sizeof(*grown));
  if (grown) {
    registry = grown;
    registry[registry_count++] = client;
    client->id = ++last_id;
  }
  mutex_unlock(&registry_lock);
  return grown != NULL;
}

static void registry_remove(const struct client *client) {
  mutex_lock(&registry_lock);
  for (size_t i = 0; i < registry_count; i++)
    if (registry[i] == client) registry[i] = registry[--registry_count];
  mutex_unlock(&registry_lock);
}

/* Adds a reference for the caller. */
static struct client *registry_find(uint32_t id) {
  struct client *found = NULL;
  mutex_lock(&registry_lock);
  for (size_t i = 0; i < registry_count && !found; i++)
    if (registry[i]->id == id) found = registry[i];
  if (found) client_ref(found);
  mutex_unlock(&registry_lock);
  return found;
}

struct client *client_new(void) {
  struct client *client = calloc(1, sizeof(*client));
  if (!client) return NULL;
  client->references = 1;
  mutex_init(&client->lock);
  condition_init(&client->arrived);
  if (registry_add(client)) return client;
  client_unref(client);
  return NULL;
}

void client_ref(struct client *client) {
  mutex_lock(&client->lock);
  client->references++;
  mutex_unlock(&client->lock);
}

void client_unref(struct client *client) {
  mutex_lock(&client->lock);
  bool last = --client->references == 0;
  mutex_unlock(&client->lock);
  if (!last) return;
  condition_free(&client->arrived);
  mutex_free(&client->lock);
  free(client->events);
  free(client);
}

void client_end(struct client *client) {
  registry_remove(client);
  mutex_lock(&client->lock);
  client->dead = true;
  client->watch = NULL;
  condition_broadcast(&client->arrived);
  mutex_unlock(&client->lock);
}

uint32_t avs_client(uint32_t id, avs_callback callback) {
  struct client *client = id ? isolate_client(id) : isolate_new_client();
  if (!client) return 0;
  if (callback) client->callback = callback;
  return client->id;
}

/* ---------------------------------------------------------------------------------------- events */

/* With the lock held: makes room for one more event beside those reserved; false if there is no memory. */
static bool has_room(struct client *client) {
  if (client->event_count + client->events_reserved < client->event_capacity) return true;
  size_t capacity = client->event_capacity ? client->event_capacity * 2 : 64;
  struct event *events = realloc(client->events, capacity * sizeof(*events));
  if (!events) return false;
  client->events = events;
  client->event_capacity = capacity;
  return true;
}

static void push(struct client *client, struct event event) {
  client->events[client->event_count] = event;
  client->event_count++;
  condition_signal(&client->arrived);
  if (client->watch) client->watch(client->watch_opaque);
  client->watch = NULL;
}

bool client_watch(struct client *client, void (*watch)(void *), void *opaque) {
  mutex_lock(&client->lock);
  bool has_none = !client->event_count;
  client->watch = has_none ? watch : NULL;
  client->watch_opaque = opaque;
  mutex_unlock(&client->lock);
  return has_none;
}

bool client_push(struct client *client, struct event event) {
  mutex_lock(&client->lock);
  bool room = !client->dead && has_room(client);
  if (room) push(client, event);
  mutex_unlock(&client->lock);
  return room;
}

bool client_reserve(struct client *client) {
  mutex_lock(&client->lock);
  bool room = has_room(client);
  if (room) client->events_reserved++;
  mutex_unlock(&client->lock);
  return room;
}

void client_release(struct client *client) {
  mutex_lock(&client->lock);
  client->events_reserved--;
  mutex_unlock(&client->lock);
}

void client_push_reserved(struct client *client, struct event event) {
  mutex_lock(&client->lock);
  client->events_reserved--;
  push(client, event);
  mutex_unlock(&client->lock);
}

/* With the lock held: waits for events, at most so many microseconds. */
static void wait_for_events(struct client *client, int64_t microseconds) {
  int64_t end = time_now() + microseconds * 1000;
  while (!client->event_count && !client->dead && !client->nudged)
    if (!condition_wait_until(&client->arrived, &client->lock, end)) return;
}

int32_t avs_wait_events(uint32_t id, uint32_t milliseconds) {
  struct client *client = registry_find(id);
  if (!client) return AVERROR(EBADF);
  mutex_lock(&client->lock);
  if (milliseconds) { /* a mere check leaves the wake-up to a thread that waits */
    wait_for_events(client, (milliseconds < AVS_WAIT_MS ? milliseconds : AVS_WAIT_MS) * INT64_C(1000));
    client->nudged = false;
  }
  int32_t count = client->dead ? AVERROR_EXIT : (int32_t)client->event_count;
  mutex_unlock(&client->lock);
  client_unref(client);
  return count;
}

int32_t avs_wake_events(uint32_t id) {
  struct client *client = isolate_client(id);
  if (!client) return AVERROR(EBADF);
  mutex_lock(&client->lock);
  client->nudged = true;
  condition_signal(&client->arrived);
  mutex_unlock(&client->lock);
  return 0;
}

static bool has_events(const void *opaque) { return ((const struct client *)opaque)->event_count > 0; }

int32_t avs_take_events(uint32_t id, double *out, uint32_t max, uint32_t patience) {
  struct client *client = isolate_client(id);
  if (!client) return AVERROR(EBADF);
  if (patience) spin(has_events, client);
  mutex_lock(&client->lock);
  if (patience) wait_for_events(client, patience);
  size_t count = client->event_count < max ? client->event_count : max;
  if (count) memcpy(out, client->events, count * sizeof(struct event));
  if (count) memmove(client->events, client->events + count, (client->event_count - count) * sizeof(struct event));
  client->event_count -= count;
  mutex_unlock(&client->lock);
  return (int32_t)count;
}
