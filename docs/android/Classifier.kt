import android.content.Context
import java.io.FileInputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.channels.FileChannel
import kotlin.math.roundToInt
import org.json.JSONArray
import org.json.JSONObject
import org.tensorflow.lite.DataType
import org.tensorflow.lite.Delegate
import org.tensorflow.lite.Interpreter
import org.tensorflow.lite.Tensor
import org.tensorflow.lite.gpu.CompatibilityList
import org.tensorflow.lite.gpu.GpuDelegate
import org.tensorflow.lite.nnapi.NnApiDelegate

enum class Accelerator { CPU, GPU, NNAPI }

/** A pipeline directory below the app's assets. Close it; use it from one thread. */
class Classifier(context: Context, directory: String, accelerator: Accelerator, threads: Int = 1) : AutoCloseable {
    private val record = JSONObject(context.assets.open("$directory/pipeline.json").bufferedReader().readText())
    private val classes = record.getJSONArray("classes").let { names -> List(names.length()) { names.getString(it) } }
    private val frontEnd = FrontEnd(settingsOf(record.getJSONObject("features")))
    private val delegate: Delegate? = when (accelerator) {
        Accelerator.CPU -> null
        Accelerator.GPU -> CompatibilityList().use { if (it.isDelegateSupportedOnThisDevice) GpuDelegate() else null }
        Accelerator.NNAPI -> NnApiDelegate(NnApiDelegate.Options().apply {
            setUseNnapiCpu(false)   // NNAPI's own processor kernels are slower than XNNPACK's
            setExecutionPreference(NnApiDelegate.Options.EXECUTION_PREFERENCE_SUSTAINED_SPEED)
        })
    }
    private val interpreter = Interpreter(
        // The file is mapped: keep it uncompressed in the APK (androidResources { noCompress += "tflite" }).
        context.assets.openFd("$directory/${record.getString("model")}").use { file ->
            FileInputStream(file.fileDescriptor).channel.map(FileChannel.MapMode.READ_ONLY, file.startOffset, file.declaredLength)
        },
        Interpreter.Options().apply {
            setNumThreads(threads)
            delegate?.let { addDelegate(it) }
        },
    )

    /** Label of one clip: mono, in [-1, 1], at the pipeline's rate and of its length. */
    fun label(clip: FloatArray): String {
        val output = interpreter.getOutputTensor(0)
        val scores = ByteBuffer.allocateDirect(output.numBytes()).order(ByteOrder.nativeOrder())
        interpreter.run(quantised(frontEnd.features(clip), interpreter.getInputTensor(0)), scores)
        scores.rewind()
        // The largest stays the largest, quantised or not.
        val values = List(classes.size) { if (output.dataType() == DataType.INT8) scores.get().toFloat() else scores.getFloat() }
        return classes[values.indices.maxBy { values[it] }]
    }

    private fun quantised(features: FloatArray, input: Tensor): ByteBuffer {
        val buffer = ByteBuffer.allocateDirect(input.numBytes()).order(ByteOrder.nativeOrder())
        val scale = input.quantizationParams().scale
        val zero = input.quantizationParams().zeroPoint
        for (value in features) {
            if (input.dataType() == DataType.INT8) buffer.put(((value / scale).roundToInt() + zero).coerceIn(-128, 127).toByte())
            else buffer.putFloat(value)
        }
        buffer.rewind()
        return buffer
    }

    override fun close() {
        interpreter.close()   // before its delegate
        delegate?.close()
    }
}

private fun settingsOf(said: JSONObject): FeatureSettings {
    fun number(key: String) = if (said.isNull(key)) null else said.getDouble(key)
    fun floats(key: String) = said.getJSONArray(key).let { all -> FloatArray(all.length()) { all.getDouble(it).toFloat() } }
    val rate = said.getInt("sample_rate")
    val blocks: JSONArray = said.getJSONArray("blocks")
    return FeatureSettings(
        rate, said.getDouble("seconds"), said.getInt("n_fft"), said.getInt("hop_length"), said.getInt("n_mels"),
        said.getDouble("fmin"), number("fmax") ?: rate / 2.0, number("level_dbfs"), number("top_db"),
        floats("column_mean"), floats("column_std"), List(blocks.length()) { blocks.getString(it) },
    )
}
