"""Promise: a training that is killed goes on and ends in the same artifact; one that fails leaves what was good."""

from __future__ import annotations

import shutil

import pytest

from forecast_pipeline.core.errors import NotEnoughHistory, TrainingFailed
from forecast_pipeline.core.home import Home
from forecast_pipeline.models import checkpoint_runs
from forecast_pipeline.models.artifact import load_artifact
from forecast_pipeline.models.checkpoint_runs import checkpoints, run_folder, sweep_older
from forecast_pipeline.models.registry import NEURAL
from forecast_pipeline.models.train import train_model
from forecast_pipeline.verification.lake import verify
from forecast_pipeline.verification.small_settings import small_parameters
from forecast_pipeline_tests.laid_split import H1, laid

__all__ = ["laid"]

FAMILY = "latent_diffusion"
neural = pytest.mark.parametrize("name", NEURAL)


@pytest.fixture
def own(laid, tmp_path):
    """A copy that a test may change."""
    return Home(shutil.copytree(laid.root, tmp_path / "own"))


def folders(home):
    return sorted(path for path in checkpoints(home).iterdir() if path.is_dir())


def settings(name, epochs=1, **changed):
    """Small settings; every stage has as many epochs."""
    small = small_parameters(name)
    stages = [each for each in type(small).model_fields if each.endswith("epochs") and each != "refit_epochs"]
    return small.model_copy(update=dict.fromkeys(stages, epochs) | changed)


def train(home, name, **changed):
    return train_model(home, "EURUSD", H1, name, settings(name, **changed))


class Killed(BaseException):
    """What no handler of a failure may catch."""


def kill_after_epochs(monkeypatch, n_epochs):
    """The process ends after so many epochs of any stages, checkpoints written."""
    from lightning.pytorch.callbacks import ModelCheckpoint

    seen = iter(range(n_epochs))
    honest = ModelCheckpoint.on_train_epoch_end

    def after(self, trainer, module):
        honest(self, trainer, module)
        if next(seen, None) is None:
            raise Killed

    monkeypatch.setattr(ModelCheckpoint, "on_train_epoch_end", after)


@pytest.mark.slow
@neural
@pytest.mark.parametrize("n_epochs", [0, 3])
def test_a_killed_training_goes_on_and_ends_in_the_same_bytes(laid, own, tmp_path, monkeypatch, name, n_epochs):
    whole = train(Home(shutil.copytree(laid.root, tmp_path / "uninterrupted")), name, epochs=3)
    with monkeypatch.context() as patched:
        kill_after_epochs(patched, n_epochs)
        with pytest.raises(Killed):
            train(own, name, epochs=3)
    (folder,) = folders(own)
    assert list(folder.rglob("*.ckpt"))

    resumed = train(own, name, epochs=3)

    assert resumed.sha256 == whole.sha256
    assert folders(own) == [folder]


@neural
def test_a_training_that_was_published_is_read_and_not_repeated(own, name, monkeypatch):
    first = train(own, name)
    from lightning.pytorch import Trainer

    monkeypatch.setattr(Trainer, "fit", None)  # would fail if it were called again

    assert train(own, name).sha256 == first.sha256


@neural
def test_a_failed_training_keeps_the_last_artifact_and_its_checkpoints(own, name):
    good = train(own, name)
    before = folders(own)

    with pytest.raises(TrainingFailed, match="learning_rate"):
        train(own, name, learning_rate=1e6, gradient_clip=1e9, epochs=3)

    assert load_artifact(own, "EURUSD", H1, name, 3).stored.sha256 == good.sha256
    assert set(before) <= set(folders(own))


@neural
def test_only_the_run_that_was_published_last_stays(own, name):
    train(own, name)
    (older,) = folders(own)

    train(own, name, learning_rate=2e-3)

    (newer,) = folders(own)
    assert newer != older
    assert newer.name.startswith(f"EURUSD_1h_{name}-")


def test_a_run_folder_is_named_by_everything_that_decides_the_training(home, monkeypatch):
    def folder(split="a", seed=1, name=FAMILY, **changed):
        return run_folder(home, "EURUSD", H1, name, split, settings(FAMILY, **changed), seed)

    others = [folder(split="b"), folder(seed=2), folder(epochs=2), folder(name="other")]
    others += [run_folder(home, "GBPUSD", H1, FAMILY, "a", settings(FAMILY), 1)]
    first = folder()
    monkeypatch.setattr(checkpoint_runs, "code_sha256", lambda: "other sources")

    assert len({first, *others, folder()}) == 7
    assert first.parent == checkpoints(home)


def test_sweeping_leaves_other_families_alone(tmp_path):
    for name in ("sssd-1", "sssd_s4-1", "sssd-2", "latent_diffusion-1"):
        (tmp_path / name / "vae").mkdir(parents=True)

    removed = sweep_older(tmp_path / "sssd-2")

    assert [path.name for path in removed] == ["sssd-1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latent_diffusion-1", "sssd-2", "sssd_s4-1"]


def test_checkpoints_are_no_partition_that_verify_would_open(own):
    train(own, FAMILY)

    hashes = next(iter(verify(own, "EURUSD", H1, n_cuts=0)))

    assert hashes.passed, hashes.detail


def test_a_family_that_is_fitted_at_once_keeps_no_checkpoints(own):
    train(own, "ridge")

    assert not checkpoints(own).exists()


@neural
def test_the_card_says_how_a_network_was_trained(own, name):
    card = train(own, name, epochs=2).card

    for curve in card["training"].values():
        assert curve["epoch"] == [1.0, 2.0]
        assert all(value is not None for value in curve["validation/loss"])
    assert card["device"]
    assert (card["sampler"], card["sampling_steps"]) == ("dpm_solver", 2)
    assert card["is_warm"] is False
    assert {"torch", "lightning"} <= set(card["library_versions"])


def test_the_card_of_latent_diffusion_has_the_specification_s_sidecar(own):
    card = train(own, FAMILY).card

    for name in ("symbol", "timeframe", "horizon_bars", "patch_len", "channel_order", "mu", "sigma"):
        assert card[name], name
    assert {"indicator_tfs", "warmup_bars"} <= set(card)
    assert card["channel_order"][:4] == ["relative_open", "relative_high", "relative_low", "relative_close"]
    assert (list(card["training"]), card["patch_len"]) == (["direct", "vae", "diffusion"], 8)
    assert len(card["latent"]["kl"]) == 4


@neural
def test_too_short_a_history_is_refused_before_anything_is_trained(own, name, monkeypatch):
    from forecast_pipeline.models.neural import forecaster

    monkeypatch.setattr(forecaster, "MIN_TRAIN_ROWS", 100_000)

    with pytest.raises(NotEnoughHistory, match=f"{name} must have at least 100000 train rows"):
        train(own, name)
