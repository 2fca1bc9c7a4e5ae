"""Half the size: weights are stored as float16, computed is in float32."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def stored(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return the network with kernels in float16, each behind a Cast that runtimes do once, when they load it.

    Computing in float16 would be slower on CPUs. Biases, scales and statistics are small and stay as they are.
    """
    halved = onnx.ModelProto()
    halved.CopyFrom(model)
    casts = []
    for weight in halved.graph.initializer:
        if weight.data_type == TensorProto.FLOAT and len(weight.dims) > 1:
            name, small = weight.name, f"{weight.name}_float16"
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), small))
            casts.append(helper.make_node("Cast", [small], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *halved.graph.node]
    del halved.graph.node[:]
    halved.graph.node.extend(nodes)
    return halved
