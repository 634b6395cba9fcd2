// Drives a server by the npm package `mlflow`, unmodified: client.js URI
// Prints a line a claim and the closing line `N passed, N failed`.
'use strict';
const assert = require('node:assert');
const MLflow = require('mlflow');
const { ViewType, RunStatus } = require('mlflow/enum');

const client = new MLflow({ endpoint: process.argv[2] });
const { Experiments, Runs, Metrics, Artifacts } = client;
const unique = (name) => `${name}-${process.pid}-${Math.random().toString(16).slice(2)}`;
console.log = () => {}; // the package prints each body that it sends

const newExperiment = async () => (await Experiments.create({ name: unique('js') })).experiment_id;
const newRun = async (experiment_id, tags) =>
  (await Runs.create({ experiment_id, user_id: 'ada', start_time: 123, tags })).run.info.run_id;
const pairs = (items) => Object.fromEntries(items.map(({ key, value }) => [key, value]));

// The package throws an Error whose text ends in JSON {status, statusText, data}.
async function refused(status, code, call) {
  const error = await call.then(() => assert.fail('not refused'), (thrown) => thrown);
  const answer = JSON.parse(error.message.slice(error.message.indexOf('{')));
  assert.deepStrictEqual([answer.status, answer.data.error_code], [status, code]);
}

const claims = {
  async 'experiments are made, renamed, deleted and restored'() {
    const name = unique('js');
    const { experiment_id } = await Experiments.create({ name });
    await Experiments.update({ experiment_id, new_name: name + ' renamed' });
    await Experiments.delete({ experiment_id });
    assert.strictEqual((await Experiments.get({ experiment_id })).experiment.lifecycle_stage, 'deleted');
    await Experiments.restore({ experiment_id });
    const { experiment } = await Experiments.get({ experiment_id });
    assert.deepStrictEqual([experiment.name, experiment.lifecycle_stage], [name + ' renamed', 'active']);
  },
  async 'what a run logs is read back'() {
    const run_id = await newRun(await newExperiment(), [{ key: 'kind', value: 'js' }]);
    await Runs.logMetric({ run_id, key: 'loss', value: 0.5, timestamp: 1000, step: 1 });
    await Runs.logMetric({ run_id, key: 'loss', value: 0.25, timestamp: 2000, step: 2 });
    await Runs.logParameter({ run_id, key: 'lr', value: '0.1' });
    await Runs.setTag({ run_id, key: 'note', value: 'Größe ☃' });
    await Runs.setTag({ run_id, key: 'gone', value: '1' });
    await Runs.deleteTag({ run_id, key: 'gone' });
    await Runs.logBatch({
      run_id,
      metrics: [{ key: 'acc', value: 0.9, timestamp: 3000, step: 0 }],
      params: [{ key: 'depth', value: '3' }],
      tags: [{ key: 'batch', value: 'yes' }],
    });
    const { run } = await Runs.get({ run_id });
    assert.deepStrictEqual(pairs(run.data.metrics), { acc: 0.9, loss: 0.25 });
    assert.deepStrictEqual(pairs(run.data.params), { depth: '3', lr: '0.1' });
    const tags = pairs(run.data.tags);
    assert.deepStrictEqual([tags.kind, tags.note, tags.batch, tags.gone], ['js', 'Größe ☃', 'yes', undefined]);
    assert.deepStrictEqual([run.info.user_id, run.info.start_time], ['ada', 123]);
  },
  async 'a history is whole although the client names no limit'() {
    const run_id = await newRun(await newExperiment());
    const metrics = Array.from({ length: 1000 }, (_, step) => ({ key: 'm', value: step / 2, timestamp: step, step }));
    await Runs.logBatch({ run_id, metrics });
    const history = await Metrics.getHistory({ run_id, metric_key: 'm' });
    assert.deepStrictEqual(history.metrics, metrics);
  },
  async 'runs are searched, page by page'() {
    const experiment_id = await newExperiment();
    for (let i = 0; i < 5; ++i) {
      const run_id = await newRun(experiment_id);
      await Runs.logMetric({ run_id, key: 'i', value: i, timestamp: 1 });
      if (i === 4) await Runs.delete({ run_id });
    }
    const search = (more) => Runs.search({ experiment_ids: [experiment_id], order_by: ['metrics.i DESC'], ...more });
    const values = ({ runs }) => runs.map((run) => run.data.metrics[0].value);
    assert.deepStrictEqual(values(await search({ filter: 'metrics.i > 1' })), [3, 2]);
    assert.deepStrictEqual(values(await search({ run_view_type: ViewType.DELETED_ONLY })), [4]);
    const first = await search({ max_results: 3 });
    const second = await search({ max_results: 3, page_token: first.next_page_token });
    assert.deepStrictEqual([values(first), values(second), second.next_page_token], [[3, 2, 1], [0], undefined]);
  },
  async 'runs end, are deleted and restored'() {
    const run_id = await newRun(await newExperiment());
    const { run_info } = await Runs.update({ run_id, status: RunStatus.FINISHED, end_time: 456 });
    assert.deepStrictEqual([run_info.status, run_info.end_time], ['FINISHED', 456]);
    await Runs.delete({ run_id });
    assert.strictEqual((await Runs.get({ run_id })).run.info.lifecycle_stage, 'deleted');
    await Runs.restore({ run_id });
    assert.strictEqual((await Runs.get({ run_id })).run.info.lifecycle_stage, 'active');
  },
  async 'artifacts are listed'() {
    const run_id = await newRun(await newExperiment());
    const { run } = await Runs.get({ run_id });
    const folder = run.info.artifact_uri.replace('mlflow-artifacts:/', '');
    const put = await fetch(`${process.argv[2]}/api/2.0/mlflow-artifacts/artifacts/${folder}/a/b.txt`,
      { method: 'PUT', body: 'text' });
    assert.strictEqual(put.status, 200);
    assert.deepStrictEqual((await Artifacts.list({ run_id })).files, [{ path: 'a', is_dir: true }]);
    assert.deepStrictEqual((await Artifacts.list({ run_id, path: 'a' })).files,
      [{ path: 'a/b.txt', is_dir: false, file_size: 4 }]);
  },
  async 'refusals carry a code that a program can read'() {
    const name = unique('js');
    const { experiment_id } = await Experiments.create({ name });
    await refused(400, 'RESOURCE_ALREADY_EXISTS', Experiments.create({ name }));
    await refused(404, 'RESOURCE_DOES_NOT_EXIST', Runs.get({ run_id: 'f'.repeat(32) }));
    const run_id = await newRun(experiment_id);
    await Runs.logParameter({ run_id, key: 'p', value: '1' });
    await refused(400, 'INVALID_PARAMETER_VALUE', Runs.logParameter({ run_id, key: 'p', value: '2' }));
    await refused(400, 'INVALID_PARAMETER_VALUE', Runs.search({ experiment_ids: [experiment_id], filter: 'nonsense' }));
  },
  async 'a route of MLflow 1 that MLflow has no more is told apart from a missing thing'() {
    await refused(404, 'ENDPOINT_NOT_FOUND', Experiments.list({}));
  },
};

(async () => {
  let failed = 0;
  for (const [claim, check] of Object.entries(claims)) {
    try {
      await check();
      process.stdout.write(`ok      ${claim}\n`);
    } catch (error) {
      ++failed;
      process.stdout.write(`FAILED  ${claim}: ${error.stack}\n`);
    }
  }
  process.stdout.write(`${Object.keys(claims).length - failed} passed, ${failed} failed\n`);
  process.exitCode = failed ? 1 : 0;
})();
