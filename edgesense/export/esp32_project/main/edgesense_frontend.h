/* The front end of a pipeline: samples in, feature columns out. C99, float32, no allocation.
 *
 * One clip at a time:
 *     es_begin(&fe);
 *     es_push(&fe, samples, count);      as often as samples come, in blocks of any size
 *     if (es_finish(&fe) == ES_OK)
 *         for (int frame = 0; frame < ES_FRAMES; ++frame) {
 *             es_row(&fe, frame, row);
 *             es_quantize(row, input + frame * ES_WIDTH, ES_WIDTH);
 *         }
 *
 * A clip is ES_SAMPLES samples; what is pushed beyond them is left out. No two threads may share an es_frontend_t.
 */
#ifndef EDGESENSE_FRONTEND_H
#define EDGESENSE_FRONTEND_H

#include <stddef.h>
#include <stdint.h>

#include "edgesense_settings.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ES_OK = 0, ES_TOO_FEW_SAMPLES = -1, ES_SILENT = -2, ES_NOT_FINITE = -3 };

typedef struct {
    float recent[ES_N_FFT]; /* the last samples, in a ring */
    float work[ES_N_FFT];   /* one frame: windowed, transformed, then its power */
    float mel[ES_FRAMES * ES_N_MELS];
#if ES_HAS_POWER
    float power[ES_FRAMES * ES_N_MELS];
#endif
#if ES_HAS_MFCC
    float mfcc[ES_FRAMES * ES_N_MFCC];
#endif
    float energy;
    float partial; /* of the energy: a sum of few terms rounds less */
    int32_t taken;
    int32_t frames;
} es_frontend_t;

/* Forget the last clip. */
void es_begin(es_frontend_t *fe);

/* Take samples in [-1, 1]. */
void es_push(es_frontend_t *fe, const float *samples, size_t count);

/* The same for 16-bit samples, as a microphone gives them. */
void es_push_int16(es_frontend_t *fe, const int16_t *samples, size_t count);

/* End the clip: ES_OK, or why there are no features of it. */
int es_finish(es_frontend_t *fe);

/* The columns of one frame, ES_WIDTH numbers. */
void es_row(const es_frontend_t *fe, int frame, float *row);

/* Numbers as the model takes them. */
void es_quantize(const float *values, int8_t *out, size_t count);

#ifdef __cplusplus
}
#endif

#endif
