#pragma once
#include <cstdlib>
inline void vTaskDelay(int) { std::exit(0); }
