"""Promise: latent diffusion draws each decision from its past alone, survives storage and kills, and fails clearly."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from forecast_pipeline.core.errors import NotEnoughHistory, TrainingFailed
from forecast_pipeline.models.diffusion.samplers import SAMPLERS
from forecast_pipeline.models.latent_diffusion.lit import ForexDiffusionLit
from forecast_pipeline.models.neural import training
from forecast_pipeline.models.neural.checkpoint_files import read_checkpoint
from forecast_pipeline.models.neural.weights import arrays_of
from forecast_pipeline.models.storage import dump_state
from forecast_pipeline_tests.models.latent_diffusion.made_candles import (
    N_BARS,
    SPLIT,
    candle_rows,
    fitted,
    reloaded,
    segments,
)

pytestmark = pytest.mark.slow
N_SAMPLES = 40


@pytest.fixture(scope="module")
def world():
    return segments()


@pytest.fixture(scope="module")
def test_rows(world):
    return world[2]


@pytest.fixture(scope="module")
def forecaster(world):
    return fitted(*world[:2])


def paths_of(forecaster, rows, n_samples=N_SAMPLES, seed=None):
    return np.stack(forecaster.sample_paths(rows, n_samples, seed))


def test_draws_have_the_shape_of_their_rows(forecaster, test_rows):
    drawn = forecaster.sample(test_rows, N_SAMPLES)

    assert drawn.shape == (N_SAMPLES, len(test_rows), 4)
    assert np.isfinite(drawn).all()
    assert forecaster.mean(test_rows).shape == (len(test_rows), 4)
    np.testing.assert_array_equal(drawn, paths_of(forecaster, test_rows)[0])


def test_extremes_hold_both_ends_of_their_increment(forecaster, test_rows):
    increments, highest, lowest = paths_of(forecaster, test_rows, 400)

    assert (highest >= np.maximum(increments, 0.0)).all()
    assert (lowest <= np.minimum(increments, 0.0)).all()
    assert (highest > np.maximum(increments, 0.0)).mean() > 0.5


def test_draws_of_a_decision_do_not_depend_on_the_batch(forecaster, test_rows):
    """Fault 72, bit by bit."""
    drawn, order = paths_of(forecaster, test_rows), np.random.default_rng(0).permutation(len(test_rows))

    alone = [paths_of(forecaster, test_rows.take(np.array([k]))) for k in range(6)]

    np.testing.assert_array_equal(np.concatenate(alone, axis=2), drawn[:, :, :6])
    np.testing.assert_array_equal(paths_of(forecaster, test_rows.take(order)), drawn[:, :, order])


def test_draws_follow_from_the_seed(forecaster, test_rows):
    own, again, asked = (paths_of(forecaster, test_rows, seed=seed) for seed in (None, forecaster.seed, 99))

    np.testing.assert_array_equal(own, again)
    assert not np.array_equal(own, asked)
    np.testing.assert_array_equal(asked, paths_of(forecaster, test_rows, seed=99))


def test_two_decisions_share_no_noise(forecaster, test_rows):
    drawn = forecaster.sample(test_rows.take(np.arange(20)), 1000)[:, :, 0]

    assert np.abs(np.corrcoef(drawn.T)[np.triu_indices(20, 1)]).max() < 0.2


@pytest.mark.parametrize("shift", [0, -1], ids=["later bars", "the bar of the decision too"])
def test_nothing_of_a_decision_changes_when_its_future_does(forecaster, test_rows, shift):
    """Fault 21 and M8: patch, context and draws, bit by bit; and they do change with the decision's own bar."""
    cut = 20
    last = int(test_rows.history.bar[cut])
    changed = candle_rows(SPLIT[4], SPLIT[5], garbage_after=last + shift)
    seen = []
    for rows in (test_rows, changed):
        part = rows.take(np.arange(cut + 1))
        batch = forecaster.batch_of(part, forecaster.conditioner.conditions(part))[list(range(cut + 1))]
        with torch.inference_mode():
            context = forecaster.module.context(batch).numpy()
        seen.append({**{name: value.numpy() for name, value in batch.items()}, "context": context})
        seen[-1]["draws"] = np.moveaxis(paths_of(forecaster, part), 2, 0)
    before, after = seen

    for name, value in before.items():
        np.testing.assert_array_equal(value[:cut], after[name][:cut], err_msg=name)
        assert np.array_equal(value[cut], after[name][cut]) == (shift == 0), name


def test_draws_do_not_read_outcomes(forecaster, test_rows):
    blind = dataclasses.replace(
        test_rows,
        increments=np.full_like(test_rows.increments, np.nan),
        extremes=np.full_like(test_rows.extremes, np.nan),
    )

    np.testing.assert_array_equal(paths_of(forecaster, blind), paths_of(forecaster, test_rows))


def test_storage_gives_back_the_same_draws(forecaster, test_rows):
    """M13."""
    restored = reloaded(forecaster)

    np.testing.assert_array_equal(paths_of(restored, test_rows), paths_of(forecaster, test_rows))
    np.testing.assert_array_equal(restored.mean(test_rows), forecaster.mean(test_rows))
    assert dump_state(restored.state()) == dump_state(forecaster.state())


def test_the_same_fit_gives_the_same_bytes_and_another_seed_another(forecaster, world):
    assert dump_state(fitted(*world[:2]).state()) == dump_state(forecaster.state())
    assert dump_state(fitted(*world[:2], seed=8).state()) != dump_state(forecaster.state())


def test_a_refit_begins_at_the_weights_before_and_is_shorter(forecaster, world, test_rows, monkeypatch):
    seen, honest = [], ForexDiffusionLit.begin

    def watched(self, stage, n_steps):
        seen.append((stage, arrays_of(self)))
        honest(self, stage, n_steps)

    monkeypatch.setattr(ForexDiffusionLit, "begin", watched)

    warm = fitted(*world[:2], previous=reloaded(forecaster), epochs=5)

    assert warm.is_warm
    assert seen[0][0] == "direct"
    before = arrays_of(forecaster.module) | {"head.trust": np.ones(4, np.float32)}  # what is trusted is asked anew
    assert all(np.array_equal(value, before[name]) for name, value in seen[0][1].items())
    assert {stage: len(warm.curves[stage]) for stage in ("direct", "vae", "diffusion")} == dict.fromkeys(
        ("direct", "vae", "diffusion"), 1
    )
    assert not np.array_equal(warm.sample(test_rows, 9), forecaster.sample(test_rows, 9))


def test_weights_that_do_not_fit_are_not_taken(forecaster, world):
    made = fitted(*world[:2], previous=forecaster, hidden_channels=12)

    assert not made.is_warm
    assert len(made.curves["direct"]) == 2


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_moderate_paths(forecaster, test_rows, sampler):
    other = reloaded(forecaster)
    other.parameters = other.parameters.model_copy(update={"sampler": sampler, "sampling_steps": 8})

    drawn = other.sample(test_rows.take(np.arange(8)), 300)

    truth = forecaster.sample(test_rows.take(np.arange(8)), 300)
    np.testing.assert_allclose(drawn.std(axis=(0, 1)), truth.std(axis=(0, 1)), rtol=0.25)
    np.testing.assert_array_equal(drawn, other.sample(test_rows.take(np.arange(8)), 300))


@pytest.mark.parametrize(
    ("settings", "stages"),
    [
        ({"training_mode": "joint"}, ["direct", "joint"]),
        ({"parameterization": "epsilon"}, ["direct", "vae", "diffusion"]),
        ({"is_symmetric": False}, ["direct", "vae", "diffusion"]),
        ({"loss_weight": "min_snr", "lambda_crps": 0.0, "kl_warmup": 0.0}, ["direct", "vae", "diffusion"]),
        ({"z_dim": 64, "n_down": 3, "gradient_accumulation_steps": 2}, ["direct", "vae", "diffusion"]),
    ],
    ids=["joint", "epsilon", "not symmetric", "other weights", "long latent"],
)
def test_every_way_of_training_draws_paths_of_the_right_width(world, test_rows, settings, stages):
    made = fitted(*world[:2], epochs=6, **settings)

    increments, highest, lowest = paths_of(made, test_rows.take(np.arange(16)), 300)

    assert [stage for stage in made.curves if stage != "latent"] == stages
    expected = 1e-4 * np.sqrt(np.diff([0, *test_rows.history.horizons]))
    np.testing.assert_allclose(increments.std(axis=(0, 1)), expected, rtol=0.2)
    assert (highest >= np.maximum(increments, 0.0)).all()
    assert (lowest <= np.minimum(increments, 0.0)).all()
    np.testing.assert_array_equal(
        paths_of(reloaded(made), test_rows.take(np.arange(3))), paths_of(made, test_rows.take(np.arange(3)))
    )


def test_a_skew_is_learned_where_mirror_images_are_not_taken_as_likely(world):
    """Rises are slow and falls are fast: the law of the first increment is skewed by -2."""
    rng = np.random.default_rng(5)
    train, validation, test = world

    def skewed(rows):
        increments = 1e-4 * (1.0 - rng.standard_exponential(rows.increments.shape))
        return dataclasses.replace(rows, increments=increments, extremes=None)

    skews = {}
    for is_symmetric in (True, False):
        made = fitted(skewed(train), skewed(validation), is_symmetric=is_symmetric, epochs=4)
        drawn = made.sample(test.take(np.arange(10)), 2000)[..., 0]
        skews[is_symmetric] = float(np.mean((drawn - drawn.mean()) ** 3) / drawn.std() ** 3)

    assert abs(skews[True]) < 0.4
    assert skews[False] < -1.0


def test_bars_without_highs_and_lows_draw_increments_only():
    train, validation, test = segments(has_candles=False)

    made = fitted(train, validation)
    increments, highest, lowest = paths_of(made, test)

    assert made.targets.n_channels == 1
    np.testing.assert_array_equal(highest, np.maximum(increments, 0.0))
    np.testing.assert_array_equal(lowest, np.minimum(increments, 0.0))


def test_one_draw_of_many_rows_has_the_law_of_many_draws_of_each(forecaster, test_rows):
    """`sample_each` is what simulated paths are rolled with."""
    row = test_rows.take(np.zeros(3000, np.intp))
    once = forecaster.sample_each(row, np.random.default_rng(1)).increments[0]
    many = forecaster.sample(test_rows.take(np.array([0])), 3000)[:, 0]

    np.testing.assert_allclose(once.std(axis=0), many.std(axis=0), rtol=0.1)
    assert once.shape == many.shape


def test_too_few_rows_are_refused_before_any_training(world, monkeypatch):
    """Fault 23."""
    train, validation, _ = world
    monkeypatch.setattr(training.pl.Trainer, "fit", None)

    with pytest.raises(NotEnoughHistory, match="at least 128 train rows, was 127"):
        fitted(train.take(np.arange(127)), validation)
    with pytest.raises(NotEnoughHistory, match="at least 32 validation rows, was 31"):
        fitted(train, validation.take(np.arange(31)))


def test_divergence_fails_clearly_and_keeps_what_was_good(world, tmp_path):
    """Fault 24: in the last stage, with the stages before it finished."""
    with pytest.raises(TrainingFailed, match=r"diffusion: .*lower learning_rate"):
        fitted(*world[:2], run_folder=tmp_path, denoiser_learning_rate=1e6, gradient_clip=1e12, epochs=8)

    assert sorted(path.parent.name for path in tmp_path.rglob("finished.json")) == ["direct", "vae"]
    for path in tmp_path.rglob("*.ckpt"):
        assert all(bool(torch.isfinite(each).all()) for each in read_checkpoint(path)["state_dict"].values())


def test_a_learning_rate_of_a_million_fails(world):
    """Fault 24."""
    with pytest.raises(TrainingFailed, match="learning_rate"):
        fitted(*world[:2], learning_rate=1e6, epochs=8)


def test_a_planted_collapse_raises_the_alarm(world):
    """M11."""
    with pytest.raises(TrainingFailed, match=r"latent dimensions must be active.*lower lambda_kl, raise free_bits"):
        fitted(*world[:2], lambda_kl=1e4, free_bits=0.0, kl_warmup=0.0, learning_rate=0.02, epochs=12)


def test_a_latent_that_carries_paths_is_active(forecaster):
    first, *others = forecaster.curves["latent"]

    assert first["active_fraction"] >= 0.1
    assert len(others) == 6


class Killed(BaseException):
    """What a machine that is switched off would do."""


@pytest.mark.parametrize("stage", ["direct", "vae", "diffusion"])
def test_a_training_that_was_cut_off_ends_where_it_would_have(
    world, test_rows, forecaster, tmp_path, monkeypatch, stage
):
    """Fault 25: bit by bit, and stages that were finished are not trained again."""
    honest, seen = ForexDiffusionLit.on_train_epoch_start, []

    def dying(self):
        seen.append(self.stage)
        if self.stage == stage and self.current_epoch == 1:
            raise Killed

    monkeypatch.setattr(ForexDiffusionLit, "on_train_epoch_start", dying)
    with pytest.raises(Killed):
        fitted(*world[:2], run_folder=tmp_path)
    seen.clear()
    monkeypatch.setattr(ForexDiffusionLit, "on_train_epoch_start", lambda self: seen.append(self.stage))

    resumed = fitted(*world[:2], run_folder=tmp_path)
    monkeypatch.setattr(ForexDiffusionLit, "on_train_epoch_start", honest)

    assert dump_state(resumed.state()) == dump_state(forecaster.state())
    stages = ["direct", "vae", "diffusion"]
    left = stages[stages.index(stage) :]
    assert seen == [stage, *(each for each in left[1:] for _ in range(2))]


def test_rows_cover_what_the_tests_say(world):
    assert [len(each) for each in world] == [320, 148, 68]
    assert all(each.extremes is not None and np.isfinite(each.extremes).all() for each in world)
    assert SPLIT[-1] < N_BARS
