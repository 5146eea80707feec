/* A TCG plugin that counts guest instructions.
 *
 * The guest marks a place with prctl(0xED6E, k, 0, 0, 0), which any kernel refuses harmlessly; the plugin
 * then appends "k count" to the file named by its argument out=. The declarations of QEMU's plugin
 * interface are its own, since no Debian package carries qemu-plugin.h for version 7.2.
 *
 * With the argument blocks=, it also tells where the instructions were: an even k starts anew, an odd k writes
 * "mark k" and a line "address count" for each block of code that ran since, addresses as the guest sees them.
 *
 * EDGE_API is the interface version built for: 1 for qemu 4.2 to 8.2, 2 for 9.0 and later.
 * In version 1 the counter is one variable without atomics, right for one guest thread; in version 2 it is a
 * scoreboard, one variable a virtual CPU, summed up at each mark.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
extern void qemu_plugin_register_vcpu_syscall_cb(
    qemu_plugin_id_t, void (*)(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                               uint64_t, uint64_t, uint64_t));

#if EDGE_API >= 2
struct qemu_plugin_scoreboard;
typedef struct { struct qemu_plugin_scoreboard *score; size_t offset; } counter_t;
extern struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t);
extern uint64_t qemu_plugin_u64_sum(counter_t);
extern void qemu_plugin_u64_set(counter_t, unsigned, uint64_t);
extern void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *, int, counter_t, uint64_t);
static void start(counter_t *c) { c->score = qemu_plugin_scoreboard_new(sizeof(uint64_t)); c->offset = 0; }
static uint64_t value(counter_t *c) { return qemu_plugin_u64_sum(*c); }
static void clear(counter_t *c) { qemu_plugin_u64_set(*c, 0, 0); }
static void add(struct qemu_plugin_tb *tb, counter_t *c, uint64_t n) {
    qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(tb, INLINE_ADD_U64, *c, n);
}
#else
typedef uint64_t counter_t;
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
static void start(counter_t *c) { *c = 0; }
static uint64_t value(counter_t *c) { return *c; }
static void clear(counter_t *c) { *c = 0; }
static void add(struct qemu_plugin_tb *tb, counter_t *c, uint64_t n) {
    qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD_U64, c, n);
}
#endif

struct block { uint64_t address; counter_t count; struct block *next; };

static counter_t total;
static struct block *blocks;
static FILE *out, *blocks_out;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    size_t n = qemu_plugin_tb_n_insns(tb);
    (void)id;
    add(tb, &total, n);
    if (!blocks_out) return;
    struct block *b = malloc(sizeof *b);
    if (!b) abort();
    b->address = qemu_plugin_tb_vaddr(tb);
    start(&b->count);
    b->next = blocks;
    blocks = b;
    add(tb, &b->count, n);
}

static void write_blocks(unsigned long long k) {
    if (k % 2) fprintf(blocks_out, "mark %llu\n", k);
    for (struct block *b = blocks; b; b = b->next) {
        uint64_t n = value(&b->count);
        if (n && k % 2) fprintf(blocks_out, "%llx %llu\n", (unsigned long long)b->address, (unsigned long long)n);
        if (n) clear(&b->count);
    }
    fflush(blocks_out);
}

static void write_mark(const char *name, unsigned long long k) {
    if (!out) return;
    fprintf(out, "%s%llu %llu\n", name, k, (unsigned long long)value(&total));
    fflush(out);
}

static void called(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                   uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8) {
    (void)id; (void)cpu; (void)a3; (void)a4; (void)a5; (void)a6; (void)a7; (void)a8;
    if (number != AARCH64_PRCTL || a1 != MARK) return;
    write_mark("", (unsigned long long)a2);
    if (blocks_out) write_blocks((unsigned long long)a2);
}

static void finished(qemu_plugin_id_t id, void *data) {
    (void)id; (void)data;
    write_mark("total ", 0);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv) {
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4) && !(out = fopen(argv[i] + 4, "w"))) return 1;
        if (!strncmp(argv[i], "blocks=", 7) && !(blocks_out = fopen(argv[i] + 7, "w"))) return 1;
    }
    start(&total);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, called);
    qemu_plugin_register_atexit_cb(id, finished, NULL);
    return 0;
}
