#!/usr/bin/env python3
"""Where a model server's models come from: folders, a registry, S3 and OCI artifacts. Versions change without a failed
request, sources that die take nothing with them, and what is broken is refused while the old version answers.

usage: model_sources.py BINARY
"""
import contextlib
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness import oci  # noqa: E402
from harness.load import Load  # noqa: E402
from harness.millwright import Failure, Server, expect, run_tests  # noqa: E402
from harness.model_server import ModelServer  # noqa: E402
from harness.models import MODELS, first_case, register  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
CANCER = (MODELS / "breast_cancer_lr/model.onnx").read_bytes()
TRUNCATED = (MODELS / "broken/truncated.onnx").read_bytes()
POLL = ("--poll", "0.2")
SETTLED_SECONDS_MAX = 30


@contextlib.contextmanager
def scratch():
    with tempfile.TemporaryDirectory(prefix="sources-") as folder:
        yield pathlib.Path(folder)


def put_version(store, model, version, data=CANCER, name="model.onnx"):
    """A version appears whole, as those who deploy by files do it."""
    made = store.parent / f"made-{model}-{version}"
    made.mkdir()
    (made / name).write_bytes(data)
    (store / model).mkdir(parents=True, exist_ok=True)
    target = store / model / str(version)
    if target.exists():
        shutil.rmtree(target)
    made.rename(target)


def states(server, model):
    return {version: state for (name, version), (state, _) in server.index().items() if name == model}


def wait_until(asked, wanted):
    """Models follow what they are looked up in, each by itself, and what is replaced goes a moment after that."""
    deadline = time.monotonic() + SETTLED_SECONDS_MAX
    while (found := asked()) != wanted:
        expect(time.monotonic() < deadline, f"not {wanted} but {found}")


def wait_for_states(server, model, wanted):
    wait_until(lambda: states(server, model), wanted)


def answers(server, model, version=None):
    request, expected = first_case()
    answer = server.post(f"/v2/models/{model}/infer", request)
    expect(answer.status == 200, f"{model}: {answer.status} {answer.body[:300]}")
    for output in answer.json()["outputs"]:
        wanted = next(one for one in expected if one["name"] == output["name"])
        expect(all(abs(a - b) <= 1e-5 for a, b in zip(output["data"], wanted["data"])), f"other numbers: {output}")
    got = answer.json()["model_version"]
    expect(version is None or got == version, f"version {got} answered instead of {version}")


def refused(*words, environment=None):
    """What a server says that does not start."""
    try:
        with ModelServer(BINARY, *words, environment=environment):
            raise Failure(f"{words}: started")
    except Failure as failure:
        expect("no model server: " in str(failure), str(failure))
        return str(failure)


def follow_a_folder(transition):
    with scratch() as folder:
        store = folder / "store"
        put_version(store, "m", 1)
        with ModelServer(BINARY, "--model-store", store, *POLL, "--transition", transition) as server:
            with Load(server, "m") as load:
                for version in range(2, 8):
                    load.wait_for(30)
                    put_version(store, "m", version)
                    load.wait_for_version(str(version))
                server.wait_for_line("loaded a model", "version=6")
                shutil.rmtree(store / "m/7")
                server.wait_for_line("loaded a model", "version=6")
                # The same version with other files is loaded anew.
                put_version(store, "m", 6)
                server.wait_for_line("loaded a model", "version=6")
                load.wait_for(30)
                put_version(store, "another", 1)
                server.wait_for_line("loaded a model", "model=another")
                shutil.rmtree(store / "another")
                server.wait_for_line("gone from its store", "model=another")
                load.wait_for(30)
            load.none_failed()
            wait_for_states(server, "m", {"6": "READY"})
            expect(server.get("/v2/models/another").status == 404, "a model that has gone")
            expect(server.get("/v2/health/ready").status == 200, "not ready")


def choose_versions():
    with scratch() as folder:
        store = folder / "store"
        for version in (1, 2, 9, 10):
            put_version(store, "m", version)
        put_version(store, "n", 5)
        (store / "m/config.pbtxt").write_text("name: 'm'")  # Triton's
        (store / "m/backup").mkdir()
        with ModelServer(BINARY, "--model-store", store, "--versions", "latest:2", "--versions", "n=3,5") as server:
            expect(states(server, "m") == {"9": "READY", "10": "READY"}, f"{server.index()}")
            expect(states(server, "n") == {"5": "READY"}, f"{server.index()}")
            answers(server, "m", "10")
            answers(server, "m/versions/9")
            put_version(store, "m", 11)
            put_version(store, "o", 1)
            expect(server.post("/v2/repository/models/m/load", {}).status == 200, "load")
            expect(states(server, "m") == {"10": "READY", "11": "READY"}, f"{server.index()}")
            expect(server.post("/v2/repository/models/o/load", {}).status == 200, "load of a new model")
            answers(server, "o", "1")
            expect(server.post("/v2/repository/models/nobody/load", {}).status == 404, "load of no model")
            expect(server.post("/v2/repository/models/m/unload", {}).status == 200, "unload")
            expect(states(server, "m") == {"10": "UNAVAILABLE", "11": "UNAVAILABLE"}, f"{server.index()}")
            expect(server.get("/v2/models/m").status == 404, "an unloaded model")
        with ModelServer(BINARY, "--model-store", store, "--versions", "all") as server:
            expect(len(states(server, "m")) == 5, f"{server.index()}")
        expect("latest:COUNT" in refused("--model-store", store, "--versions", "newest"), "a policy of another form")


def refuse_what_is_broken():
    with scratch() as folder:
        store = folder / "store"
        put_version(store, "m", 1)
        broken = sorted((MODELS / "broken").glob("*.onnx"))
        expect(len(broken) >= 20, f"only {len(broken)} broken models are in tests/data")
        with ModelServer(BINARY, "--model-store", store, *POLL) as server, Load(server, "m") as load:
            version = 1
            for file in broken:
                if file.stem in ("bit_flip", "allocates_4_tib_at_run"):  # valid files: only sums or a run can tell
                    continue
                version += 1
                put_version(store, "m", version, file.read_bytes())
                server.wait_for_line("cannot be loaded", f"version={version} ")
                load.wait_for(5)
                found = server.index()
                expect(found["m", "1"][0] == "READY" and len(found["m", str(version)][1]) > 20, f"{file.name}: {found}")
                shutil.rmtree(store / "m" / str(version))
            load.none_failed()
            expect(load.versions == {"1"}, f"{load.versions}")
            expect(server.metric("millwright_model_load_failures_total", model="m") == version - 1, "not counted")
            put_version(store, "m", version + 1)
            load.wait_for_version(str(version + 1))
            wait_for_states(server, "m", {str(version + 1): "READY"})


def keep_to_a_memory_limit():
    with scratch() as folder:
        store = folder / "store"
        sizes = {"flights": MODELS / "flights_late_xgb/model.ubj", "spam": MODELS / "spam_transformer/model.onnx",
                 "fashion": MODELS / "fashion_cnn/model.onnx"}
        for name, file in sizes.items():
            put_version(store, name, 1, file.read_bytes(), file.name)
        put_version(store, "m", 1)
        with ModelServer(BINARY, "--model-store", store) as server:
            taken = {name: server.metric("millwright_model_memory_bytes", model=name, version="1") for name in [*sizes, "m"]}
        expect(all(taken.values()), f"not measured: {taken}")
        expect(taken["m"] < min(taken[name] for name in sizes), f"the smallest takes the most: {taken}")
        # What a model takes is measured within a MiB or so: any one has room, all of them never have.
        limit = int((sum(taken.values()) - max(taken.values()) / 2) / 2**20)
        with ModelServer(BINARY, "--model-store", store, "--memory-mib", limit) as server:
            found = server.index()
            full = [name for (name, _), (state, _) in found.items() if state == "UNAVAILABLE"]
            expect(full and len(full) < 4, f"{limit} MiB: {found}")
            reason = found[full[0], "1"][1]
            expect("does not fit" in reason and f"of {limit}.0 MiB are used" in reason, reason)
        with ModelServer(BINARY, "--model-store", store, "--memory-mib", limit, "--when-full", "unload") as server:
            # Whatever is asked for is there, and what was asked least recently has gone for it.
            for _ in range(2):
                for name in sizes:
                    expect(server.get(f"/v2/models/{name}").status == 200, f"{name} is not loaded on demand")
                    used = server.metric("millwright_models_memory_bytes")
                    expect(used <= limit * 2**20, f"{used} bytes of {limit} MiB")
            answers(server, "m", "1")
            evicted = sum(server.metric("millwright_model_evictions_total", model=name) for name in [*sizes, "m"])
            expect(evicted > 0, "nothing was unloaded")
            expect(server.get("/v2/health/ready").status == 200, "a server whose models come and go is ready")
        # The largest has room and little else, however they are measured this time.
        with ModelServer(BINARY, "--model-store", store, "--memory-mib", int(1.3 * max(taken.values()) / 2**20) + 1, "--when-full", "unload") as server:
            # One that has gone is ready, for a request loads it, and the index says what it is waiting for.
            for name in sizes:
                expect(server.get(f"/v2/models/{name}").status == 200, f"{name} is not loaded on demand")
            away = [name for (name, _), (_, reason) in server.index().items() if "the next request loads it" in reason]
            expect(away and server.index()[away[0], "1"][0] == "UNAVAILABLE", f"{server.index()}")
            for path in (f"/v2/models/{away[0]}/ready", f"/v2/models/{away[0]}/versions/1/ready", f"/v1/models/{away[0]}"):
                answer = server.get(path)
                expect(answer.status == 200 and answer.json()["ready"] is True, f"{path}: {answer.status} {answer.body}")
            answer = server.get(f"/v2/models/{away[0]}/versions/9/ready")
            expect(answer.status == 404, f"a version that is not there: {answer.status} {answer.body}")
            expect(server.index()[away[0], "1"][0] == "UNAVAILABLE", "to ask whether it is ready loaded it")
            expect(server.get(f"/v2/models/{away[0]}").status == 200, "it was said to be ready and is not")
            # Only what the caller unloads is not: nothing but the caller brings it back.
            server.post(f"/v2/repository/models/{away[0]}/unload", {})
            expect(server.get(f"/v2/models/{away[0]}/ready").status != 200, "an unloaded model is said to be ready")


def alias(server, name, version):
    moved = server.post("/api/2.0/mlflow/registered-models/alias", {"name": "cancer", "alias": name, "version": version})
    expect(moved.status == 200, f"alias: {moved.status} {moved.body[:300]}")


def follow_a_registry():
    with scratch() as folder, Server(BINARY, folder / "data") as registry:
        first, second = register(registry, "cancer"), register(registry, "cancer")
        alias(registry, "champion", first)
        words = ("live=models:/cancer@champion", "all=models:/cancer", f"pinned=models:/cancer/{first}", "--versions",
                 "all=all", "--uri", registry.uri, "--cache", folder / "cache", *POLL)
        with ModelServer(BINARY, *words) as server:
            with Load(server, "live") as load:
                load.wait_for_version(first)
                alias(registry, "champion", second)
                load.wait_for_version(second)
                answers(server, "pinned", first)
                wait_for_states(server, "all", {first: "READY", second: "READY"})
                # Labels are the registry's aliases.
                wait_until(lambda: [one["version"] for one in server.get("/v1/models/all/labels/champion").json()
                                    ["model_version_status"]], [second])
                expect(server.get("/v1/models/all/labels/nobody").status == 404, "a label that is none")
                # The registry dies and comes back.
                registry.kill()
                server.wait_for_line("does not answer", "model=live")
                load.wait_for(100)
                expect(server.metric("millwright_model_source_up", model="live") == 0, "the source counts as up")
                expect("models:/cancer@champion" in server.index()["live", second][1], f"{server.index()}")
                load.none_failed()
            # A crash, and a start without the registry.
            server.kill()
        with ModelServer(BINARY, *words) as server:
            answers(server, "live", second)
            answers(server, "pinned", first)
            wait_for_states(server, "all", {first: "READY", second: "READY"})
            registry.wanted_port = registry.port
            registry.start()
            alias(registry, "champion", first)
            with Load(server, "live") as load:
                load.wait_for_version(first)
            load.none_failed()
            expect(server.metric("millwright_model_source_up", model="live") == 1, "the source counts as down")
        alias(registry, "champion", second)
        said = refused("x=models:/cancer@nobody", "--uri", registry.uri, "--cache", folder / "cache")
        expect("Alias not found: models:/cancer@nobody" in said, said)
        said = refused("x=models:/nobody", "--uri", registry.uri, "--cache", folder / "cache")
        expect("nobody" in said and "not found" in said, said)


def damaged_cache():
    with scratch() as folder, Server(BINARY, folder / "data") as registry:
        version = register(registry, "cancer")
        words = (f"m=models:/cancer/{version}", "--uri", registry.uri, "--cache", folder / "cache")
        with ModelServer(BINARY, *words) as server:
            answers(server, "m", version)
        (cached,) = (folder / "cache").rglob("model.onnx")
        data = bytearray(cached.read_bytes())
        data[len(data) // 2] ^= 1
        cached.write_bytes(data)
        with ModelServer(BINARY, *words) as server:
            answers(server, "m", version)
        expect(cached.read_bytes() == CANCER, "the damaged file was not fetched again")
        cached.write_bytes(data)
        registry.kill()
        said = refused(*words)
        expect("damaged" in said, said)


def follow_a_bucket():
    with scratch() as folder, S3Server() as s3:
        # s3rver lists a folder only when a file is in it or in a folder of it.
        s3.put("models/m/config.pbtxt", b"")
        s3.put("models/m/1/model.onnx", CANCER)
        s3.put("single/model.onnx", CANCER)
        words = ("--model-store", f"{s3.root}/models", f"single={s3.root}/single", "--cache", folder / "cache", *POLL)
        with ModelServer(BINARY, *words, environment=s3.environment) as server:
            with Load(server, "m") as load:
                answers(server, "single", "1")
                s3.put("models/m/2/model.onnx", CANCER)
                load.wait_for_version("2")
                s3.put("models/m/3/model.onnx", TRUNCATED)
                server.wait_for_line("cannot be loaded", "version=3 ")
                load.wait_for(20)
                wait_for_states(server, "m", {"2": "READY", "3": "UNAVAILABLE"})
                found = server.index()
                expect(found["m", "2"][1] == "" and found["m", "3"][1], f"the reason is the other version's: {found}")
                s3.put("models/m/3/model.onnx", CANCER)
                load.wait_for_version("3")
                s3.kill()
                server.wait_for_line("a model store does not answer")
                server.wait_for_line("source does not answer", "model=single")
                failures = server.metric("millwright_model_source_failures_total", model="single")
                wait_until(lambda: server.metric("millwright_model_source_failures_total", model="single") > failures + 3, True)
                again = [line for line in server.log if "source does not answer" in line and "model=single" in line]
                expect(not again, f"said again: {again}")
                load.wait_for(50)
            load.none_failed()
            server.kill()
        with ModelServer(BINARY, *words, environment=s3.environment) as server:
            answers(server, "single", "1")
            answers(server, "m", "3")
            s3.start()
            server.wait_for_line("model store answers again")
            wait_for_states(server, "m", {"3": "READY"})
            answers(server, "m", "3")


def follow_a_registry_of_artifacts():
    with scratch() as folder, oci.Registry() as registry:
        uri = f"oci://127.0.0.1:{registry.port}/team/cancer:live"
        registry.push("team/cancer", "live", [oci.titled("model.onnx", CANCER)], "1.0")
        words = (f"m={uri}", "--cache", folder / "cache", *POLL)
        with ModelServer(BINARY, *words) as server:
            with Load(server, "m") as load:
                load.wait_for_version("1.0")
                wait_until(lambda: server.get("/v1/models/m/labels/live").json()["model_version_status"][0]["version"], "1.0")
                # As files, as an archive, as an image with models/ and more beside.
                digest = registry.push("team/cancer", "live", [oci.layer({"model.onnx": CANCER})])
                load.wait_for_version(digest[7:19])
                other = registry.push("team/cancer", "live", [
                    oci.layer({"./bin/sh": b"#!", "models/model.onnx": TRUNCATED, "etc/link": "/etc/passwd"}),
                    oci.layer({"models/model.onnx": CANCER}, packed=False)])
                load.wait_for_version(other[7:19])
                # A layer that leads out, one that is not what its digest says, one that is no model.
                for bad, said in ((oci.layer({"../../evil": b"x"}), "Invalid path: ../../evil"),
                                  (oci.layer({"model.onnx": TRUNCATED}), "it ends early"),
                                  ((oci.layer({})[0], b"no archive"), "damaged")):
                    registry.push("team/cancer", "live", [bad])
                    server.wait_for_line("cannot be loaded", said)
                expect(not list(folder.rglob("evil")), "a file outside of the folder")
                load.wait_for(20)
                registry.kill()
                server.wait_for_line("does not answer", "model=m")
                load.wait_for(50)
            load.none_failed()
            server.kill()
        with ModelServer(BINARY, *words) as server:
            answers(server, "m", other[7:19])
            registry.start()
            registry.push("team/cancer", "live", [oci.titled("model.onnx", CANCER)], "3.0")
            server.wait_for_line("loaded a model", "version=3.0")
        # By digest, and of a registry whose disk lies.
        with ModelServer(BINARY, f"m=oci://127.0.0.1:{registry.port}/team/cancer@{digest}", "--cache", folder / "2") as server:
            answers(server, "m", digest[7:19])
        bytes_of = registry.blob_file(CANCER)
        data = bytearray(bytes_of.read_bytes())
        data[100] ^= 1
        bytes_of.write_bytes(data)
        said = refused(f"m={uri}", "--cache", folder / "3")
        expect("other bytes than those of" in said, said)
        expect("not found" in refused(f"m={uri}x", "--cache", folder / "4"), "a tag that is none")
        expect("Write oci://" in refused("m=oci://host/UPPER:x", "--cache", folder / "5"), "a repository of another form")


def give_passwords_to_registries():
    user = {"OCI_USERNAME": "user", "OCI_PASSWORD": "secret", "DOCKER_CONFIG": "/nonexistent"}
    with scratch() as folder, oci.Registry(password=True) as registry:
        registry.push("m", "latest", [oci.titled("model.onnx", CANCER)], "1")
        uri = f"m=oci://127.0.0.1:{registry.port}/m"
        with ModelServer(BINARY, uri, "--cache", folder / "1", environment=user) as server:
            answers(server, "m", "1")
        docker = folder / "docker"
        docker.mkdir()
        (docker / "config.json").write_text(f'{{"auths": {{"127.0.0.1:{registry.port}": {{"auth": "dXNlcjpzZWNyZXQ="}}}}}}')
        with ModelServer(BINARY, uri, "--cache", folder / "2", environment={"DOCKER_CONFIG": str(docker)}) as server:
            answers(server, "m", "1")
        said = refused(uri, "--cache", folder / "3", environment={"DOCKER_CONFIG": "/nonexistent"})
        expect("does not let us read" in said, said)
    with scratch() as folder, oci.TokenRegistry([oci.titled("model.onnx", CANCER)]) as registry:
        uri = f"m=oci://127.0.0.1:{registry.port}/m"
        with ModelServer(BINARY, uri, "--cache", folder / "1", environment=user) as server:
            answers(server, "m")
        expect(("/v2/m/manifests/latest", "Basic") not in registry.asked, f"the password went astray: {registry.asked}")
        said = refused(uri, "--cache", folder / "2", environment={"DOCKER_CONFIG": "/nonexistent"})
        expect("does not let us read" in said, said)


run_tests([("versions of a folder come and go under load, available before", lambda: follow_a_folder("availability")),
           ("versions of a folder come and go under load, old ones first", lambda: follow_a_folder("resources")),
           ("versions are chosen by policy, loaded and unloaded by request", choose_versions),
           ("broken files are refused while the old version answers", refuse_what_is_broken),
           ("memory has a limit, by refusing or by unloading", keep_to_a_memory_limit),
           ("an alias of the registry is followed; the registry may die", follow_a_registry),
           ("a damaged cache is noticed", damaged_cache),
           ("a bucket is followed and may die", follow_a_bucket),
           ("artifacts of an OCI registry are followed; it may die or lie", follow_a_registry_of_artifacts),
           ("registries are given passwords and tokens", give_passwords_to_registries)])
