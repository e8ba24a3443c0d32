"""Single operations on tensors of the bees, lifted and one by one."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from swarm import core

X = torch.linspace(-1, 1, 7).unsqueeze(1)

OPERATIONS = {
    "kw sum": lambda net, out, loss: torch.sum(input=out),
    "empty": lambda net, out, loss: (loss, []),
    "nested": lambda net, out, loss: (loss, [loss, loss * 2], ((loss.item(), 1.0),)),
    "stats": lambda net, out, loss: (
        out.var(0),
        out.median(),
        torch.quantile(out, 0.5),
        out.cumsum(0),
        out.flip(0),
        torch.sort(out, 0)[1],
    ),
    "softmaxes": lambda net, out, loss: (
        out.softmax(-1),
        torch.softmax(out, dim=0),
        functional.log_softmax(out, 1),
        torch.logsumexp(out, 1),
    ),
    "broadcast": lambda net, out, loss: (
        out * net.bias.detach(),
        net.bias.detach() * torch.ones(2, 5, 3),
        torch.ones(4, 1, 1) * out,
        out - out.mean(),
        out - out.mean(0),
        out / out.norm(dim=1, keepdim=True),
    ),
    "inplace": lambda net, out, loss: (
        out.clone().add_(1).mul_(out.mean()).clamp_(min=0.1),
        out.clone().masked_fill_(out > 0, 0.0),
        out.clone().t().T,
    ),
    "logic": lambda net, out, loss: (
        (out > 0).any(),
        (out > 0).sum(),
        (out > 0).all().item(),
        torch.isfinite(out).all(),
        (out > 0) & (out < 1),
        ~(out > 0),
    ),
    "matmul": lambda net, out, loss: (
        out.T @ out,
        torch.mm(out.T, out),
        out @ net.weight.detach(),
        torch.outer(out[:, 0], out[:, 1]),
        torch.dot(out[:, 0], out[:, 1]),
    ),
    "rand_like": lambda net, out, loss: (
        torch.rand_like(out),
        torch.bernoulli(torch.sigmoid(out)),
        torch.multinomial(torch.softmax(out[:, 0], 0), 3),
        torch.randint(0, 9, (3,)),
        torch.normal(out, 1.0),
    ),
    "cat": lambda net, out, loss: (
        torch.cat([out, X], 1),
        torch.stack([out, out], 0),
        torch.hstack([out, out]),
        out.repeat(2, 1),
        out.expand(2, 7, 3),
        torch.meshgrid(out[:, 0], out[:, 1], indexing="ij")[0],
    ),
    "index": lambda net, out, loss: (
        out[out[:, 0].argmax()],
        out[:, [0, 2]],
        out.gather(1, out.argmax(1, keepdim=True)),
        X[out[:, 0].argsort()],
        out[1:3, 0],
        out[..., None].shape[0],
        torch.take_along_dim(out, out.argsort(0), 0),
    ),
    "dtype": lambda net, out, loss: (
        out.double(),
        out.to(torch.float64) * 2,
        out.half(),
        out.int(),
        out.long().float(),
        out.type(torch.float64),
        out * torch.tensor(2.0, dtype=torch.float64),
    ),
    "py": lambda net, out, loss: (
        1 / (1 + loss),
        2**loss,
        loss**2,
        -loss,
        abs(loss),
        3 - loss,
        loss % 2,
        loss // 0.1,
        round(loss.item(), 3),
    ),
    "pyvals": lambda net, out, loss: (
        lambda v: (v * 2, 1 - v, v / 3, v**2, -v, v > 0.1, np.log(v), np.float32(2) * v)
    )(loss.item()),
    "nphand": lambda net, out, loss: (
        lambda v: (
            v[0],
            v[:, 1:],
            v.T,
            v.sum(),
            v.mean(axis=0),
            v * np.arange(3, dtype=np.float32),
            np.exp(v),
            v.astype(np.float64),
        )
    )(out.numpy()),
    "interp": lambda net, out, loss: (
        torch.allclose(out, out),
        torch.equal(out, out),
        len(out),
        out.size(),
        out.shape[0],
        out.dim(),
        out.is_contiguous(),
    ),
    "iter": lambda net, out, loss: (
        tuple(r.sum() for r in out)
        + tuple(out.unbind(1))
        + out.split(3)[:1]
        + torch.chunk(out, 2)[1:]
    ),
    "setitem": lambda net, out, loss: (
        lambda t: (t.__setitem__(0, out[1]), t.__setitem__((slice(None), 1), 7.0), t)[-1]
    )(out.clone()),
    "linalg": lambda net, out, loss: (
        torch.linalg.norm(out),
        torch.linalg.svdvals(out + torch.rand(7, 3)),
        torch.linalg.solve(torch.eye(3) + net.weight @ net.weight.T, net.bias),
    ),
    "flat": lambda net, out, loss: (
        out.flatten(),
        out.flatten(0, 1),
        out.ravel(),
        out.view(-1),
        out.reshape(3, 7),
        out.permute(1, 0),
        out.transpose(0, 1),
        out.swapaxes(0, 1),
        out.squeeze(),
        out.unsqueeze(0),
        out.unsqueeze(-1),
    ),
    "hess": lambda net, out, loss: torch.autograd.functional.jacobian(
        lambda w: (X * w).sum(0), net.bias.detach()
    ),
}


def bee_with(record):
    def bee():
        net = nn.Linear(1, 3)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(4):
            optimiser.zero_grad()
            out = net(X)
            loss = (out - X).pow(2).mean()
            loss.backward()
            optimiser.step()
            yield record(net, out.detach(), loss)

    return bee


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_each_bee_what_it_gives_one(name):
    bee = bee_with(OPERATIONS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lifted = core.swarm_train(bee, num_bees=4, seed=1, engine="lift")
    looped = core.swarm_train(bee, num_bees=4, seed=1, engine="loop")
    for field, array in looped.items():
        assert lifted[field].dtype == array.dtype
        assert lifted[field].shape == array.shape
        near = 1e-3 if array.dtype == np.float16 else 2e-5
        np.testing.assert_allclose(
            lifted[field].astype(float), array.astype(float), atol=near, rtol=0
        )
