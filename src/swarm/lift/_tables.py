r"""Tables of torch's operations: what is seen, drawn, done element by element."""

import inspect

import torch
from torch import optim
from torch.nn import functional, init

__all__ = [
    "ACTIVATIONS",
    "DROPOUTS",
    "ELEMENTWISE",
    "ELEMENTWISE_OPTIMISERS",
    "FRESH",
    "GETTERS",
    "RANDOM",
    "TAKES_GENERATOR",
]

Tensor = torch.Tensor


def _words(text: str) -> list[str]:
    return text.split()


# Attributes that are the same of (bee, *shape) as of one bee's tensor.
GETTERS = {
    getattr(Tensor, name).__get__
    for name in _words(
        """
    device dtype is_leaf requires_grad layout is_cuda is_cpu is_sparse is_quantized
    is_meta is_mkldnn is_mps is_xpu _version output_nr retains_grad itemsize
    """
    )
    if hasattr(Tensor, name)
} | {
    Tensor.is_floating_point,
    torch.is_floating_point,
    Tensor.is_complex,
    torch.is_complex,
    Tensor.is_inference,
    Tensor.is_contiguous,
    Tensor.element_size,
    Tensor.get_device,
    Tensor.is_signed,
    Tensor.retain_grad,
    Tensor._is_view,
}

# Functions whose result never shares memory with another tensor or array.
FRESH = {
    getattr(place, name)
    for name in _words(
        """
    tensor empty zeros ones full arange linspace logspace eye empty_like zeros_like
    ones_like full_like clone stack cat
    """
    )
    for place in (torch, Tensor)
    if hasattr(place, name)
}

_FACTORIES = _words(
    """
    rand randn randint randperm rand_like randn_like randint_like normal bernoulli
    poisson multinomial binomial _standard_gamma _sample_dirichlet rrelu rrelu_
    """
)
_IN_PLACE = _words(
    """
    uniform_ normal_ bernoulli_ exponential_ geometric_ cauchy_ log_normal_ random_
    bernoulli multinomial
    """
)
_INITS = [
    name
    for name, value in vars(init).items()
    if inspect.isfunction(value)
    and name.endswith("_")
    and name.startswith(
        ("uniform", "normal", "trunc", "xavier", "kaiming", "orthogonal", "sparse")
    )
]
RANDOM = (
    {getattr(torch, name) for name in _FACTORIES if hasattr(torch, name)}
    | {getattr(Tensor, name) for name in _IN_PLACE}
    | {getattr(init, name) for name in _INITS}
    | {functional.gumbel_softmax}
)
TAKES_GENERATOR = (
    {getattr(torch, name) for name in ("rand", "randn", "randint", "randperm")}
    | {torch.bernoulli, torch.multinomial, Tensor.multinomial}
    | {getattr(Tensor, name) for name in _IN_PLACE if name.endswith("_")}
    | {
        function
        for name in _INITS
        if "generator" in inspect.signature(function := getattr(init, name)).parameters
    }
)
DROPOUTS = {
    functional.dropout,
    functional.dropout1d,
    functional.dropout2d,
    functional.dropout3d,
    functional.alpha_dropout,
    functional.feature_alpha_dropout,
}

# Operations whose result at a place depends on nothing but the arguments at that place.
ELEMENTWISE = _words(
    """
    abs neg negative sign exp expm1 log log1p log2 log10 sqrt rsqrt square sin cos tan
    asin acos atan sinh cosh tanh sigmoid relu reciprocal floor ceil round trunc erf
    isnan isinf isfinite logical_not clamp clip clamp_min clamp_max nan_to_num add sub
    subtract mul multiply div divide true_divide pow maximum minimum atan2 fmod
    remainder eq ne lt le gt ge logical_and logical_or logical_xor lerp where __add__
    __radd__ __sub__ __rsub__ __mul__ __rmul__ __truediv__ __rtruediv__ __div__ __rdiv__
    __pow__ __rpow__ __neg__ __abs__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__
    __invert__ __iadd__ __isub__ __imul__ __itruediv__ __idiv__ add_ sub_ mul_ div_ pow_
    neg_ abs_ exp_ log_ sqrt_ zero_ fill_ clamp_ clamp_min_ clamp_max_ lerp_ copy_ tanh_
    relu_ sigmoid_ addcmul addcdiv addcmul_ addcdiv_ clone to float double half
    zeros_like ones_like
    """
)
ACTIVATIONS = _words(
    """
    relu relu6 elu selu celu gelu silu mish leaky_relu softplus softsign tanh sigmoid
    hardtanh hardsigmoid hardswish logsigmoid tanhshrink softshrink hardshrink threshold
    """
)

# Optimisers that work element by element, so that they step on (bee, *shape) as they are.
ELEMENTWISE_OPTIMISERS = {
    optim.SGD,
    optim.Adam,
    optim.AdamW,
    optim.RMSprop,
    optim.Adagrad,
    optim.Adadelta,
    optim.NAdam,
    optim.RAdam,
    optim.Adamax,
    optim.ASGD,
    optim.Rprop,
}
