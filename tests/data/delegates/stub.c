/* An external TensorFlow Lite delegate for tests: options make it fail, or take every node of one builtin operator.

   fail_create=1    it cannot be made
   fail_prepare=1   it refuses the graph
   fail_kernel=1    it takes nodes, and its kernel then refuses to be prepared
   take=CODE        it takes the nodes of this builtin operator and computes them with the runtime's own kernels

   The declarations are those of the plug-in interface that has not changed between TensorFlow Lite 2.14 and LiteRT 2.3. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct { int size; int data[]; } IntArray;
typedef struct Context Context;
typedef struct Delegate Delegate;

typedef struct {
  IntArray *inputs, *outputs, *intermediates, *temporaries;
  void *user_data, *builtin_data;
  const void *initial;
  int initial_size;
  Delegate *delegate;
  int side_effect;
} Node;

typedef struct {
  void *(*init)(Context *, const char *, size_t);
  void (*free)(Context *, void *);
  int (*prepare)(Context *, Node *);
  int (*invoke)(Context *, Node *);
  const char *(*profiling)(const Context *, const Node *);
  int32_t builtin_code;
  const char *custom_name;
  int version;
  void *later[2];
} Registration;

struct Context {
  size_t tensors_size;
  int (*execution_plan)(Context *, IntArray **);
  void *tensors, *impl;
  void *resize_tensor, *report_error, *add_tensors;
  int (*node_and_registration)(Context *, int, Node **, Registration **);
  int (*replace)(Context *, Registration, const IntArray *, Delegate *);
};

struct Delegate {
  void *data;
  int (*prepare)(Context *, Delegate *);
  void *copy_from, *copy_to, *free_buffer;
  int64_t flags;
  void *builder;
  int fail_prepare, fail_kernel, take;
};

typedef struct { Delegate *delegate; IntArray *nodes, *inputs, *outputs; } Params;
typedef struct { int fail; Node node; Registration own; } Kernel;

static void *kernel_init(Context *context, const char *buffer, size_t length) {
  const Params *params = (const Params *)buffer;
  Kernel *kernel = calloc(1, sizeof *kernel);
  (void)length;
  Node *node;
  Registration *registration;
  if (context->node_and_registration(context, params->nodes->data[0], &node, &registration)) return kernel;
  kernel->fail = params->delegate->fail_kernel;
  kernel->node = *node;
  kernel->own = *registration;
  return kernel;
}

static void kernel_free(Context *context, void *kernel) { (void)context; free(kernel); }

static int kernel_prepare(Context *context, Node *node) {
  Kernel *kernel = node->user_data;
  return kernel->fail || (kernel->own.prepare && kernel->own.prepare(context, &kernel->node));
}

static int kernel_invoke(Context *context, Node *node) {
  Kernel *kernel = node->user_data;
  return kernel->own.invoke(context, &kernel->node);
}

static int prepare(Context *context, Delegate *delegate) {
  IntArray *plan, *taken;
  int failed;
  if (delegate->fail_prepare) return 1;
  if (delegate->take < 0) return 0;
  if (context->execution_plan(context, &plan)) return 1;
  taken = calloc(1, sizeof(IntArray) + sizeof(int) * plan->size);
  for (int i = 0; i < plan->size; i++) {
    Node *node;
    Registration *registration;
    if (context->node_and_registration(context, plan->data[i], &node, &registration)) return 1;
    if (registration->builtin_code == delegate->take) taken->data[taken->size++] = plan->data[i];
  }
  Registration kernel = {kernel_init, kernel_free, kernel_prepare, kernel_invoke};
  kernel.custom_name = "stub";
  kernel.version = 1;
  /* One at a time: what lies between two nodes of one piece is not given memory by the runtime. */
  IntArray *one = calloc(1, sizeof(IntArray) + sizeof(int));
  one->size = 1;
  failed = 0;
  for (int i = 0; i < taken->size && !failed; i++) {
    one->data[0] = taken->data[i];
    failed = context->replace(context, kernel, one, delegate);
  }
  free(one);
  free(taken);
  return failed;
}

Delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  Delegate *delegate = calloc(1, sizeof *delegate);
  delegate->prepare = prepare;
  delegate->take = -1;
  for (size_t i = 0; i < count; i++) {
    if (!strcmp(keys[i], "fail_create")) { report("the stub was told to fail"); free(delegate); return NULL; }
    else if (!strcmp(keys[i], "fail_prepare")) delegate->fail_prepare = 1;
    else if (!strcmp(keys[i], "fail_kernel")) delegate->fail_kernel = 1;
    else if (!strcmp(keys[i], "take")) delegate->take = atoi(values[i]);
  }
  return delegate;
}

void tflite_plugin_destroy_delegate(Delegate *delegate) { free(delegate); }
