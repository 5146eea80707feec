#pragma once

namespace tflite {
template <int size>
struct MicroMutableOpResolver {
    int added = 0;
    void AddConv2D() { ++added; }
    void AddDepthwiseConv2D() { ++added; }
    void AddFullyConnected() { ++added; }
    void AddLogistic() { ++added; }
    void AddMean() { ++added; }
    void AddMul() { ++added; }
    void AddRelu() { ++added; }
    void AddReshape() { ++added; }
    void AddSoftmax() { ++added; }
};
}  // namespace tflite
