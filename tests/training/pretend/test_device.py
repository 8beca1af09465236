"""The pretend device: each mistake is planted in a snippet and named, and right code passes."""

from __future__ import annotations

import copy
import io

import matplotlib
import numpy
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, jacrev, jvp, vmap

from onekl.training.networks import mlp
from onekl.training.optimisers import adam
from onekl.training.seeds import Seeds
from pretend.device import Device, Hook
from pretend.notebook import run_cell
from pretend.tensor import DeviceTensor, Refused


def run(source, double=True):
    """The device after a snippet with the names `torch`, `plt`, `np` and the device `gpu`."""
    with matplotlib.rc_context({"backend": "Agg"}), Device(double) as device:
        import matplotlib.pyplot as plt

        names = {"torch": torch, "plt": plt, "np": numpy, "gpu": device.place}
        run_cell("snippet", f"x = torch.ones(2, 3, device=gpu)\n{source}", names)
        plt.close("all")
    return device


# What is wrong, the snippet's line, and what has to be named beside the line.
MIXED, NUMPY = "mixes a tensor of the CPU", "numpy was asked to read a tensor of pretend:0"
STREAM, DOUBLE = "draws numbers on", "float64, which pretend:0 does not have"
WRONG = [
    (MIXED, "x + torch.ones(2, 3)", "aten.add.Tensor"),
    (MIXED, "torch.ones(3) * x.sum()", "aten.mul.Tensor"),
    (MIXED, "x @ torch.ones(3, 2)", "aten.mm.default"),
    (MIXED, "torch.cdist(x, torch.ones(4, 3))", "aten._cdist_forward.default"),
    (MIXED, "torch.stack([x[0, 0], torch.ones(())])", "aten.stack.default"),
    (MIXED, "torch.cat([x, torch.ones(2, 3)])", "aten.cat.default"),
    (MIXED, "torch.arange(3)[x[0].long() - 1]", "aten.index.Tensor"),
    (MIXED, "x.scatter_add_(1, torch.zeros(2, 3).long(), x)", "aten.scatter_add_.default"),
    (MIXED, "torch.add(x, x, out=torch.empty(2, 3))", "aten.add.out"),
    (MIXED, "torch.nn.Linear(3, 1)(x)", "aten.addmm.default"),
    (MIXED, "torch.where(x > 0, torch.ones(2, 3), x)", "aten.where.self"),
    (NUMPY, "x.numpy()", ""),
    (NUMPY, "np.asarray(x)", ""),
    (NUMPY, "np.exp(x)", ""),
    (NUMPY, "plt.plot(x[0])", ""),
    (NUMPY, "plt.gca().scatter(*x[:2])", ""),
    (NUMPY, "plt.imshow(x)", ""),
    (STREAM, "torch.randn(3, generator=torch.Generator(), device=gpu)", "aten.randn.generator"),
    (STREAM, "torch.randn(3, generator=torch.Generator(gpu))", "aten.randn.generator"),
    (STREAM, "x.normal_(generator=torch.Generator())", "aten.normal_.default"),
    (STREAM, "torch.empty(3).uniform_(generator=torch.Generator(gpu))", "aten.uniform_.default"),
    (STREAM, "torch.multinomial(x, 1, generator=torch.Generator())", "aten.multinomial.default"),
    (DOUBLE, "x.double()", "aten._to_copy.default"),
    (DOUBLE, "torch.ones(3).double().to(gpu)", "aten._to_copy.default"),
    (DOUBLE, "torch.linspace(0, 1, 3, dtype=torch.float64, device=gpu)", "aten.linspace.default"),
    (DOUBLE, "torch.tensor([1.0], dtype=torch.float64, device=gpu)", "aten._to_copy.default"),
    (DOUBLE, "torch.as_tensor(x, dtype=torch.float64)", "aten._to_copy.default"),
]


@pytest.mark.parametrize(("what", "line", "operation"), WRONG)
def test_a_mistake_is_named_in_one_line(what, line, operation):
    with pytest.raises(Refused) as error:
        run(f"y = 1\n{line}", double=what != DOUBLE)
    text = str(error.value)
    assert what in text and text.startswith(operation) and "\n" not in text
    assert text.endswith(f"cell snippet, line 3: {line}")


def test_a_mistake_in_a_backward_pass_has_the_line_of_the_call():
    lines = ["y = torch.zeros(3, requires_grad=True)", "z = y.to(gpu).sum()"]
    lines += ["y.register_hook(lambda g: g + torch.ones(3, device=gpu))", "z.backward()"]
    with pytest.raises(Refused, match=r"aten\.add\.Tensor mixes .* line 4: y.register_hook"):
        run("\n".join(lines))


def test_a_tensor_of_the_cpu_is_not_set_as_data():
    with pytest.raises(Refused, match="a tensor of cpu was set as the data of one of pretend:0"):
        run("x.data = torch.ones(2, 3)")


RIGHT = [
    "x + 1, 2 * x, x + torch.tensor(3.0), x / np.float64(2)",
    "x.cpu().numpy(), plt.plot(x[0].cpu()), np.asarray(x.cpu())",
    "x[torch.tensor([0, 1])], x[:, [0, 2]]",
    "torch.randn(3, generator=torch.Generator()).to(gpu) + x",
    "torch.randn(3, generator=torch.Generator(gpu), device=gpu) + x",
    "assert torch.nn.Linear(3, 1).to(gpu)(x).device == gpu",
    "assert torch.as_tensor([x[0, 0], x[0, 1]], device=gpu).device == gpu",
    "assert torch.zeros_like(x).device == x.new_ones(2).device == gpu != x.cpu().device",
    "y = x[0]; y += 4; assert x.tolist() == [[5] * 3, [1] * 3]",
    "y = torch.empty(2, 3, device=gpu); assert torch.add(x, x, out=y) is y and y.sum() == 12",
    "y = x[:, 1:]; y[0, 0] = 7; assert x.flatten()[1] == 7 and y._is_view()",
    "y = torch.zeros(2, 3); y.copy_(x); assert y.sum() == 6",
    "x.data = x.data.repeat(2, 1); assert x.shape == (4, 3) and x.sum() == 12",
    "assert f'{x.mean():.2f}' == '1.00' and x.device.type in repr(x)",
    "assert isinstance(torch.Generator(), torch.Generator) and torch.accelerator.is_available()",
]


@pytest.mark.parametrize("source", RIGHT)
def test_right_code_passes(source):
    run(source)


WAITING = [
    ("x.sum().item()", 1),
    ("bool((x > 0).all())", 1),
    ("float(x[0, 0]), int(x[0, 0])", 2),
    ("x.cpu(), x.to('cpu')", 2),
    ("torch.empty(2, 3).copy_(x)", 1),
    ("x.nonzero(), x[x > 0], torch.masked_select(x, x > 0), x.unique()", 4),
    ("torch.equal(x, x), torch.allclose(x, x)", 2),
    ("torch.tensor([x[0, 0], x[0, 1]])", 2),
    ("x[0].tolist(), f'{x[0, 0]:.1f}'", 2),
    ("[1, 2, 3][x[0, 0].long()]", 1),
    ("y = x.where(x > 0, 0); y[y > 3] = 0; y.sum().backward if False else y", 0),
    ("torch.ones(3).to(gpu), x.to(gpu), x.clone(), x.copy_(torch.ones(2, 3))", 0),
    ("x[torch.tensor([0, 1], device=gpu)], x.argmax(), x.sort(), x.isfinite().all()", 0),
    ("y = x.clone().requires_grad_(); (y @ y.T).sum().backward(); y.grad", 0),
]


@pytest.mark.parametrize(("source", "count"), WAITING)
def test_waits_are_counted_with_their_line(source, count):
    syncs = run(source).syncs
    assert len(syncs) == count
    assert {str(sync.line) for sync in syncs} <= {f"cell snippet, line 2: {source}"}


def both(function):
    """What a function of a device returns, on the CPU and on the pretend one."""
    with Device() as device:
        return function(torch.device("cpu")), function(device.place).cpu()


def trained(place, optimiser):
    """Weights after a few steps; the state is saved, loaded, and copied on the way."""
    seeds = Seeds([0, 1], place)
    network = mlp(seeds.child("network"), [2, 4, 1], nn.SiLU)
    moves, x = optimiser(network), seeds.child("x").normal(8, 2)
    for _ in range(4):
        kept = io.BytesIO()
        torch.save([network.state_dict(), moves.state_dict()], kept)
        kept.seek(0)
        states = torch.load(kept, map_location="cpu", weights_only=True)
        network = copy.deepcopy(network)
        moves = optimiser(network)
        for part, state in zip((network, moves), states):
            part.load_state_dict(state)
        moves.zero_grad()
        (network(x) - x.sum(-1, keepdim=True)).square().mean().backward()
        moves.step()
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


OPTIMISERS = {
    "fused Adam": lambda network: adam(network, 1e-2),
    "Adam": lambda network: torch.optim.Adam(network.parameters(), 1e-2),
    "SGD": lambda network: torch.optim.SGD(network.parameters(), 0.1, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_training_finds_the_bits_of_the_cpu(name):
    cpu, device = both(lambda place: trained(place, OPTIMISERS[name]))
    assert torch.equal(cpu, device) and not torch.equal(cpu, torch.zeros_like(cpu))


def derivatives(place):
    """Derivatives of a network's output by its weights, of four kinds."""
    seeds = Seeds([0, 1], place)
    network = mlp(seeds.child("network"), [2, 3, 2], nn.SiLU)
    theta = {name: weight.detach().clone() for name, weight in network.named_parameters()}
    x = seeds.child("x").normal(4, 2)

    def output(theta):
        return functional_call(network, theta, (x,)).logsumexp((0, 1))

    along = jvp(output, (theta,), (theta,))[1]
    rows = jacrev(output)(theta).values()
    slopes = grad(lambda theta: output(theta).sum())(theta).values()
    each = vmap(lambda row: row.square().sum())(x)
    return torch.cat([along, each, *(part.flatten() for part in (*rows, *slopes))])


def pictures(place):
    """Convolution, batch normalisation and upsampling, with their slopes."""
    random = torch.Generator().manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ConvTranspose2d(4, 3, 3))
    for weight in layers.parameters():
        weight.data = torch.randn(weight.shape, generator=random)
    layers.to(place, memory_format=torch.channels_last)
    x = torch.randn(2, 3, 8, 8, generator=random).to(place)
    out = layers(x)
    slopes = torch.autograd.grad(out.square().sum(), list(layers.parameters()))
    return torch.cat([part.flatten() for part in (out.detach(), *slopes)])


def values_only(place):
    """Singular values and eigenvalues, for which torch has a routine of their own."""
    x = Seeds([7], place).child("x").normal(5, 5)[0].double()
    return torch.cat([torch.linalg.svdvals(x), torch.linalg.eigvalsh(x @ x.T)])


@pytest.mark.parametrize("function", [derivatives, pictures, values_only])
def test_mathematics_finds_the_bits_of_the_cpu(function):
    cpu, device = both(function)
    assert torch.equal(cpu, device) and cpu.isfinite().all() and cpu.abs().max() > 0


def test_numbers_without_a_generator_are_not_those_of_the_cpu():
    torch.manual_seed(0)
    cpu, device = both(lambda place: torch.randn(4, device=place))
    assert not torch.equal(cpu, device)
    torch.manual_seed(0)
    assert torch.equal(torch.randn(4), cpu), "the device's draws moved the CPU's stream"


def test_torch_is_as_before_without_the_device():
    before = torch.Generator, torch.linalg.eigvalsh, torch.autograd.is_multithreading_enabled()
    with Device() as device, pytest.raises(ZeroDivisionError):
        x = torch.ones(2, device=device.place)
        assert isinstance(x, DeviceTensor) and Hook().is_available()
        raise ZeroDivisionError
    now = torch.Generator, torch.linalg.eigvalsh, torch.autograd.is_multithreading_enabled()
    assert now == before and not Hook().is_available() and not torch.accelerator.is_available()
    with pytest.raises(Refused, match="which has been taken away"):
        x + 1
