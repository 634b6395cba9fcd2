/**
 * The native routes of runs over made-up ones: any number of runs and columns, whose values are
 * computed when they are asked for, so that a table of 100,000 × 5,000 takes no memory.
 */

const day = 86_400_000;
const hash = (a, b) => {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x165667b1, 0xc2b2ae35);
  h ^= h >>> 13;
  h = Math.imul(h, 0x27d4eb2f);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
};

/** Values of columns as the server sorts them: metrics, params, tags. */
function byKind(entries) {
  const kinds = { metrics: {}, params: {}, tags: {} };
  for (const [column, value] of entries) {
    const dot = column.indexOf('.');
    if (value !== undefined) kinds[column.slice(0, dot)][column.slice(dot + 1)] = value;
  }
  return kinds;
}

/** Runs of experiment 2, `big`: every one has all columns. */
export function bigRuns(amount, columns) {
  const names = [
    ...Array.from({ length: columns }, (_, i) => (i === 0 ? 'metrics.val_accuracy' : i === 1 ? 'metrics.val_loss' : `metrics.task_${String(i).padStart(4, '0')}/score`)),
    'params.learning_rate', 'params.depth', 'params.optimizer', 'params.seed', 'tags.team',
  ]; // prettier-ignore
  const index = new Map(names.map((name, i) => [name, i]));
  const value = (run, column) => {
    const at = index.get(column);
    if (at === undefined) return undefined;
    const h = hash(run, at);
    switch (column) {
      case 'params.learning_rate':
        return String([0.1, 0.03, 0.01, 0.003][run % 4]);
      case 'params.depth':
        return String(2 + (run % 7));
      case 'params.optimizer':
        return ['adam', 'sgd', 'lion'][run % 3];
      case 'params.seed':
        return String(17 + (run % 5));
      case 'tags.team':
        return ['vision', 'speech'][run % 2];
      default:
        return at === 0 ? 0.7 + 0.25 * h : h * 2;
    }
  };
  const start = Date.now() - 2 * day;
  const id = (run) => run.toString(16).padStart(8, '0').repeat(4);
  const row = (run, wanted) => ({
    run_id: id(run), run_name: `sweep-${String(run).padStart(6, '0')}`, experiment_id: '2', user_id: 'ann', status: run % 50 === 7 ? 'FAILED' : 'FINISHED', lifecycle: 'active',
    start_ms: start - run * 60_000, end_ms: start - run * 60_000 + 45_000 + Math.floor(hash(run, 9) * 60_000),
    ...byKind(wanted.map((column) => [column, value(run, column)])),
  }); // prettier-ignore
  return { amount, names, value, row, number: (run_id) => parseInt(run_id.slice(0, 8), 16) };
}

function flightRow({ run }, wanted) {
  const valueOf = (column) => run.data[column.slice(0, column.indexOf('.'))]?.find((each) => each.key === column.slice(column.indexOf('.') + 1))?.value;
  const { run_id, run_name, experiment_id, user_id, status, start_time, end_time } = run.info;
  return { run_id, run_name, experiment_id, user_id, status, lifecycle: run.info.lifecycle_stage, start_ms: start_time, ...(end_time ? { end_ms: end_time } : {}), ...byKind(wanted.map((column) => [column, valueOf(column)])) };
}

const isIdList = /^attributes\.run_id IN \((.*)\)$/;

/** @param runs the flights' runs; @param big what bigRuns() returned; @param matches a run against a filter */
export function trackingRoutes(runs, big, matches) {
  const inExperiments = (ids) => (id) => ids.length === 0 || ids.includes(id);

  /** The runs of a question as {row(columns), value(column)}, in order. */
  function found(body) {
    const has = inExperiments(body.experiment_ids ?? []);
    const list = [];
    const ids = isIdList.exec(body.filter ?? '')?.[1].match(/[0-9a-f]{32}/g);
    const filter = (body.filter ?? '').replace(/tags\.`mlflow\.parentRunId` IS NULL/, '');
    if (body.view === 'deleted' || /parentRunId/.test(filter)) return list;
    for (const each of runs) {
      if (!has(each.run.info.experiment_id)) continue;
      if (ids ? !ids.includes(each.run.info.run_id) : filter && !matches(each.run, filter)) continue;
      list.push({ row: (columns) => flightRow(each, columns), value: (column) => each.run.data[column.slice(0, column.indexOf('.'))]?.find((entry) => entry.key === column.slice(column.indexOf('.') + 1))?.value, info: each.run.info });
    }
    if (has('2') && big.amount > 0) {
      const wanted = ids ? ids.map(big.number).filter((run) => run < big.amount && big.row(run, []).run_id === ids.find((id) => big.number(id) === run)) : undefined;
      const clause = /^(params|tags)\.(\w+) = '([^']*)'$/.exec(filter);
      const name = /ILIKE '%(.*)%'/.exec(filter)?.[1];
      for (let run = 0; run < (wanted?.length ?? big.amount); run += 1) {
        const number = wanted ? wanted[run] : run;
        if (clause && big.value(number, `${clause[1]}.${clause[2]}`) !== clause[3]) continue;
        if (name && !big.row(number, []).run_name.includes(name)) continue;
        list.push({ number, row: (columns) => big.row(number, columns), value: (column) => big.value(number, column) });
      }
    }
    const [order] = body.order_by ?? ['attributes.start_time DESC'];
    if (order === 'attributes.start_time DESC') return list;
    const sorted = /^(\w+)\.`?([^`]+?)`?\s*(ASC|DESC)?$/.exec(order ?? '');
    if (sorted) {
      const [, kind, key, direction] = sorted;
      const sign = direction === 'DESC' ? -1 : 1;
      const attribute = { start_time: 'start_ms' }[key] ?? key;
      const keyed = list.map((each) => ({ each, at: kind === 'attributes' ? each.row([])[attribute] : each.value(`${kind}.${key}`) }));
      keyed.sort((a, b) => (a.at === b.at ? 0 : a.at === undefined ? 1 : b.at === undefined ? -1 : sign * (a.at < b.at ? -1 : 1)));
      return keyed.map(({ each }) => each);
    }
    return list;
  }

  function columnsOf(body) {
    const has = inExperiments(body.experiment_ids ?? []);
    const kind = body.kind ?? 'metrics';
    const keys = new Set();
    for (const { run } of runs) if (has(run.info.experiment_id)) for (const { key } of run.data[kind]) keys.add(key);
    if (has('2') && big.amount > 0) for (const name of big.names) if (name.startsWith(`${kind}.`)) keys.add(name.slice(kind.length + 1));
    const wanted = (body.search ?? '').toLowerCase();
    const all = [...keys].filter((key) => key.toLowerCase().includes(wanted)).sort();
    const from = Number(body.page_token ?? 0);
    const to = from + body.limit;
    return { kind, columns: all.slice(from, to), ...(to < all.length ? { next_page_token: String(to) } : {}) };
  }

  function group(body) {
    const groups = new Map();
    const list = found(body);
    for (const each of list) {
      const by = Object.fromEntries(body.group_by.map((column) => [column, each.value(column.replaceAll('`', '')) ?? null]));
      const key = JSON.stringify(by);
      const entry = groups.get(key) ?? { by, runs: 0, values: body.metrics.map(() => []) };
      entry.runs += 1;
      body.metrics.forEach((metric, i) => {
        const value = Number(each.value(`metrics.${metric}`));
        if (Number.isFinite(value)) entry.values[i].push(value);
      });
      groups.set(key, entry);
    }
    const figures = (values) => {
      const n = values.length;
      if (n === 0) return { count: 0 };
      const mean = values.reduce((a, b) => a + b, 0) / n;
      const std = n > 1 ? { std: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)) } : {};
      return { count: n, mean, min: values.reduce((a, b) => Math.min(a, b)), max: values.reduce((a, b) => Math.max(a, b)), ...std };
    };
    const sorted = [...groups.values()].sort((a, b) => b.runs - a.runs);
    return {
      groups: sorted.slice(0, body.limit).map(({ by, runs: amount, values }) => ({ by, runs: amount, metrics: Object.fromEntries(body.metrics.map((metric, i) => [metric, figures(values[i])])) })),
      groups_total: sorted.length,
      runs_total: list.length,
    };
  }

  function pointsOf(run_id, key) {
    const flight = runs.find(({ run }) => run.info.run_id === run_id);
    if (flight) return (flight.histories[key] ?? []).map(({ step, timestamp, value }) => ({ step, timestamp, value }));
    const run = big.number(run_id);
    if (!(run < big.amount) || !big.names.includes(`metrics.${key}`)) return [];
    const begun = big.row(run, []).start_ms;
    const last = big.value(run, `metrics.${key}`);
    return Array.from({ length: 2_000 }, (_, step) => ({ step, timestamp: begun + step * 20, value: last * (1 - Math.exp(-step / 300)) + (hash(run, step) - 0.5) * 0.05 }));
  }

  function chart(body) {
    const series = [];
    const lines = [];
    for (const run_id of body.runs) {
      for (const key of body.keys) {
        const points = pointsOf(run_id, key);
        const begun = points[0]?.timestamp ?? 0;
        const x = (point) => (body.axis === 'step' ? point.step : body.axis === 'time' ? point.timestamp : point.timestamp - begun);
        const inside = points.map((point) => ({ x: x(point), y: point.value })).filter((point) => (body.from === undefined || point.x >= body.from) && (body.to === undefined || point.x <= body.to));
        if (inside.length > 0) lines.push({ run_id, key, inside });
      }
    }
    const from = body.from ?? Math.min(...lines.map((line) => line.inside[0].x));
    const to = body.to ?? Math.max(...lines.map((line) => line.inside.at(-1).x));
    const pixel = Math.max(1, (to - from + 1) / body.width);
    for (const { run_id, key, inside } of lines) {
      const out = { run_id, key, from: [], to: [], first: [], min: [], max: [], last: [] };
      let slot = -1;
      for (const { x, y } of inside) {
        const at = Math.floor((x - from) / pixel);
        const i = out.from.length - 1;
        if (at === slot) {
          Object.assign(out.to, { [i]: x });
          out.min[i] = Math.min(out.min[i], y);
          out.max[i] = Math.max(out.max[i], y);
          out.last[i] = y;
        } else {
          slot = at;
          out.from.push(x);
          out.to.push(x);
          for (const name of ['first', 'min', 'max', 'last']) out[name].push(y);
        }
      }
      series.push(out);
    }
    return { from, to, series };
  }

  return [
    ['POST', '/api/v1/runs/search', (_, __, body) => {
      const list = found(body);
      const from = Number(body.page_token ?? 0);
      const to = from + (body.limit ?? 100);
      return { runs: list.slice(from, to).map((each) => each.row(body.columns ?? [])), ...(to < list.length ? { next_page_token: String(to) } : {}) };
    }],
    ['POST', '/api/v1/runs/count', (_, __, body) => ({ runs: found(body).length, exact: true })],
    ['POST', '/api/v1/runs/groups', (_, __, body) => group(body)],
    ['POST', '/api/v1/runs/columns', (_, __, body) => columnsOf(body)],
    ['POST', '/api/v1/charts', (_, __, body) => chart(body)],
  ]; // prettier-ignore
}

/** A run of the big experiment as MLflow's `runs/get` answers it. */
export function bigRun(big, run_id) {
  const number = big.number(run_id);
  if (!(number < big.amount) || big.row(number, []).run_id !== run_id) return undefined;
  const row = big.row(number, big.names);
  const of = (kind) => Object.entries(row[kind]).map(([key, value]) => ({ key, value }));
  return {
    info: { run_id, run_name: row.run_name, experiment_id: '2', user_id: row.user_id, status: row.status, lifecycle_stage: 'active', start_time: row.start_ms, end_time: row.end_ms },
    data: { metrics: of('metrics').map((metric) => ({ ...metric, step: 1999, timestamp: row.end_ms })), params: of('params'), tags: of('tags') },
  };
}

