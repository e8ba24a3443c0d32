"""What real training code does: each bee lifted right, or refused, against itself in the loop."""

import contextlib
import copy
import math
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import prune
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)

from swarm import core, lift

EPOCHS, BEES = 6, 4
ODD = []


@pytest.fixture(autouse=True)
def in_float64():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def odd(bee):
    ODD.append(bee)
    return bee


def data():
    x = torch.linspace(-2, 2, 24).unsqueeze(1)
    return x, torch.sin(2 * x)


def mlp(*between):
    return nn.Sequential(nn.Linear(1, 6), *(between or (nn.Tanh(),)), nn.Linear(6, 1))


def fit(net, batches, epochs=EPOCHS, lr=0.05, loss=functional.mse_loss, optimiser=None):
    optimiser = optimiser or torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        for x, y in batches() if callable(batches) else batches:
            optimiser.zero_grad()
            value = loss(net(x), y)
            value.backward()
            optimiser.step()
        yield value.item(), list(net.parameters())[-1]


def simple(net, **settings):
    return fit(net, [data()], **settings)


# Data


@odd
def subset_random_sampler():
    loader = DataLoader(TensorDataset(*data()), 5, sampler=SubsetRandomSampler(range(3, 20)))
    yield from fit(mlp(), loader)


@odd
def weighted_random_sampler():
    sampler = WeightedRandomSampler(torch.arange(1.0, 25.0), 20)
    yield from fit(mlp(), DataLoader(TensorDataset(*data()), 5, sampler=sampler))


@odd
def random_split_in_two():
    train, test = random_split(TensorDataset(*data()), [18, 6])
    for values in fit(mlp(), DataLoader(train, 6, shuffle=True)):
        yield *values, next(iter(DataLoader(test, 6)))[0]


@odd
def subset_of_a_concatenation():
    x, y = data()
    both = ConcatDataset([TensorDataset(x, y), TensorDataset(x + 1, y)])
    yield from fit(mlp(), DataLoader(Subset(both, range(0, 48, 2)), 7, shuffle=True))


@odd
def list_of_pairs():
    pairs = list(zip(*data(), strict=True))
    yield from fit(mlp(), DataLoader(pairs, 8, shuffle=True, drop_last=True))


@odd
def list_of_dictionaries():
    samples = [{"x": x, "label": i % 3} for i, x in enumerate(data()[0])]
    net = nn.Linear(1, 3)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(EPOCHS):
        for batch in DataLoader(samples, 8, shuffle=True):
            optimiser.zero_grad()
            loss = functional.cross_entropy(net(batch["x"]), batch["label"])
            loss.backward()
            optimiser.step()
        yield loss.item(), batch["label"]


@odd
def own_dataset():
    class Noisy(Dataset):
        def __len__(self):
            return 12

        def __getitem__(self, i):
            x, y = data()
            return x[i] + 0.01 * torch.randn(1), y[i]

    yield from fit(mlp(), DataLoader(Noisy(), 4, shuffle=True), epochs=3)


@odd
def own_collate():
    def collate(samples):
        x, y = zip(*samples, strict=True)
        return torch.stack(x) * 2, torch.stack(y)

    loader = DataLoader(TensorDataset(*data()), 8, shuffle=True, collate_fn=collate)
    yield from fit(mlp(), loader, epochs=3)


@odd
def loader_with_replacement():
    sampler = torch.utils.data.RandomSampler(range(24), replacement=True, num_samples=30)
    yield from fit(mlp(), DataLoader(TensorDataset(*data()), 10, sampler=sampler))


@odd
def loader_with_a_generator():
    generator = torch.Generator().manual_seed(3)
    yield from fit(mlp(), DataLoader(TensorDataset(*data()), 8, shuffle=True, generator=generator))


@odd
def tensors_changed_between_epochs():
    x, y = data()
    x = x.clone()
    net = mlp()
    for values in fit(net, DataLoader(TensorDataset(x, y), 8, shuffle=True)):
        x += 0.01
        yield values


# Layers


def of_sequences(layer, width):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.out = layer(), nn.Linear(width, 1)

        def forward(self, x):
            return self.out(self.layer(x)[0])

    x, y = (t.reshape(3, 8, 1) for t in data())
    return fit(Net(), [(x, y)])


@odd
def lstm():
    yield from of_sequences(lambda: nn.LSTM(1, 4, batch_first=True), 4)


@odd
def lstm_stacked_in_both_directions_with_dropout():
    yield from of_sequences(
        lambda: nn.LSTM(1, 3, 2, dropout=0.3, bidirectional=True, batch_first=True), 6
    )


@odd
def gru_time_first_without_bias():
    yield from of_sequences(lambda: nn.GRU(1, 4, 2, bias=False), 4)


@odd
def rnn_of_relu():
    yield from of_sequences(lambda: nn.RNN(1, 4, nonlinearity="relu"), 4)


@odd
def lstm_with_projections():
    yield from of_sequences(lambda: nn.LSTM(1, 4, proj_size=2), 2)


@odd
def lstm_with_state_carried_over():
    cell, out = nn.LSTM(1, 3), nn.Linear(3, 1)
    optimiser = torch.optim.Adam([*cell.parameters(), *out.parameters()])
    x, y = (t.reshape(4, 6, 1) for t in data())
    state = None
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        h, state = cell(x, state)
        state = tuple(s.detach() for s in state)
        loss = functional.mse_loss(out(h), y)
        loss.backward()
        optimiser.step()
        yield loss.item(), state[1]


@odd
def lstm_of_packed_sequences():
    net, out = nn.LSTM(1, 3, batch_first=True), nn.Linear(3, 1)
    optimiser = torch.optim.SGD([*net.parameters(), *out.parameters()], lr=0.1)
    x, y = (t.reshape(3, 8, 1) for t in data())
    for _ in range(3):
        optimiser.zero_grad()
        packed = nn.utils.rnn.pack_padded_sequence(x, [8, 6, 3], batch_first=True)
        h, _ = nn.utils.rnn.pad_packed_sequence(net(packed)[0], batch_first=True)
        loss = functional.mse_loss(out(h), y)
        loss.backward()
        optimiser.step()
        yield loss.item()


@odd
def lstm_cell():
    cell, out = nn.LSTMCell(1, 3), nn.Linear(3, 1)
    optimiser = torch.optim.SGD([*cell.parameters(), *out.parameters()], lr=0.1)
    x, y = (t.reshape(4, 6, 1) for t in data())
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        h = c = torch.zeros(6, 3)
        loss = 0.0
        for step, target in zip(x, y, strict=True):
            h, c = cell(step, (h, c))
            loss = loss + functional.mse_loss(out(h), target)
        loss.backward()
        optimiser.step()
        yield loss.item()


@odd
def transformer_layer_in_training():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    net = nn.Sequential(nn.Linear(1, 4), layer, nn.Linear(4, 1))
    x, y = (t.reshape(3, 8, 1) for t in data())
    for loss, bias in fit(net, [(x, y)]):
        net.eval()
        with torch.no_grad():
            yield loss, bias, net(x)
        net.train()


@odd
def embedding_and_position():
    table, out = nn.Embedding(10, 4, padding_idx=0), nn.Linear(4, 10)
    optimiser = torch.optim.AdamW([*table.parameters(), *out.parameters()], lr=0.05)
    words = torch.arange(20).reshape(4, 5) % 10
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        logits = out(table(words) + torch.sin(torch.arange(5.0)).unsqueeze(1))
        loss = functional.cross_entropy(logits[:, :-1].reshape(-1, 10), words[:, 1:].reshape(-1))
        loss.backward()
        optimiser.step()
        yield loss.item(), table.weight


@odd
def group_norm_and_residuals():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.linear = nn.GroupNorm(2, 6), nn.Linear(6, 6)

        def forward(self, x):
            return x + functional.silu(self.linear(self.norm(x)))

    yield from simple(mlp(Block(), Block()))


@odd
def instance_norm_with_statistics():
    net = nn.Sequential(
        nn.Conv1d(1, 2, 3, padding=1),
        nn.InstanceNorm1d(2, affine=True, track_running_stats=True),
        nn.Conv1d(2, 1, 1),
    )
    x, y = (t.reshape(3, 1, 8) for t in data())
    for loss, bias in fit(net, [(x, y)]):
        yield loss, bias, net[1].running_var, net.eval()(x)
        net.train()


@odd
def weight_and_spectral_norm():
    net = mlp()
    nn.utils.parametrizations.weight_norm(net[0])
    nn.utils.parametrizations.spectral_norm(net[2])
    yield from simple(net)


@odd
def transposed_convolution_and_pooling():
    net = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.AvgPool2d(2), nn.ConvTranspose2d(2, 1, 2), nn.Flatten()
    )
    x = torch.sin(torch.arange(72.0)).reshape(2, 1, 6, 6)
    yield from fit(net, [(x, torch.zeros(2, 9))])


@odd
def mixture_of_activations_in_place():
    between = nn.ReLU(True), nn.Linear(6, 6), nn.Dropout(0.2, True), nn.Hardtanh(inplace=True)
    yield from simple(mlp(*between))


@odd
def tied_weights():
    encode, decode = nn.Linear(4, 2, bias=False), nn.Linear(2, 4, bias=False)
    decode.weight = nn.Parameter(encode.weight.T.clone())
    x = torch.sin(torch.arange(20.0)).reshape(5, 4)
    optimiser = torch.optim.SGD([encode.weight], lr=0.1)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        loss = (encode(x) @ encode.weight - x).square().mean()
        loss.backward()
        optimiser.step()
        yield loss.item(), encode.weight


# Training


@odd
def label_smoothing_and_class_weights():
    net = nn.Linear(1, 3)
    labels = torch.arange(24) % 3
    loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5]), label_smoothing=0.1)
    yield from fit(net, [(data()[0], labels)], loss=loss)


@odd
def labels_that_do_not_count():
    labels = torch.arange(24) % 3
    labels[::4] = -100
    yield from fit(nn.Linear(1, 3), [(data()[0], labels)], loss=functional.cross_entropy)


@odd
def logits_and_positive_weight():
    loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.0]))
    x, y = data()
    yield from fit(mlp(), [(x, (y > 0).double())], loss=loss)


@odd
def divergence_and_huber():
    def loss(out, y):
        log = functional.log_softmax(out.T, -1)
        return functional.huber_loss(out, y) + functional.kl_div(
            log, torch.full_like(log, 1 / 24), reduction="batchmean"
        )

    yield from simple(mlp(), loss=loss)


@odd
def variational_autoencoder():
    encode, decode = nn.Linear(4, 4), nn.Linear(2, 4)
    optimiser = torch.optim.Adam([*encode.parameters(), *decode.parameters()], lr=0.01)
    x = torch.sin(torch.arange(20.0)).reshape(5, 4)
    for epoch in range(EPOCHS):
        optimiser.zero_grad()
        mean, log_var = encode(x).chunk(2, -1)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        divergence = -0.5 * (1 + log_var - mean.square() - log_var.exp()).sum(-1).mean()
        loss = functional.mse_loss(decode(z), x) + min(1.0, epoch / 4) * divergence
        loss.backward()
        optimiser.step()
        yield loss.item(), divergence.item()


@odd
def adversarial_pair():
    make, judge = mlp(), mlp()
    first = torch.optim.Adam(make.parameters(), lr=0.01, betas=(0.5, 0.9))
    second = torch.optim.Adam(judge.parameters(), lr=0.01)
    for _ in range(EPOCHS):
        real, fake = torch.randn(8, 1) + 2, make(torch.randn(8, 1))
        second.zero_grad()
        loss = functional.softplus(-judge(real)).mean()
        (loss + functional.softplus(judge(fake.detach())).mean()).backward()
        second.step()
        first.zero_grad()
        functional.softplus(-judge(fake)).mean().backward()
        first.step()
        yield loss.item(), fake


@odd
def policy_gradient():
    net = nn.Linear(2, 3)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(EPOCHS):
        policy = torch.distributions.Categorical(logits=net(torch.ones(5, 2)))
        action = policy.sample()
        loss = -(policy.log_prob(action) * (action == 1).double()).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        yield loss.item(), policy.entropy().mean()


@odd
def accumulated_gradients():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    x, y = data()
    for _ in range(EPOCHS):
        for k, batch in enumerate(torch.randperm(24).split(6)):
            (functional.mse_loss(net(x[batch]), y[batch]) / 2).backward()
            if k % 2:
                optimiser.step()
                optimiser.zero_grad(set_to_none=False)
        yield net[0].weight


@odd
def sharpness_aware_steps():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    x, y = data()
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        functional.mse_loss(net(x), y).backward()
        norm = torch.stack([p.grad.norm() for p in net.parameters()]).norm()
        with torch.no_grad():
            moves = [0.05 * p.grad / norm for p in net.parameters()]
            for p, move in zip(net.parameters(), moves, strict=True):
                p.add_(move)
        optimiser.zero_grad()
        loss = functional.mse_loss(net(x), y)
        loss.backward()
        with torch.no_grad():
            for p, move in zip(net.parameters(), moves, strict=True):
                p.sub_(move)
        optimiser.step()
        yield loss.item()


@odd
def averaged_model_late():
    net = mlp()
    averaged = torch.optim.swa_utils.AveragedModel(net)
    for epoch, (loss, bias) in enumerate(simple(net, epochs=10)):
        if epoch >= 5:
            averaged.update_parameters(net)
        yield loss, bias, averaged(data()[0])


@odd
def frozen_then_thawed():
    net = mlp()
    net[0].requires_grad_(False)
    for epoch, (loss, _bias) in enumerate(simple(net, epochs=10)):
        if epoch == 6:
            net[0].requires_grad_(True)
        yield loss, net[0].weight


@odd
def one_cycle_with_warm_up():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.2, total_steps=EPOCHS + 1)
    for loss, bias in simple(net, optimiser=optimiser):
        schedule.step()
        yield loss, bias, schedule.get_last_lr()[0]


@odd
def plateau_schedule():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, patience=1)
    for loss, bias in simple(net, optimiser=optimiser):
        schedule.step(loss)
        yield loss, bias


@odd
def groups_with_rates_of_their_own():
    net = mlp()
    groups = [{"params": net[0].parameters(), "lr": 0.1}, {"params": net[2].parameters()}]
    yield from simple(net, optimiser=torch.optim.AdamW(groups, lr=0.01, weight_decay=0.1))


@odd
def pruned_late():
    net = mlp()
    for epoch, (loss, bias) in enumerate(simple(net, epochs=10)):
        if epoch == 6:
            prune.l1_unstructured(net[0], "weight", amount=0.5)
        yield loss, bias, net[0].weight


@odd
def lottery_ticket():
    net = mlp()
    start = copy.deepcopy(net.state_dict())
    for epoch, (loss, bias) in enumerate(simple(net, epochs=10)):
        if epoch == 5:
            mask = net[0].weight.abs() > net[0].weight.abs().median()
            net.load_state_dict(start)
            with torch.no_grad():
                net[0].weight.mul_(mask)
        yield loss, bias


@odd
def curriculum_of_noise():
    x, y = data()
    net = mlp()
    optimiser = torch.optim.RMSprop(net.parameters())
    for epoch in range(10):
        noise = 0.0 if epoch < 5 else 0.1
        optimiser.zero_grad()
        loss = functional.mse_loss(net(x + noise * torch.randn_like(x)), y)
        loss.backward()
        optimiser.step()
        yield loss.item(), math.sqrt(epoch)


@odd
def confusion_matrix_late():
    net, (x, _) = nn.Linear(1, 3), data()
    labels = torch.arange(24) % 3
    for epoch, (loss, _) in enumerate(
        fit(net, [(x, labels)], epochs=10, loss=functional.cross_entropy)
    ):
        matrix = torch.zeros(3, 3)
        if epoch > 5:
            found = net(x).argmax(1)
            matrix = torch.bincount(labels * 3 + found, minlength=9).reshape(3, 3).double()
        yield loss, matrix


@odd
def top_two_and_quantiles():
    net, (x, _) = nn.Linear(1, 4), data()
    for _ in range(EPOCHS):
        out = net(x + torch.randn(1))
        yield out.topk(2).indices, out.quantile(0.3, dim=0), out.median(), out.kthvalue(2).values


@odd
def hooks_on_a_module():
    kept = []
    net = mlp()
    net[0].register_forward_hook(lambda module, given, out: kept.append(out.detach().mean()))
    for loss, bias in simple(net):
        yield loss, bias, kept[-1]


@odd
def gradient_noise_and_mask():
    net = mlp()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(EPOCHS):
        optimiser.zero_grad()
        loss = functional.mse_loss(net(data()[0]), data()[1])
        loss.backward()
        for p in net.parameters():
            p.grad += 0.01 * torch.randn_like(p)
            p.grad[p.grad.abs() < 1e-3] = 0
        optimiser.step()
        yield loss.item()


@odd
def anomaly_detection_and_scaled_loss():
    net = mlp()
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(EPOCHS):
        with torch.autograd.set_detect_anomaly(False), contextlib.suppress(KeyError):
            loss = functional.mse_loss(net(data()[0]), data()[1])
            optimiser.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimiser)
            scaler.update()
        yield loss.item()


@odd
def hessian_trace_late():
    net = mlp()
    params = list(net.parameters())
    for epoch, (loss, _) in enumerate(simple(net, epochs=8)):
        trace = torch.zeros(())
        if epoch > 4:
            value = functional.mse_loss(net(data()[0]), data()[1])
            grads = torch.autograd.grad(value, params, create_graph=True)
            signs = [torch.randint(0, 2, p.shape) * 2.0 - 1 for p in params]
            products = torch.autograd.grad(
                sum((g * s).sum() for g, s in zip(grads, signs, strict=True)), params
            )
            trace = sum((h * s).sum() for h, s in zip(products, signs, strict=True))
        yield loss, trace


@odd
def per_sample_jacobian():
    net = mlp()
    for loss, _ in simple(net):
        x = torch.zeros(1, 1)
        yield loss, torch.autograd.functional.jacobian(net, x).reshape(-1)


def trained(bee, engine):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return core.swarm_train(bee, num_bees=BEES, seed=8, engine=engine, progress=False)


REFUSED = {plateau_schedule, per_sample_jacobian}


@pytest.mark.parametrize("bee", ODD, ids=lambda bee: bee.__name__)
def test_real_training_code_is_lifted_right_or_refused(bee):
    if bee in REFUSED:
        with pytest.raises(lift.CannotLift):
            trained(bee, "lift")
        return
    lifted = trained(bee, "lift")
    for name, array in trained(bee, "loop").items():
        assert lifted[name].dtype == array.dtype
        np.testing.assert_allclose(lifted[name], array, rtol=1e-9, atol=1e-12)


def test_autocast_to_half_precision_is_lifted_up_to_its_rounding():
    def bee():
        net = mlp(nn.ReLU()).float()
        x, y = (t.float() for t in data())
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
        for _ in range(EPOCHS):
            optimiser.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                out = net(x)
                loss = functional.mse_loss(out.float(), y)
            loss.backward()
            optimiser.step()
            yield loss.item(), out.float()

    lifted, looped = trained(bee, "lift"), trained(bee, "loop")
    np.testing.assert_allclose(lifted["V1"], looped["V1"], rtol=0.05)
    np.testing.assert_allclose(lifted["V2"], looped["V2"], atol=0.05)
