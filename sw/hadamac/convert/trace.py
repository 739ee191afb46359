"""Conversion of a torch module, call by call, as ``torch.fx`` records them."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import torch
import torch.fx
import torch.fx.node

from ..errors import DescriptionError
from .builder import Builder, Value
from .registry import FUNCTIONS, METHODS, Converter, Unsupported, module_converter
from .shapes import FRAMES

__all__ = ["converted"]

_INSTEAD = {
    "hadamac.nn.Pad and a convolution": "ConvTranspose1d ConvTranspose2d", "hadamac.nn.Pad": "Upsample interpolate",
    "hadamac.nn.SpectralPool": "MaxPool1d max_pool1d LPPool2d", "ReLU": "ReLU6 relu6 Softplus softplus RReLU",
    "BatchNorm1d or BatchNorm2d": "LayerNorm layer_norm GroupNorm group_norm RMSNorm InstanceNorm1d InstanceNorm2d "
                                  "instance_norm Normalise", "LeakyReLU": "PReLU prelu",
    "SiLU": "ELU elu CELU SELU selu Mish mish", "a sum of tensors of one shape": "cat concat stack",
    "the module Conv2d": "conv2d", "the module Conv1d": "conv1d", "the module Linear": "linear matmul",
    "the module BatchNorm2d": "batch_norm", "no such module, because the largest logit decides":
    "Softmax LogSoftmax softmax log_softmax Softmax2d",
}
INSTEAD = {name: advice for advice, names in _INSTEAD.items() for name in names.split()}
"""What serves instead of modules and functions that have no layer, by their names."""
ANY = "the modules that docs/torch.md lists"


class _Tracer(torch.fx.Tracer):
    """Tracer that does not look into modules which have a converter."""

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        """Return whether a module is recorded as one call."""
        return module_converter(m) is not None or super().is_leaf_module(m, module_qualified_name)


def _path(node: torch.fx.Node, alone: bool) -> str:
    """Return the path of a module, or of the module that contains a call, as a program writes it.

    ``alone``: the module is the whole model, which has been put into a Sequential.
    """
    if node.op == "call_module":
        return "model" if alone else f"model.{node.target}"
    stack = node.meta.get("nn_module_stack") or {}
    inner = list(stack.values())[-1][0] if stack else ""
    return f"{getattr(node.target, '__name__', node.target)} in {'model.' + inner if inner else 'model'}"


def _refused(path: str, what: str, message: object) -> DescriptionError:
    """Return the error for a call that has no layer."""
    return DescriptionError(f"{path} ({what}) {message}" if what else f"{path} {message}")


def _traced(model: torch.nn.Module) -> tuple[torch.nn.Module, torch.fx.Graph]:
    """Return the module that the paths of a graph begin at, and the graph."""
    tracer = _Tracer()
    root = torch.nn.Sequential(model) if tracer.is_leaf_module(model, "") else model
    try:
        return root, tracer.trace(root)
    except DescriptionError:
        raise
    except Exception as e:  # torch.fx runs the module's own code, which may raise anything
        lines = str(e).strip().splitlines() or [type(e).__name__]
        raise DescriptionError(f"model ({type(model).__name__}) cannot be traced by torch.fx, for example because it "
                               f"branches on values: {lines[0][:100]}") from e


class _Conversion:
    """Run of a graph whose tensors are values of a builder."""

    def __init__(self, root: torch.nn.Module, graph: torch.fx.Graph, builder: Builder, alone: bool):
        self.root, self.graph, self.builder, self.alone = root, graph, builder, alone
        self.results: dict[torch.fx.Node, Any] = {}

    def run(self) -> Any:
        """Return the result of the graph."""
        inputs = 0
        for node in self.graph.nodes:
            if node.op == "output":
                return self._taken(node.args[0])
            if node.op == "placeholder":
                inputs += bool(node.users) or not inputs
                result: Any = self.builder.input
                if inputs > 1:
                    raise DescriptionError(f"model takes several inputs, {node.target} among them: a network takes one")
            elif node.op == "get_attr":
                result = operator.attrgetter(str(node.target))(self.root)
            else:
                result = self._call(node)
            if isinstance(result, Value) and len(node.users) > 1:
                result = replace(result, shared=True)
            self.results[node] = result
        raise DescriptionError("model returns nothing: a network answers a tensor")

    def _taken(self, args: Any) -> Any:
        """Return arguments of a call with the results of earlier calls in them."""
        return torch.fx.node.map_arg(args, lambda node: self.results[node])

    def _call(self, node: torch.fx.Node) -> Any:
        """Return the result of one call."""
        args, kwargs = self._taken(node.args), self._taken(node.kwargs)
        tensors = any(isinstance(value, Value) for value in (*args, *kwargs.values()))
        if node.op == "call_module":
            it = self.root.get_submodule(str(node.target))
            name, path = type(it).__name__, _path(node, self.alone)
            convert: Converter | None = module_converter(it)
            args = (it, *args)
        else:
            name, path = getattr(node.target, "__name__", str(node.target)), _path(node, self.alone)
            if node.target is getattr:
                return self._attribute(path, *args)
            if node.op == "call_function" and not tensors and not any(isinstance(v, (tuple, list)) for v in args):
                return node.target(*args, **kwargs)  # pyright: ignore[reportCallIssue]  (arithmetic of sizes)
            if node.target is operator.getitem and isinstance(args[0], (tuple, list)):
                return args[0][args[1]]
            convert = FUNCTIONS.get(node.target) if callable(node.target) else METHODS.get(str(node.target))
        what = name if node.op == "call_module" else ""
        if convert is None:
            raise _refused(path, what, f"has no layer: use {INSTEAD.get(name, ANY)}")
        self.builder.label = str(node.target).replace(".", "_") if node.op == "call_module" else node.name
        try:
            return convert(self.builder, *args, **kwargs)
        except Unsupported as e:
            raise _refused(path, what, e) from None
        except DescriptionError as e:
            raise _refused(path, what, f"has no layer: {e}") from None
        except (TypeError, AttributeError) as e:
            raise _refused(path, what, f"has no layer for these arguments: {e}") from e

    def _attribute(self, path: str, value: Any, name: str) -> Any:
        """Return an attribute of a tensor: only its shape is known."""
        if isinstance(value, Value) and name == "shape":
            return (FRAMES, *value.shape)
        raise _refused(path, "", f"reads {name}: only the shape of a tensor is known")


def converted(model: torch.nn.Module, builder: Builder) -> Value:
    """Return what a module answers, after adding its layers to a builder.

    DescriptionError is raised for a call that has no layer; the message begins with the path of the module.
    """
    root, graph = _traced(model)
    result = _Conversion(root, graph, builder, root is not model).run()
    if not isinstance(result, Value):
        raise DescriptionError(f"model returns {type(result).__name__}: a network answers one tensor")
    return result


