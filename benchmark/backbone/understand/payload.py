"""Which names in a pickle are told as payload: what runs code, reads files or opens connections when it is called.

Stubs stand for every name, so that nothing could run anyway. A file that asks for these is no file of weights that was
only saved carelessly, and whoever was given it should know.
"""

from __future__ import annotations

import sys

from lovt_bench.benchmark.contract.untrusted import clean_text

_PYTHON_2 = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "exceptions": "builtins",
    "commands": "subprocess",
    "cPickle": "pickle",
    "UserDict": "collections",
}
"""What modules of Python 2 are called today."""

_HARMLESS_MODULES = frozenset(
    {
        "collections",
        "collections.abc",
        "datetime",
        "pathlib",
        "pathlib._local",
        "decimal",
        "fractions",
        "uuid",
        "enum",
    }
    | {"typing", "math", "cmath", "zoneinfo", "numbers", "ipaddress"}
)
"""Of the standard library: whatever they hold is a value or computes one."""

_HARMLESS = frozenset(
    {
        "argparse.Namespace",
        "functools.partial",
        "_codecs.encode",
        "random.Random",
        "configparser.ConfigParser",
    }
    | {
        f"types.{name}"
        for name in ("SimpleNamespace", "MappingProxyType", "NoneType", "GenericAlias", "UnionType")
    }
    | {f"copyreg.{name}" for name in ("_reconstructor", "__newobj__", "__newobj_ex__")}
    | {f"logging.{name}" for name in ("getLogger", "Logger", "RootLogger")}
    | {f"re.{name}" for name in ("_compile", "compile", "Pattern", "RegexFlag")}
    | {f"itertools.{name}" for name in ("count", "cycle", "repeat", "chain")}
    | {
        # A pickle of today names the module written in C.
        *("io.BytesIO", "io.StringIO", "_io.BytesIO", "_io.StringIO"),
        "zoneinfo.ZoneInfo._unpickle",
        "array.array",
        "array._array_reconstructor",
        "time.struct_time",
    }
    | {f"dataclasses.{name}" for name in ("_MISSING_TYPE", "_HAS_DEFAULT_FACTORY_CLASS", "Field")}
)
"""Of the other modules of the standard library."""

_HARMLESS_BUILTINS = frozenset(
    {
        "object",
        "type",
        "set",
        "frozenset",
        "dict",
        "list",
        "tuple",
        "bytes",
        "bytearray",
        "complex",
        "int",
        "float",
    }
    | {"bool", "str", "unicode", "long", "slice", "range", "xrange", "Ellipsis", "NotImplemented", "NoneType"}
    | {"len", "max", "min", "sum", "abs", "round", "print"}
)

_OWN_WORDS = frozenset({"test"})
"""Modules of the standard library after which training code is named."""

_RUNNERS = (
    *("torch.hub", "torch.load", "torch.serialization.load", "torch.utils.cpp_extension", "torch.package"),
    *(
        "torch.jit.load",
        "numpy.testing",
        "numpy.f2py",
        "numpy.distutils",
        "pandas.eval",
        "pandas.io",
        "joblib",
    ),
    *("dill", "cloudpickle", "pip", "setuptools", "pkg_resources", "IPython", "nt", "__builtins__"),
)
"""Of other packages: names and whole modules."""


def known_as(module: str, name: str) -> str:
    """Return the dotted name of today for what a pickle asks for."""
    return f"{_PYTHON_2.get(module, module)}.{name}"


def what_it_runs(module: str, name: str) -> str | None:
    """Return how to call what a pickle asks for where it is payload, None where it is not.

    Args:
        module: Module that the pickle names.
        name: Name in it; may be dotted, which leads to attributes of attributes.
    """
    full = known_as(module, name)
    module = _PYTHON_2.get(module, module)
    top = module.split(".", 1)[0]
    if any(full == runner or full.startswith(f"{runner}.") for runner in _RUNNERS):
        return clean_text(full, 100)
    if "." in name and name.split(".", 1)[0] in sys.stdlib_module_names:
        return clean_text(full, 100)  # numpy, os.system: what a module imports is reached through it
    if top not in sys.stdlib_module_names or top in _OWN_WORDS:
        return None
    if module == "builtins":
        harmless = name in _HARMLESS_BUILTINS or name.endswith(("Error", "Exception", "Warning"))
    else:
        # With a dot, `Path.touch` is a function of a class.
        harmless = full in _HARMLESS or (module in _HARMLESS_MODULES and "." not in name)
    return None if harmless else clean_text(full, 100)
