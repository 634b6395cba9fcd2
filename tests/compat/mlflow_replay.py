#!/usr/bin/env python3
"""Replays recorded MLflow traffic against a server and compares its answers (Python 3.11, standard library only).

  mlflow_replay.py --start 'SERVER --port {port} --data {dir} --backend-store-uri {database}'   starts servers itself
  mlflow_replay.py --base-url http://127.0.0.1:5000 --only 'run-*'  a part, against one that runs

The recordings are tests/data/mlflow/golden.tar.xz; README.md beside it says what they are. amendments.json holds what
we expect otherwise and why; passing.txt names the scenarios that pass and must keep passing: with --check it is an
error when one of them fails, and what fails beside them is only counted. --write-passing writes that list.

What is compared for each step: the status, the recorded headers, and the body. JSON bodies are compared exactly, except:
  - `capture`: values the server makes (ids, page tokens, generated names). Bound at first sight, checked against their
    kind (KINDS), then used as ${name} in everything that follows;
  - `volatile`: only the JSON type is compared (times);   - `unordered`: arrays compared as sets;
  - `select`: only these paths are compared (searches);
  - `compare: subset`: more fields than recorded are fine;   - `compare: none`: the body is for reading only.
"""
import argparse, base64, collections, contextlib, fnmatch, http.client, json, math, os, re, secrets, shlex, signal, socket
import subprocess, sys, tarfile, tempfile, time, urllib.parse
from xml.sax.saxutils import quoteattr

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness.millwright import Postgres  # noqa: E402
from harness.s3 import S3Server  # noqa: E402

DATA = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data", "mlflow")
# It completes an upload that is not there, to which s3rver and Ceph's gateway answer 500.
NOT_ON_S3 = {"artifact-mpu-local"}
# Asked with a delimiter, s3rver leaves out folders that hold no file of their own; Ceph's gateway lists them.
NOT_ON_S3RVER = {"fluent-artifacts"}
KINDS = {
    "experiment_id": r"[A-Za-z0-9][\w-]{0,63}", "run_id": r"[A-Za-z0-9][\w-]{0,255}", "model_id": r"m-[0-9a-f]{32}", "page_token": r".+",
    "run_name": r".+", "webhook_id": r"[\w-]{1,64}", "assessment_id": r".+", "dataset_id": r".+", "trace_id": r".+", "id": r".+",
}
LONGS = set("""creation_time last_update_time start_time end_time timestamp step creation_timestamp last_updated_timestamp
 creation_timestamp_ms last_updated_timestamp_ms file_size timestamp_ms execution_time_ms dataset_create_time""".split())


# ---- variables and paths -------------------------------------------------------------------------------------------

def expand(x, v):
    """`x` with ${name}, ${c*n} (a character repeated), {BASE} and {ARTIFACT_ROOT} filled in."""
    if isinstance(x, str):
        m = re.fullmatch(r"\$\{(\w+)\}", x)
        if m:
            return v[m[1]]
        x = re.sub(r"\$\{(.)\*(\d+)\}", lambda m: m[1] * int(m[2]), x, flags=re.S)
        x = re.sub(r"\$\{(\w+)\}", lambda m: str(v[m[1]]), x)
        return x.replace("{BASE}", v["BASE"]).replace("{ARTIFACT_ROOT}", v["ARTIFACT_ROOT"])
    if isinstance(x, list):
        return [expand(i, v) for i in x]
    if isinstance(x, dict):
        if set(x) == {"$float"}:
            return float(x["$float"])
        return {expand(k, v): expand(i, v) for k, i in x.items()}
    return x


def tokens(path):
    """'$.a[0].b[*]' or "$['odd key']" as ['a', 0, 'b', '*']."""
    out = []
    for name, index, quoted in re.findall(r"\.([^.\[]+)|\[(\d+|\*)\]|\['((?:[^'\\]|\\.)*)'\]", path[1:]):
        out.append(name if name else int(index) if index.isdigit() else "*" if index else re.sub(r"\\(.)", r"\1", quoted))
    return out


def select(x, toks):
    """The value at a path; with [*], the list of values."""
    for i, t in enumerate(toks):
        if t == "*":
            return [select(e, toks[i + 1:]) for e in x] if isinstance(x, list) else None
        try:
            x = x[t]
        except (KeyError, IndexError, TypeError):
            return None
    return x


def covered(path, patterns):
    return any(len(p) == len(path) and all(a == b or (a == "*" and isinstance(b, int)) for a, b in zip(p, path)) for p in patterns)


# ---- comparison ----------------------------------------------------------------------------------------------------

def kind(x):
    return "bool" if isinstance(x, bool) else "number" if isinstance(x, (int, float)) else type(x).__name__


def sorted_sets(s):
    """Messages quote Python sets, whose order means nothing: {'b', 'a'} becomes {'a', 'b'}."""
    return re.sub(r"\{('[^']*'(?:, '[^']*')+)\}", lambda m: "{" + ", ".join(sorted(m[1].split(", "))) + "}", s)


class Compare:
    def __init__(self, opts, volatile, unordered, subset):
        self.o, self.subset = opts, subset
        self.volatile, self.unordered = [tokens(p) for p in volatile], [tokens(p) for p in unordered]

    def diff(self, want, got, path=()):
        """Differences as lines of text; none when equal."""
        where = "$" + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)
        if covered(path, self.volatile):
            return [] if kind(want) == kind(got) or (self.long(path) and str(got).isdigit()) else [f"{where}: a {kind(want)} expected, got {got!r}"]
        if isinstance(want, dict) and isinstance(got, dict):
            out = []
            for k in want:
                out += self.diff(want[k], got[k], path + (k,)) if k in got else [f"{where}.{k}: missing, expected {short(want[k])}"]
            for k in got:
                if k not in want and not self.subset and not (self.o.lenient_defaults and got[k] in ("", 0, False, [], {}, None)):
                    out.append(f"{where}.{k}: not expected, got {short(got[k])}")
            return out
        if isinstance(want, list) and isinstance(got, list):
            if len(want) != len(got):
                return [f"{where}: {len(want)} elements expected, got {len(got)}: {short(want)} / {short(got)}"]
            if covered(path, self.unordered):
                left = list(got)
                for i, w in enumerate(want):
                    hit = next((j for j, g in enumerate(left) if not self.diff(w, g, path + (i,))), None)
                    if hit is None:
                        return [f"{where}: no element like {short(w)} in {short(left)}"]
                    del left[hit]
                return []
            return [d for i, (w, g) in enumerate(zip(want, got)) for d in self.diff(w, g, path + (i,))]
        if isinstance(want, float) and isinstance(got, float) and math.isnan(want) and math.isnan(got):
            return []
        if self.o.lenient_messages and path == ("message",):
            return []
        if self.o.lenient_int64 and self.long(path) and isinstance(want, int) and got == str(want):
            return []
        if path == ("message",) and isinstance(got, str):
            got = sorted_sets(got)
        if kind(want) != kind(got) or want != got:
            return [f"{where}:\n      - {short(want, 600)}\n      + {short(got, 600)}"]
        return []

    def long(self, path):
        return bool(path) and path[-1] in LONGS


def short(x, n=200):
    s = x if isinstance(x, str) else json.dumps(x)
    return s if len(s) <= n else s[:n] + f"… ({len(s)} characters)"


# ---- running -------------------------------------------------------------------------------------------------------

def body_bytes(b, v):
    if not b:
        return b""
    if "base64" in b:
        return base64.b64decode(b["base64"])
    return (expand(b["text"], v) if "text" in b else json.dumps(expand(b["json"], v))).encode()


def send(base, step, v):
    u = urllib.parse.urlsplit(base)
    path = urllib.parse.quote(expand(step["path"], v), safe="/%:@!$&'()*+,;=~-._")
    if step.get("query"):
        path += "?" + urllib.parse.urlencode([(k, expand(x, v)) for k, x in step["query"]])
    c = http.client.HTTPConnection(u.hostname, u.port, timeout=60)
    try:
        data = body_bytes(step.get("request_body"), v)
        heads = {k: expand(x, v) for k, x in step.get("request_headers", {}).items()}
        c.request(step["method"], u.path.rstrip("/") + path, body=data if data or step["method"] in ("POST", "PUT", "PATCH") else None, headers=heads)
        r = c.getresponse()
        return r.status, {k.lower(): x for k, x in r.getheaders()}, r.read()
    finally:
        c.close()


def run_step(base, step, v, kinds, o):
    status, heads, raw = send(base, step, v)
    out, want = [], step.get("response_body")
    if status != step["status"]:
        return [f"status: {step['status']} expected, got {status}: {short(raw.decode(errors='replace'), 500)}"]
    for k, x in step.get("response_headers", {}).items():
        got = heads.get(k, "")
        if k == "content-type":
            x, got = (s.split(";")[0].strip().lower() for s in (x, got))
        if k == "allow":
            got = ", ".join(sorted(got.replace(" ", "").split(",")))
        if expand(x, v) != got:
            out.append(f"header {k}: {x!r} expected, got {got!r}")
    if want is None or step.get("compare") == "none":
        return out
    if "base64" in want or "text" in want:
        exp = base64.b64decode(want["base64"]) if "base64" in want else expand(want["text"], v).encode()
        return out if exp == raw else out + [f"body: {len(exp)} bytes expected, got {len(raw)}:\n      - {short(exp.decode(errors='replace'), 400)}\n      + {short(raw.decode(errors='replace'), 400)}"]
    try:
        got = json.loads(raw)
    except ValueError:
        return out + [f"body: JSON expected, got {short(raw.decode(errors='replace'))}"]
    for name, path in (step.get("capture") or {}).items():
        x = select(got, tokens(path))
        if x is None:
            return out + [f"{path}: missing (to be kept as ${{{name}}})"]
        v[name] = x
        if not isinstance(x, str) or not re.fullmatch(KINDS.get(kinds.get(name), ".*"), x, re.S):
            out.append(f"{path}: not a {kinds.get(name)}: {x!r}")
    cmp = Compare(o, step.get("volatile") or [], step.get("unordered") or [], step.get("compare") == "subset")
    try:
        if step.get("select"):
            for path, x in step["select"].items():
                y = select(got, tokens(path))
                if y is None and x == []:
                    y = []
                out += cmp.diff(expand(x, v), y, tuple(tokens(path)))
            return out
        return out + cmp.diff(expand(want["json"], v), got)
    except KeyError as e:
        return out + [f"${{{e.args[0]}}} is not bound: an earlier answer lacked it"]


def next_millisecond():
    now = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 == now:
        pass


def run(base, sc, v, o):
    """[] when all steps agree, else lines that say where and how they do not."""
    for i, step in enumerate(sc["steps"]):
        try:
            bad = run_step(base, step, v, sc.get("vars", {}), o)
        except (OSError, http.client.HTTPException) as e:
            bad = [f"{type(e).__name__}: {e}"]
        if step["path"].endswith(("/create", "/logged-models")):
            next_millisecond()      # so that what is made later is later
        if bad:
            return [f"step {i + 1} of {len(sc['steps'])}: {step['method']} {step['path']}"] + bad
    return []


class Server:
    """A server of our own, for --start."""
    def __init__(self, template, postgres, s3):
        self.dir = tempfile.TemporaryDirectory(prefix="replay-")
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        database = postgres.new_database() if postgres else f"sqlite:///{self.dir.name}/mlflow.db"
        log = open(os.path.join(self.dir.name, "server.out"), "wb")
        command = [x.format(port=port, dir=self.dir.name, database=database) for x in shlex.split(template)]
        if s3:
            command += ["--artifacts-destination", f"{s3.root}/{secrets.token_hex(4)}"]
        environment = {**os.environ, **(s3.environment if s3 else {})}
        self.p = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)
        end = time.time() + 60
        while time.time() < end and self.p.poll() is None:
            try:
                c = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                c.request("GET", "/health")
                if c.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        sys.exit("the server did not start: " + open(log.name).read()[-2000:])

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        try:
            self.p.wait(10)
        except subprocess.TimeoutExpired:
            self.p.kill()
        try:
            self.dir.cleanup()
        except OSError:
            pass


# ---- the recordings and what we expect otherwise -------------------------------------------------------------------

def recordings(dir):
    """{"scenarios": by name, "fixtures": by name} as they were recorded."""
    kinds = {"scenarios": {}, "fixtures": {}}
    with tarfile.open(os.path.join(dir, "golden.tar.xz")) as tar:
        for m in tar:
            kind, _, name = m.name.partition("/")
            if m.isfile() and name.endswith(".json"):
                kinds[kind][name[:-5]] = json.load(tar.extractfile(m))
    return kinds


def load(dir):
    """(scenarios by name, fixtures by name), amended."""
    kinds = recordings(dir)
    for reason in amendments(dir):
        for kind in kinds:
            for name, change in reason.get(kind, {}).items():
                amend(kinds[kind][name], change)
    for sc in [*kinds["scenarios"].values(), *kinds["fixtures"].values()]:
        sc["steps"] = [s for s in sc["steps"] if not s.get("dropped")]
    return kinds["scenarios"], kinds["fixtures"]


def amendments(dir):
    """What is expected otherwise: a list of {title, why, scenarios: {name: change}, fixtures: {name: change}}."""
    with open(os.path.join(dir, "amendments.json"), encoding="utf-8") as f:
        return json.load(f)


def amend(sc, change):
    """`steps`: {number from 1: fields that replace those of the step, null for none}; `drop`: numbers of steps left out."""
    for n, fields in change.get("steps", {}).items():
        step = sc["steps"][int(n) - 1]
        step.update(fields)
        if "response_body" in fields:
            step.pop("select", None)
    for n in change.get("drop", []):
        sc["steps"][n - 1]["dropped"] = True


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--base-url")
    p.add_argument("--start", help="command that starts an empty server; {port}, {dir} and {database} are filled in")
    p.add_argument("--postgres", action="store_true", help="{database} is of a throw-away PostgreSQL, else a SQLite file")
    p.add_argument("--s3", action="store_true", help="artifacts are kept in an S3 server, else in the server's own folder")
    p.add_argument("--dir", default=DATA, help="folder of golden.tar.xz, amendments.json and passing.txt")
    p.add_argument("--only", default="*", help="glob on the scenario's name")
    p.add_argument("--area")
    p.add_argument("--check", action="store_true", help="only scenarios of passing.txt count")
    p.add_argument("--write-passing", action="store_true")
    p.add_argument("--artifact-root", default="mlflow-artifacts:", help="what artifact locations begin with")
    p.add_argument("-v", "--verbose", action="store_true")
    o = p.parse_args()
    o.lenient_defaults = o.lenient_int64 = o.lenient_messages = False
    if not (o.base_url or o.start):
        p.error("--base-url or --start")
    with Postgres() if o.postgres else contextlib.nullcontext() as postgres:
        with S3Server() if o.s3 else contextlib.nullcontext() as s3:
            replay(o, postgres, s3)


def replay(o, postgres, s3):
    scenarios, fixture_files = load(o.dir)
    listed = os.path.join(o.dir, "passing.txt")
    must = set(open(listed, encoding="utf-8").read().split()) if o.check else set(scenarios)
    shared, fixtures, passed, broken, areas = None, {}, [], 0, collections.defaultdict(lambda: [0, 0])
    for name, sc in sorted(scenarios.items()):
        if s3 and (name in NOT_ON_S3 or (s3.process and name in NOT_ON_S3RVER)):
            continue
        if not fnmatch.fnmatch(name, o.only) or (o.area and sc["area"] != o.area) or (sc.get("fresh") and not o.start):
            continue
        server = Server(o.start, postgres, s3) if sc.get("fresh") else None
        if not server and not o.base_url and not shared:
            shared = Server(o.start, postgres, s3)
        base = server.url if server else o.base_url or shared.url
        v = {"uniq": secrets.token_hex(4), "BASE": base, "ARTIFACT_ROOT": o.artifact_root}
        bad = []
        if sc.get("fixture"):
            if sc["fixture"] not in fixtures:
                b = run(base, fixture_files[sc["fixture"]], v, o)
                fixtures[sc["fixture"]] = ([f"fixture {sc['fixture']}:"] + b if b else [], v)
            bad, fv = fixtures[sc["fixture"]]
            v = dict(fv)
        bad = bad or run(base, sc, v, o)
        if server:
            server.stop()
        areas[sc["area"]][bool(bad)] += 1
        if not bad:
            passed.append(name)
        elif name in must:
            broken += 1
            print(f"FAIL {sc['area']}/{name}: {sc['about']}\n    " + "\n    ".join(bad), flush=True)
        elif o.verbose:
            print(f"not yet {sc['area']}/{name}: {bad[0]}", flush=True)
    if shared:
        shared.stop()
    if o.write_passing:
        with open(listed, "w", encoding="utf-8") as out:
            out.write("\n".join(passed) + "\n")
    for area, (good, bad) in sorted(areas.items()):
        print(f"{area}: {good} of {good + bad}")
    print(f"{len(passed)} passed, {broken} failed")
    sys.exit(1 if broken or not passed else 0)


if __name__ == "__main__":
    main()
