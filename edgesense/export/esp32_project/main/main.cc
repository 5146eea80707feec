// An example: one clip through the front end and the model, timed, and checked against what EdgeSense said of it.

#include <cstdio>

#include "edgesense_frontend.h"
#include "edgesense_model.h"
#include "edgesense_resolver.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace {

#if CONFIG_IDF_TARGET_ESP32S3
constexpr size_t kArenaBytes = ES_ARENA_BYTES + ES_SCRATCH_BYTES;
#else
constexpr size_t kArenaBytes = ES_ARENA_BYTES;
#endif

es_frontend_t front_end;
float row[ES_WIDTH];
alignas(16) uint8_t arena[kArenaBytes];

// Noise that every computer makes alike. Put your microphone here: es_push_int16 takes its blocks as they come.
void hear_noise() {
    uint32_t state = ES_CHECK_SEED;
    int16_t block[160];
    for (int sent = 0; sent < ES_SAMPLES;) {
        int count = 0;
        for (; count < 160 && sent < ES_SAMPLES; ++count, ++sent) {
            state = state * 1664525u + 1013904223u;
            block[count] = static_cast<int16_t>(static_cast<int32_t>(state >> 16) - 32768) / 8;
        }
        es_push_int16(&front_end, block, count);
    }
}

int best(const int8_t *scores) {
    int winner = 0;
    for (int i = 1; i < ES_CLASSES; ++i) {
        if (scores[i] > scores[winner]) winner = i;
    }
    return winner;
}

}  // namespace

extern "C" void app_main(void) {
    auto resolver = es_resolver();
    tflite::MicroInterpreter interpreter(tflite::GetModel(es_model), resolver, arena, kArenaBytes);
    if (interpreter.AllocateTensors() != kTfLiteOk) {
        std::printf("the model does not load in an arena of %u bytes\n", static_cast<unsigned>(kArenaBytes));
        return;
    }
    std::printf("arena used: %u of %u bytes; front end: %u bytes\n", static_cast<unsigned>(interpreter.arena_used_bytes()),
                static_cast<unsigned>(kArenaBytes), static_cast<unsigned>(sizeof front_end + sizeof row));
    for (;;) {
        const int64_t began = esp_timer_get_time();
        es_begin(&front_end);
        hear_noise();
        const int status = es_finish(&front_end);
        if (status != ES_OK) {
            std::printf("no features: %d\n", status);
            return;
        }
        int8_t *input = interpreter.input(0)->data.int8;
        for (int frame = 0; frame < ES_FRAMES; ++frame) {
            es_row(&front_end, frame, row);
            es_quantize(row, input + frame * ES_WIDTH, ES_WIDTH);
        }
        const int64_t featured = esp_timer_get_time();
        if (interpreter.Invoke() != kTfLiteOk) {
            std::printf("the model failed\n");
            return;
        }
        const int64_t done = esp_timer_get_time();
        const int8_t *scores = interpreter.output(0)->data.int8;
        const int said = best(scores);
        std::printf("%s, expected %s: features %.1f ms, inference %.1f ms, scores", es_class_names[said],
                    es_class_names[ES_CHECK_CLASS], (featured - began) / 1e3, (done - featured) / 1e3);
        for (int i = 0; i < ES_CLASSES; ++i) {
            std::printf(" %.3f (%.3f)", (scores[i] - ES_OUTPUT_ZERO_POINT) * ES_OUTPUT_SCALE,
                        (es_check_scores[i] - ES_OUTPUT_ZERO_POINT) * ES_OUTPUT_SCALE);
        }
        std::printf("\n");
        vTaskDelay(pdMS_TO_TICKS(1000));
    }
}
