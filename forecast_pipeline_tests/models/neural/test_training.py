"""Promise: a stage keeps its best averaged weights, goes on after a kill as if nothing had been, and fails clearly."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import subprocess
import sys
import warnings

import pytest
import torch

from forecast_pipeline.core.errors import TrainingFailed
from forecast_pipeline.models.neural import training
from forecast_pipeline.models.neural.checkpoint_files import newest_good, read_checkpoint
from forecast_pipeline.models.neural.training import averaging_decay, train_stage
from forecast_pipeline_tests.models.neural.toy_stages import SMALL, TwoLines, loaders


def trained(folder=None, stage="first", settings=SMALL, n_epochs=4, module=None, seed=3):
    module = TwoLines(settings, seed) if module is None else module
    curve = train_stage(module, stage, *loaders(settings, seed), family="toy", n_epochs=n_epochs, folder=folder)
    return module, curve


def weights(module, name=""):
    return {key: value.clone() for key, value in module.state_dict().items() if key.startswith(name)}


def assert_same(ours, theirs):
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_a_stage_learns_and_keeps_a_curve(tmp_path):
    module, curve = trained(tmp_path)

    assert [entry["epoch"] for entry in curve] == [1.0, 2.0, 3.0, 4.0]
    names = {f"{segment}/{name}" for segment in ("train", "validation") for name in ("loss", "squared")}
    assert all(names <= set(entry) for entry in curve)
    assert curve[-1]["validation/loss"] < curve[0]["validation/loss"]
    assert not module.training
    assert json.loads((tmp_path / "first" / "finished.json").read_text())["curve"] == curve


def test_only_the_networks_of_the_stage_learn():
    before = weights(TwoLines(), "second")
    module, _ = trained()

    assert_same(weights(module, "second"), before)
    assert not torch.equal(weights(module, "first")["first.0.weight"], weights(TwoLines())["first.0.weight"])


def test_what_is_kept_are_the_averaged_weights_of_the_best_epoch(tmp_path):
    """The loss that was validated is that of the weights that are left in the module."""
    module, curve = trained(tmp_path)

    best = min(entry["validation/loss"] for entry in curve)
    generator = torch.Generator().manual_seed(104_729)
    module.stage = "first"
    with torch.no_grad():
        again = float(module.losses(next(iter(loaders()[1])), generator)["loss"])

    assert again == pytest.approx(best, rel=1e-6)
    stored = read_checkpoint(tmp_path / "first" / "last.ckpt")
    raw = stored["current_model_state"]
    assert any(not torch.equal(raw[name], value) for name, value in stored["state_dict"].items())


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_averages_are_those_of_a_slow_loop(tmp_path, monkeypatch, decay):
    """After every step: average = decay * average + (1 - decay) * weights."""
    steps = []
    honest = TwoLines.optimizer_step

    def watched(self, *arguments, **named):
        honest(self, *arguments, **named)
        steps.append(self.first[0].weight.detach().clone())

    monkeypatch.setattr(TwoLines, "optimizer_step", watched)
    settings = SMALL.model_copy(update={"ema_decay": decay, "save_top_k": 9})
    trained(tmp_path, settings=settings, n_epochs=1)

    average = steps[0]
    for step in steps[1:]:
        average = averaging_decay(decay, 4) * average + (1 - averaging_decay(decay, 4)) * step
    stored = read_checkpoint(tmp_path / "first" / "last.ckpt")["state_dict"]["first.0.weight"]
    torch.testing.assert_close(stored, average)


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before():
    torch.manual_seed(1)
    ours, _ = trained()
    torch.manual_seed(2)
    torch.randn(100)
    theirs, _ = trained()

    assert_same(weights(ours), weights(theirs))
    assert not torch.equal(weights(trained(seed=4)[0])["first.0.weight"], weights(ours)["first.0.weight"])


def test_every_step_has_noise_of_its_own_and_validation_always_the_same(monkeypatch):
    seen, honest = {True: [], False: []}, TwoLines.losses

    def watched(self, batch, generator):
        if self.training:
            seen[True].append(float(torch.rand(1)))  # what dropout would draw
        seen[self.training].append(float(torch.rand(1, generator=generator)))
        return honest(self, batch, generator)

    monkeypatch.setattr(TwoLines, "losses", watched)
    trained()

    assert len(set(seen[True])) == len(seen[True]) == 2 * 4 * 4
    assert len(set(seen[False])) == 1
    assert len(seen[False]) == 4


def test_training_leaves_the_random_state_of_the_process_alone():
    torch.manual_seed(5)
    module = TwoLines()
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)

    trained(module=module)

    assert torch.equal(torch.randn(3), expected)


class Killed(BaseException):
    """What a machine that is switched off would do."""


@pytest.mark.parametrize("epoch", [1, 2, 3])
@pytest.mark.parametrize("moment", ["on_train_epoch_start", "on_validation_epoch_end"])
def test_a_killed_training_ends_where_it_would_have(tmp_path, monkeypatch, epoch, moment):
    """Fault 25: bit by bit, curve included."""
    whole, curve = trained(tmp_path / "whole")
    honest = getattr(TwoLines, moment)

    def dying(self):
        honest(self)
        if self.current_epoch == epoch:
            raise Killed

    monkeypatch.setattr(TwoLines, moment, dying)
    with pytest.raises(Killed):
        trained(tmp_path / "killed")
    monkeypatch.setattr(TwoLines, moment, honest)
    assert not (tmp_path / "killed" / "first" / "finished.json").exists()
    repeated = []
    monkeypatch.setattr(TwoLines, "on_train_start", lambda self: repeated.append(self.current_epoch))

    resumed, again = trained(tmp_path / "killed")

    assert repeated == [epoch]  # the epochs before are not trained again
    assert_same(weights(resumed), weights(whole))
    assert again == curve


CHILD = """
import os, signal, sys
from pathlib import Path
from forecast_pipeline.models.neural.training import train_stage
from forecast_pipeline_tests.models.neural.toy_stages import TwoLines, loaders

class Dying(TwoLines):
    def on_train_epoch_start(self):
        if self.current_epoch == 2:
            os.kill(os.getpid(), signal.SIGKILL)

train_stage(Dying(), "first", *loaders(), family="toy", n_epochs=4, folder=Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_kill_9_leaves_what_a_training_can_go_on_from(pytestconfig, tmp_path):
    """Faults 8 and 25."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path / "killed"],
        cwd=pytestconfig.rootpath,
        env=os.environ | {"PYTHONPATH": str(pytestconfig.rootpath)},  # its BLAS chooses the same kernels
        check=False,
    )

    assert done.returncode == -signal.SIGKILL
    assert_same(weights(trained(tmp_path / "killed")[0]), weights(trained(tmp_path / "whole")[0]))


def test_a_corrupt_newest_checkpoint_costs_epochs_and_nothing_else(tmp_path, monkeypatch, caplog):
    """Fault 26: the one before is used and reported."""
    whole, _ = trained(tmp_path / "whole")
    honest = TwoLines.on_train_epoch_start

    def dying(self):
        if self.current_epoch == 3:
            raise Killed

    monkeypatch.setattr(TwoLines, "on_train_epoch_start", dying)
    with pytest.raises(Killed):
        trained(tmp_path / "cut")
    monkeypatch.setattr(TwoLines, "on_train_epoch_start", honest)
    last = tmp_path / "cut" / "first" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:-100])

    with caplog.at_level(logging.INFO):
        resumed, _ = trained(tmp_path / "cut")

    assert "last.ckpt" in caplog.text
    assert "goes on from epoch" in caplog.text
    assert_same(weights(resumed), weights(whole))


def test_a_finished_stage_is_read_and_not_trained_again(tmp_path, monkeypatch):
    first, curve = trained(tmp_path)
    monkeypatch.setattr(training.pl.Trainer, "fit", None)  # would fail if it were called

    again, same = trained(tmp_path)

    assert_same(weights(again), weights(first))
    assert same == curve


def test_stages_follow_each_other_in_one_folder(tmp_path):
    module, _ = trained(tmp_path)
    first = weights(module, "first")

    trained(tmp_path, "second", module=module)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
    assert_same(weights(module, "first"), first)


@pytest.mark.parametrize("kept", [1, 2])
def test_best_and_last_checkpoints_are_kept_and_no_more(tmp_path, kept):
    trained(tmp_path, settings=SMALL.model_copy(update={"save_top_k": kept}))

    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names[-2:] == ["finished.json", "last.ckpt"]
    assert len(names) == kept + 2


def test_a_training_that_gains_nothing_stops_early():
    settings = SMALL.model_copy(update={"learning_rate": 1e-12, "patience": 2})

    assert len(trained(settings=settings, n_epochs=30)[1]) == 3


@pytest.mark.parametrize("settings", [{"learning_rate": 1e6, "gradient_clip": 1e9}, {"learning_rate": 1e30}])
def test_divergence_is_stopped_and_the_last_good_checkpoint_kept(tmp_path, settings):
    """Fault 24."""
    with pytest.raises(TrainingFailed, match="lower learning_rate"):
        trained(tmp_path, settings=SMALL.model_copy(update=settings), n_epochs=40)

    for path in (tmp_path / "first").glob("*.ckpt"):
        assert all(torch.isfinite(value).all() for value in read_checkpoint(path)["state_dict"].values())
    assert not (tmp_path / "first" / "finished.json").exists()


@pytest.mark.parametrize("poison", [math.nan, math.inf, 1e7])
def test_a_loss_out_of_range_ends_training_with_the_epochs_before_kept(tmp_path, monkeypatch, poison):
    """Fault 24: the message says so."""
    honest = TwoLines.losses

    def poisoned(self, batch, generator):
        parts = honest(self, batch, generator)
        if self.training and self.current_epoch == 2:
            return parts | {"loss": parts["loss"] * 0.0 + poison}
        return parts

    monkeypatch.setattr(TwoLines, "losses", poisoned)

    with pytest.raises(TrainingFailed, match=r"first: the loss must stay finite.*last good checkpoint is kept"):
        trained(tmp_path)

    assert read_checkpoint(tmp_path / "first" / "last.ckpt")["epoch"] == 1


@pytest.mark.parametrize("poison", [math.nan, 1e7])
def test_weights_out_of_range_end_training_even_where_the_loss_does_not_see_them(tmp_path, monkeypatch, poison):
    """Fault 24."""

    def poisoned(self):
        if self.current_epoch == 2:
            with torch.no_grad():
                self.second[0].weight[0, 0] = poison

    monkeypatch.setattr(TwoLines, "on_train_epoch_start", poisoned)

    with pytest.raises(TrainingFailed, match=r"first: weights must stay finite and small.* after epoch 3"):
        trained(tmp_path)

    assert read_checkpoint(tmp_path / "first" / "last.ckpt")["epoch"] == 1


def test_validation_that_is_never_finite_is_a_failure(monkeypatch):
    honest = TwoLines.losses

    def blind(self, batch, generator):
        parts = honest(self, batch, generator)
        return parts if self.training else {"loss": parts["loss"] * math.nan}

    monkeypatch.setattr(TwoLines, "losses", blind)

    with pytest.raises(TrainingFailed, match="finite"):
        trained()


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")]
)
def test_exhausted_memory_is_told_with_what_to_do(tmp_path, monkeypatch, error):
    """Fault 27: a typed failure, and the epochs before are kept."""
    honest = TwoLines.losses

    def hungry(self, batch, generator):
        if self.current_epoch == 2:
            raise error
        return honest(self, batch, generator)

    monkeypatch.setattr(TwoLines, "losses", hungry)

    with pytest.raises(TrainingFailed, match=r"must fit into memory.*lower batch_size"):
        trained(tmp_path, n_epochs=5)

    assert newest_good(sorted((tmp_path / "first").glob("*.ckpt"))) is not None
    assert not (tmp_path / "first" / "finished.json").exists()


def test_an_error_of_the_code_is_not_called_memory(monkeypatch):
    def broken(self, batch, generator):
        raise RuntimeError("shapes do not fit")

    monkeypatch.setattr(TwoLines, "losses", broken)

    with pytest.raises(RuntimeError, match="shapes do not fit"):
        trained(n_epochs=2)


def test_averages_forget_the_start_where_steps_are_few():
    assert averaging_decay(0.999, 10**6) == 0.999
    assert averaging_decay(0.999, 200) == pytest.approx(0.95)
    assert averaging_decay(0.999, 3) == 0.0


def test_progress_is_told_and_lightning_is_quiet(caplog, capfd):
    with caplog.at_level(logging.INFO), warnings.catch_warnings():
        warnings.simplefilter("error")
        trained()

    told = [record.getMessage() for record in caplog.records if record.name.startswith("forecast_pipeline")]
    assert len(told) == 4
    assert told[0].startswith("toy, first: epoch 1 of at most 4: train/loss ")
    assert not [record for record in caplog.records if "lightning" in record.name]
    assert "GPU available" not in "".join(capfd.readouterr())


def test_accumulated_gradients_are_those_of_a_larger_batch():
    whole = SMALL.model_copy(update={"batch_size": 64, "dropout": 0.0, "ema_decay": 0.0})
    parts = whole.model_copy(update={"batch_size": 16, "gradient_accumulation_steps": 4})

    class Plain(TwoLines):
        def losses(self, batch, generator):
            del generator
            squared = (getattr(self, self.stage)(batch["x"]) - batch["y"]).square().mean()
            return {"loss": squared}

    ours, theirs = (trained(settings=each, module=Plain(each), n_epochs=3)[0] for each in (whole, parts))

    for name, value in weights(ours).items():
        torch.testing.assert_close(value, weights(theirs)[name], rtol=1e-4, atol=1e-5)


def test_a_processor_takes_bf16_for_fp16_and_says_so(caplog):
    settings = SMALL.model_copy(update={"use_amp": True, "precision": "fp16", "accelerator": "cpu"})

    with caplog.at_level(logging.WARNING):
        module, curve = trained(settings=settings)

    assert "bf16" in caplog.text
    assert curve[-1]["validation/loss"] < curve[0]["validation/loss"]
    assert module.first[0].weight.dtype == torch.float32
