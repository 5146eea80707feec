#ifndef EDGESENSE_TABLES_H
#define EDGESENSE_TABLES_H

#include <stdint.h>

#include "edgesense_settings.h"

extern const float es_window[];
extern const float es_twiddle[]; /* cosine and sine of each step round half a circle */
extern const uint16_t es_mel_start[];
extern const uint16_t es_mel_count[];
extern const float es_mel_weights[]; /* band after band */
extern const float es_column_mean[];
extern const float es_column_scale[];
#if ES_HAS_MFCC
extern const float es_dct[]; /* a row of ES_N_MELS for each coefficient */
#endif

#endif
