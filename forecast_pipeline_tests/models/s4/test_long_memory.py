"""Promise: S4D learns a signal 1,000 bars back where a GRU and attention of its size and training learn nothing."""

from __future__ import annotations

import pytest
import torch

from forecast_pipeline_tests.models.s4.long_memory import (
    DELAY_BARS,
    HALF_WIDTH_BARS,
    N_ANSWERS,
    Attention,
    Gated,
    StateSpace,
    examples,
    explained_share,
)

N_STEPS = 120


def test_the_answer_is_the_mean_about_the_bar_a_thousand_back():
    u, wanted = examples(2, torch.Generator().manual_seed(0))
    last = u.shape[1] - 1
    around = u[:, last - DELAY_BARS - HALF_WIDTH_BARS : last - DELAY_BARS + HALF_WIDTH_BARS + 1]

    assert wanted.shape == (2, N_ANSWERS)
    torch.testing.assert_close(wanted[:, -1], around.sum(1) / (2 * HALF_WIDTH_BARS + 1) ** 0.5)


@pytest.mark.slow
def test_s4_remembers_what_the_others_forget():
    (s4, s4_size), (gru, gru_size), (attention, attention_size) = (
        explained_share(make, N_STEPS) for make in (StateSpace, Gated, Attention)
    )

    assert s4 > 0.7
    assert max(gru, attention) < 0.1
    assert max(s4_size, gru_size, attention_size) < 1.05 * min(s4_size, gru_size, attention_size)
