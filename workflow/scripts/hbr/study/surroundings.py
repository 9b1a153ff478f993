"""What a user's own settings may not decide: results, pages and pictures depend on the project and its study file alone."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path

# Each changes what Python or a library computes or draws, or stops it: a start-up file, warnings as errors, no folder of the
# script on the path, a backend without pictures, a kernel or a page template of the user's, less than float32.
_READ_BY_LIBRARIES = (
    *("PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONINSPECT", "PYTHONIOENCODING"),
    *("MATPLOTLIBRC", "MPLBACKEND", "IPYTHONDIR", "PANDAS_FUTURE_INFER_STRING", "PANDAS_FUTURE_PYTHON_SCALARS"),
    *("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_PREFER_ENV_PATH"),
    *("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"),
    *("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE"),
)
# Text is UTF-8 in every locale; packages come from the environment and not from the home.
_SET = {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}


def forget_settings(environment: MutableMapping[str, str]) -> None:
    """Take a user's settings of Python and of libraries out of an environment; PYTHONPATH says what is installed, and stays."""
    for name in _READ_BY_LIBRARIES:
        environment.pop(name, None)
    environment.update(_SET)


@contextmanager
def own_notebooks(folder: Path, package: Path) -> Iterator[None]:
    """Let notebooks that are run inside see no file of the user's: IPython, Jupyter and matplotlib look into ``folder``.

    Kernels find ``package``, a folder of Python packages, before all others.
    """
    before = dict(os.environ)
    forget_settings(os.environ)
    settings = folder / "matplotlibrc"
    settings.touch()
    inherited = os.environ.get("PYTHONPATH")
    os.environ.update(
        {
            "PYTHONPATH": os.pathsep.join([str(package), *filter(None, [inherited])]),
            "MATPLOTLIBRC": str(settings),
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_NO_CONFIG": "1",
            **{f"JUPYTER_{name}_DIR": str(folder / "jupyter" / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")},
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
