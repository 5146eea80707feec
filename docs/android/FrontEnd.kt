import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.exp
import kotlin.math.ln
import kotlin.math.log10
import kotlin.math.max
import kotlin.math.min
import kotlin.math.pow
import kotlin.math.roundToInt
import kotlin.math.sin
import kotlin.math.sqrt

/** "features" of pipeline.json. [fmax] is half the sample rate where the file says null. */
class FeatureSettings(
    val sampleRate: Int, seconds: Double, val nFft: Int, val hopLength: Int, val nMels: Int,
    val fmin: Double, val fmax: Double, val levelDbfs: Double?, val topDb: Double?,
    val columnMean: FloatArray, val columnStd: FloatArray, blocks: List<String>,
) {
    val samples = (sampleRate * seconds).roundToInt()
    val frames = 1 + samples / hopLength

    init {
        require(blocks == listOf("logmel")) { "this front end makes logmel alone, not $blocks" }
        require(nFft > 1 && nFft and (nFft - 1) == 0) { "n_fft must be a power of two, not $nFft" }
    }
}

/** One clip in, its log-mel columns out: what edgesense.features.FrontEnd computes. Not for several threads at once. */
class FrontEnd(private val settings: FeatureSettings) {
    private val half = settings.nFft / 2
    private val window = DoubleArray(settings.nFft) { 0.5 - 0.5 * cos(2 * PI * it / settings.nFft) }
    private val bands = filters()
    private val real = DoubleArray(settings.nFft)
    private val imaginary = DoubleArray(settings.nFft)

    /** [clip]: mono, in [-1, 1], settings.samples long. Returns frames x nMels values, frame by frame. */
    fun features(clip: FloatArray): FloatArray {
        require(clip.size == settings.samples) { "a clip of ${settings.samples} samples is wanted, not ${clip.size}" }
        val energy = clip.sumOf { it.toDouble() * it }
        require(energy > 0 && energy.isFinite()) { "the clip is silent, or holds what is no number" }
        val gain = settings.levelDbfs?.let { 10.0.pow(it / 20) * sqrt(clip.size / energy) } ?: 1.0
        val result = FloatArray(settings.frames * settings.nMels)
        for (frame in 0 until settings.frames) {
            // Frames are centred; beyond the clip's ends there are zeros.
            val start = frame * settings.hopLength - half
            for (i in 0 until settings.nFft) {
                val sample = if (start + i in clip.indices) clip[start + i] * gain else 0.0
                real[i] = sample * window[i]
                imaginary[i] = 0.0
            }
            transform()
            for ((band, filter) in bands.withIndex()) {
                var power = 0.0
                for ((i, weight) in filter.weights.withIndex()) {
                    val bin = filter.first + i
                    power += weight * (real[bin] * real[bin] + imaginary[bin] * imaginary[bin])
                }
                result[frame * settings.nMels + band] = (10 * log10(max(power, 1e-10))).toFloat()
            }
        }
        val floor = settings.topDb?.let { result.max() - it.toFloat() } ?: -100f
        for (i in result.indices) {
            val column = i % settings.nMels
            val mean = settings.columnMean.getOrElse(column) { 0f }
            val std = settings.columnStd.getOrElse(column) { 1f }
            result[i] = (max(result[i], floor) - mean) / std
        }
        return result
    }

    private class Filter(val first: Int, val weights: DoubleArray)

    /** Triangles of equal area on Slaney's mel scale, as librosa.filters.mel makes them. */
    private fun filters(): List<Filter> {
        val low = toMel(settings.fmin)
        val step = (toMel(settings.fmax) - low) / (settings.nMels + 1)
        val edges = DoubleArray(settings.nMels + 2) { toHertz(low + it * step) }
        val perBin = settings.sampleRate.toDouble() / settings.nFft
        return List(settings.nMels) { band ->
            val (left, middle, right) = edges.slice(band..band + 2)
            val first = (left / perBin).toInt()
            val last = min((right / perBin).toInt() + 1, half)
            Filter(first, DoubleArray(last - first + 1) { i ->
                val hertz = (first + i) * perBin
                val height = min((hertz - left) / (middle - left), (right - hertz) / (right - middle))
                max(0.0, height) * 2 / (right - left)
            })
        }
    }

    private fun toMel(hertz: Double) = if (hertz < 1000) hertz * 3 / 200 else 15 + ln(hertz / 1000) * 27 / ln(6.4)

    private fun toHertz(mel: Double) = if (mel < 15) mel * 200 / 3 else 1000 * exp((mel - 15) * ln(6.4) / 27)

    /** The discrete Fourier transform of [real] and [imaginary], in place (Cooley and Tukey, radix 2). */
    private fun transform() {
        val n = real.size
        var j = 0
        for (i in 1 until n) {
            var bit = n shr 1
            while (j and bit != 0) { j = j xor bit; bit = bit shr 1 }
            j = j or bit
            if (i < j) {
                real[i] = real[j].also { real[j] = real[i] }
                imaginary[i] = imaginary[j].also { imaginary[j] = imaginary[i] }
            }
        }
        var length = 2
        while (length <= n) {
            for (k in 0 until length / 2) {
                val angle = -2 * PI * k / length
                val (c, s) = cos(angle) to sin(angle)
                for (start in 0 until n step length) {
                    val a = start + k
                    val b = a + length / 2
                    val x = real[b] * c - imaginary[b] * s
                    val y = real[b] * s + imaginary[b] * c
                    real[b] = real[a] - x
                    imaginary[b] = imaginary[a] - y
                    real[a] += x
                    imaginary[a] += y
                }
            }
            length *= 2
        }
    }
}
