"""Promise: which rows a step sees, with which noise, follows from seed, epoch and decision, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forecast_pipeline.core.errors import CorruptData
from forecast_pipeline.models.neural.batches import ArrayDataset, BatchSampler, batches
from forecast_pipeline.models.neural.seeds import decision_noise
from forecast_pipeline.models.neural.weights import arrays_of, fits, load_arrays

sizes = st.integers(1, 70)


@given(n_rows=sizes, batch_size=sizes)
def test_in_order_every_row_comes_once(n_rows, batch_size):
    lists = list(BatchSampler(n_rows, batch_size, None))

    assert [row for rows in lists for row in rows] == list(range(n_rows))
    assert len(BatchSampler(n_rows, batch_size, None)) == len(lists)


@given(n_rows=sizes, batch_size=sizes, seed=st.integers(0, 99), epoch=st.integers(0, 99))
def test_shuffled_no_row_comes_twice_and_few_are_left_out(n_rows, batch_size, seed, epoch):
    sampler = BatchSampler(n_rows, batch_size, seed)
    sampler.set_epoch(epoch)

    lists = list(sampler)

    seen = [row for rows in lists for row in rows]
    assert len(seen) == len(set(seen))
    assert len(lists) == len(sampler) >= 1
    assert n_rows - len(seen) < batch_size / 2


def test_the_order_is_a_function_of_seed_and_epoch():
    def order(seed, epoch):
        sampler = BatchSampler(40, 8, seed)
        sampler.set_epoch(epoch)
        return [tuple(rows) for rows in sampler]

    assert order(3, 5) == order(3, 5)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


def test_a_resumed_loader_goes_on_where_the_first_would_have():
    """Fault 25: whatever was drawn in the process before."""
    dataset = ArrayDataset(x=torch.arange(30))

    def epochs(first, stop):
        loader = batches(dataset, 8, seed=1)
        seen = []
        for epoch in range(first, stop):
            loader.sampler.set_epoch(epoch)
            seen.append([batch["x"].tolist() for batch in loader])
        return seen

    torch.manual_seed(99)

    assert epochs(2, 4) == epochs(0, 4)[2:]


@pytest.mark.slow
def test_workers_prepare_the_same_batches():
    """Fault 72."""
    dataset = ArrayDataset(x=torch.arange(30), y=torch.arange(60).view(30, 2))

    alone, helped = ([batch["y"].tolist() for batch in batches(dataset, 8, 1, workers)] for workers in (0, 1))

    assert helped == alone


def test_noise_of_a_decision_depends_on_seed_instant_and_stream():
    draws = {
        decision_noise(seed, issued, stream).normal()
        for seed in (0, 1, 2**40)
        for issued in (0, 1, 1_700_000_000_000_000, -1)
        for stream in (0, 1, 2)
    }

    assert len(draws) == 36
    assert decision_noise(1, 2, 3).normal() == decision_noise(1, 2, 3).normal()


def test_noise_of_neighbouring_decisions_is_independent():
    drawn = np.stack([decision_noise(7, minute * 60_000_000).standard_normal(2000) for minute in range(40)])

    correlation = np.corrcoef(drawn)[np.triu_indices(40, 1)]
    assert np.abs(correlation).max() < 0.1  # 4.5 standard errors
    assert abs(drawn.std() - 1.0) < 0.02


def test_weights_are_copied_out_and_in():
    ours, theirs = (torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)) for _ in range(2))
    arrays = arrays_of(ours)

    load_arrays(theirs, arrays)

    assert all(torch.equal(theirs.state_dict()[name], value) for name, value in ours.state_dict().items())
    arrays["0.weight"][:] = 0.0
    assert ours[0].weight.detach().any()


def test_weights_of_another_network_are_refused():
    arrays = arrays_of(torch.nn.Linear(3, 2))

    assert fits(torch.nn.Linear(3, 2), arrays)
    assert not fits(torch.nn.Linear(4, 2), arrays)
    assert not fits(torch.nn.Linear(3, 2, bias=False), arrays)
    with pytest.raises(CorruptData, match=r"weights must fit the network .*weight"):
        load_arrays(torch.nn.Linear(4, 2), arrays)
