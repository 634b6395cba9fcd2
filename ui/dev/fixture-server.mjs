/**
 * A stand-in for `millwright server` with the flights demo behind it, for working on the pages and
 * for their browser test. Answers what src/api declares, and serves dist/ when it was built.
 *
 *   node dev/fixture-server.mjs [--port 5099] [--empty] [--runs 10000 [--columns 5000]]
 */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as flights from './flights.mjs';
import { bigRun, bigRuns, trackingRoutes } from './tracking.mjs';

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
const port = Number(option('port', '5099'));
const empty = process.argv.includes('--empty');
const dist = join(dirname(fileURLToPath(import.meta.url)), '..', 'dist');

class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}
const missing = (what, id) => new Refusal(404, 'RESOURCE_DOES_NOT_EXIST', `${what} not found: ${id}`);
const found = (value, what, id) => {
  if (value === undefined) throw missing(what, id);
  return value;
};

const runs = empty ? [] : flights.trials;
const big = bigRuns(Number(option('runs', '0')), Number(option('columns', '40')));
const experiments = [
  ...(empty ? flights.experiments.slice(0, 1) : flights.experiments),
  ...(big.amount > 0 ? [{ ...flights.experiments[0], experiment_id: '2', name: 'big' }] : []),
];
const anyRun = (id) => {
  const run = bigRun(big, id);
  return run && { run, histories: {} };
};
const runOf = (id) => found(runs.find(({ run }) => run.info.run_id === id) ?? anyRun(id), 'Run', id);

/** Enough of the search grammar for the pages: AND of comparisons. */
function matches(run, filter) {
  return filter.split(/\s+AND\s+/i).every((clause) => {
    const parsed = /^(metrics|params|tags|attributes)\.(?:`([^`]+)`|(\S+))\s*(!=|>=|<=|=|>|<|ILIKE|LIKE)\s*(?:'([^']*)'|"([^"]*)"|(\S+))$/i.exec(clause.trim());
    if (!parsed) throw new Refusal(400, 'INVALID_PARAMETER_VALUE', `Invalid clause(s) in filter string: '${clause}'`);
    const [, kind, quoted, plain, operator, single, double, bare] = parsed;
    const key = quoted ?? plain;
    const wanted = single ?? double ?? bare;
    const have = kind === 'attributes' ? run.info[key] : run.data[kind]?.find((each) => each.key === key)?.value;
    if (have === undefined) return false;
    const like = () => new RegExp(`^${wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/%/g, '.*')}$`, /ILIKE/i.test(operator) ? 'i' : '').test(String(have));
    if (/like/i.test(operator)) return like();
    const [a, b] = kind === 'metrics' ? [Number(have), Number(wanted)] : [String(have), wanted];
    return { '=': a === b, '!=': a !== b, '>': a > b, '<': a < b, '>=': a >= b, '<=': a <= b }[operator];
  });
}

function searchRuns(body) {
  let list = runs.map(({ run }) => run).filter((run) => body.experiment_ids.includes(run.info.experiment_id));
  if (body.filter) list = list.filter((run) => matches(run, body.filter));
  const [order] = body.order_by ?? [];
  const [, kind, key, direction] = /^(\w+)\.`?([^` ]+)`?\s*(ASC|DESC)?$/.exec(order ?? 'attributes.start_time DESC');
  const value = (run) => (kind === 'attributes' ? run.info[key] : run.data[kind]?.find((each) => each.key === key)?.value);
  const sign = direction === 'DESC' ? -1 : 1;
  list.sort((a, b) => sign * (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0));
  const from = Number(body.page_token ?? 0);
  const to = from + (body.max_results ?? 1000);
  return { runs: list.slice(from, to), ...(to < list.length ? { next_page_token: String(to) } : {}) };
}

function listArtifacts(folder) {
  const entries = new Map();
  for (const [path, content] of Object.entries(flights.artifacts)) {
    if (folder && !path.startsWith(`${folder}/`)) continue;
    const rest = folder ? path.slice(folder.length + 1) : path;
    const [head, ...deeper] = rest.split('/');
    const full = folder ? `${folder}/${head}` : head;
    entries.set(full, deeper.length > 0 ? { path: full, is_dir: true } : { path: full, is_dir: false, file_size: content.length });
  }
  return { files: [...entries.values()].sort((a, b) => a.path.localeCompare(b.path)) };
}

const overview = () => ({
  version: '0.1.0',
  uptime_ms: Date.now() - flights.start,
  counts: empty
    ? { experiments: 1, runs: 0, datasets: 0, models: 0, endpoints: 0, monitors: 0, open_alerts: 0, pipeline_runs: 0, predictions: 0 }
    : { experiments: 2, runs: 9, datasets: 3, models: 1, endpoints: 1, monitors: 1, open_alerts: 1, pipeline_runs: 2, predictions: 51_204 },
  loops: empty
    ? []
    : [{
        monitor: 'flights-late', endpoint: 'flights-late', model: 'flights-late', champion_version: '1',
        last_alert: flights.alerts[0],
        last_pipeline_run: { id: 'pr-0002', pipeline: 'retrain-flights', state: 'running', created_ms: flights.pipelineRuns[1].created_ms },
      }],
});

const list = (value) => (empty ? [] : value);
const pipelineRunOf = (id) => found(flights.pipelineRuns.find((run) => run.id === id), 'Pipeline run', id);
const summaryOf = ({ tasks, params, ...summary }) => summary;
const endpointSummary = () => ({ name: 'flights-late', model: 'flights-late', state: 'ready', url: flights.endpoint.url, live_version: '1', created_ms: flights.endpoint.revisions[2].created_ms, requests: 51_204, errors: 0 });
const named = (value, name, what) => found(!empty && value.name === name ? value : undefined, what, name);
const probability = (record) => Math.min(0.95, 0.05 + 0.014 * Number(record.hour ?? 0) + 0.00002 * Number(record.distance ?? 0));

/** [method, pattern, handler(params, query, body)] in the order of src/api. */
const routes = [
  ...trackingRoutes(runs, big, matches),
  ['POST', '/ajax-api/2.0/mlflow/experiments/search', (_, __, body) => {
    const name = /ILIKE '%(.*)%'/.exec(body.filter ?? '')?.[1].toLowerCase() ?? '';
    return { experiments: experiments.filter((each) => body.view_type !== 'DELETED_ONLY' && each.name.toLowerCase().includes(name)) };
  }],
  ['GET', '/ajax-api/2.0/mlflow/experiments/get', (_, query) => ({ experiment: found(experiments.find((each) => each.experiment_id === query.get('experiment_id')), 'Experiment', query.get('experiment_id')) })],
  ['POST', '/ajax-api/2.0/mlflow/runs/search', (_, __, body) => searchRuns(body)],
  ['GET', '/ajax-api/2.0/mlflow/runs/get', (_, query) => ({ run: runOf(query.get('run_id')).run })],
  ['GET', '/ajax-api/2.0/mlflow/metrics/get-history', (_, query) => ({ metrics: runOf(query.get('run_id')).histories[query.get('metric_key')] ?? [] })],
  ['GET', '/ajax-api/2.0/mlflow/artifacts/list', (_, query) => listArtifacts(query.get('path') ?? '')],
  ['GET', '/ajax-api/2.0/mlflow/registered-models/search', () => ({ registered_models: list(flights.models) })],
  ['GET', '/ajax-api/2.0/mlflow/registered-models/get', (_, query) => ({ registered_model: named(flights.models[0], query.get('name'), 'Registered model') })],
  ['GET', '/ajax-api/2.0/mlflow/model-versions/search', () => ({ model_versions: list(flights.modelVersions) })],
  ['GET', '/api/v1/overview', overview],
  ['GET', '/api/v1/runs/:id/tensorboard', () => ({ files: [], tags: [] })],
  ['GET', '/api/v1/datasets', () => ({ datasets: list(Object.values(flights.datasets)).map(({ name, versions: [v] }) => ({ name, latest_version: v.version, row_count: v.row_count, bytes: v.bytes, created_ms: v.created_ms, source: v.source })) })],
  ['GET', '/api/v1/datasets/:name', ({ name }) => found(flights.datasets[name], 'Dataset', name)],
  ['GET', '/api/v1/datasets/:name/versions/:version/profile', ({ name }) => flights.profile(found(flights.datasets[name], 'Dataset', name).versions[0].row_count)],
  ['GET', '/api/v1/datasets/:name/versions/:version/rows', (_, query) => flights.rowsOf(Number(query.get('limit')), Number(query.get('offset')))],
  ['GET', '/api/v1/validations', (_, query) => ({ validations: list(flights.validations).filter((each) => !query.get('dataset') || each.dataset === query.get('dataset')) })],
  ['GET', '/api/v1/validations/:id', ({ id }) => found(flights.validation(id), 'Validation', id)],
  ['GET', '/api/v1/models/:name/versions/:version', ({ name, version }) => ({ name, version, signature: flights.signature, checks: found(flights.checks[version], 'Model version', `${name}@${version}`), approvals: [] })],
  ['GET', '/api/v1/models/:name/versions/:version/diff', () => ({ known: true, changes: [], files: [] })],
  ['GET', '/api/v1/models/:name/gate', ({ name }) => found(undefined, 'Gate of model', name)],
  ['POST', '/api/v1/models/:name/gate/test', () => ({ passed: true, gates: [{ gate: 'metric test_auc', passed: true, reason: 'test_auc is 0.683' }] })],
  ['GET', '/api/v1/models/:name/as-of', ({ name }, query) => ({ name, time_ms: Number(query.get('time')), aliases: [], tags: [], versions: [] })],
  ['GET', '/ajax-api/2.0/mlflow/model-versions/get-download-uri', () => ({ artifact_uri: 's3://models/flights-late' })],
  ['GET', '/api/v1/models/:name/history', () => ({ changes: flights.history.map((change, i) => ({ seq: flights.history.length - i, ...change })) })],
  ['GET', '/api/v1/endpoints', () => ({ endpoints: list([endpointSummary()]) })],
  ['GET', '/api/v1/endpoints/:name', ({ name }) => named(flights.endpoint, name, 'Endpoint')],
  ['GET', '/api/v1/endpoints/:name/traffic', (_, query) => flights.traffic(Number(query.get('buckets') ?? 60))],
  ['GET', '/api/v1/endpoints/:name/predictions', (_, query) => ({ predictions: flights.predictions(Number(query.get('limit') ?? 50)) })],
  ['POST', '/endpoints/:name/invocations', (_, __, body) => ({ predictions: body.dataframe_records.map((record) => ({ late_probability: probability(record) })) })],
  ['GET', '/v2/models/:name', ({ name }) => ({ name, versions: ['1'], platform: 'onnx', inputs: flights.signature.inputs.map((each) => ({ name: each.name, datatype: { long: 'INT64', double: 'FP64', string: 'BYTES' }[each.type], shape: [-1] })), outputs: [{ name: 'late_probability', datatype: 'FP64', shape: [-1] }] })],
  ['POST', '/v2/models/:name/infer', ({ name }, _, body) => ({ model_name: name, model_version: '1', id: 'x', outputs: [{ name: 'late_probability', datatype: 'FP64', shape: [1], data: [probability(Object.fromEntries(body.inputs.map((each) => [each.name, each.data[0]])))] }] })],
  ['GET', '/api/v1/monitors', () => ({ monitors: list([{ name: 'flights-late', endpoint: 'flights-late', model: 'flights-late', state: 'active', created_ms: flights.start + 220_000, open_alerts: 1 }]) })],
  ['GET', '/api/v1/monitors/:name', ({ name }) => named(flights.monitor, name, 'Monitor')],
  ['GET', '/api/v1/monitors/:name/health', (_, query) => ({ ...flights.health, where: query.get('where') ?? '' })],
  ['GET', '/api/v1/prediction-logs', () => ({ logs: [{ name: 'flights-late', predictions: 51_204, outcomes: 46_210, served: true, first_ms: flights.health.windows[0].start_ms, last_ms: flights.health.windows.at(-1).end_ms - 1 }] })],
  ['GET', '/api/v1/prediction-logs/:name/performance', () => flights.slices],
  ['POST', '/api/v1/monitors/preview', () => flights.preview],
  ['GET', '/api/v1/monitors/:name/distribution', (_, query) => flights.distribution(query.get('feature'), Number(query.get('start_ms')))],
  ['GET', '/api/v1/alerts', (_, query) => ({ alerts: list(flights.alerts).filter((alert) => !query.get('state') || alert.state === query.get('state')) })],
  ['GET', '/api/v1/pipelines', () => ({ pipelines: list([{ name: 'retrain-flights', trigger: 'alert on monitor flights-late', tasks: flights.pipelineRuns[0].tasks.map(({ name, depends_on }) => ({ name, depends_on })), last_run: { id: 'pr-0002', state: 'running', created_ms: flights.pipelineRuns[1].created_ms } }]) })],
  ['GET', '/api/v1/pipeline-runs', () => ({ pipeline_runs: list([...flights.pipelineRuns].reverse().map(summaryOf)) })],
  ['GET', '/api/v1/pipeline-runs/:id', ({ id }) => pipelineRunOf(id)],
  ['GET', '/api/v1/lineage', (_, query) => flights.lineage(query.get('node'), Number(query.get('depth') ?? 3))],
  ['GET', '/api/v1/events', (_, query) => {
    const before = Number(query.get('before') ?? Infinity);
    return { events: list([...flights.events].reverse()).filter((event) => event.seq < before).slice(0, Number(query.get('limit') ?? 100)) };
  }],
];

function matched(method, path) {
  const given = path.split('/');
  for (const [routeMethod, pattern, handler] of routes) {
    const wanted = pattern.split('/');
    if (routeMethod !== method || wanted.length !== given.length) continue;
    const params = {};
    if (wanted.every((part, i) => (part.startsWith(':') ? ((params[part.slice(1)] = decodeURIComponent(given[i])), true) : part === given[i]))) return { handler, params };
  }
  return undefined;
}

const types = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html', '.svg': 'image/svg+xml' };
async function page(path, response) {
  const inside = normalize(path).replace(/^(\.\.[/\\])+/, '');
  const file = extname(inside) ? join(dist, inside) : join(dist, 'index.html');
  const content = await readFile(file).catch(() => undefined);
  if (!content) throw new Refusal(404, 'NOT_FOUND', `No such page: ${path}. Was \`npm run build\` run?`);
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream', 'content-security-policy': "default-src 'self'" });
  response.end(content);
}

/** The stream repeats a few events so that a page in front of it moves. */
const watchers = new Set();
let seq = flights.events.length;
const repeated = flights.events.filter((event) => /^(run\.finished|task|replica)/.test(event.kind));
if (!empty) {
  setInterval(() => {
    seq += 1;
    const event = { ...repeated[seq % repeated.length], seq, time_ms: Date.now() };
    flights.events.push(event);
    for (const response of watchers) response.write(`id: ${event.seq}\ndata: ${JSON.stringify(event)}\n\n`);
  }, 8_000).unref();
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  const { pathname: path, searchParams: query } = url;
  if (path === '/api/v1/events/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(': hello\n\n');
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
    return;
  }
  if (path === '/get-artifact') {
    const content = found(flights.artifacts[query.get('path')], 'Artifact', query.get('path'));
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(content);
    return;
  }
  const log = /^\/api\/v1\/pipeline-runs\/([^/]+)\/tasks\/([^/]+)\/log$/.exec(path);
  if (log) {
    const run = pipelineRunOf(log[1]);
    const task = found(run.tasks.find((each) => each.name === log[2]), 'Task', log[2]);
    const bytes = Buffer.from(task.attempts.length > 0 ? flights.logOf(run, log[2]) : '');
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'x-next-offset': String(bytes.length) });
    response.end(bytes.subarray(Number(query.get('offset') ?? 0)));
    return;
  }
  const report = /^\/api\/v1\/validations\/([^/]+)\/report$/.exec(path);
  if (report) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><title>Report ${report[1]}</title><h1>flights_suite</h1><p>Report ${report[1]}</p>`);
    return;
  }
  const route = matched(request.method, path);
  if (route) {
    let text = '';
    for await (const piece of request) text += piece;
    const body = JSON.stringify(route.handler(route.params, query, text ? JSON.parse(text) : {}));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(body);
    return;
  }
  if (/^\/(api|ajax-api|v2|get-artifact)(\/|$)/.test(path)) throw new Refusal(404, 'ENDPOINT_NOT_FOUND', `No route ${request.method} ${path}`);
  await page(path, response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    response.writeHead(error.status ?? 500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error_code: error.code ?? 'INTERNAL_ERROR', message: error.message }));
  });
});
server.listen(port, '127.0.0.1', () => console.log(`Fixture server on http://localhost:${server.address().port}`));
