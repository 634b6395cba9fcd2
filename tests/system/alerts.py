#!/usr/bin/env python3
"""Alerts end to end: receivers that hang, refuse and recover, mail, a real Alertmanager and a real Prometheus, kill -9.

usage: alerts.py BINARY
"""
import collections
import contextlib
import datetime
import http.server
import json
import pathlib
import queue
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from harness.millwright import Failure, Postgres, Server, expect, run_tests  # noqa: E402
from harness.smtp import MailServer  # noqa: E402

BINARY = pathlib.Path(sys.argv[1]).resolve()
ROOT = pathlib.Path(__file__).resolve().parents[2]
OPTIONS = ("--webhook-allowed-host", "127.0.0.1", "--webhook-retry-ms", "20", "--alert-interval-ms", "50")
SECONDS_MAX = 90


class Receiver:
    """Puts what it is told into a queue and answers what `answer` says; `hold` is waited for before that."""

    def __init__(self, answer=lambda: 200, hold=None):
        self.told, self.requests = queue.Queue(), collections.Counter()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hold:
                    hold.wait(SECONDS_MAX)
                status = answer()
                receiver.requests[status] += 1
                if status == 200:
                    receiver.told.put((self.headers.get("webhook-id"), json.loads(body)))
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self):
        return taken(self.told)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def taken(source):
    try:
        return source.get(timeout=SECONDS_MAX)
    except queue.Empty:
        raise Failure(f"nothing came within {SECONDS_MAX} s") from None


def until(claim, what):
    deadline = time.monotonic() + SECONDS_MAX
    while not (answer := claim()):
        expect(time.monotonic() < deadline, f"{what} did not happen within {SECONDS_MAX} s")
        time.sleep(0.02)
    return answer


def up_rule(name="up", above=0, **more):
    """A rule over how long the server is up: it holds for a threshold of 0 and not for a huge one."""
    return {"name": name, "expr": "millwright_up_seconds", "above": above, **more}


def apply(server, **config):
    answer = server.post("/api/v1/alert-config", config)
    expect(answer.status == 200, answer.body)
    return answer.json()


def route(receiver, **more):
    return {"receiver": receiver, "group_wait": "0s", "group_interval": "1s", **more}


def alerts_of(server, **query):
    return server.get("/api/v1/alerts", **query).json()["alerts"]


def a_hanging_webhook_holds_nobody_back(backend):
    """Evaluation and other receivers go on, and the hanging one is told when it answers again."""
    let_go = threading.Event()
    with tempfile.TemporaryDirectory() as folder, Receiver() as good, Receiver(hold=let_go) as hanging, \
            Server(BINARY, folder, *OPTIONS, "--webhook-timeout-ms", "300", backend=backend) as server:
        apply(server, rules=[up_rule()],
              receivers=[{"name": "good", "webhook": {"url": good.url}},
                         {"name": "hanging", "webhook": {"url": hanging.url}}],
              routes=route("good", routes=[{"match": ["rule=up"], "receiver": "hanging", "continue": True},
                                           {"match": ["rule=up"], "receiver": "good"}]))
        _, told = good.next()
        expect([a["phase"] for a in told["alerts"]] == ["firing"], told)
        # Tried again and again; meanwhile the rule changes, and the other receiver hears of it.
        apply(server, rules=[up_rule(above=1e9)])
        _, told = good.next()
        expect(told["status"] == "resolved", told)
        until(lambda: server.get("/api/v1/alert-receivers/hanging/deliveries").json()["deliveries"][-1]["attempts"] >= 2,
              "a second attempt")
        let_go.set()
        ids, phases = set(), []
        while "resolved" not in phases:
            one, told = hanging.next()
            if one not in ids:  # it is told at least once, under the same id
                phases.append(told["status"])
            ids.add(one)
        expect(phases == ["firing", "resolved"], phases)


def a_webhook_that_answers_500_is_told_later(backend):
    """Nothing is lost over a restart, and a message that is final is a dead letter that replay sends."""
    status = [500]
    with tempfile.TemporaryDirectory() as folder, Receiver(lambda: status[0]) as receiver:
        server = Server(BINARY, folder, *OPTIONS, backend=backend).start()
        try:
            apply(server, rules=[up_rule(annotations={"summary": "up for {{ $value | humanizeDuration }}"})],
                  receivers=[{"name": "ops", "webhook": {"url": receiver.url, "secret": "s3cret"}}],
                  routes=route("ops"))
            until(lambda: receiver.requests[500] >= 3, "three refusals")
            server.kill()
            server.start()
            status[0] = 200
            _, told = receiver.next()
            expect(told["alerts"][0]["message"].startswith("up for "), told)
            # 404 is final.
            status[0] = 404
            apply(server, rules=[up_rule(above=1e9)])
            until(lambda: server.get("/api/v1/alert-receivers/ops/deliveries", state="dead").json()["deliveries"],
                  "a dead letter")
            status[0] = 200
            expect("1 dead letter of ops queued again" in server.cli("alerts", "replay", "ops").stdout, "replay")
            _, told = receiver.next()
            expect(told["status"] == "resolved", told)
        finally:
            server.stop()


def mail_is_sent_when_the_server_takes_it(backend):
    """Refused connections, then 451, then a mail of two parts to both recipients, by a user with a password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    refuse = [True]
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, folder, *OPTIONS, backend=backend) as server:
        secret = pathlib.Path(folder) / "password"
        secret.write_text("geheim\n")
        config = pathlib.Path(folder) / "mail.yaml"
        config.write_text(f"""
rules:
- name: up
  expr: millwright_up_seconds
  above: 0
  severity: critical
  annotations: {{summary: "Größer als {{{{ $threshold }}}}"}}
receivers:
- name: people
  email: {{server: "smtp://127.0.0.1:{port}", from: millwright@example.org, to: [ann@example.org, bo@example.org],
          user: mw, password_file: password, tls: none}}
routes: {{receiver: people, group_wait: 0s}}
""")
        server.cli("alerts", "apply", str(config))
        until(lambda: [d for d in server.get("/api/v1/alert-receivers/people/deliveries").json()["deliveries"]
                       if d["attempts"] >= 2], "two attempts at a closed port")
        with MailServer(port, lambda verb: "451 later" if refuse[0] and verb == "RCPT" else None,
                        users={"mw": "geheim"}) as sink:
            taken(sink.refusals)
            refuse[0] = False
            mail = taken(sink.mails)
            expect(mail.sender == "millwright@example.org", mail.sender)
            expect(mail.recipients == ["ann@example.org", "bo@example.org"], mail.recipients)
            expect((mail.user, mail.password) == ("mw", "geheim"), mail.user)
            expect("Größer als 0" in mail.message["Subject"], mail.message["Subject"])
            kinds = [part.get_content_type() for part in mail.message.iter_parts()]
            expect(kinds == ["text/plain", "text/html"], kinds)
            text, html = (part.get_content() for part in mail.message.iter_parts())
            alert = alerts_of(server, state="open")[0]
            for part in (text, html):
                expect("Größer als 0" in part and f"/alerts/{alert['id']}" in part, part)
            expect(max(map(len, mail.raw.split(b"\r\n"))) <= 998, "lines of mails are short")
            done = server.cli("alerts", "receivers", "test", "people")
            expect("took the message: 250" in done.stdout, done.stdout)
            expect(taken(sink.mails).message["Subject"].startswith("Test: "), "a test says so")
            # Nothing goes in the clear unless that was asked for: this server has no TLS.
            apply(server, receivers=[{"name": "guarded", "email": {"server": f"smtp://127.0.0.1:{port}", "user": "mw",
                                                                   "password": "geheim", "from": "a@example.org", "to": "b@example.org"}}])
            tried = server.post("/api/v1/alert-receivers/guarded/test", {}).json()
            expect(not tried["delivered"] and "SSL" in tried["error"].upper().replace("TLS", "SSL"), tried)
            expect(sink.mails.empty(), "a mail went in the clear")
        # Who reads the configuration reads no password.
        expect("geheim" not in json.dumps(server.get("/api/v1/alert-receivers").json()), "a secret is shown")


def slack_gets_blocks(backend):
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver, \
            Server(BINARY, folder, *OPTIONS, "--external-url", "https://mw.example.org/", backend=backend) as server:
        apply(server, rules=[up_rule(annotations={"summary": "a < b & c"})],
              receivers=[{"name": "chat", "slack": {"url": receiver.url + "/T0/B0/XXX", "channel": "#ml"}}],
              routes=route("chat"))
        _, told = receiver.next()
        expect(told["channel"] == "#ml", told)
        expect([block["type"] for block in told["blocks"]] == ["section", "section"], told)
        text = told["blocks"][1]["text"]
        expect(text["type"] == "mrkdwn" and "a &lt; b &amp; c" in text["text"], text)
        expect("<https://mw.example.org/alerts/al-" in text["text"], text)
        # The URL is the secret: it is not shown.
        shown = server.get("/api/v1/alert-receivers").json()["receivers"][0]
        expect("XXX" not in json.dumps(shown) and shown["has_secret"], shown)


@contextlib.contextmanager
def process(command, ready, log):
    with open(log, "wb") as out:
        child = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        def is_ready():
            expect(child.poll() is None, f"{command[0]} ended: {pathlib.Path(log).read_text()[-1000:]}")
            with contextlib.suppress(OSError, urllib.error.URLError):
                return urllib.request.urlopen(ready, timeout=5).status == 200
        until(is_ready, f"{command[0]} is ready")
        yield child
    finally:
        child.kill()
        child.wait()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def a_real_alertmanager_has_our_alerts(backend):
    """amtool sees what fires, with our labels, and no longer when it is resolved."""
    if not shutil.which("prometheus-alertmanager"):
        raise Failure("prometheus-alertmanager is missing: scripts/install-deps")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, folder + "/d", *OPTIONS, backend=backend) as server:
        config = pathlib.Path(folder) / "am.yml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        url = f"http://127.0.0.1:{port}"
        with process(["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/am",
                      f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
                     url + "/-/ready", folder + "/am.log"):
            def seen():
                done = subprocess.run(["amtool", f"--alertmanager.url={url}", "-o", "json", "alert", "query", "-a"],
                                      capture_output=True, text=True, check=True)
                return json.loads(done.stdout)
            apply(server, rules=[up_rule("server-is-up", labels={"team": "risk"},
                                         annotations={"summary": "it is up"})],
                  receivers=[{"name": "am", "alertmanager": {"url": url}}], routes=route("am"))
            alert = until(seen, "the Alertmanager has the alert")[0]
            expect(alert["labels"] == {"alertname": "server-is-up", "severity": "warning", "team": "risk"}, alert)
            expect(alert["annotations"]["summary"] == "it is up", alert)
            ours = alerts_of(server, state="open")[0]
            expect(alert["generatorURL"].endswith("/alerts/" + ours["id"]), alert)
            apply(server, rules=[up_rule("server-is-up", above=1e9, labels={"team": "risk"})])
            until(lambda: not seen(), "the alert is resolved there")


def nothing_is_lost_or_told_twice_over_kill_9(backend):
    """The server is killed again and again while alerts open and close; each change is one message."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        server = Server(BINARY, folder, *OPTIONS, backend=backend).start()
        try:
            names = [f"r{i}" for i in range(12)]
            quiet = {"flapping": "off"}
            apply(server, receivers=[{"name": "ops", "webhook": {"url": receiver.url}}],
                  routes={"receiver": "ops", "group_by": ["rule"], "group_wait": "0s", "group_interval": "1s",
                          "storm": {"notifications": 0}})
            for round_ in range(6):
                above = 0 if round_ % 2 == 0 else 1e9
                apply(server, rules=[up_rule(name, above=above, **quiet) for name in names])
                time.sleep(rng.random() * 0.4)  # somewhere in the work, not to wait for anything
                server.kill()
                server.start()
                wanted = "firing" if above == 0 else "resolved"

                def settled():
                    newest = {}
                    for alert in reversed(alerts_of(server, limit=1000)):
                        newest[alert["rule"]] = alert["phase"]
                    return len(newest) == len(names) and set(newest.values()) == {wanted}
                until(settled, f"all alerts are {wanted}")

                def all_told():
                    done = [d for d in server.get("/api/v1/alert-receivers/ops/deliveries", limit=500).json()["deliveries"]]
                    return len(done) >= len(names) * (round_ + 1) and all(d["state"] == "delivered" for d in done)
                until(all_told, "all is told")
            messages = {}
            while not receiver.told.empty():
                one, told = receiver.told.get()
                messages[one] = told
            changes = collections.Counter((alert["id"], alert["phase"]) for told in messages.values() for alert in told["alerts"])
            expect(set(changes.values()) == {1}, {k: v for k, v in changes.items() if v != 1})
            expect(len(changes) == len(names) * 6, len(changes))
        finally:
            server.stop()


def a_real_prometheus_reads_us(backend):
    """promtool finds nothing wrong, our rules load, and what rules find here Prometheus finds as well."""
    for tool in ("prometheus", "promtool"):
        if not shutil.which(tool):
            raise Failure(f"{tool} is missing: scripts/install-deps")
    port = free_port()
    deploy = ROOT / "deploy"
    with tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, folder + "/d", *OPTIONS, backend=backend) as server:
        for i in range(30):
            server.mlflow("experiments/create", {"name": f"e{i}"})
        server.request("GET", "/no/such/page")

        def counted():
            text = server.get("/metrics").body.decode()
            return text if 'kind="experiment.created"} 30' in text else None
        metrics = until(counted, "the events are counted")
        done = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True)
        expect(done.returncode == 0, done.stdout + done.stderr)
        # The table says of each metric what /metrics says.
        table = {row["name"]: row for row in server.get("/api/v1/alert-series").json()["series"]}
        for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", metrics, re.M):
            expect(name in table, f"{name} is not in the table of series")
            expect(table[name]["type"] == kind, f"{name} is a {kind}, not a {table[name]['type']}")
            help_ = re.search(rf"^# HELP {name} (.*)$", metrics, re.M)[1]
            expect(table[name]["help"] == help_, f"{name}: {help_} / {table[name]['help']}")
        for name, labels in re.findall(r"^([a-z_0-9]+)\{(.*)\} ", metrics, re.M):
            family = name if name in table else re.sub("_(bucket|sum|count)$", "", name)
            for label in re.findall(r'([a-z_]+)="', labels):
                expect(label == "le" or label in table[family]["labels"].split(), f"{family} has a label {label}")

        config = pathlib.Path(folder) / "prometheus.yml"
        config.write_text((deploy / "prometheus/prometheus.yaml").read_text()
                          .replace("localhost:5000", f"127.0.0.1:{server.port}")
                          .replace("15s", "1s")
                          .replace("- millwright.rules.yaml", f"- {deploy}/prometheus/millwright.rules.yaml"))
        subprocess.run(["promtool", "check", "config", str(config)], check=True, capture_output=True)
        url = f"http://127.0.0.1:{port}"
        with process(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/tsdb",
                      f"--web.listen-address=127.0.0.1:{port}"], url + "/-/ready", folder + "/prometheus.log"):
            def ask(path, **query):
                return json.load(urllib.request.urlopen(url + path + "?" + urllib.parse.urlencode(query)))["data"]

            def find(expr):
                return ask("/api/v1/query", query=expr)["result"]
            until(lambda: find("count_over_time(millwright_up_seconds[1m]) > 3"), "Prometheus has scraped")
            groups = until(lambda: (g := ask("/api/v1/rules")["groups"]) and all(r["health"] == "ok" for r in g[0]["rules"]) and g,
                           "the rules are evaluated")
            expect(len(groups[0]["rules"]) > 8, groups)
            expect(not find('ALERTS{alertname="server-errors"}'), "nothing is wrong, and no alert says so")
            names = {row["metric"]["__name__"] for row in find('{job="millwright"}')}
            for name in ("millwright_http_requests_total", "process_resident_memory_bytes", "millwright_disk_free_bytes"):
                expect(name in names, f"{name} is not in Prometheus")
            # What stands still is the same on both sides.
            for expr in ('millwright_events_total{kind="experiment.created"}',
                         'sum by (kind) (millwright_events_total{kind=~"experiment.*"})',
                         'millwright_events_total{kind="experiment.created"} / ignoring(kind) millwright_disk_size_bytes',
                         'millwright_disk_size_bytes > 1 unless on() millwright_events_total{kind="no"}',
                         'max(millwright_runs_finished_total) or on() millwright_disk_size_bytes',
                         'histogram_quantile(0.9, sum by (le) (millwright_http_request_seconds_bucket{route="/api/2.0/mlflow/experiments/create"}))',
                         'absent(millwright_stream_lag)',
                         '-3 + 2 * 4 - 8 / 4 + 0 * millwright_disk_size_bytes'):
                found = server.post("/api/v1/alert-rules/test", {"name": "x", "expr": expr})
                expect(found.status == 200, found.body)
                ours = sorted((sorted(s["labels"].items()), float(s["value"])) for s in found.json()["series"])

                def same():
                    theirs = sorted((sorted((k, v) for k, v in row["metric"].items() if k not in ("__name__", "job", "instance")),
                                     float(row["value"][1])) for row in find(expr))
                    return ours == theirs and theirs
                until(same, f"{expr} is the same on both sides, {ours}, {find(expr)}")
            # Every panel of the dashboards is a question that Prometheus can answer, over series of ours.
            for file in sorted((deploy / "grafana").glob("*.json")):
                board = json.loads(file.read_text())
                expect(board["title"] and board["panels"], file)
                for panel in board["panels"]:
                    for target in panel["targets"]:
                        expr = target["expr"].replace("$__rate_interval", "1m")
                        find(expr)
                        used = set(re.findall(r"\b(?:millwright|process|grpc_server|nv|request_predict)_[a-z0-9_]+", expr))
                        for name in used:
                            expect(re.sub("_bucket$", "", name) in table or name in table, f"{file.name}: {name}")


def an_alert_leads_to_what_caused_it(backend):
    """A model served elsewhere drifts: its monitor's alert and a rule's are told, with window, rows and comparison."""
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver, \
            Server(BINARY, folder + "/d", *OPTIONS, backend=backend) as server:
        rows = pathlib.Path(folder) / "orders.csv"
        begin = datetime.datetime(2001, 6, 1, tzinfo=datetime.timezone.utc)
        with open(rows, "w") as out:
            out.write("order,at,amount,score,fraud\n")
            for day in range(12):
                for i in range(300):
                    at = begin + datetime.timedelta(days=day, minutes=i)
                    out.write(f"o{day}-{i},{at:%Y-%m-%d %H:%M:%S},{((i * 37) % 97 + 1) * (10 if day >= 10 else 1)},"
                              f"{((i * 31) % 40 + 5) / 100},{int((i * 7919) % 10 == 0)}\n")
        server.cli("predictions", "push", "shop", str(rows), "--id-column", "order", "--time-column", "at",
                   "--output", "score", "--outcome-column", "fraud")
        monitor = pathlib.Path(folder) / "monitor.yaml"
        monitor.write_text("name: shop\nendpoint: shop\nprobability_output: score\nwindow_ms: 86400000\n"
                           "reference_window: {from: 2001-06-01, to: 2001-06-08}\nrows_min: 200\n")
        apply(server, rules=[{"name": "drift", "expr": "millwright_monitor_feature_drift and on(monitor) millwright_monitor_window_predictions > 200",
                              "above": 0.3, "labels": {"team": "risk"},
                              "annotations": {"summary": "{{ $labels.feature }} of {{ $labels.endpoint }}: {{ $value | humanize }}"}}],
              receivers=[{"name": "ops", "webhook": {"url": receiver.url}}], routes=route("ops", group_by=["rule"]))
        server.cli("monitors", "create", str(monitor))
        server.cli("monitors", "evaluate", "shop")
        told = {}
        while not {"drift", "monitor.drift"} <= set(told):
            for alert in receiver.next()[1]["alerts"]:
                told[alert["rule"]] = alert
        start = int(begin.timestamp() * 1000)
        for rule, alert in told.items():
            expect(alert["labels"]["feature"] == "amount" and alert["labels"]["monitor"] == "shop", alert)
            cause = alert["cause"]
            expect(cause["page"] == "/monitors/shop?feature=amount", cause)
            expect(cause["window"]["start_ms"] == start + 10 * 86_400_000, cause)
            expect(len(server.get(cause["rows"]).body.decode().strip().split("\n")) == 301, "the rows of the window")
            shown = server.get("/api/v1/alerts/" + alert["id"]).json()
            expect(shown["rule"] == rule and shown["cause"]["window"] == cause["window"], shown)
        expect({a["rule"] for a in alerts_of(server, state="open")} == {"drift", "monitor.drift"}, "both are in one list")
        expect(told["drift"]["message"].startswith("amount of shop: "), told["drift"])
        # One of a monitor is acknowledged and silenced like any other.
        server.cli("alerts", "ack", told["monitor.drift"]["id"], "--note", "known")
        expect("ack anonymous" in server.cli("alerts", "list", "--monitor", "shop").stdout, "the list says so")
        # Older ones come page by page.
        first = server.get("/api/v1/alerts", limit=1).json()
        second = server.get("/api/v1/alerts", limit=1, before=first["next"]).json()
        expect({first["alerts"][0]["id"], second["alerts"][0]["id"]} == {a["id"] for a in told.values()}, (first, second))
        expect("next" not in second, second)


def late_outcomes_reach_the_series_and_the_rules(backend):
    """The truth about a day comes days later: the figures at /metrics are of the newest day that it has come for."""
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, folder + "/d", *OPTIONS, backend=backend) as server:
        begin = int(datetime.datetime(2001, 6, 1, tzinfo=datetime.timezone.utc).timestamp() * 1000)
        asked = pathlib.Path(folder) / "asked.jsonl"
        asked.write_text("".join(json.dumps({
            "id": f"p{day}-{i}", "time_ms": begin + day * 86_400_000 + i * 60_000, "inputs": {"x": i % 17},
            "outputs": {"score": (0.8 if i % 4 == 0 else 0.2) + i % 10 / 100}}) + "\n" for day in range(8) for i in range(300)))
        server.cli("predictions", "push", "shop", str(asked))
        monitor = pathlib.Path(folder) / "monitor.yaml"
        monitor.write_text("name: shop\nendpoint: shop\nprobability_output: score\nwindow_ms: 86400000\n"
                           "reference_window: {from: 2001-06-01, to: 2001-06-04}\nrows_min: 200\n")
        server.cli("monitors", "create", str(monitor))
        apply(server, rules=[{"name": "wrong", "expr": "millwright_monitor_auc", "below": 0.6}])

        def figure(name):
            found = re.search(rf"^millwright_monitor_{name}{{[^}}]*}} (\S+)$", server.get("/metrics").body.decode(), re.M)
            return found and float(found[1])

        def tell(day, right):
            labels = pathlib.Path(folder) / "labels.csv"
            labels.write_text("id,late\n" + "".join(f"p{day}-{i},{int((i % 4 == 0) == right)}\n" for i in range(300)))
            server.cli("outcomes", "push", "shop", str(labels), "--id-column", "id", "--value-column", "late")

        until(lambda: figure("window_predictions") == 300, "the windows are measured")
        expect(figure("auc") is None and figure("known_window_end_timestamp_seconds") is None, "nothing is known yet")
        tell(4, True)
        until(lambda: figure("auc") == 1, "the AUC of the day whose outcomes have come")
        expect(figure("known_window_end_timestamp_seconds") == begin / 1000 + 5 * 86_400, "it says of which day")
        expect(figure("window_outcomes") == 0, "the newest day still has none")
        expect(not alerts_of(server, state="open"), "all is well")
        tell(5, False)
        until(lambda: {a["rule"] for a in alerts_of(server, state="open")} == {"wrong"}, "the rule fires")
        expect(figure("known_window_end_timestamp_seconds") == begin / 1000 + 6 * 86_400, "of the later day")
        tell(5, True)  # corrected
        until(lambda: not alerts_of(server, state="open"), "a correction ends it")


def rules_see_other_processes(backend):
    """A stream's lag is asked for where it is, and a process that goes away is noticed."""
    class Metrics(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = b"# TYPE millwright_stream_lag gauge\nmillwright_stream_lag 12345\nmillwright_models_memory_bytes{} 7\n"
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass
    stream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
    threading.Thread(target=stream.serve_forever, daemon=True).start()
    where = f"127.0.0.1:{stream.server_port}"
    with tempfile.TemporaryDirectory() as folder, \
            Server(BINARY, folder, *OPTIONS, "--alert-scrape", f"http://{where}/metrics", backend=backend) as server:
        apply(server, rules=[{"name": "lag", "expr": f'millwright_stream_lag{{instance="{where}"}}', "above": 10_000},
                             {"name": "gone", "expr": "millwright_scrape_up", "below": 1}])
        lag = until(lambda: alerts_of(server, state="open"), "the lag is an alert")[0]
        expect((lag["rule"], lag["value"], lag["labels"]["instance"]) == ("lag", 12345, where), lag)
        stream.shutdown()
        stream.server_close()
        until(lambda: "gone" in {alert["rule"] for alert in alerts_of(server, state="open")}, "its absence is one")


def scraping_a_hundred_times_a_second_costs_little(backend):
    """With a monitor that has windows: its figures are read anew each time."""
    with tempfile.TemporaryDirectory() as folder, Server(BINARY, folder + "/d", *OPTIONS, backend=backend) as server:
        asked = pathlib.Path(folder) / "asked.jsonl"
        asked.write_text("".join(json.dumps({"id": f"p{i}", "time_ms": 991_353_600_000 + i * 288_000, "inputs": {"x": i % 17},
                                             "outputs": {"score": i % 10 / 10}, "outcome": i % 2}) + "\n" for i in range(3000)))
        server.cli("predictions", "push", "shop", str(asked))
        monitor = pathlib.Path(folder) / "monitor.yaml"
        monitor.write_text("name: shop\nendpoint: shop\nprobability_output: score\nwindow_ms: 86400000\n"
                           "reference_window: {from: 2001-06-01, to: 2001-06-04}\nrows_min: 200\n")
        server.cli("monitors", "create", str(monitor))
        until(lambda: "millwright_monitor_auc{" in server.get("/metrics").body.decode(), "the monitor has figures")

        def cpu():
            text = server.get("/metrics").body.decode()
            return float(re.search(r"^process_cpu_seconds_total (\S+)$", text, re.M)[1])

        def looks():
            return float(re.search(r"^millwright_alert_evaluations_total (\S+)$",
                                   server.get("/metrics").body.decode(), re.M)[1])
        before, seen = cpu(), looks()
        begun = time.monotonic()
        for i in range(300):
            expect(server.get("/metrics").status == 200, "it does not answer")
            left = begun + i / 100 - time.monotonic()
            if left > 0:
                time.sleep(left)  # a rate, not a wait
        took = time.monotonic() - begun
        until(lambda: looks() > seen, "the rules are looked at meanwhile")
        spent = until(lambda: (now := cpu()) > before and now - before, "time is counted")
        expect(spent / 300 < 0.03, f"{spent:.2f} s of CPU for 300 scrapes in {took:.1f} s")


def main():
    with Postgres() as postgres:
        tests = [(f"{test.__name__} on {kind}", lambda test=test, kind=kind: test("" if kind == "SQLite" else postgres.new_database()))
                 for test in (a_hanging_webhook_holds_nobody_back, a_webhook_that_answers_500_is_told_later,
                              mail_is_sent_when_the_server_takes_it, slack_gets_blocks,
                              a_real_alertmanager_has_our_alerts, nothing_is_lost_or_told_twice_over_kill_9,
                              a_real_prometheus_reads_us, an_alert_leads_to_what_caused_it,
                              late_outcomes_reach_the_series_and_the_rules,
                              rules_see_other_processes, scraping_a_hundred_times_a_second_costs_little)
                 for kind in ("SQLite", "PostgreSQL")
                 if kind == "SQLite" or test not in (a_real_prometheus_reads_us, slack_gets_blocks, rules_see_other_processes,
                                                     scraping_a_hundred_times_a_second_costs_little)]
        wanted = sys.argv[2:]
        sys.exit(run_tests([t for t in tests if not wanted or any(w in t[0] for w in wanted)]))


main()
