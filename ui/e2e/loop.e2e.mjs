/**
 * Walks every page in a real browser against a server on which `millwright demo flights` ran, and
 * checks what a person would look for: real content, keyboard, appearance, narrow screens.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/loop.e2e.mjs
 *
 * Ends with `N passed, N failed` and exit code 1 if any failed. On a failure the page is kept as a
 * picture in shots/. CHROMIUM names the browser where it is not /usr/bin/chromium.
 */
import { readFile } from 'node:fs/promises';
import { api, base, check, drawn, eventually, finish, go, namelessControls, page, query, see, state, test, texts } from './harness.mjs';

/** The demo judges its dirty copy without a server; here it becomes a dataset whose validation fails. */
async function withDirtyOne(validations) {
  if (validations.some((each) => !each.success)) return validations;
  const bytes = await readFile(new URL('../../examples/flights/data/dirty_flights.csv', import.meta.url));
  const put = await fetch(`${base}/api/v1/datasets/flights-dirty/upload?filename=dirty_flights.csv`, { method: 'PUT', body: bytes });
  check(put.ok, `the upload answers ${put.status}`);
  await api('/api/v1/validations', { suite: validations[0].suite, dataset: 'flights-dirty' });
  return (await api('/api/v1/validations')).validations;
}

async function firstSplit(datasets) {
  for (const { name } of datasets) {
    if ((await api(`/api/v1/datasets/${encodeURIComponent(name)}`)).splits.length > 0) return name;
  }
  return undefined;
}

// What the demo left behind, so that nothing here depends on generated names.
const { loops } = await api('/api/v1/overview').catch((error) => {
  console.log(`No server with the demo at ${base}: ${error.message}`);
  process.exit(1);
});
const loop = loops.find((each) => each.model === 'flights-late');
if (!loop) {
  console.log('The server knows no loop around model flights-late. Run `millwright demo flights` first.');
  process.exit(1);
}
const { experiments } = await api('/ajax-api/2.0/mlflow/experiments/search', { max_results: 100 });
const { runs } = await api('/ajax-api/2.0/mlflow/runs/search', { experiment_ids: experiments.map((each) => each.experiment_id), max_results: 1000 });
const { pipeline_runs: pipelineRuns } = await api('/api/v1/pipeline-runs?limit=10');
const { validations: recorded } = await api('/api/v1/validations');
const validations = await withDirtyOne(recorded);
const { datasets } = await api('/api/v1/datasets');
const splitDataset = await firstSplit(datasets);
const { model_versions: versions } = await api(`/ajax-api/2.0/mlflow/model-versions/search?filter=${encodeURIComponent("name='flights-late'")}`);
const trained = runs.find((run) => run.info.run_id === versions.find((each) => each.version === '1')?.run_id);
const failedValidation = validations.find((each) => !each.success);

// ------------------------------------------------------------------ pages

await test('overview: the loop with live figures, and the latest events', async () => {
  await go('/');
  await see('.station.data');
  check((await texts('.station h2')).join() === 'Data,Train,Registry,Endpoint,Monitor,Retrain', 'six stations in the order of the loop');
  await eventually('the registry names the model and its champion', async () => /flights-late\s+champion v\d+/.test(await page.locator('.station.registry').innerText()));
  for (const area of ['data', 'train', 'registry']) {
    check(!/^0$/.test(await page.locator(`.station.${area} b`).innerText()), `${area} is not empty`);
  }
  await eventually('events are listed', async () => (await page.locator('table[aria-label=Events] tbody tr').count()) >= 5);
});

await test('overview: first paint', async () => {
  await go('/');
  await see('.station.data');
  const paint_ms = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity);
  console.log(`        first contentful paint ${Math.round(paint_ms)} ms`);
  check(paint_ms < 3_000, `first paint took ${paint_ms} ms`);
});

await test('overview: the event stream is connected', async () => {
  await go('/');
  await eventually('the page says Live', async () => (await page.locator('.live').innerText()).trim() === 'Live');
});

await test('runs: the trials with their metrics', async () => {
  await go(`/runs?experiment=${trained.info.experiment_id}`);
  await see('table[aria-label=Runs] tbody tr');
  const shown = await page.locator('table[aria-label=Runs] tbody tr').count();
  check(shown >= 8, `at least 8 runs, not ${shown}`);
  const metric = trained.data.metrics[0].key;
  check((await texts('thead th')).some((text) => trained.data.metrics.some((each) => text.includes(each.key))), `a metric such as ${metric} is a column`);
});

await test('runs: an MLflow filter narrows the table and stays in the URL', async () => {
  const name = trained.info.run_name;
  // One for each walk of the demo on this server.
  const named = runs.filter((run) => run.info.run_name === name && run.info.experiment_id === trained.info.experiment_id).length;
  await go(`/runs?experiment=${trained.info.experiment_id}`);
  await see('table[aria-label=Runs] tbody tr');
  await page.fill('[data-search]', `attributes.run_name = '${name}'`);
  await eventually(`${named} of them left`, async () => (await page.locator('table[aria-label=Runs] tbody tr').count()) === named);
  check(query().get('q')?.includes(name), 'the filter is in the URL');
  await page.reload();
  await eventually('a reload shows the same', async () => (await page.locator('table[aria-label=Runs] tbody tr').count()) === named);
  check((await page.inputValue('[data-search]')).includes(name), 'the box holds the filter');
});

await test('runs: a heading sorts, first downwards, then upwards', async () => {
  await go(`/runs?experiment=${trained.info.experiment_id}`);
  await see('table[aria-label=Runs] tbody tr');
  const headings = (await texts('th button.sort')).map((text) => text.trim());
  const key = trained.data.metrics.map((metric) => metric.key).find((each) => headings.includes(each));
  check(key, 'a metric is a column');
  const heading = page.locator('th button.sort', { hasText: new RegExp(`^\\s*${key}`) }).first();
  const column = async () => {
    const at = await heading.evaluate((button) => button.closest('th').cellIndex);
    return (await texts(`table[aria-label=Runs] tbody tr td:nth-child(${at + 1})`)).map(Number).filter((value) => !Number.isNaN(value));
  };
  const inOrder = (values, sign) => values.length > 1 && values.every((value, i) => i === 0 || sign * (value - values[i - 1]) >= 0);
  await heading.click();
  await eventually('descending', async () => inOrder(await column(), -1) && query().get('sort')?.startsWith('-'));
  await heading.click();
  await eventually('ascending', async () => inOrder(await column(), 1));
});

await test('runs: the server says what is wrong with a filter', async () => {
  state.provoking = true;
  await go(`/runs?q=${encodeURIComponent('metrics.auc >')}`);
  await see('[role=alert]');
  check((await page.locator('[role=alert]').innerText()).length > 30, 'its message is shown');
  state.provoking = false;
});

await test('runs: columns can be chosen', async () => {
  await go(`/runs?experiment=${trained.info.experiment_id}`);
  await see('table[aria-label=Runs] tbody tr');
  await page.click('summary:has-text("Columns")');
  const choice = page.locator('details.menu[open] label:has(input:checked)').first();
  const column = await choice.getAttribute('title');
  const heading = page.locator('thead th', { hasText: new RegExp(`^${column.split('.')[1]}$`) });
  check((await heading.count()) === 1, `${column} is in the table`);
  await choice.click();
  await eventually('the column went', async () => (await heading.count()) === 0);
  const columns = query().get('columns')?.split(',') ?? [];
  check(columns.length > 0 && !columns.includes(column), 'the choice is in the URL');
  check((await page.locator('details.menu[open]').count()) === 1, 'the menu stays open for another choice');
  await page.keyboard.press('Escape');
  check((await page.locator('details.menu[open]').count()) === 0, 'Esc closes the menu');
});

await test('compare: two chosen runs as curves and differences', async () => {
  await go(`/runs?experiment=${trained.info.experiment_id}`);
  await see('table[aria-label=Runs] tbody tr');
  const boxes = page.locator('table[aria-label=Runs] tbody input[type=checkbox]');
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await page.click('a:has-text("Compare 2")');
  await see('table[aria-label="Compared runs"]');
  check((await page.locator('table[aria-label="Compared runs"] thead th a').count()) === 2, 'two runs side by side');
  await eventually('curves are drawn', async () => Number(await page.locator('.chart').first().getAttribute('data-drawn')) >= 1);
});

await test('run: parameters, metric curves and the data it read', async () => {
  await go(`/runs/${trained.info.run_id}`);
  await see('table[aria-label=Parameters] tbody tr');
  check((await page.locator('table[aria-label=Parameters] tbody tr').count()) === trained.data.params.length, 'all parameters');
  await eventually('a curve with its rounds', async () => Number(await page.locator('.chart').first().getAttribute('data-drawn')) > 5);
  check((await page.locator('section[aria-label="Data it read"] a').first().innerText()).includes('flights'), 'dataset input');
});

await test('run: artifacts, with the ROC curve and the feature importance drawn', async () => {
  await go(`/runs/${trained.info.run_id}?tab=artifacts`);
  await see('table[aria-label=Files] tbody tr');
  await drawn('ROC curve', 10);
  check((await page.locator('section[aria-label="Feature importance"] .ranked li').count()) >= 3, 'importance of at least 3 features');
  await page.locator('table[aria-label=Files] a', { hasText: '.json' }).first().click();
  check(query().get('file')?.endsWith('.json'), 'the chosen file is in the URL');
});

await test('models: flights-late has version 1 and a champion', async () => {
  await go('/models');
  await page.click('table[aria-label=Models] a:has-text("flights-late")');
  await see('table[aria-label=Versions] tbody tr');
  const rows = await texts('table[aria-label=Versions] tbody tr');
  check(rows.some((row) => /^v1\b/.test(row.trim())), 'version 1');
  check(rows.some((row) => /champion/.test(row)), 'alias champion');
});

await test('model version 1: checks, signature, source run, history', async () => {
  await go('/models/flights-late?version=1');
  await see('.checks li');
  const checks = (await texts('.checks li')).join('\n').toLowerCase();
  check(/parity/.test(checks), 'the parity check is recorded');
  await eventually('the AUC gate is recorded', async () => /auc/i.test((await texts('.checks li')).join()));
  check((await page.locator('table[aria-label=Signature] tbody tr').count()) >= 4, 'signature with inputs and output');
  check((await page.locator(`a[href="/runs/${trained.info.run_id}"]`).count()) > 0, 'link to the run it came from');
  await see('table[aria-label=History] tbody tr');
  check((await texts('table[aria-label=History] tbody tr')).some((row) => /champion/.test(row)), 'the history says how champion came');
});

await test('models: a word finds them by name', async () => {
  await go('/models');
  await page.fill('[data-search]', 'late');
  await eventually('the word is in the URL', async () => query().get('q') === 'late');
  await see('table[aria-label=Models] a:has-text("flights-late")');
});

await test('model: a move is judged before it is made, and a refusal stays in the dialog', async () => {
  await go('/models/flights-late?version=1');
  await page.click('button:has-text("Promote v1")');
  await see('dialog .checks li, dialog .muted');
  state.provoking = true;
  await page.fill('dialog input', 'not an alias');
  await page.click('dialog button[type=submit]');
  await see('dialog [role=alert]');
  state.provoking = false;
  await page.keyboard.press('Escape');
});

await test('model: what it was at a time is a line of the history away', async () => {
  await go('/models/flights-late?version=1');
  await page.locator('table[aria-label=History] tbody tr').first().locator('button').click();
  await see('.as-of');
  check(Number(query().get('at')) > 0, 'the time is in the URL');
  await page.click('button:has-text("Now")');
  check(query().get('at') === null, 'and is gone again');
});

await test('model: files, comparison, lineage and gates have tabs', async () => {
  for (const tab of ['Files', 'Compare', 'Lineage', 'Gates']) {
    await go('/models/flights-late?version=1');
    await page.click(`.tabs a:has-text("${tab}")`);
    await eventually(`tab ${tab} is chosen`, async () => query().get('tab') === tab.toLowerCase());
    await see('.section, .empty');
    check((await namelessControls()).length === 0, `nothing without a name in ${tab}`);
  }
});

await test('dataset: profile with histograms and top values', async () => {
  await go('/datasets');
  await page.locator('table[aria-label=Datasets] a', { hasText: /^flights$/ }).click();
  await see('.column-card');
  check((await page.locator('h1').innerText()).startsWith('flights@'), 'its version is named');
  check((await page.locator('.column-card').count()) >= 5, 'a card for each column');
  check((await page.locator('.histogram rect').count()) > 10, 'histograms are drawn');
  check((await page.locator('.column-card .ranked li').count()) >= 3, 'top values are shown');
});

await test('dataset: rows, a recorded split, validations', async () => {
  check(splitDataset, 'a dataset is split');
  await go('/datasets/flights?tab=rows');
  await eventually('a page of rows', async () => (await page.locator('table[aria-label=Rows] tbody tr').count()) >= 50);
  await page.click('button:has-text("Next")');
  await eventually('the next page', async () => Number(query().get('offset')) > 0 && (await page.locator('table[aria-label=Rows] tbody tr').count()) >= 50);
  await go(`/datasets/${encodeURIComponent(splitDataset)}?tab=splits`);
  await see('.share-bar');
  check((await texts('.share-legend')).join().includes('train'), 'the split has a train part');
  await go('/datasets/flights?tab=validations');
  await see('table[aria-label=Validations] tbody tr [data-state=passed]');
});

await test('validation: the dirty copy failed, with its failing rows and an HTML report', async () => {
  check(failedValidation, 'there is a failed validation');
  await go(`/validations/${encodeURIComponent(failedValidation.id)}`);
  await see('.expectations li.failed');
  check((await page.locator('.expectations li').count()) >= 12, 'all its expectations');
  check((await page.locator('table[aria-label="Failing rows"] tbody tr').count()) >= 1, 'failing rows are shown');
  const report = await fetch(base + (await page.getAttribute('a:has-text("HTML report")', 'href')));
  check(report.ok && /html/.test(report.headers.get('content-type')), 'the report is HTML');
});

await test('endpoint: replicas, traffic and predictions with outcomes', async () => {
  await go('/endpoints');
  await page.locator('table[aria-label=Endpoints] a', { hasText: loop.endpoint }).first().click();
  await see('.figures-row');
  await drawn('Requests and errors per second');
  await see('table[aria-label="Revisions and replicas"] tbody tr');
  check((await texts('table[aria-label="Revisions and replicas"] tbody tr')).some((row) => /live/.test(row) && /ready/.test(row)), 'a live revision with a ready replica');
  await see('table[aria-label="Latest predictions"] tbody tr');
  const rows = await texts('table[aria-label="Latest predictions"] tbody tr');
  check(rows.length >= 10, 'predictions are listed');
  const { predictions } = await api(`/api/v1/endpoints/${encodeURIComponent(loop.endpoint)}/predictions?limit=1000`);
  check(rows.some((row) => !/waiting/.test(row)) || predictions.some((each) => each.outcome !== undefined), 'some know their outcome');
  await page.locator('table[aria-label="Latest predictions"] tbody tr a').last().click();
  await see('.details-box');
});

await test('endpoint: the form asks the model, in both protocols', async () => {
  await go(`/endpoints/${encodeURIComponent(loop.endpoint)}`);
  await see('.try-it button[type=submit]:not([disabled])');
  await page.click('.try-it button[type=submit]');
  await eventually('an answer', async () => /\d/.test(await page.locator('.answer output').innerText()));
  await page.click('.try-it button:has-text("Open Inference")');
  await see('.try-it button[type=submit]:not([disabled])');
  const [answer] = await Promise.all([page.waitForResponse((response) => response.url().endsWith('/infer')), page.click('.try-it button[type=submit]')]);
  check(answer.ok(), `v2 answers ${answer.status()}`);
});

await test('monitor: the five questions are answered', async () => {
  await go('/monitors');
  await page.locator('table[aria-label=Monitors] a', { hasText: loop.monitor }).first().click();
  await see('.question');
  const answers = await texts('.question b');
  check(answers.length === 5, 'five questions');
  check(/[1-9]/.test(answers[0]), `predictions: ${answers[0]}`);
  check(/[1-9].*s/.test(answers[1]), `how long: ${answers[1]}`);
  check(Number(answers[3]) >= 3, `features: ${answers[3]}`);
  check(/\d.*%.*\d.*%/s.test(answers[4]), `predicted and happened: ${answers[4]}`);
});

await test('monitor: drift is drawn with its limit, a feature shows its distribution', async () => {
  await go(`/monitors/${encodeURIComponent(loop.monitor)}`);
  await see('table[aria-label="Drift of each feature by window"] button');
  await see('.spark .limit', { state: 'attached' });
  await page.locator('table[aria-label="Drift of features"] a').nth(1).click();
  check(query().get('feature'), 'the feature is in the URL');
  await eventually('bars of reference and now', async () => Number(await page.locator('.compared svg').getAttribute('data-bins')) >= 2);
  check((await page.locator('.compared .ref').count()) === (await page.locator('.compared .cur').count()), 'bars in pairs');
});

await test('monitor: performance with label coverage', async () => {
  await go(`/monitors/${encodeURIComponent(loop.monitor)}`);
  await drawn('AUC by window', 1);
  await drawn('Label coverage', 1);
  await drawn('Requests by window', 1);
  check(/concept drift/.test(await page.locator('[data-caveat]').innerText()), 'the estimate says what it does not see');
  check((await texts('table[aria-label="Performance by window"] tbody tr')).some((row) => /0\.\d+/.test(row)), 'an AUC is listed');
});

await test('alerts: what was raised and what it led to', async () => {
  await go('/alerts');
  await see('table[aria-label=Alerts] tbody tr');
  check((await page.locator('table[aria-label=Alerts] a[href^="/pipeline-runs/"]').count()) >= 1, 'an alert started a pipeline');
});

await test('pipelines: the run with its steps, attempts and a log', async () => {
  await go('/pipelines');
  await see('table[aria-label=Pipelines] tbody tr');
  await page.locator('table[aria-label="Pipeline runs"] tbody a').last().click();
  await see('.graph svg .node');
  const steps = await page.locator('.graph .node').count();
  check(steps >= 3, `at least 3 steps, not ${steps}`);
  check((await page.locator('.arrow-line').count()) >= steps - 1, 'arrows between them');
  await page.locator('.graph a').first().click();
  check(query().get('task'), 'the step is in the URL');
  await see('table[aria-label=Attempts] tbody tr');
  await eventually('its log', async () => (await page.locator('pre.log').innerText()).length > 0);
});

await test('lineage: from the dataset to the endpoint', async () => {
  await go('/lineage?node=model:flights-late@1&depth=5');
  await see('.graph .node');
  const ids = await page.locator('.graph .node').evaluateAll((nodes) => nodes.map((node) => node.dataset.node));
  for (const kind of ['dataset:', 'run:', 'model:flights-late@1', 'endpoint:']) {
    check(ids.some((id) => id.startsWith(kind)), `${kind} is in the graph (${ids.join(' ')})`);
  }
  await page.locator('.graph a').first().click();
  check(query().get('node') !== 'model:flights-late@1', 'a node leads to its own graph');
});

await test('events: the log can be searched', async () => {
  await go('/events');
  await see('table[aria-label=Events] tbody tr');
  const before = await page.locator('table[aria-label=Events]').getAttribute('aria-rowcount');
  await page.fill('[data-search]', 'model_version.created');
  await eventually('fewer are left', async () => {
    const after = Number(await page.locator('table[aria-label=Events]').getAttribute('aria-rowcount'));
    return after > 1 && after < Number(before);
  });
});

await test('an unknown thing says so in the words of the server', async () => {
  state.provoking = true;
  await go('/models/no-such-model');
  await see('[role=alert]');
  check(/no-such-model/.test(await page.locator('[role=alert]').innerText()), 'the message names it');
  await go('/nowhere/at/all');
  await see('.empty');
  state.provoking = false;
});

// ------------------------------------------------------------------ keyboard, appearance, width

await test('keyboard: skip link, search, rows, going places, shortcuts', async () => {
  await go(`/runs?experiment=${trained.info.experiment_id}`);
  await see('table[aria-label=Runs] tbody tr');
  await page.keyboard.press('Tab');
  check(await page.evaluate(() => document.activeElement?.classList.contains('skip')), 'the first stop is the skip link');
  await page.keyboard.press('Enter');
  check(await page.evaluate(() => document.activeElement?.id === 'main'), 'which leads to the page');
  await page.keyboard.press('/');
  check(await page.evaluate(() => document.activeElement?.hasAttribute('data-search')), '/ focuses the search');
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const at = await page.evaluate(() => document.activeElement?.getAttribute('aria-rowindex'));
  check(at === '2', `j j k stands on the first row, not ${at}`);
  await page.keyboard.press('x');
  await eventually('x selects it', async () => query().get('selected') !== null);
  await page.keyboard.press('Enter');
  await eventually('Enter opens it', async () => /^\/runs\/./.test(new URL(page.url()).pathname));
  await page.keyboard.press('g');
  await page.keyboard.press('m');
  await eventually('g m goes to models', async () => new URL(page.url()).pathname === '/models');
  await page.keyboard.press('?');
  await see('dialog[open]');
  await page.keyboard.press('Escape');
  await eventually('Esc closes it', async () => (await page.locator('dialog[open]').count()) === 0);
  await page.goBack();
  await eventually('back is the run', async () => /^\/runs\/./.test(new URL(page.url()).pathname));
});

await test('keyboard: focus can be seen', async () => {
  await go('/models');
  await see('table[aria-label=Models] tbody tr');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  check(outline !== 'none', 'the focused link has an outline');
});

await test('theme: follows the system, can be turned, is remembered', async () => {
  const shown = () => page.evaluate(() => document.documentElement.dataset.theme);
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  await go('/');
  check((await shown()) === 'light', 'light as the system says');
  const light = await ground();
  await page.click('#theme-toggle');
  check((await shown()) === 'dark' && (await ground()) !== light, 'dark after the toggle');
  await page.reload();
  check((await shown()) === 'dark', 'dark after a reload');
  await page.click('#theme-toggle');
  check((await shown()) === 'light', 'and back');
  await page.emulateMedia({ colorScheme: 'dark' });
  await eventually('the system turning dark turns the page', async () => (await shown()) === 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
});

const everyPage = [
  '/', '/runs', `/runs/${trained.info.run_id}`, `/runs/${trained.info.run_id}?tab=artifacts`, `/compare?runs=${runs.slice(0, 3).map((run) => run.info.run_id).join(',')}`,
  '/models', '/models/flights-late', '/datasets', '/datasets/flights', '/datasets/flights?tab=rows', '/datasets/flights?tab=splits',
  ...(failedValidation ? [`/validations/${encodeURIComponent(failedValidation.id)}`] : []),
  '/endpoints', `/endpoints/${encodeURIComponent(loop.endpoint)}`, '/monitors', `/monitors/${encodeURIComponent(loop.monitor)}`,
  '/pipelines', `/pipeline-runs/${encodeURIComponent(pipelineRuns[0].id)}`, '/lineage?node=model:flights-late@1', '/alerts', '/events', '/webhooks',
]; // prettier-ignore

await test('every page: one heading, landmarks, and a name for every control', async () => {
  for (const path of everyPage) {
    await go(path);
    await see('h1');
    await eventually(`${path} has loaded`, async () => (await page.locator('[aria-busy=true]').count()) === 0);
    const faults = await namelessControls();
    check(faults.length === 0, `${path}: ${faults.join('; ')}`);
  }
});

await test('every page: at 400 px nothing scrolls sideways', async () => {
  await page.setViewportSize({ width: 400, height: 800 });
  for (const path of everyPage) {
    await go(path);
    await see('h1');
    await eventually(`${path} has loaded`, async () => (await page.locator('[aria-busy=true]').count()) === 0);
    await page.waitForTimeout(150);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    check(wide <= 400, `${path} is ${wide} px wide`);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
});

await finish();
