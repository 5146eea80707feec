#include "edgesense_frontend.h"

#include <math.h>
#include <string.h>

#include "edgesense_tables.h"

#define HALF (ES_N_FFT / 2)
#define MASK (ES_N_FFT - 1)
#define FEW 256

static void transform(float *z) {
    /* A complex transform of HALF points, in place: radix 2, decimation in time. */
    for (int i = 1, j = 0; i < HALF; ++i) {
        int bit = HALF >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i < j) {
            float re = z[2 * i], im = z[2 * i + 1];
            z[2 * i] = z[2 * j];
            z[2 * i + 1] = z[2 * j + 1];
            z[2 * j] = re;
            z[2 * j + 1] = im;
        }
    }
    for (int length = 2; length <= HALF; length <<= 1) {
        const int step = ES_N_FFT / length;
        for (int k = 0; k < length / 2; ++k) {
            const float c = es_twiddle[2 * k * step], s = es_twiddle[2 * k * step + 1];
            for (int at = k; at < HALF; at += length) {
                float *a = z + 2 * at, *b = a + length;
                const float re = b[0] * c + b[1] * s, im = b[1] * c - b[0] * s;
                b[0] = a[0] - re;
                b[1] = a[1] - im;
                a[0] += re;
                a[1] += im;
            }
        }
    }
}

static void to_power(float *z) {
    /* Even samples were the real parts, odd ones the imaginary parts. The power of bin k goes to z[2 k], of the last to
     * z[1]. */
    const float first = z[0] + z[1], last = z[0] - z[1];
    z[0] = first * first;
    z[1] = last * last;
    for (int k = 1; k <= HALF / 2; ++k) {
        float *a = z + 2 * k, *b = z + 2 * (HALF - k);
        const float c = es_twiddle[2 * k], s = es_twiddle[2 * k + 1];
        const float even_re = 0.5f * (a[0] + b[0]), even_im = 0.5f * (a[1] - b[1]);
        const float odd_re = 0.5f * (a[1] + b[1]), odd_im = 0.5f * (b[0] - a[0]);
        const float re = odd_re * c + odd_im * s, im = odd_im * c - odd_re * s;
        const float low_re = even_re + re, low_im = even_im + im;
        const float high_re = even_re - re, high_im = even_im - im;
        a[0] = low_re * low_re + low_im * low_im;
        b[0] = high_re * high_re + high_im * high_im;
    }
}

static float power_of(const float *z, int bin) { return bin == HALF ? z[1] : z[2 * bin]; }

static void add_frame(es_frontend_t *fe) {
    float *bands = fe->mel + (size_t)fe->frames * ES_N_MELS;
    const float *weight = es_mel_weights;
    for (int i = 0; i < ES_N_FFT; ++i) {
        fe->work[i] = fe->recent[(fe->taken + i) & MASK] * es_window[i];
    }
    transform(fe->work);
    to_power(fe->work);
    for (int band = 0; band < ES_N_MELS; ++band) {
        const int start = es_mel_start[band], end = start + es_mel_count[band];
        float sum = 0.0f;
        for (int bin = start; bin < end; ++bin) sum += *weight++ * power_of(fe->work, bin);
        bands[band] = sum;
    }
    fe->frames++;
}

static void take(es_frontend_t *fe, float sample) {
    /* A frame is whole when its last sample is there: frames are centred, silence lies beyond the clip's ends. */
    fe->recent[fe->taken & MASK] = sample;
    fe->taken++;
    if (fe->frames < ES_FRAMES && fe->taken == fe->frames * ES_HOP_LENGTH + HALF) add_frame(fe);
}

static void hear(es_frontend_t *fe, float sample) {
    if (fe->taken >= ES_SAMPLES) return;
    fe->partial += sample * sample;
    take(fe, sample);
    if (fe->taken % FEW == 0 || fe->taken == ES_SAMPLES) {
        fe->energy += fe->partial;
        fe->partial = 0.0f;
    }
}

void es_begin(es_frontend_t *fe) { memset(fe, 0, sizeof *fe); }

void es_push(es_frontend_t *fe, const float *samples, size_t count) {
    for (size_t i = 0; i < count; ++i) hear(fe, samples[i]);
}

void es_push_int16(es_frontend_t *fe, const int16_t *samples, size_t count) {
    for (size_t i = 0; i < count; ++i) hear(fe, (float)samples[i] / 32768.0f);
}

#if ES_HAS_LOG
static void to_decibels(es_frontend_t *fe) {
    const int count = ES_FRAMES * ES_N_MELS;
    float highest = -INFINITY;
    for (int i = 0; i < count; ++i) {
        const float decibels = 4.3429448190f * logf(fmaxf(fe->mel[i], ES_AMIN));
        fe->mel[i] = decibels;
        highest = fmaxf(highest, decibels);
    }
    for (int i = 0; i < count; ++i) fe->mel[i] = fmaxf(fe->mel[i], highest - ES_TOP_DB);
}
#endif

#if ES_HAS_MFCC
static void to_cepstrum(es_frontend_t *fe) {
    for (int frame = 0; frame < ES_FRAMES; ++frame) {
        const float *bands = fe->mel + (size_t)frame * ES_N_MELS;
        float *out = fe->mfcc + (size_t)frame * ES_N_MFCC;
        for (int k = 0; k < ES_N_MFCC; ++k) {
            float sum = 0.0f;
            for (int band = 0; band < ES_N_MELS; ++band) sum += bands[band] * es_dct[k * ES_N_MELS + band];
            out[k] = sum;
        }
    }
}

static float slope(const es_frontend_t *fe, int frame, int k) {
    /* A straight line through nine frames; the first and the last four repeat their neighbour's. */
    const int middle = frame < 4 ? 4 : frame > ES_FRAMES - 5 ? ES_FRAMES - 5 : frame;
    const float *at = fe->mfcc + (size_t)middle * ES_N_MFCC + k;
    float sum = 0.0f;
    for (int i = 1; i <= 4; ++i) sum += (float)i * (at[i * ES_N_MFCC] - at[-i * ES_N_MFCC]);
    return sum / 60.0f;
}

static float curvature(const es_frontend_t *fe, int frame, int k) {
    /* The second derivative of the parabola through nine frames. */
    static const float weights[5] = {-20.0f, -17.0f, -8.0f, 7.0f, 28.0f};
    const int middle = frame < 4 ? 4 : frame > ES_FRAMES - 5 ? ES_FRAMES - 5 : frame;
    const float *at = fe->mfcc + (size_t)middle * ES_N_MFCC + k;
    float sum = weights[0] * at[0];
    for (int i = 1; i <= 4; ++i) sum += weights[i] * (at[i * ES_N_MFCC] + at[-i * ES_N_MFCC]);
    return sum / 462.0f;
}
#endif

int es_finish(es_frontend_t *fe) {
    if (fe->taken < ES_SAMPLES) return ES_TOO_FEW_SAMPLES;
    if (!(fe->energy < INFINITY)) return ES_NOT_FINITE;
    if (fe->energy <= 0.0f) return ES_SILENT;
    while (fe->frames < ES_FRAMES) take(fe, 0.0f);
#if ES_HAS_LEVEL
    const float gain = ES_LEVEL_POWER * (float)ES_SAMPLES / fe->energy;
    for (int i = 0; i < ES_FRAMES * ES_N_MELS; ++i) fe->mel[i] *= gain;
#endif
#if ES_HAS_POWER
    memcpy(fe->power, fe->mel, sizeof fe->power);
#endif
#if ES_HAS_LOG
    to_decibels(fe);
#endif
#if ES_HAS_MFCC
    to_cepstrum(fe);
#endif
    return ES_OK;
}

void es_row(const es_frontend_t *fe, int frame, float *row) {
    static const int blocks[] = ES_BLOCKS;
    float *out = row;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; ++i) {
        const int block = blocks[i];
        const int columns = block == ES_BLOCK_LOGMEL || block == ES_BLOCK_MEL ? ES_N_MELS : ES_N_MFCC;
        for (int k = 0; k < columns; ++k) {
            float value = fe->mel[frame * ES_N_MELS + k];
#if ES_HAS_POWER
            if (block == ES_BLOCK_MEL) value = fe->power[frame * ES_N_MELS + k];
#endif
#if ES_HAS_MFCC
            if (block == ES_BLOCK_MFCC) value = fe->mfcc[frame * ES_N_MFCC + k];
            if (block == ES_BLOCK_DELTA) value = slope(fe, frame, k);
            if (block == ES_BLOCK_DELTA2) value = curvature(fe, frame, k);
#endif
            *out++ = value;
        }
    }
    for (int column = 0; column < ES_WIDTH; ++column) {
        row[column] = (row[column] - es_column_mean[column]) * es_column_scale[column];
    }
}

void es_quantize(const float *values, int8_t *out, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        const float step = rintf(values[i] * ES_INPUT_INVERSE_SCALE + ES_INPUT_ZERO_POINT);
        out[i] = (int8_t)fminf(fmaxf(step, -128.0f), 127.0f);
    }
}
