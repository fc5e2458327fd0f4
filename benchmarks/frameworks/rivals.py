"""The same work as kiln.cpp in one framework, by the same protocol: rivals.py FRAMEWORK FOLDER [NAME].

Tells its version and a result of each kind of work as JSON; then, for each name that comes in, the least time of a call in seconds.
Each framework is used as its users are told to for speed: compiled functions, donated or updated state, arrays that it has
already; one thread.
"""
import json
import os
import sys
import time

import numpy as np

RATE = 0.01
LAYERS = ["third", "fourth", "fifth"]


def numbers(folder):
    data = np.load(os.path.join(folder, "data.npz"))
    return {name: data[name] for name in data.files}


def weights_of(data, model):
    return {name[len(model) + 1:]: data[name] for name in data if name.startswith(model + "/")}


def energy(array):
    array = np.asarray(array, dtype=np.float64)
    return float((array * array).sum())


def tensorflow_1(data, _folder):
    """Graphs of TensorFlow 1.x, called through Session.make_callable."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"
    import tensorflow
    tf = tensorflow.compat.v1
    tf.disable_eager_execution()
    session = tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1))
    variables = {model: {k: tf.get_variable(f"{model}/{k}", initializer=v) for k, v in weights_of(data, model).items()}
                 for model in ("perceptron", "lenet")}

    def perceptron(x):
        w = variables["perceptron"]
        return tf.nn.relu(x @ w["hidden/kernel"] + w["hidden/bias"]) @ w["readout/kernel"] + w["readout/bias"]

    def lenet(x):
        w = variables["lenet"]
        h = tf.reshape(x, [-1, 28, 28, 1])
        for name, padding in (("first", "SAME"), ("second", "VALID")):
            h = tf.nn.relu(tf.nn.conv2d(h, w[name + "/kernel"], 1, padding) + w[name + "/bias"])
            h = tf.nn.max_pool2d(h, 2, 2, "VALID")
        h = tf.reshape(h, [-1, 400])
        for name in LAYERS:
            h = h @ w[name + "/kernel"] + w[name + "/bias"]
            h = h if name == LAYERS[-1] else tf.nn.relu(h)
        return h

    def step(model, samples, labels, w):
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=model(samples)))
        update = tf.train.GradientDescentOptimizer(RATE).minimize(loss, var_list=list(w.values()))
        with tf.control_dependencies([update]):
            return tf.identity(loss)

    x, rows = tf.placeholder(tf.float32, data["x"].shape), tf.placeholder(tf.float32, data["rows"].shape)
    image, images = tf.placeholder(tf.float32, [1, 784]), tf.placeholder(tf.float32, data["images"].shape)
    labels = tf.placeholder(tf.int32, data["labels"].shape)
    graphs = {"map": (tf.tanh(2 * x + 0.5) * 1.5 + x / (1 + x * x), [x]), "softmax": (tf.nn.softmax(rows), [rows]),
              "inference": (perceptron(image), [image]),
              "mlp_step": (step(perceptron, images, labels, variables["perceptron"]), [images, labels]),
              "lenet_step": (step(lenet, images, labels, variables["lenet"]), [images, labels])}
    session.run(tf.global_variables_initializer())
    fed = {x: data["x"], rows: data["rows"], image: data["images"][:1], images: data["images"], labels: data["labels"]}
    calls = {}
    for name, (graph, inputs) in graphs.items():
        run, values = session.make_callable(graph, inputs), [fed[i] for i in inputs]
        calls[name] = lambda run=run, values=values: run(*values)
    return tensorflow.__version__, calls, np.asarray


def jax(data, _folder):
    """jax.jit; steps donate their weights."""
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax
    import jax.numpy as jnp
    from jax import lax

    def perceptron(w, x):
        return jax.nn.relu(x @ w["hidden/kernel"] + w["hidden/bias"]) @ w["readout/kernel"] + w["readout/bias"]

    def lenet(w, x):
        h = x.reshape(-1, 28, 28, 1)
        for name, padding in (("first", "SAME"), ("second", "VALID")):
            h = lax.conv_general_dilated(h, w[name + "/kernel"], (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))
            h = lax.reduce_window(jax.nn.relu(h + w[name + "/bias"]), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        h = h.reshape(-1, 400)
        for name in LAYERS:
            h = h @ w[name + "/kernel"] + w[name + "/bias"]
            h = h if name == LAYERS[-1] else jax.nn.relu(h)
        return h

    def stepper(model):
        def loss_of(w, images, labels):
            return -jnp.take_along_axis(jax.nn.log_softmax(model(w, images)), labels[:, None], 1).mean()

        def step(w, images, labels):
            loss, slope = jax.value_and_grad(loss_of)(w, images, labels)
            return loss, jax.tree.map(lambda v, g: v - RATE * g, w, slope)
        return jax.jit(step, donate_argnums=0)

    put = {name: jnp.asarray(value) for name, value in data.items()}
    state = {model: {k: jnp.array(v) for k, v in weights_of(data, model).items()} for model in ("perceptron", "lenet")}
    kept = {k: jnp.array(v) for k, v in weights_of(data, "perceptron").items()}
    map_of = jax.jit(lambda x: jnp.tanh(2 * x + 0.5) * 1.5 + x / (1 + x * x))
    softmax, infer, image = jax.jit(jax.nn.softmax), jax.jit(perceptron), put["images"][:1]

    def steps(model, step):
        def call():
            loss, state[model] = step(state[model], put["images"], put["labels"])
            return loss.block_until_ready()
        return call

    calls = {"map": lambda: map_of(put["x"]).block_until_ready(), "softmax": lambda: softmax(put["rows"]).block_until_ready(),
             "inference": lambda: infer(kept, image).block_until_ready(), "mlp_step": steps("perceptron", stepper(perceptron)),
             "lenet_step": steps("lenet", stepper(lenet))}
    return jax.__version__, calls, np.asarray


def torch(data, _folder):
    """Eager, with gradients by autograd and the update by torch.optim.SGD; channels last in the convolutions."""
    import torch
    torch.set_num_threads(1)
    F = torch.nn.functional
    put = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in data.items()}
    answers = put["labels"].long()

    def parameters(model):
        w = {}
        for name, value in weights_of(data, model).items():
            v = torch.from_numpy(value.copy())
            if v.dim() == 4:
                v = v.permute(3, 2, 0, 1).contiguous(memory_format=torch.channels_last)   # [h, w, in, out] to [out, in, h, w]
            elif v.dim() == 2:
                v = v.t().contiguous()
            w[name] = v.requires_grad_()
        return w

    def perceptron(w, x):
        return F.linear(F.relu(F.linear(x, w["hidden/kernel"], w["hidden/bias"])), w["readout/kernel"], w["readout/bias"])

    def lenet(w, x):
        h = x.reshape(-1, 1, 28, 28).contiguous(memory_format=torch.channels_last)
        for name, padding in (("first", 2), ("second", 0)):
            h = F.max_pool2d(F.relu(F.conv2d(h, w[name + "/kernel"], w[name + "/bias"], padding=padding)), 2)
        h = h.permute(0, 2, 3, 1).reshape(-1, 400)
        for name in LAYERS:
            h = F.linear(h, w[name + "/kernel"], w[name + "/bias"])
            h = h if name == LAYERS[-1] else F.relu(h)
        return h

    def steps(model, w):
        optimizer = torch.optim.SGD(list(w.values()), lr=RATE)

        def call():
            optimizer.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(w, put["images"]), answers)
            loss.backward()
            optimizer.step()
            return loss
        return call

    kept = {k: v.detach() for k, v in parameters("perceptron").items()}
    image = put["images"][:1]

    def without_gradients(f):
        def call():
            with torch.inference_mode():
                return f()
        return call

    def map_of():
        x = put["x"]
        return torch.tanh(2 * x + 0.5) * 1.5 + x / (1 + x * x)

    calls = {"map": without_gradients(map_of), "softmax": without_gradients(lambda: F.softmax(put["rows"], 1)),
             "inference": without_gradients(lambda: perceptron(kept, image)),
             "mlp_step": steps(perceptron, parameters("perceptron")), "lenet_step": steps(lenet, parameters("lenet"))}
    return torch.__version__, calls, lambda t: t.detach().numpy()


def onnxruntime(data, folder):
    """The models that kiln wrote; inputs and outputs are bound once. It trains nothing."""
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    fed = {"map": ("x", data["x"]), "softmax": ("rows", data["rows"]), "inference": ("images", data["images"][:1])}
    calls = {}
    for name, (argument, value) in fed.items():
        session = ort.InferenceSession(os.path.join(folder, name + ".onnx"), options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        binding.bind_cpu_input(argument, np.ascontiguousarray(value))
        binding.bind_output("output_0")

        def call(session=session, binding=binding):
            session.run_with_iobinding(binding)
            return binding
        calls[name] = call
    return ort.__version__, calls, lambda binding: binding.copy_outputs_to_cpu()[0]


def least_seconds(call):
    def seconds(calls):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return time.perf_counter() - start

    calls = 1
    while seconds(calls) < 2e-3:
        calls *= 2
    return min(seconds(calls) / calls for _ in range(15))


def main():
    framework, folder = sys.argv[1:3]
    only = sys.argv[3] if len(sys.argv) > 3 else ""
    version, calls, array_of = globals()[framework](numbers(folder), folder)
    calls = {name: call for name, call in calls.items() if only in ("", name)}
    results = {}
    for name, call in calls.items():
        for _ in range(3):
            last = array_of(call())
        results[name] = float(last) if np.ndim(last) == 0 else energy(last)
    print(json.dumps({"version": version, "results": results}), flush=True)
    for line in sys.stdin:
        print(least_seconds(calls[line.strip()]), flush=True)


main()
