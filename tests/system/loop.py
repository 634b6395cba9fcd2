#!/usr/bin/env python3
"""The loop of a model against the real binary: every branch, and kill -9 in every state.

usage: loop.py BINARY [PART OF A NAME]
"""
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import loop_scene, onnx_models  # noqa: E402
from harness.loop_scene import GATES  # noqa: E402
from harness.millwright import Postgres, expect, run_tests  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()


def Scene(backend):
    return loop_scene.Scene(BINARY, backend)


def each_decision_is_whole(scene):
    decisions = scene.decisions()
    expect([one["number"] for one in decisions] == list(range(1, len(decisions) + 1)), f"numbers {decisions}")
    for before, after in zip(decisions, decisions[1:]):
        expect(before["to"] == after["from"], f"a step is lost or repeated: {before} {after}")
    for one in decisions:
        expect(one["rule"] and one["reason"] and one["who"] and one["undo"].startswith("millwright "), f"{one}")


def promotes(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        scene.apply("2")
        scene.acted("trigger")
        with scene.traffic(0.25):
            scene.wait_for_phase("cooldown")
        expect(scene.live() == "2" and scene.champion() == "2", f"{scene.roles()} {scene.champion()}")
        went_on = [words for words in scene.words() if not words.startswith("hold")]
        expect(went_on == ["trigger trigger", "retrain retrain", "judge gate", "shadow shadow", "canary canary.step",
                           "canary canary.step", "promote promote", "end promoted"], f"{scene.words()}")
        each_decision_is_whole(scene)
        promoted = next(one for one in scene.decisions() if one["action"] == "promote")
        figures = promoted["seen"]
        expect(figures["candidate"]["requests"] >= 30 and figures["live"]["requests"] >= 30, f"{figures}")
        expect(figures["differences"][0]["high"] < 0.2 and figures["since_ms"] < figures["until_ms"], f"{figures}")
        expect(len((scene.folder / "trained").read_text().splitlines()) == 1, "it trained more than once")
        # And back by hand.
        scene.acted("rollback")
        scene.wait_for(lambda: scene.loop()["ending"] == "rolled_back" and scene.loop()["phase"] == "cooldown",
                       "the way back")
        expect(scene.live() == "1" and scene.champion() == "1", f"{scene.roles()} {scene.champion()}")
        expect(scene.act("rollback").status == 400, "a second rollback means nothing")


def holds_without_traffic(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        scene.apply("2")
        scene.acted("trigger")
        scene.wait_for_hold("no_traffic")
        expect(scene.roles().get("shadow", ("",))[0] == "2", f"{scene.roles()}")
        scene.wait_until_shadow_is_ready()
        scene.ask(0.5, 5)
        scene.wait_for_hold("too_few")
        expect(scene.loop()["phase"] == "shadow" and scene.live() == "1", "it went on")
        # A person who knows better lets it pass the shadow; the canary holds again.
        scene.acted("override")
        scene.wait_for(lambda: scene.loop()["phase"] == "canary" and scene.loop()["hold"] == "no_traffic",
                       "the canary without traffic")
        expect(scene.wait_for(lambda: scene.roles().get("canary") == ("2", 20), "the canary's share"), "share")
        overridden = next(one for one in scene.decisions() if one["action"] == "override")
        expect(overridden["reason"] == "the test says so" and overridden["rule"] in ("too_few", "no_traffic"),
               f"{overridden}")
        each_decision_is_whole(scene)


def holds_on_not_a_number(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.not_a_number())
        scene.apply("2")
        scene.acted("trigger")
        with scene.traffic(-1):
            scene.wait_for_hold("not_a_number")
        expect(scene.loop()["phase"] == "shadow" and scene.live() == "1", f"{scene.loop()}")
        held = [one for one in scene.decisions() if one["rule"] == "not_a_number"][-1]
        expect(held["seen"]["candidate"]["not_numbers"] >= 30 and held["seen"]["live"]["not_numbers"] == 0, f"{held}")
        # Pause: nothing is decided, and a trigger waits.
        scene.acted("pause")
        expect(scene.act("trigger").status == 400 and scene.act("pause").status == 400, "paused")
        scene.acted("rollback")
        scene.wait_for_phase("cooldown")
        expect("shadow" not in scene.roles(), f"{scene.roles()}")
        scene.acted("resume")


def rolls_back_on_errors(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.failing())
        scene.apply("2", stages="canary: {steps: [50], requests: 30}", worse="{errors: 0.05}")
        scene.acted("trigger")
        with scene.traffic(7):
            scene.wait_for_phase("cooldown")
        loop = scene.loop()
        expect(loop["ending"] == "rolled_back" and scene.live() == "1" and "canary" not in scene.roles(), f"{loop}")
        worse = next(one for one in scene.decisions() if one["action"] == "roll_back")
        expect(worse["rule"] == "worse.errors" and worse["seen"]["candidate"]["errors"] >= 30, f"{worse}")
        expect(worse["seen"]["live"]["errors"] == 0 and worse["seen"]["differences"][0]["low"] > 0.05, f"{worse}")
        # It is not tried again by itself: the same version is refused, and the refusal is latched.
        scene.apply("2", stages="canary: {steps: [50], requests: 30}", worse="{errors: 0.05}", cooldown="0s")
        scene.wait_for_phase("idle")
        new_data(scene)
        scene.wait_for_hold("refused")
        expect(scene.loop()["latched"], f"{scene.loop()}")


def rolls_back_on_labels(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.wrong())
        scene.apply("2", stages="shadow: {requests: 30}", worse="{errors: 0.5, loss: {kind: brier, tolerance: 0.2, outcomes: 30}}")
        scene.acted("trigger")
        scene.wait_for_hold("no_traffic")
        scene.wait_until_shadow_is_ready()
        scene.ask(0.9, 60)
        scene.wait_for_hold("too_few")  # no outcome is known yet
        with scene.traffic(0.9, outcome=1):
            scene.wait_for_phase("cooldown")
        worse = next(one for one in scene.decisions() if one["action"] == "roll_back")
        expect(worse["rule"] == "worse.loss", f"{worse}")
        loss = {arm: worse["seen"][arm]["loss"] for arm in ("candidate", "live")}
        expect(abs(loss["candidate"]["mean"] - 0.81) < 1e-4 and abs(loss["live"]["mean"] - 0.01) < 1e-4, f"{loss}")


def judges_a_regression(backend):
    """Minutes: one candidate is off by half an hour more, another one is as good as the live version."""
    late = [36, 43, 41, 38]  # of 40 that the live version says
    policy = {"stages": "canary: {steps: [50], requests: 30}", "more": "label: {task: regression}\n"}
    with Scene(backend) as scene:
        scene.add_version(onnx_models.higher(30))
        scene.apply("2", worse="{errors: 0.5, latency: false, loss: {outcomes: 30}}", **policy)
        scene.acted("trigger")
        with scene.traffic(40, outcome=late):
            scene.wait_for_phase("cooldown")
        worse = next(one for one in scene.decisions() if one["action"] == "roll_back")
        expect(worse["rule"] == "worse.loss" and "of the live version's" in worse["reason"], f"{worse}")
        loss = {arm: worse["seen"][arm]["loss"]["mean"] for arm in ("candidate", "live")}
        expect(abs(loss["candidate"] - 30.5) < 1 and abs(loss["live"] - 2.5) < 0.5, f"{loss}")
        difference = next(one for one in worse["seen"]["differences"] if one["figure"] == "loss")
        expect(difference["relative"] and difference["tolerance"] == 0.05 and difference["low"] > 0.05, f"{difference}")
        expect(scene.live() == "1", f"{scene.roles()}")
        scene.add_version(onnx_models.higher(0.01))
        scene.apply("3", worse="{errors: 0.5, latency: false, loss: {kind: squared_error, tolerance: 80%, outcomes: 30}}",
                    cooldown="0s", **policy)
        scene.wait_for_phase("idle")
        scene.acted("trigger")
        with scene.traffic(40, outcome=late):
            scene.wait_for(lambda: scene.champion() == "3", "the promotion")
        promoted = [one for one in scene.decisions() if one["action"] == "promote"][-1]
        difference = next(one for one in promoted["seen"]["differences"] if one["figure"] == "loss")
        expect(difference["high"] < 0.8 and promoted["seen"]["candidate"]["loss"]["n"] >= 30, f"{promoted}")
        each_decision_is_whole(scene)


def new_data(scene):
    number = scene.asked = scene.asked + 1
    file = scene.folder / "numbers.csv"
    file.write_text(f"x\n{number}\n")
    scene.server.cli("data", "upload", "numbers", str(file))


def latches_a_failed_gate(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        scene.must("POST", "/api/v1/models/m/gate", {"yaml": GATES})
        scene.apply("2", stages="")
        scene.acted("trigger")
        scene.wait_for_hold("gate")
        expect(scene.loop()["latched"] and scene.live() == "1", f"{scene.loop()}")
        # What the gate asked for comes afterwards: the latch stays, also after the loop has looked again.
        scene.must("POST", "/api/v1/models/m/versions/2/approvals", {"gate": "four eyes"})
        for waits in ("queue trigger.busy", "skip trigger.waiting"):
            new_data(scene)
            scene.wait_for(lambda waits=waits: waits in scene.words(), waits)
        expect(scene.loop()["hold"] == "gate" and scene.live() == "1", f"{scene.words()}")
        # Another version takes its place, although the old one is latched.
        scene.add_version(onnx_models.good())
        scene.must("POST", "/api/v1/models/m/versions/3/approvals", {"gate": "four eyes"})
        scene.apply("3", stages="", cooldown="0s")
        scene.wait_for(lambda: scene.live() == "3" and scene.champion() == "3", "the promotion of version 3")
        each_decision_is_whole(scene)


def overrides_a_gate(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        scene.must("POST", "/api/v1/models/m/gate", {"yaml": GATES})
        scene.apply("2", stages="")
        scene.acted("trigger")
        scene.wait_for_hold("gate")
        expect(scene.server.post("/api/v1/loops/m/override", {}).status == 400, "without a reason")
        scene.acted("override")
        scene.wait_for(lambda: scene.loop()["ending"] == "promoted", "the promotion")
        expect(scene.live() == "2" and scene.champion() == "2", f"{scene.roles()}")
        history = json.dumps(scene.must("GET", "/api/v1/models/m/history"))
        expect("the test says so" in history, f"the registry does not know why: {history[:1500]}")


def asks_for_approval(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        scene.apply("2", stages="", more="approvals: [promotion]\n")
        expect(scene.act("approve").status == 400, "nothing waits yet")
        scene.acted("trigger")
        scene.wait_for_hold("approval.promotion")
        scene.acted("approve")
        scene.wait_for(lambda: scene.loop()["ending"] == "promoted", "the promotion")
        # One promotion a day.
        scene.add_version(onnx_models.good())
        scene.apply("3", stages="", cooldown="0s", promotions=1)
        scene.wait_for_phase("idle")
        scene.acted("trigger")
        scene.wait_for_hold("limits.promotions_per_day")
        expect(scene.live() == "2", f"{scene.roles()}")


def follows_alerts_and_pauses(backend):
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        scene.ask(0.5, 60)
        scene.server.cli("data", "upload", "reference", str(reference_file(scene)))
        scene.must("POST", "/api/v1/monitors", {
            "name": "w", "endpoint": "m", "model": "m", "dataset": "reference", "window_ms": 1000,
            "rows_min": 20, "psi_threshold": 0.25})
        scene.apply("2", stages="")
        scene.acted("pause")
        with scene.traffic(50.0):
            scene.wait_for(lambda: scene.loop().get("waiting"), "the alert that waits while it is paused")
        expect(scene.loop()["phase"] == "idle", f"{scene.loop()}")
        scene.acted("resume")
        scene.wait_for(lambda: scene.loop()["ending"] == "promoted", "the promotion")
        trigger = next(one for one in scene.decisions() if one["action"] == "trigger")
        alert = trigger["seen"]["event"]["payload"]
        expect(alert["feature"] == "x" and alert["kind"] == "drift", f"{trigger}")
        trained = (scene.folder / "trained").read_text().split()
        expect(trained[0] == "2" and trained[1].startswith("20"), f"{trained}")


def reference_file(scene):
    file = scene.folder / "reference.csv"
    file.write_text("x\n" + "".join(f"{(i * 37 % 100) / 100}\n" for i in range(500)))
    return file


def survives_kills(backend):
    """kill -9 in each state; nothing is repeated and nothing lost."""
    with Scene(backend) as scene:
        scene.add_version(onnx_models.good())
        os.mkfifo(scene.folder / "go")
        os.mkfifo(scene.folder / "running")
        scene.apply("2")
        scene.acted("trigger")

        def kill():
            before = scene.decisions()
            scene.server.kill()
            scene.server.start()
            expect(scene.decisions()[:len(before)] == before, "decisions changed")

        def wait_ready():
            scene.wait_for(lambda: scene.server.get("/v2/models/m/ready").status == 200, "the endpoint")

        expect((scene.folder / "running").read_text() == "running\n", "the training")
        scene.wait_for_phase("retraining")
        kill()
        expect((scene.folder / "running").read_text() == "running\n", "the training again")
        (scene.folder / "go").write_text("go\n")
        scene.wait_for_phase("shadow")
        kill()
        wait_ready()
        scene.wait_for_hold("no_traffic")
        scene.wait_for(lambda: scene.roles().get("shadow") == ("2", 0), "the shadow")
        with scene.traffic(0.25):
            scene.wait_for(lambda: scene.loop()["phase"] == "canary" and scene.loop()["step"] == 0 or
                           scene.loop()["step"] == 1, "the canary")
        kill()
        wait_ready()
        with scene.traffic(0.25):
            scene.wait_for_phase("promoting", "cooldown")
            scene.server.kill()
        scene.server.start()
        wait_ready()
        scene.wait_for_phase("cooldown")
        kill()
        wait_ready()
        expect(scene.live() == "2" and scene.champion() == "2", f"{scene.roles()} {scene.champion()}")
        went_on = [words for words in scene.words() if not words.startswith("hold")]
        expect(went_on == ["trigger trigger", "retrain retrain", "judge gate", "shadow shadow", "canary canary.step",
                           "canary canary.step", "promote promote", "end promoted"], f"{scene.words()}")
        each_decision_is_whole(scene)
        runs = scene.must("GET", "/api/v1/pipeline-runs")["pipeline_runs"]
        expect(len(runs) == 1, f"{len(runs)} retrainings instead of one: {runs}")
        revisions = scene.must("GET", "/api/v1/endpoints/m")["revisions"]
        expect(len(revisions) == 2, f"a revision was made twice: {revisions}")
        moves = [line for line in scene.must("GET", "/api/v1/models/m/history")["changes"]
                 if line.get("kind") == "alias.moved"]
        expect(len(moves) == 2, f"the alias moved {len(moves)} times: {moves}")


def survives_kills_in_judging_and_rolling_back(backend):
    """kill -9 while a gate holds, and at once after a rollback was decided: twice, so that it falls on different steps."""
    with Scene(backend) as scene:
        scene.must("POST", "/api/v1/models/m/gate", {"yaml": GATES})
        for version in ("2", "3"):
            scene.add_version(onnx_models.good())
            scene.apply(version, stages="", cooldown="0s")
            scene.acted("trigger")
            scene.wait_for_hold("gate")
            held = scene.decisions()
            scene.server.kill()
            scene.server.start()
            expect(scene.decisions() == held, f"{scene.words()}")
            expect(scene.loop()["hold"] == "gate" and scene.loop()["latched"] and scene.live() == "1", f"{scene.loop()}")
            scene.acted("override")
            scene.wait_for(lambda version=version: scene.live() == version and scene.champion() == version, "the promotion")
            scene.wait_for_phase("idle", "cooldown")
            scene.acted("rollback")
            scene.server.kill()
            scene.server.start()
            scene.wait_for(lambda: scene.live() == "1" and scene.champion() == "1", "the way back")
            scene.wait_for_phase("idle", "cooldown")
            each_decision_is_whole(scene)
        words = scene.words()
        expect(words.count("end rolled_back") == 2 and words.count("end promoted") == 2, f"{words}")
        moves = [line for line in scene.must("GET", "/api/v1/models/m/history")["changes"]
                 if line.get("kind") == "alias.moved"]
        expect(len(moves) == 5, f"the alias moved {len(moves)} times: {moves}")


BRANCHES = [
    ("promotes step by step, and back by hand", promotes),
    ("holds without traffic, until overridden", holds_without_traffic),
    ("holds on answers that are no numbers; paused, rolled back by hand", holds_on_not_a_number),
    ("rolls back a canary with more errors and refuses it from then on", rolls_back_on_errors),
    ("rolls back a shadow that is wrong by labels", rolls_back_on_labels),
    ("judges a regression by its errors", judges_a_regression),
    ("latches a failed gate until another version comes", latches_a_failed_gate),
    ("lets a person override a gate", overrides_a_gate),
    ("asks for approval and has one promotion a day", asks_for_approval),
    ("is triggered by an alert, and waits while paused", follows_alerts_and_pauses),
    ("survives kill -9 in each state", survives_kills),
    ("survives kill -9 while a gate holds and on the way back", survives_kills_in_judging_and_rolling_back),
]


def main():
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    with Postgres() as postgres:
        run_tests([(f"{name} on {database}", lambda branch=branch, database=database: branch(
            postgres.new_database() if database == "postgres" else ""))
            for database in ("sqlite", "postgres") for name, branch in BRANCHES if only in name + database])


main()
