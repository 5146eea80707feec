/* A TCG plugin that counts guest instructions.
 *
 * The guest marks a place with prctl(0xED6E, k, 0, 0, 0), which any kernel refuses harmlessly; the plugin
 * then appends "k count" to the file named by its argument out=. The declarations of QEMU's plugin
 * interface are its own, since no Debian package carries qemu-plugin.h for version 7.2.
 *
 * EDGE_API is the interface version built for: 1 for qemu 4.2 to 8.2, 2 for 9.0 and later.
 * In version 1 the counter is one variable without atomics, right for one guest thread; in version 2 it is a
 * scoreboard, one variable a virtual CPU, summed up at each mark.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define AARCH64_PRCTL 167
#define MARK 0xED6E
#define INLINE_ADD_U64 0

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;

EXPORT int qemu_plugin_version = EDGE_API;

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
extern void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t));

#if EDGE_API >= 2
struct qemu_plugin_scoreboard;
typedef struct { struct qemu_plugin_scoreboard *score; size_t offset; } qemu_plugin_u64;
extern struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t);
extern uint64_t qemu_plugin_u64_sum(qemu_plugin_u64);
extern void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *, int, qemu_plugin_u64, uint64_t);
static qemu_plugin_u64 counter;
static uint64_t total(void) { return qemu_plugin_u64_sum(counter); }
static void add(struct qemu_plugin_tb *tb, uint64_t n) {
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD_U64, counter, n);
}
static void start(void) { counter.score = qemu_plugin_scoreboard_new(sizeof(uint64_t)); counter.offset = 0; }
#else
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
static uint64_t counter;
static uint64_t total(void) { return counter; }
static void add(struct qemu_plugin_tb *tb, uint64_t n) {
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, &counter, n);
}
static void start(void) { }
#endif

static FILE *out;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    add(tb, qemu_plugin_tb_n_insns(tb));
}

static void write_mark(const char *name, unsigned long long k) {
    if (!out) return;
    fprintf(out, "%s%llu %llu\n", name, k, (unsigned long long)total());
    fflush(out);
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                   uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id; (void)cpu; (void)a3; (void)a4; (void)a5; (void)a6; (void)a7; (void)a8;
    if (number == AARCH64_PRCTL && a1 == MARK) write_mark("", (unsigned long long)a2);
}

static void finished(qemu_plugin_id_t id, void *data) {
    (void)id; (void)data;
    write_mark("total ", 0);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++)
        if (!strncmp(argv[i], "out=", 4) && !(out = fopen(argv[i] + 4, "w"))) return 1;
    start();
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
