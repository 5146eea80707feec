#ifndef EDGESENSE_MODEL_H
#define EDGESENSE_MODEL_H

#include <stdint.h>

#include "edgesense_settings.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const unsigned char es_model[]; /* the .tflite file, 16-byte aligned */
extern const char *const es_class_names[];
extern const int8_t es_check_scores[]; /* of the example's noise, as TFLite Micro gave them on a computer */

#ifdef __cplusplus
}
#endif

#endif
