/* floor 5 */
/*
 * node_api.c - the library as a Node-API addon, for Node and Bun: each function of avs.h that JavaScript calls, and the
 * replacements of avs_client() and avs_wait_events() there. The functions of Node-API are weak references, so that the
 * library can also be loaded by Deno, which lacks them. Only those that are used are declared.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "avs.h"
#include "isolate.h"

#if defined(_WIN32)
#include <windows.h>
#endif

/* ---------------------------------------------------------------------------------------- Node-API */

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_ref__ *napi_ref;
typedef struct napi_scope__ *napi_handle_scope;
typedef struct napi_info__ *napi_callback_info;
typedef struct napi_function__ *napi_threadsafe_function;
typedef enum { napi_ok } napi_status;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef void (*napi_finalize)(napi_env, void *data, void *hint);
enum { RELEASE = 0, NONBLOCKING = 0 };

#define NODE_API(X)                                                                                                     \
  X(napi_add_env_cleanup_hook, (napi_env, void (*)(void *), void *))                                                     \
  X(napi_call_function, (napi_env, napi_value, napi_value, size_t, const napi_value *, napi_value *))                    \
  X(napi_call_threadsafe_function, (napi_threadsafe_function, void *, int))                                              \
  X(napi_close_handle_scope, (napi_env, napi_handle_scope))                                                              \
  X(napi_create_arraybuffer, (napi_env, size_t, void **, napi_value *))                                                  \
  X(napi_create_function, (napi_env, const char *, size_t, napi_callback, void *, napi_value *))                         \
  X(napi_create_reference, (napi_env, napi_value, uint32_t, napi_ref *))                                                 \
  X(napi_create_string_utf8, (napi_env, const char *, size_t, napi_value *))                                             \
  X(napi_create_threadsafe_function,                                                                                     \
    (napi_env, napi_value, napi_value, napi_value, size_t, size_t, void *, void *, void *, void *,                       \
     napi_threadsafe_function *))                                                                                        \
  X(napi_get_cb_info, (napi_env, napi_callback_info, size_t *, napi_value *, napi_value *, void **))                     \
  X(napi_get_instance_data, (napi_env, void **))                                                                         \
  X(napi_get_reference_value, (napi_env, napi_ref, napi_value *))                                                        \
  X(napi_get_typedarray_info, (napi_env, napi_value, int *, size_t *, void **, napi_value *, size_t *))                  \
  X(napi_get_undefined, (napi_env, napi_value *))                                                                        \
  X(napi_open_handle_scope, (napi_env, napi_handle_scope *))                                                             \
  X(napi_ref_threadsafe_function, (napi_env, napi_threadsafe_function))                                                  \
  X(napi_release_threadsafe_function, (napi_threadsafe_function, int))                                                   \
  X(napi_set_instance_data, (napi_env, void *, napi_finalize, void *))                                                   \
  X(napi_set_named_property, (napi_env, napi_value, const char *, napi_value))                                           \
  X(napi_unref_threadsafe_function, (napi_env, napi_threadsafe_function))

#if defined(_WIN32) /* it has no weak references: each function is looked up in the process that runs JavaScript */
#define DECLARE(name, parameters) static napi_status(*name) parameters;
#define FIND(name, parameters) name = (void *)GetProcAddress(GetModuleHandleW(NULL), #name);
#else
#define DECLARE(name, parameters) extern __attribute__((weak, visibility("default"))) napi_status name parameters;
#define FIND(name, parameters)
#endif
#define IS_THERE(name, parameters) &&name != NULL

NODE_API(DECLARE)

static bool find_node_api(void) {
  NODE_API(FIND)
  return true NODE_API(IS_THERE);
}

/* ---------------------------------------------------------------------------------------- arguments and results */

/*
 * Numbers are passed in an array that only this file and ffi/registers.ts use: arguments at the indices of the parameters, the
 * result in the first element. Reading a number from an argument, or creating one for a result, would take longer than the call.
 */
enum { MAX_ARGUMENTS = 7 };

/* The state of one loaded copy of avio's modules. */
struct instance {
  napi_env env;
  double *registers;
  napi_ref keeps_registers;
  uint32_t client;
  napi_ref answer;                  /* the function that answers requests of the sync engine */
  napi_threadsafe_function arrived; /* called when there are events */
  bool is_watching;
};

struct call {
  napi_env env;
  napi_callback_info info;
  struct instance *instance;
  bool has_arguments; /* they are fetched when the first is needed: most calls have only numbers */
  napi_value arguments[MAX_ARGUMENTS];
};

static struct call call_of(napi_env env, napi_callback_info info) {
  struct call call = {.env = env, .info = info};
  void *instance = NULL;
  napi_get_instance_data(env, &instance);
  call.instance = instance;
  return call;
}

static napi_value argument(struct call *call, int index) {
  size_t count = MAX_ARGUMENTS;
  if (!call->has_arguments) napi_get_cb_info(call->env, call->info, &count, call->arguments, NULL, NULL);
  call->has_arguments = true;
  return call->arguments[index];
}

static double f64_argument(const struct call *call, int index) { return call->instance->registers[index]; }

/* Converts as JavaScript does: NaN is 0, numbers that are too large lose their upper bits. */
static uint32_t u32_argument(const struct call *call, int index) {
  double value = call->instance->registers[index];
  return value > -0x1p63 && value < 0x1p63 ? (uint32_t)(int64_t)value : 0;
}

static int32_t i32_argument(const struct call *call, int index) { return (int32_t)u32_argument(call, index); }

/* The bytes of a typed array, valid until JavaScript runs again; NULL for null. */
static void *buffer_argument(struct call *call, int index) {
  void *data = NULL;
  napi_value array = argument(call, index);
  return napi_get_typedarray_info(call->env, array, NULL, NULL, &data, NULL, NULL) == napi_ok ? data : NULL;
}

/* ---------------------------------------------------------------------------------------- the table */

#define f64(index) f64_argument(&call, index)
#define u32(index) u32_argument(&call, index)
#define i32(index) i32_argument(&call, index)
#define buffer(index) buffer_argument(&call, index)

/* As in ffi/symbols.ts; a test compares them. */
#define SYMBOLS(RETURNS, NO_RESULT)                                                                                     \
  RETURNS(u32, avs_abi_version, ())                                                                                      \
  RETURNS(f64, avs_session_new, (u32(0)))                                                                                \
  RETURNS(i32, avs_session_close, (f64(0)))                                                                              \
  RETURNS(f64, avs_io_new, (f64(0), u32(1), u32(2), u32(3)))                                                             \
  RETURNS(i32, avs_reply, (f64(0), f64(1)))                                                                              \
  RETURNS(i32, avs_reply_read, (f64(0), buffer(1), u32(2)))                                                              \
  RETURNS(i32, avs_set, (f64(0), u32(1), i32(2), buffer(3), u32(4)))                                                     \
  RETURNS(i32, avs_describe, (f64(0), u32(1), buffer(2), u32(3)))                                                        \
  RETURNS(i32, avs_ready_packets, (f64(0), buffer(1)))                                                                   \
  RETURNS(i32, avs_take_packets, (f64(0), buffer(1), u32(2), buffer(3), u32(4)))                                         \
  RETURNS(i32, avs_take_write, (f64(0), buffer(1), u32(2)))                                                              \
  RETURNS(f64, avs_request_time, (f64(0)))                                                                               \
  RETURNS(i32, avs_stream_fields, (buffer(0), u32(1)))                                                                   \
  RETURNS(f64, avs_memory_size, (f64(0)))                                                                                \
  RETURNS(i32, avs_memory_read, (f64(0), f64(1), buffer(2), u32(3)))                                                     \
  RETURNS(i32, avs_add_stream, (f64(0), buffer(1), u32(2)))                                                              \
  RETURNS(i32, avs_set_bytes, (f64(0), i32(1), buffer(2), u32(3), buffer(4), u32(5)))                                    \
  RETURNS(i32, avs_learn_stream, (f64(0), i32(1), buffer(2), u32(3)))                                                    \
  RETURNS(i32, avs_add_chapter, (f64(0), f64(1), f64(2), f64(3)))                                                        \
  RETURNS(i32, avs_can_hold, (f64(0), i32(1)))                                                                           \
  RETURNS(i32, avs_can_hold_all, (f64(0), buffer(1), u32(2)))                                                            \
  RETURNS(i32, avs_map_stream, (f64(0), i32(1), i32(2)))                                                                 \
  RETURNS(i32, avs_swap_routes, (f64(0), i32(1), i32(2)))                                                                \
  RETURNS(i32, avs_route, (f64(0), i32(1), buffer(2)))                                                                   \
  RETURNS(i32, avs_set_range, (f64(0), f64(1), f64(2)))                                                                  \
  RETURNS(i32, avs_set_shift, (f64(0), f64(1), f64(2)))                                                                  \
  RETURNS(i32, avs_set_delay, (f64(0), i32(1), f64(2)))                                                                  \
  RETURNS(i32, avs_select_input, (f64(0), u32(1)))                                                                       \
  RETURNS(i32, avs_keep_times, (f64(0), i32(1)))                                                                         \
  RETURNS(i32, avs_side_data_fault, (buffer(0), u32(1), buffer(2), u32(3), buffer(4), u32(5)))                           \
  RETURNS(i32, avs_put_packet, (f64(0), buffer(1), buffer(2), u32(3), buffer(4), u32(5)))                                \
  RETURNS(i32, avs_library_info, (buffer(0), u32(1)))                                                                    \
  RETURNS(i32, avs_license_text, (buffer(0), u32(1)))                                                                    \
  RETURNS(i32, avs_formats, (u32(0), buffer(1), u32(2)))                                                                 \
  RETURNS(i32, avs_format_options, (u32(0), buffer(1), u32(2), buffer(3), u32(4)))                                       \
  RETURNS(i32, avs_codecs, (buffer(0), u32(1)))                                                                          \
  RETURNS(i32, avs_error_text, (i32(0), buffer(1), u32(2)))                                                              \
  RETURNS(i32, avs_error_codes, (buffer(0), u32(1)))                                                                     \
  NO_RESULT(avs_set_log_level, (i32(0)))                                                                                 \
  RETURNS(i32, avs_take_log, (f64(0), buffer(1), u32(2)))                                                                \
  RETURNS(i32, avs_warnings, (f64(0), buffer(1), u32(2)))                                                                \
  RETURNS(i32, avs_refused_url, (f64(0), buffer(1), u32(2)))                                                             \
  RETURNS(i32, avs_unused_options, (f64(0), buffer(1), u32(2)))                                                          \
  RETURNS(i32, avs_io_save, (f64(0), buffer(1), buffer(2), u32(3)))                                                      \
  RETURNS(i32, avs_io_restore, (f64(0), f64(1), buffer(2), u32(3)))                                                      \
  RETURNS(i32, avs_io_locate, (f64(0), buffer(1), u32(2)))                                                               \
  RETURNS(i32, avs_io_close, (f64(0)))                                                                                   \
  RETURNS(i32, avs_index, (f64(0), i32(1), u32(2), buffer(3), u32(4)))                                                   \
  RETURNS(i32, avs_cover, (f64(0), i32(1), buffer(2), u32(3)))                                                           \
  RETURNS(i32, avs_set_discard, (f64(0), i32(1), i32(2)))                                                                \
  RETURNS(i32, avs_io_begin, (f64(0), f64(1), buffer(2), u32(3)))                                                       \
  RETURNS(f64, avs_io_new_copy, (f64(0), buffer(1), u32(2), u32(3)))                                                     \
  RETURNS(i32, avs_start, (f64(0), u32(1), buffer(2)))                                                                   \
  RETURNS(i32, avs_finish, (f64(0), buffer(1)))                                                                          \
  RETURNS(i32, avs_cancel, (f64(0)))                                                                                     \
  RETURNS(i32, avs_stop, (f64(0)))                                                                                       \
  RETURNS(i32, avs_slept, (f64(0)))                                                                                      \
  RETURNS(i32, avs_take_events, (u32(0), buffer(1), u32(2), u32(3)))

#define DEFINE_RETURNS(_, name, list)                                                                                   \
  static napi_value call_##name(napi_env env, napi_callback_info info) {                                                \
    struct call call = call_of(env, info);                                                                              \
    call.instance->registers[0] = name list;                                                                            \
    return NULL;                                                                                                        \
  }
#define DEFINE_NO_RESULT(name, list)                                                                                    \
  static napi_value call_##name(napi_env env, napi_callback_info info) {                                                \
    struct call call = call_of(env, info);                                                                              \
    name list;                                                                                                          \
    return NULL;                                                                                                        \
  }

SYMBOLS(DEFINE_RETURNS, DEFINE_NO_RESULT)

/* ---------------------------------------------------------------------------------------- the sync engine */

/* The instance whose avs_run() this thread is in. */
static _Thread_local struct instance *running;

/*
 * Calls the function that answers. If it throws, Node-API keeps the exception, its functions do nothing from then on, and it is
 * thrown when the JavaScript call that led here returns; the request has no answer then, and fails.
 */
static void answer_request(double session, double io, uint32_t kind, double a, double b, double c) {
  napi_env env = running->env;
  napi_handle_scope scope = NULL;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_value answer = NULL, nobody = NULL;
  napi_get_reference_value(env, running->answer, &answer);
  napi_get_undefined(env, &nobody);
  const double request[] = {session, io, kind, a, b, c};
  memcpy(running->registers, request, sizeof(request));
  if (answer) napi_call_function(env, nobody, answer, 0, NULL, NULL);
  napi_close_handle_scope(env, scope);
}

static napi_value call_avs_run(napi_env env, napi_callback_info info) {
  struct call call = call_of(env, info);
  struct instance *outer = running;
  running = call.instance;
  avs_run(f64(0), u32(1), buffer(2), buffer(3), u32(4), buffer(5), f64(6));
  running = outer;
  return NULL;
}

/* newClient(): the client of this instance, which has only one. */
static napi_value new_client(napi_env env, napi_callback_info info) {
  struct instance *instance = call_of(env, info).instance;
  if (!instance->client) instance->client = avs_client(0, NULL);
  instance->registers[0] = instance->client;
  return NULL;
}

/* answerRequests(function): the function finds the request in the registers. */
static napi_value answer_requests(napi_env env, napi_callback_info info) {
  struct call call = call_of(env, info);
  struct instance *instance = call.instance;
  if (!instance->answer) napi_create_reference(env, argument(&call, 0), 1, &instance->answer);
  avs_client(instance->client, answer_request);
  return NULL;
}

/* ---------------------------------------------------------------------------------------- the async engine */

static void call_arrived(void *opaque) { napi_call_threadsafe_function(opaque, NULL, NONBLOCKING); }

static void stop_watching(struct instance *instance) {
  struct client *client = isolate_client(instance->client);
  if (client && instance->is_watching) client_watch(client, NULL, NULL);
  instance->is_watching = false;
}

/* The environment ends: threads must not call into it any more. */
static void end_events(void *opaque) {
  struct instance *instance = opaque;
  stop_watching(instance);
  napi_release_threadsafe_function(instance->arrived, RELEASE);
  instance->arrived = NULL;
}

/* receiveEvents(function): the function is called when there are events, after watchEvents(). */
static napi_value receive_events(napi_env env, napi_callback_info info) {
  struct call call = call_of(env, info);
  struct instance *instance = call.instance;
  napi_value name = NULL;
  napi_create_string_utf8(env, "avio", 4, &name);
  if (!instance->arrived && napi_create_threadsafe_function(env, argument(&call, 0), NULL, name, 0, 1, NULL, NULL, NULL, NULL,
                                                            &instance->arrived) == napi_ok) {
    napi_unref_threadsafe_function(env, instance->arrived);
    napi_add_env_cleanup_hook(env, end_events, instance);
  }
  return NULL;
}

/* watchEvents(): true: it waits, which keeps the process alive; false: there are events now. */
static napi_value watch_events(napi_env env, napi_callback_info info) {
  struct instance *instance = call_of(env, info).instance;
  struct client *client = isolate_client(instance->client);
  instance->is_watching = client && instance->arrived && client_watch(client, call_arrived, instance->arrived);
  if (instance->is_watching) napi_ref_threadsafe_function(env, instance->arrived);
  instance->registers[0] = instance->is_watching;
  return NULL;
}

/* unwatchEvents(): stops waiting; the process may end. */
static napi_value unwatch_events(napi_env env, napi_callback_info info) {
  struct instance *instance = call_of(env, info).instance;
  if (!instance->is_watching) return NULL;
  stop_watching(instance);
  napi_unref_threadsafe_function(env, instance->arrived);
  return NULL;
}

/* ---------------------------------------------------------------------------------------- the entry */

#define ENTRY_RETURNS(type, name, list) {#name, call_##name},
#define ENTRY_NO_RESULT(name, list) {#name, call_##name},

static const struct {
  const char *name;
  napi_callback call;
} functions[] = {
    SYMBOLS(ENTRY_RETURNS, ENTRY_NO_RESULT){"avs_run", call_avs_run},
    {"newClient", new_client},
    {"answerRequests", answer_requests},
    {"receiveEvents", receive_events},
    {"watchEvents", watch_events},
    {"unwatchEvents", unwatch_events},
};

static void free_instance(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  free(data);
}

/* Called by Node and Bun when they load the library. Without Node-API it makes an addon without functions. */
AVS_API napi_value napi_register_module_v1(napi_env env, napi_value exports);

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  struct instance *instance = find_node_api() ? calloc(1, sizeof(*instance)) : NULL;
  if (!instance) return exports;
  instance->env = env;
  napi_set_instance_data(env, instance, free_instance, NULL);
  napi_value registers = NULL;
  napi_create_arraybuffer(env, MAX_ARGUMENTS * sizeof(double), (void **)&instance->registers, &registers);
  if (!registers) return exports;
  napi_create_reference(env, registers, 1, &instance->keeps_registers);
  napi_set_named_property(env, exports, "registers", registers);
  for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
    napi_value function = NULL;
    napi_create_function(env, functions[i].name, SIZE_MAX, functions[i].call, NULL, &function);
    napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
