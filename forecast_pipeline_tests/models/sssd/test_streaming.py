"""Promise: one closed bar at a time gives the context of re-encoding all bars, in a time that does not grow."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from forecast_pipeline.core.errors import InvalidConfiguration
from forecast_pipeline.models.s4.compiled_step import MOST_ROWS
from forecast_pipeline.models.sssd.encoder import MultiScaleEncoder
from forecast_pipeline.models.sssd.streaming import StreamingEncoder
from forecast_pipeline_tests.models.sssd.made_panels import SMALL

N_COLUMNS = (3, 2)
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-9}


def encoder(kernel, dtype):
    torch.manual_seed(0)
    settings = SMALL.model_copy(update={"s4_kernel": kernel, "s4_layers": 2})
    made = MultiScaleEncoder(settings, N_COLUMNS, [64, 16], 4, 1).to(dtype).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return made


def made_bars(dtype, n_rows=2):
    return [torch.randn(n_rows, L, F, dtype=dtype) for L, F in zip((64, 16), N_COLUMNS, strict=True)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("kernel", ["s4d", "dplr"])
@pytest.mark.parametrize("n_warm", [0, 40])
def test_a_stream_is_the_window_encoded_again(kernel, dtype, n_warm):
    model, bars = encoder(kernel, dtype), made_bars(dtype)
    age, features, slow = (
        torch.full((2, 2), 5.0, dtype=dtype),
        torch.randn(2, 4, dtype=dtype),
        torch.ones(2, 1).to(dtype),
    )
    stream = StreamingEncoder(model, n_rows=2)
    if n_warm:
        stream.warm_up(0, bars[0][:, :n_warm])

    for place in range(n_warm, 64):
        stream.push(0, bars[0][:, place])
        if place % 4 == 3 and place // 4 >= n_warm // 4:
            stream.push(1, bars[1][:, place // 4])
        if place in (n_warm, 50, 63):
            slow_bars = bars[1][:, n_warm // 4 : (place + 1) // 4]
            seen = [bars[0][:, : place + 1], slow_bars]
            if slow_bars.shape[1] == 0:
                continue
            known = [torch.ones(each.shape[:2], dtype=torch.bool) for each in seen]
            with torch.no_grad():
                expected = model(seen, known, age, features, slow)
            np.testing.assert_allclose(stream.context(age, features, slow), expected, rtol=0, atol=TOLERANCE[dtype])


def test_a_timeframe_that_has_not_closed_a_bar_is_as_if_masked():
    model, bars = encoder("s4d", torch.float64), made_bars(torch.float64)
    age, features, slow = (torch.zeros(2, n, dtype=torch.float64) for n in (2, 4, 1))
    stream = StreamingEncoder(model, n_rows=2)
    stream.push(0, bars[0][:, 0])
    known = [torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, 1, dtype=torch.bool)]

    with torch.no_grad():
        expected = model([bars[0][:, :1], bars[1][:, :1]], known, age, features, slow)

    np.testing.assert_allclose(stream.context(age, features, slow), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kernel", ["s4d", "dplr"])
def test_few_rows_are_pushed_as_many_are(kernel):
    model, n_rows = encoder(kernel, torch.float64), MOST_ROWS + 1
    bars = torch.randn(n_rows, 9, 3, dtype=torch.float64)
    many, few = StreamingEncoder(model, n_rows).timeframes[0], StreamingEncoder(model, 2).timeframes[0]
    for bar in bars.unbind(1):
        many.push(bar)
        few.push(bar[:2])

    assert many._stack is None
    assert few._stack is not None
    torch.testing.assert_close(few.token(), many.token()[:2], rtol=0, atol=1e-9)
    torch.testing.assert_close(few.states, many.states[:, :2], rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["entry.bias", "blocks.1.norm.weight", "blocks.0.layer.kernel.read", "norm.bias"])
def test_a_running_stream_notices_a_changed_parameter(name):
    model = encoder("s4d", torch.float64)
    bars, known = torch.randn(1, 2, 3, dtype=torch.float64), torch.ones(1, 2, dtype=torch.bool)
    stream, timeframe = StreamingEncoder(model).timeframes[0], model.timeframes[0]
    stream.push(0.0 * bars[:, 0])
    before = stream._stack
    with torch.no_grad():
        timeframe.get_parameter(name).add_(0.5)
        stream.states.zero_()
        stream.push(bars[:, 0])
        stream.push(bars[:, 1])
        expected = timeframe.outputs(bars, known)[:, -1]

    assert stream._stack is not before
    np.testing.assert_allclose(stream.last, expected, rtol=0, atol=1e-9)


def test_a_stored_stream_goes_on():
    stream = StreamingEncoder(encoder("s4d", torch.float64)).timeframes[0]
    first, second = torch.randn(2, 1, 3, dtype=torch.float64)
    stream.push(first)
    twins = copy.deepcopy(stream), pickle.loads(pickle.dumps(stream))  # noqa: S301 - our own bytes
    stream.push(second)
    for twin in twins:
        assert twin._stack is None
        assert not torch.equal(twin.states, stream.states)
        twin.push(second)
        assert torch.equal(twin.token(), stream.token())


def test_what_a_stream_holds_does_not_grow():
    stream = StreamingEncoder(encoder("s4d", torch.float32))
    sizes = []
    for _ in range(3):
        stream.push(0, torch.randn(1, 3))
        held = stream.timeframes[0]
        sizes.append(sum(each.numel() for each in (*held.states, held.last, held.total)))

    assert len(set(sizes)) == 1


def test_an_encoder_in_training_does_not_stream():
    with pytest.raises(InvalidConfiguration, match="evaluation"):
        StreamingEncoder(encoder("s4d", torch.float32).train())
