/**
 * Fills a server with experiments of 0, 1, 100 and many runs and looks at them in a browser: the
 * table of every size, charts, comparison, files, and what can be changed.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/runs.e2e.mjs
 *
 * RUNS is the size of the large experiment (10,000), COLUMNS the metrics of its wide one (1,000).
 * FIRST_PAINT_MS limits the time to the first paint, FRAME_CPU_MS the processor's time that script,
 * style and layout take of a frame while scrolling (16 is 60 frames a second; no limit unless it is given,
 * for a figure of a busy machine proves nothing); both are printed.
 */
import { readFile } from 'node:fs/promises';
import { api, base, check, drawn, eventually, finish, go, page, query, see, state, test, testPages, texts, worked_ms } from './harness.mjs';

const manyRuns = Number(process.env.RUNS ?? 10_000);
const wideColumns = Number(process.env.COLUMNS ?? 1_000);
const firstPaint_ms = Number(process.env.FIRST_PAINT_MS ?? 3_000);
const frameCpu_ms = Number(process.env.FRAME_CPU_MS ?? Infinity);
const framesWatched = 120;

const mlflow = (path, body) => api(`/ajax-api/2.0/mlflow/${path}`, body);
const mark = Date.now().toString(36);
const begun = Date.now() - 3_600_000;

// ------------------------------------------------------------------ filling

/** Runs `work` for 0 … amount − 1, so many at a time. */
async function times(amount, work, atOnce = 24) {
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < amount; i = next++) await work(i);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, amount) }, worker));
}

const experiment = async (name) => (await mlflow('experiments/create', { name: `${name}-${mark}` })).experiment_id;

async function createRun(experiment_id, i, { metrics = {}, params = {}, tags = {}, status = 'FINISHED' }) {
  const pairs = (of) => Object.entries(of).map(([key, value]) => ({ key, value: String(value) }));
  const created = await mlflow('runs/create', { experiment_id, run_name: `run-${String(i).padStart(5, '0')}`, start_time: begun + i, tags: pairs(tags) });
  const run_id = created.run.info.run_id;
  const points = Object.entries(metrics).flatMap(([key, values]) => [values].flat().map((value, step) => ({ key, value, step, timestamp: begun + i + step * 1000 })));
  for (let at = 0; at === 0 || at < points.length; at += 900) {
    await mlflow('runs/log-batch', { run_id, metrics: points.slice(at, at + 900), params: at === 0 ? pairs(params) : [], tags: [] });
  }
  if (status !== 'RUNNING') await mlflow('runs/update', { run_id, status, end_time: begun + i + 60_000 });
  return run_id;
}

const upload = async (experiment_id, run_id, path, body) => {
  const answer = await fetch(`${base}/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${run_id}/artifacts/${path}`, { method: 'PUT', body });
  check(answer.ok, `the upload of ${path} answers ${answer.status}`);
};

const filling = performance.now();
const none = await experiment('none');
const one = await experiment('one');
const hundred = await experiment('hundred');
const many = await experiment('many');
const wide = await experiment('wide');

const curve = (length, i) => Array.from({ length }, (_, step) => 1 - Math.exp(-step / 40) + ((i * 37 + step * 17) % 11) / 200);
const only = await createRun(one, 0, { metrics: { 'val/loss': curve(400, 0), 'system/cpu_utilization_percentage': curve(60, 1), 'system/gpu_0_memory_usage_megabytes': curve(60, 2) }, params: { lr: 0.1 } });
const hundredIds = [];
await times(100, async (i) => {
  // One spike that a chart must not lose, whatever its width.
  const values = curve(1_500, i);
  if (i === 42) values[777] = 9;
  hundredIds[i] = await createRun(hundred, i, {
    metrics: { auc: values, loss: 2 - i / 100 },
    params: { depth: 3 + (i % 5), optimizer: ['adam', 'sgd'][i % 2], same: 1 },
    status: i === 99 ? 'RUNNING' : 'FINISHED',
  });
});
const child = await createRun(hundred, 200, { tags: { 'mlflow.parentRunId': hundredIds[7] } });
await createRun(hundred, 201, { tags: { 'mlflow.parentRunId': child } });
await times(manyRuns, (i) => createRun(many, i, { metrics: { score: i / manyRuns, loss: 1 / (i + 1) }, params: { group: i % 4, seed: i } }));
const wideMetrics = (i) => Object.fromEntries(Array.from({ length: wideColumns }, (_, c) => [`task_${String(c).padStart(4, '0')}`, i + c / 10_000]));
await times(40, (i) => createRun(wide, i, { metrics: wideMetrics(i) }));

const dot = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
for (const step of [0, 5]) await upload(one, only, `images/dogs%25step%25${step}%25timestamp%251%25abc${step}.png`, dot);
await upload(one, only, 'table.json', JSON.stringify({ columns: ['question', 'answer'], data: [['why', 'because'], ['how', 'so']] })); // prettier-ignore
await upload(one, only, 'scores.csv', 'name,score\nann,0.5\n"bob, jr",0.75\n');
await upload(one, only, 'page.html', '<!doctype html><h1>Hello</h1><script>document.querySelector("h1").textContent = "Drawn " + window.origin</script>');
console.log(`filled in ${((performance.now() - filling) / 1000).toFixed(1)} s: 0, 1, 102, ${manyRuns} runs, and 40 of ${wideColumns} metrics`);

// ------------------------------------------------------------------ tables of every size

const rows = () => page.locator('table[aria-label=Runs] tbody tr[data-row]');
const total = async () => Number(await page.locator('[data-total]').getAttribute('data-total'));
async function firstPaint(what) {
  const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity);
  console.log(`        first contentful paint of ${what}: ${Math.round(paint)} ms`);
  check(paint < firstPaint_ms, `first paint of ${what} took ${paint} ms`);
}

/** Scrolls for some frames and says how far apart they were and what they cost. */
async function frames(what, dx, dy) {
  const before = await worked_ms();
  const gaps = await page.locator('.grid').evaluate(
    (box, [across, down, most]) =>
      new Promise((resolve) => {
        const seen = [];
        let last = performance.now();
        const step = () => {
          const now = performance.now();
          seen.push(now - last);
          last = now;
          box.scrollBy(across, down);
          if (seen.length <= most) requestAnimationFrame(step);
          else resolve(seen.slice(1));
        };
        requestAnimationFrame(step);
      }),
    [dx, dy, framesWatched],
  );
  const sorted = [...gaps].sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  const each = ((await worked_ms()) - before) / framesWatched;
  console.log(`        scrolling ${what}: ${each.toFixed(1)} ms of processor a frame; frames apart by ${at(0.5).toFixed(1)} ms (median), ${at(0.95).toFixed(1)} ms (p95)`);
  check(each < frameCpu_ms, `a frame takes ${each} ms of the processor`);
}

await test('no runs: the page says how they come', async () => {
  await go(`/runs?experiment=${none}`);
  await see('.empty .command');
  await firstPaint('no runs');
});

await test('one run: a row with its values', async () => {
  await go(`/runs?experiment=${one}`);
  await eventually('one row', async () => (await rows().count()) === 1 && (await total()) === 1);
  check((await rows().first().innerText()).includes('0.1'), 'its param is shown');
  await firstPaint('one run');
});

await test('a hundred runs: roots only, children where a parent is opened, at any depth', async () => {
  await go(`/runs?experiment=${hundred}&sort=start_time`);
  await eventually('100 roots', async () => (await total()) === 100);
  await firstPaint('a hundred runs');
  await page.click('button[aria-label^="Show 1 child runs of run-00007"]');
  await see('a:has-text("run-00200")');
  await page.click('button[aria-label^="Show 1 child runs of run-00200"]');
  await see('a:has-text("run-00201")');
  await go(`/runs?experiment=${hundred}&nest=0`);
  await eventually('102 flat', async () => (await total()) === 102);
});

await test('columns that say the same are left out when asked', async () => {
  await go(`/runs?experiment=${hundred}&nest=0&columns=params.depth,params.same&q=${encodeURIComponent('params.same = "1"')}`);
  await see('th:has-text("same")');
  await page.click('summary:has-text("View")');
  await page.click('label:has-text("Only columns that differ")');
  await eventually('same went', async () => (await page.locator('th:has-text("same")').count()) === 0 && (await page.locator('th:has-text("depth")').count()) === 1);
  check(query().get('differ') === '1', 'it is in the URL');
});

await test('groups: counts, means and deviations are those of the runs', async () => {
  await go(`/runs?experiment=${hundred}&group=params.optimizer&columns=metrics.loss`);
  await see('table[aria-label=Groups] tbody tr');
  const values = Array.from({ length: 50 }, (_, i) => 2 - (2 * i) / 100);
  const mean = values.reduce((a, b) => a + b) / 50;
  const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 49);
  const adam = (await texts('table[aria-label=Groups] tbody tr')).find((text) => text.includes('adam'));
  check(/\b50\b/.test(adam) && adam.includes(String(Number(mean.toPrecision(4)))) && adam.includes(`± ${Number(std.toPrecision(2))}`), `${adam} should say 50, ${mean} ± ${std}`);
  await page.click('table[aria-label=Groups] a:has-text("adam")');
  await eventually('its runs', async () => (await total()) === 50);
});

await test(`${manyRuns} runs: one page is read, scrolling is smooth, the end is there`, async () => {
  await go(`/runs?experiment=${many}&sort=start_time&columns=metrics.score,metrics.loss,params.group,params.seed`);
  await eventually('the total', async () => (await total()) === manyRuns);
  await firstPaint(`${manyRuns} runs`);
  check((await rows().count()) < 80, 'only rows in sight are in the page');
  await frames(`${manyRuns} runs`, 0, 120);
  await page.locator('.grid').evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await see(`a:has-text("run-${String(manyRuns - 1).padStart(5, '0')}")`);
  await eventually('with its values', async () => (await rows().last().innerText()).includes(String(manyRuns - 1)));
});

await test('who chooses columns stays where he is, and sees their values there', async () => {
  await go(`/runs?experiment=${many}&sort=start_time&columns=metrics.score`);
  await eventually('the total', async () => (await total()) === manyRuns);
  const grid = page.locator('.grid');
  const place = 60 * 33;
  await grid.evaluate((box, top) => box.scrollTo(0, top), place);
  await see('a:has-text("run-00065")');
  await page.click('summary:has-text("Columns")');
  await page.locator('.column-line', { hasText: 'seed' }).locator('input').check();
  await see('th:has-text("seed")');
  await page.keyboard.press('Escape');
  await eventually('the value of the new column', async () => (await page.locator('tr', { has: page.locator('a:has-text("run-00065")') }).innerText()).includes('65'));
  check((await grid.evaluate((box) => box.scrollTop)) === place, 'the table has not moved');
  await page.click('summary:has-text("Columns")');
  await page.fill('input[aria-label="Find a column"]', 'lo');
  await page.click('button:has-text("Add all that match")');
  await see('th:has-text("loss")');
  await page.click('button:has-text("Back to the usual columns")');
  await eventually('the usual columns have values', async () => /\d/.test(await rows().nth(3).locator('td.number').last().innerText()));
});

await test('a filter and an order go to the server and stay in the URL', async () => {
  await go(`/runs?experiment=${many}`);
  await page.fill('[data-search]', "metrics.score >= 0.5 AND (params.group = '1' OR params.group = '2')");
  await eventually('half of two quarters', async () => (await total()) === manyRuns / 4);
  await page.click('th button.sort:has-text("score")');
  await eventually('descending', async () => query().get('sort') === '-metrics.score');
  await page.reload();
  await eventually('the same after a reload', async () => (await total()) === manyRuns / 4);
});

await test(`${wideColumns} columns: found by name, added by pattern, smooth sideways, pinned`, async () => {
  await go(`/runs?experiment=${wide}`);
  await page.click('summary:has-text("Columns")');
  await page.fill('input[aria-label="Find a column"]', 'task_0');
  await eventually('found', async () => (await page.locator('.column-line').count()) > 50);
  await page.click('button:has-text("Add all that match")');
  await page.keyboard.press('Escape');
  await eventually('the pattern is in the URL, not the names', async () => query().get('columns')?.endsWith('*task_0*') && page.url().length < 600);
  const amount = async () => Number(await page.locator('table[aria-label=Runs]').getAttribute('aria-colcount'));
  await eventually('all are columns', async () => (await amount()) >= Math.min(wideColumns, 1_000));
  check((await page.locator('thead th').count()) < 40, 'only columns in sight are in the page');
  await frames(`${wideColumns} columns`, 90, 0);
  await eventually('values of the columns in sight', async () => /\d\.\d/.test(await rows().nth(3).locator('td:not(.pinned):not(.gap)').nth(3).innerText()));
  await page.click('summary:has-text("Columns")');
  await page.click('button[aria-label="Pin metrics.task_0001"]');
  await see('th.pinned:has-text("task_0001")');
  check(query().get('pin') === 'metrics.task_0001', 'the pin is in the URL');
});

await test('the table is written out whole as CSV', async () => {
  await go(`/runs?experiment=${hundred}&nest=0&columns=metrics.loss`);
  await see('table[aria-label=Runs] tbody tr');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('button:has-text("Download CSV")')]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  check(lines.length === 103 && lines[0].endsWith(',metrics.loss'), `${lines.length} lines, ${lines[0]}`);
});

await test('runs are selected, deleted and restored; the list follows', async () => {
  await go(`/runs?experiment=${hundred}&nest=0&sort=start_time&q=run-0020`);
  await eventually('two', async () => (await rows().count()) === 2);
  await page.click('button[aria-label^="Select the runs listed"]');
  await page.click('.actions button:has-text("Delete")');
  await page.click('dialog button[type=submit]');
  await see('.empty');
  await go(`/runs?experiment=${hundred}&show=deleted&nest=0`);
  await eventually('they are among the deleted', async () => (await rows().count()) === 2);
  await page.click('button[aria-label^="Select the runs listed"]');
  await page.click('.actions button:has-text("Restore")');
  await page.click('dialog button[type=submit]');
  await see('.empty');
});

await test('a run that begins elsewhere appears by itself', async () => {
  await go(`/runs?experiment=${none}`);
  await see('.empty');
  await createRun(none, 0, {});
  await eventually('its row', async () => (await rows().count()) === 1);
});

// ------------------------------------------------------------------ charts and comparison

const comparedPath = `/compare?runs=${hundredIds.join(',')}&metrics=metrics.auc`;

await test('a hundred runs in one chart, with the spike of one of them', async () => {
  await go(comparedPath);
  await drawn('auc by step', 10_000);
  const top = page.locator('.chart').first();
  await top.hover({ position: { x: 300, y: 100 } });
  await see('.tip');
  const { series } = await api('/api/v1/charts', { runs: [hundredIds[42]], keys: ['auc'], axis: 'step', width: 100 });
  check(Math.max(...series[0].max) === 9, 'the spike is in the answer of a narrow chart');
});

await test('a zoom asks for the range and is in the URL', async () => {
  await go(comparedPath);
  await drawn('auc by step', 1_000);
  const box = await page.locator('.chart').first().boundingBox();
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/v1/charts') && request.postDataJSON().from !== undefined);
  await page.mouse.move(box.x + 150, box.y + 80);
  await page.mouse.down();
  await page.mouse.move(box.x + 250, box.y + 80, { steps: 4 });
  await page.mouse.up();
  const { from, to } = (await asked).postDataJSON();
  check(from > 0 && to > from && to < 1_499, `the range ${from} to ${to}`);
  check(query().get('zoom') === `${from},${to}`, 'the range is in the URL');
  await page.click('button:has-text("Whole range")');
  await eventually('and gone', async () => query().get('zoom') === null);
  await page.locator('.chart').first().focus();
  await page.keyboard.press('ArrowRight');
  await see('.tip');
  await page.keyboard.press('+');
  await eventually('zoomed by a key', async () => query().get('zoom') !== null);
});

await test('axes, logarithm, smoothing and hidden runs are in the URL', async () => {
  await go(`/compare?runs=${hundredIds.slice(0, 3).join(',')}&metrics=metrics.auc`);
  await drawn('auc by step', 100);
  await page.click('.choice button:has-text("Relative")');
  await drawn('auc by time since the start', 100);
  await page.click('.choice button:has-text("Log")');
  await page.locator('.slider input').fill('0.6');
  await page.locator('.run-legend input').first().uncheck();
  await eventually('all four', async () => query().get('axis') === 'relative_time' && query().get('scale') === 'log' && query().get('smooth') === '0.6' && query().get('hidden') === hundredIds[0]);
  await page.reload();
  await eventually('two lines after a reload', async () => (await page.locator('.metric-chart figcaption').first().innerText()).includes('2 runs'));
});

const columnsOf = { scatter: '&xcol=params.depth&ycol=metrics.loss', box: '&ycol=metrics.loss&by=params.optimizer', contour: '&xcol=params.depth&ycol=metrics.loss&zcol=metrics.auc', parallel: '' };
for (const [view, label] of [
  ['scatter', 'loss by depth'],
  ['parallel', 'Parallel coordinates of'],
  ['box', 'loss by optimizer'],
  ['contour', 'auc over depth and loss'],
]) {
  await test(`the ${view} view draws the runs`, async () => {
    await go(`/compare?runs=${hundredIds.slice(0, 30).join(',')}&view=${view}${columnsOf[view]}`);
    await drawn(label, view === 'box' ? 2 : 30);
  });
}

await test('differences: what is the same is left out until asked for', async () => {
  await go(`/compare?runs=${hundredIds.slice(0, 4).join(',')}&view=diff`);
  await see('table[aria-label="Compared runs"] tbody th, table[aria-label="Compared runs"] tbody td:has-text("depth")');
  check((await page.locator('td:has-text("same")').count()) === 0, 'same is left out');
  await page.click('label:has-text("Only what differs")');
  await see('td:has-text("same")');
});

for (const [view, label, row] of [
  ['lines', 'auc by step', 'run,'],
  ['scatter', 'loss by depth'],
  ['parallel', 'Parallel coordinates of'],
  ['box', 'loss by optimizer'],
  ['contour', 'auc over depth and loss'],
]) {
  await test(`a chart of the ${view} view is saved as PNG, SVG and CSV`, async () => {
    await go(`/compare?runs=${hundredIds.slice(0, 6).join(',')}&view=${view}&metrics=metrics.auc${columnsOf[view] ?? ''}`);
    await drawn(label, 2);
    for (const [kind, looks] of [
      ['PNG', (bytes) => bytes.subarray(1, 4).toString() === 'PNG' && bytes.length > 3_000],
      ['SVG', (bytes) => bytes.toString().startsWith('<svg') && /<(path|circle|rect)\b/.test(bytes.toString()) && !/NaN|undefined/.test(bytes.toString())],
      ['CSV', (bytes) => (!row || bytes.toString().startsWith(row)) && bytes.toString().split('\r\n').length > 2 && !/NaN|undefined/.test(bytes.toString())],
    ]) {
      await page.locator('summary[aria-label^="Save"]').first().click();
      const [download] = await Promise.all([page.waitForEvent('download'), page.locator(`.menu-body button:has-text("${kind}")`).first().click()]);
      const content = await readFile(await download.path());
      check(looks(content), `${download.suggestedFilename()} is a ${kind}: ${content.subarray(0, 200)}`);
      await page.keyboard.press('Escape');
    }
  });
}

// ------------------------------------------------------------------ one run

await test('a running run moves: a new point comes into its chart', async () => {
  await go(`/runs/${hundredIds[99]}`);
  await drawn('auc by step', 100);
  await mlflow('runs/log-metric', { run_id: hundredIds[99], key: 'auc', value: 0.123456, step: 5_000, timestamp: Date.now() });
  await eventually('the new last value', async () => (await page.locator('.metric-chart:has-text("auc") figcaption').innerText()).includes('0.12346'));
});

await test('system metrics have a page of their own, on the time of the machine', async () => {
  await go(`/runs/${only}`);
  check((await page.locator('.metric-chart:has-text("system/")').count()) === 0, 'they are not among the metrics');
  await page.click('.tabs a:has-text("System metrics")');
  await drawn('system/cpu_utilization_percentage by time', 50);
  await drawn('system/gpu_0_memory_usage_megabytes by time', 50);
});

await test('description, name and tags can be written', async () => {
  await go(`/runs/${only}`);
  await page.click('button:has-text("Add a description")');
  await page.fill('textarea', 'A first try.\n<b>Not bold.</b>');
  await page.click('.note-box button:has-text("Save")');
  await eventually('it is shown as text', async () => (await page.locator('.note-text').innerText()).includes('<b>Not bold.</b>'));
  await page.click('.actions button:has-text("Rename")');
  await page.fill('dialog input', `renamed-${mark}`);
  await page.click('dialog button[type=submit]');
  await eventually('the new name', async () => (await page.locator('h1').innerText()).includes(`renamed-${mark}`));
  await page.click('.tabs a:has-text("Tags")');
  await page.click('button:has-text("Set a tag")');
  await page.locator('dialog input').first().fill('team');
  await page.fill('dialog textarea', 'vision');
  await page.click('dialog button[type=submit]');
  await see('td:has-text("vision")');
  await page.click('button[aria-label="Delete team"]');
  await page.click('dialog button[type=submit]');
  await eventually('and gone', async () => (await page.locator('td:has-text("vision")').count()) === 0);
});

await test('files: images by step, tables, a page that cannot reach anything', async () => {
  await go(`/runs/${only}?tab=artifacts`);
  await see('.image-steps img[alt="dogs at step 5"]');
  await page.locator('.image-steps input').fill('0');
  await see('.image-steps img[alt="dogs at step 0"]');
  check(query().get('steps') === 'dogs:0', 'the step is in the URL');
  await go(`/runs/${only}?tab=artifacts&file=table.json`);
  await see('table[aria-label="table.json"] td:has-text("because")');
  await go(`/runs/${only}?tab=artifacts&file=scores.csv`);
  await see('table[aria-label="scores.csv"] td:has-text("bob, jr")');
  await go(`/runs/${only}?tab=artifacts&file=page.html`);
  await eventually('its script ran without an origin', async () => (await page.frameLocator('.artifact-page').locator('h1').innerText()) === 'Drawn null');
});

// ------------------------------------------------------------------ experiments

await test('experiments: created, found, renamed, deleted and restored', async () => {
  await go('/experiments');
  await page.click('button:has-text("New experiment")');
  await page.fill('dialog input', `made-${mark}`);
  await page.click('dialog button[type=submit]');
  await eventually('it is open', async () => (await page.locator('h1').innerText()).includes(`made-${mark}`));
  await go('/experiments');
  await page.fill('[data-search]', `MADE-${mark}`);
  await eventually('found', async () => (await page.locator('table[aria-label=Experiments] tbody tr').count()) === 1);
  await page.click(`button[aria-label="Rename made-${mark}"]`);
  state.provoking = true;
  await page.fill('dialog input', `many-${mark}`);
  await page.click('dialog button[type=submit]');
  await see('dialog [role=alert]');
  state.provoking = false;
  check((await page.locator('dialog [role=alert]').innerText()).length > 10, 'a taken name is refused in the words of the server');
  await page.fill('dialog input', `made-again-${mark}`);
  await page.click('dialog button[type=submit]');
  // Nothing behind an open dialog can be typed into.
  await eventually('the dialog closed', async () => (await page.locator('dialog.ask').count()) === 0);
  await page.fill('[data-search]', `made-again-${mark}`);
  await page.click(`button[aria-label="Delete made-again-${mark}"]`);
  await page.click('dialog button[type=submit]');
  await see('.empty');
  await page.click('.choice button:has-text("Deleted")');
  await page.click(`button[aria-label="Restore made-again-${mark}"]`);
  await page.click('dialog button[type=submit]');
  await see('.empty');
});

// ------------------------------------------------------------------ for everybody

const everyPage = [
  '/experiments', `/runs?experiment=${hundred}`, `/runs?experiment=${hundred}&group=params.depth`, `/runs/${only}`, `/runs/${only}?tab=system`, `/runs/${only}?tab=artifacts&file=table.json`,
  `/runs/${only}?tab=tags`, ...['lines', 'scatter', 'parallel', 'box', 'contour', 'diff'].map((view) => `/compare?runs=${hundredIds.slice(0, 5).join(',')}&view=${view}`),
]; // prettier-ignore

await testPages(everyPage);

await test('a filter that is none is refused in the words of the server', async () => {
  state.provoking = true;
  await go(`/runs?experiment=${hundred}&q=${encodeURIComponent('metrics.auc >')}`);
  await see('[role=alert]');
  check((await page.locator('[role=alert]').innerText()).length > 30, 'its message is shown');
  state.provoking = false;
});

await finish();
