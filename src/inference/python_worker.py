"""Answers predictions of one Python model over a Unix socket; started by inference/python_engine.cc.

It needs Python and what the model itself imports: joblib and pandas are used when they are there,
MLflow only where the model names a module of its to load it. Before the model is loaded the process
gives up what it does not need.

A frame is `<IQ`: bytes of a JSON header, bytes of a body; then both. Tensors lie in the body in the
header's order: numbers row-major little-endian, texts as length (uint32) and UTF-8. A large body lies
in memory that both processes have, one piece for requests and one for answers, whose descriptors come
with the first byte; the header says how many bytes as `shared`. A model sees such inputs without a
copy, as arrays that cannot be written, until its predict returns.
"""
import importlib
import inspect
import json
import mmap
import os
import pickle
import resource
import socket
import struct
import sys
import types
import warnings

FRAME = struct.Struct("<IQ")
HEADER_BYTES_MAX = 16 << 20
BODY_BYTES_MAX = 1 << 30
SHARED_BYTES_MIN = 64 << 10
OPEN_FILES_MAX = 1024
WRITTEN_FILE_BYTES_MAX = 64 << 20
ERROR_CHARACTERS_MAX = 4000

NUMPY_TYPES = {"BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8",
               "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2",
               "FP32": "<f4", "FP64": "<f8"}


def give_up_privileges(address_space_bytes_max):
    """Returns whether the network is out of reach, which needs rights of its own."""
    try:
        # Where memory runs out all the same, the kernel shall take this process and no other.
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        pass
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limits = ((resource.RLIMIT_AS, address_space_bytes_max),
              (resource.RLIMIT_NOFILE, OPEN_FILES_MAX),
              (resource.RLIMIT_FSIZE, WRITTEN_FILE_BYTES_MAX))
    for kind, most in limits:
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    try:
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError):
        return False
    pr_set_no_new_privs, clone_newnet, clone_newuser = 38, 0x40000000, 0x10000000
    libc.prctl(pr_set_no_new_privs, 1, 0, 0, 0)
    return any(libc.unshare(flags) == 0 for flags in (clone_newnet, clone_newnet | clone_newuser))


def read_exactly(connection, count):
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)


def map_memory(descriptor, size, access):
    try:
        return mmap.mmap(descriptor, size, access=access)
    except OSError as error:  # it counts as what the process may address
        raise MemoryError(str(error)) from error


class Connection:
    """Frames over the socket, large bodies by shared memory."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.requests = self.answers = None
        self.process = os.getpid()
        # A process that the model forks would read requests beside this one, and hold the socket
        # when this one has died.
        os.register_at_fork(after_in_child=self.socket.close)

    def share_memory(self):
        _, descriptors, _, _ = socket.recv_fds(self.socket, 1, 2)
        self.requests, self.answers = descriptors

    def receive(self):
        header_bytes, body_bytes = FRAME.unpack(read_exactly(self.socket, FRAME.size))
        if header_bytes > HEADER_BYTES_MAX or body_bytes > BODY_BYTES_MAX:
            raise EOFError
        return (json.loads(read_exactly(self.socket, header_bytes)),
                read_exactly(self.socket, body_bytes))

    def body_of(self, header, body):
        """Unmapped when the last array that was made of it is gone."""
        shared = header.get("shared")
        return map_memory(self.requests, shared, mmap.ACCESS_READ) if shared else body

    def send(self, header, parts=()):
        if os.getpid() != self.process:  # the model's own child has come out of its predict
            os._exit(0)
        body_bytes = sum(len(part) for part in parts)
        if SHARED_BYTES_MIN <= body_bytes <= BODY_BYTES_MAX:
            with map_memory(self.answers, body_bytes, mmap.ACCESS_WRITE) as memory:
                for part in parts:
                    memory.write(part)
            header, parts = {**header, "shared": body_bytes}, ()
        text = json.dumps(header).encode()
        body = b"".join(parts)
        self.socket.sendall(FRAME.pack(len(text), len(body)) + text + body)


def read_tensors(specs, body):
    import numpy
    tensors, at = {}, 0
    for spec in specs:
        shape = spec["shape"]
        count = 1
        for size in shape:
            count *= size
        if spec["datatype"] == "BYTES":
            texts = []
            for _ in range(count):
                (length,) = struct.unpack_from("<I", body, at)
                texts.append(body[at + 4:at + 4 + length].decode("utf-8", "replace"))
                at += 4 + length
            array = numpy.array(texts, dtype=object).reshape(shape)
        else:
            dtype = numpy.dtype(NUMPY_TYPES[spec["datatype"]])
            array = numpy.frombuffer(body, dtype, count, at).reshape(shape)
            at += count * dtype.itemsize
        tensors[spec["name"]] = array
    return tensors


def write_tensor(name, values):
    import numpy
    array = numpy.asarray(values)
    names = {"b": "BOOL"}
    if array.dtype.kind in "iuf" and array.dtype.itemsize <= 8:
        kind = {"i": "INT", "u": "UINT", "f": "FP"}[array.dtype.kind]
        names[array.dtype.kind] = f"{kind}{array.dtype.itemsize * 8}"
    datatype = names.get(array.dtype.kind, "BYTES")
    spec = {"name": str(name), "datatype": datatype, "shape": list(array.shape)}
    if datatype != "BYTES":
        return spec, numpy.ascontiguousarray(array, NUMPY_TYPES[datatype]).tobytes()
    parts = []
    for value in array.ravel():
        text = value if isinstance(value, bytes) else str(value).encode()
        parts += [struct.pack("<I", len(text)), text]
    return spec, b"".join(parts)


def stand_in_for_mlflow():
    """The names that a pickled PythonModel refers to, for where MLflow is not installed."""
    try:
        import mlflow.pyfunc.model  # noqa: F401
        return
    except ImportError:
        pass

    class PythonModel:
        def load_context(self, context):
            pass

        def predict(self, context, model_input, params=None):
            raise NotImplementedError

    class PythonModelContext:
        def __init__(self, artifacts, model_config):
            self.artifacts, self.model_config = artifacts, model_config

    modules = [types.ModuleType(name) for name in ("mlflow", "mlflow.pyfunc", "mlflow.pyfunc.model")]
    for module in modules:
        sys.modules[module.__name__] = module
        module.__path__ = []
    modules[0].pyfunc, modules[1].model = modules[1], modules[2]
    for module in modules[1:]:
        for one in (PythonModel, PythonModelContext):
            one.__module__ = "mlflow.pyfunc.model"
            setattr(module, one.__name__, one)


def unpickle(path):
    try:
        import joblib
    except ImportError:
        with open(path, "rb") as file:
            return pickle.load(file)
    return joblib.load(path)


class Estimator:
    """A scikit-learn model, or whatever has its predict."""

    def __init__(self, model):
        self.model = model

    def describe(self):
        import numpy
        # Of a pipeline or a search, scikit-learn hands these on itself, where it can.
        names = getattr(self.model, "feature_names_in_", None)
        count = getattr(self.model, "n_features_in_", None)
        classes = getattr(self.model, "classes_", None)
        answer = {"columns": None if names is None else [str(name) for name in names],
                  "features": None if count is None else int(count), "classes": None}
        if classes is not None and isinstance(classes, numpy.ndarray):
            answer["classes"] = write_tensor("label", classes)[0]["datatype"]
            if hasattr(self.model, "predict_proba"):
                answer["probabilities"] = len(classes)
        return answer

    def predict(self, data, params):
        label = self.model.predict(data)
        if getattr(self.model, "classes_", None) is None:
            return {"variable": label}
        outputs = {"label": label}
        if hasattr(self.model, "predict_proba"):
            probabilities = self.model.predict_proba(data)
            if not isinstance(probabilities, list):
                outputs["probabilities"] = probabilities
        return outputs


def outputs_of(answer):
    """A data frame's columns, a dictionary's entries or the one output "predictions"."""
    if hasattr(answer, "columns") and hasattr(answer, "to_numpy"):
        return {str(name): answer[name].to_numpy() for name in answer.columns}
    if isinstance(answer, dict):
        return answer
    return {"predictions": answer.to_numpy() if hasattr(answer, "to_numpy") else answer}


class LoadedModel:
    """What the `_load_pyfunc` of a loader_module gives: something with a predict."""

    def __init__(self, module, path):
        try:
            loader = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name != "mlflow":
                raise
            raise ModuleNotFoundError(f"{module} needs the package mlflow in the Python that "
                                      "MILLWRIGHT_PYTHON names") from error
        self.model = loader._load_pyfunc(path)
        try:
            self.takes_params = "params" in inspect.signature(self.model.predict).parameters
        except (TypeError, ValueError):  # it is not written in Python
            self.takes_params = False

    def describe(self):
        return {"columns": None, "features": None, "classes": None}

    def predict(self, data, params):
        more = {"params": params} if self.takes_params else {}
        return outputs_of(self.model.predict(data, **more))


class PyfuncModel:
    """A pickled mlflow.pyfunc.PythonModel."""

    def __init__(self, model, artifacts):
        context_type = sys.modules["mlflow.pyfunc.model"].PythonModelContext
        self.model, self.context = model, context_type(artifacts, None)
        model.load_context(self.context)

    def describe(self):
        return {"columns": None, "features": None, "classes": None}

    def predict(self, data, params):
        try:
            answer = self.model.predict(self.context, data, params=params)
        except TypeError as error:
            if "params" not in str(error):
                raise
            answer = self.model.predict(self.context, data)
        return outputs_of(answer)


def import_what_requests_need():
    """Before the first request, whose time is limited; each is missed only where it is needed."""
    for name in ("numpy", "pandas"):
        try:
            __import__(name)
        except ImportError:
            pass


def load(spec):
    for folder in spec["code"]:
        sys.path.insert(0, folder)
    if spec["kind"] == "loader":
        return LoadedModel(spec["module"], spec["path"])
    if spec["kind"] == "pyfunc":
        stand_in_for_mlflow()
        return PyfuncModel(unpickle(spec["path"]), spec["artifacts"])
    return Estimator(unpickle(spec["path"]))


def model_input(tensors, columns):
    """One table of the named columns, or the only tensor."""
    if not columns:
        return next(iter(tensors.values()))
    import numpy
    flat = {name: tensors[name].reshape(len(tensors[name])) for name in columns if name in tensors}
    try:
        import pandas
    except ImportError:
        return numpy.column_stack(list(flat.values()))
    return pandas.DataFrame(flat, columns=[name for name in columns if name in flat])


def answer(model, header, body):
    tensors = read_tensors(header["inputs"], body)
    data = model_input(tensors, header["columns"])
    outputs = [write_tensor(name, values)
               for name, values in model.predict(data, header.get("params")).items()]
    return {"outputs": [spec for spec, _ in outputs]}, [data for _, data in outputs]


def reason(error):
    return f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]


def main():
    socket_path = sys.argv[1]
    os.dup2(2, 1)  # what the model prints goes to the log
    connection = Connection(socket_path)
    offline = give_up_privileges(int(sys.argv[2]))
    connection.share_memory()
    sys.path[:0] = [path for path in os.environ.get("MILLWRIGHT_PYTHONPATH", "").split(":") if path]
    spec, _ = connection.receive()
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            import_what_requests_need()
            model = load(spec)
        facts = model.describe()
    except Exception as error:  # whatever the model's own code throws is the answer
        connection.send({"error": reason(error)})
        return
    notes = sorted({str(one.message).splitlines()[0] for one in said if str(one.message)})[:20]
    connection.send({**facts, "offline": offline, "python": sys.version.split()[0],
                     "warnings": notes})
    while True:
        try:
            header, body = connection.receive()
        except EOFError:
            return
        try:
            connection.send(*answer(model, header, connection.body_of(header, body)))
        except MemoryError as error:
            connection.send({"error": reason(error), "out_of_memory": True})
        except Exception as error:
            connection.send({"error": reason(error)})


main()
