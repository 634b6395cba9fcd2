/**
 * The page of a model's health and the editor of monitors, against a server with six months of flights and the
 * monitor `flights` over them (tests/system/browse_health.py starts one).
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/health.e2e.mjs
 */
import { readFile } from 'node:fs/promises';
import { api, base, check, drawn, eventually, finish, go, page, query, see, shootAll, state, test, testPages, texts } from './harness.mjs';

const path = '/monitors/flights';
const edit = '/monitors/flights/edit';
const heat = 'table[aria-label="Drift of each feature by window"]';
const health = (where = '') => api(`${'/api/v1/monitors/flights/health'}?where=${encodeURIComponent(where)}`);

await test('everything of six months is on one page', async () => {
  await go(path);
  for (const chart of ['Requests by window', 'Latency percentiles by window', 'Share of failed requests', 'Label coverage by window', 'AUC by window']) await drawn(chart, 26);
  check((await page.locator('.question').count()) === 5, 'five questions');
  const caveat = await page.locator('[data-caveat]').innerText();
  check(/6 windows, 2001-01-01/.test(caveat) && /concept drift/.test(caveat), caveat);
  const rows = await texts('table[aria-label="Performance by window"] tbody tr');
  check(/not over yet/.test(rows[0]) && /0\.\d+/.test(rows[0]), `the last week is estimated only: ${rows[0]}`);
  await see('table[aria-label="Worst slices"] tbody tr');
  check((await page.locator('table[aria-label="Fairness gaps"] tbody tr').count()) >= 3, 'gaps of the inputs');
  await shootAll('health');
});

await test('the estimate has a band, and another figure can be seen', async () => {
  await go(path);
  await page.getByLabel('Figure').selectOption('precision');
  await drawn('Precision by window', 26);
  check(query().get('figure') === 'precision', 'the choice is in the address');
});

await test('a field of the heat map gives both distributions of its window', async () => {
  await go(path);
  await see(`${heat} button`);
  const fields = await page.locator(`${heat} button`).count();
  check(fields === 26 * 5, `${fields} fields`);
  await page.locator(`${heat} button[aria-label*="2001-05-07"][aria-label^="origin_prev_hour_mean_delay"]`).click();
  check(query().get('feature') === 'origin_prev_hour_mean_delay' && query().get('window') === '989193600000', `${query()}`);
  await eventually('bars of reference and window', async () => Number(await page.locator('.compared svg').getAttribute('data-bins')) >= 5);
  check(/2001-05-07 – 2001-05-13/.test(await page.locator('.share-legend').last().innerText()), 'the window is named');
});

await test('the heat map is walked by keys', async () => {
  await go(`${path}?feature=origin&window=989193600000`);
  await see(`${heat} button.picked`);
  await page.locator(`${heat} button[tabindex="0"]`).focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await eventually('the week before is chosen', async () => query().get('window') === '988588800000');
  await page.keyboard.press('End');
  const last = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  check(/2001-06-25.*not over yet/.test(last), last);
  check((await page.locator(`${heat} button[tabindex="0"]`).count()) === 1, 'one stop for the tabulator');
});

await test('a slice is typed, and everything is of it', async () => {
  await go(path);
  await see('.slice-bar input');
  await page.keyboard.press('/');
  await page.keyboard.type('input_distance > 1000');
  await page.keyboard.press('Enter');
  const wanted = (await health('input_distance > 1000')).windows.reduce((sum, window) => sum + window.requests, 0);
  await eventually('the traffic is the slice\'s', async () => (await page.locator('section[aria-label=Traffic]').innerText()).replace(/\D*/, '').startsWith(wanted.toLocaleString('en-US')));
  check(query().get('where') === 'input_distance > 1000', 'it is in the address');
  await see('table[aria-label="Worst slices"] tbody tr');
  await shootAll('health-slice');
  await page.getByRole('button', { name: 'All predictions' }).click();
  await eventually('and all again', async () => /19,922 requests/.test(await page.locator('section[aria-label=Traffic]').innerText()));
});

await test('a worst slice leads to the page of it', async () => {
  await go(path);
  await see('table[aria-label="Worst slices"] tbody a');
  await page.locator('table[aria-label="Worst slices"] tbody a').first().click();
  await eventually('it is the slice', async () => /^input_/.test(query().get('where') ?? ''));
  await drawn('Requests by window', 1);
});

await test('data quality is shown by window, and its counts lead to the rows', async () => {
  await go(path);
  await drawn('Share of outliers by window', 26);
  const byWindow = page.locator('table[aria-label="Data quality by window"] tbody tr');
  check((await byWindow.count()) === 26, `${await byWindow.count()} windows`);
  const { windows } = await api('/api/v1/monitors/flights/quality');
  const broken = windows.filter((each) => each.breaches.length > 0 && each.worst.length > 0).at(-1);
  await go(`${path}?window=${broken.start_ms}`);
  const link = page.locator('table[aria-label="Broken features"] tbody a').first();
  await link.waitFor();
  const amount = Number((await link.innerText()).replace(/,/g, ''));
  await link.click();
  await see('table[aria-label="Rows"] tbody tr');
  check((await page.locator('table[aria-label="Rows"] tbody tr').count()) === Math.min(100, amount), `${amount} rows`);
  check(query().get('rows')?.includes('input_') && query().get('of') === 'window', `${query()}`);
  await shootAll('health-quality');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
  check(lines.length === amount + 1, `${lines.length} lines of ${amount} rows`);
  await page.getByRole('button', { name: 'Close' }).click();
  await eventually('the rows are put away', async () => (await page.locator('table[aria-label="Rows"]').count()) === 0);
  await page.locator('table[aria-label="Farthest rows"] tbody a').first().click();
  await eventually('the one row', async () => (await page.locator('table[aria-label="Rows"] tbody tr').count()) === 1);
  check((await page.locator('table[aria-label="Rows"] tbody').innerText()).includes(broken.worst[0].id), broken.worst[0].id);
  await page.getByRole('link', { name: 'Show all of this slice' }).click();
  await eventually('it is the slice', async () => query().get('where')?.startsWith('id = '));
});

await test('groups of an input stand beside their gaps', async () => {
  await go(path);
  const gaps = page.locator('table[aria-label="Fairness gaps"]');
  await gaps.getByRole('button', { name: 'origin', exact: true }).click();
  await see('section[aria-label="Groups by origin"] tbody tr');
  check((await page.locator('section[aria-label="Groups by origin"] tbody tr').count()) > 5, 'airports');
  await page.getByRole('combobox', { name: 'Input', exact: true }).selectOption('distance');
  await eventually('fifths', async () => (await page.locator('section[aria-label="Groups by distance"] tbody tr').count()) === 5);
});

await test('mistakes are counted, lead to their rows and become a dataset', async () => {
  await go(path);
  const all = (await api('/api/v1/prediction-logs/flights/performance?monitor=flights')).all;
  await see('.confusion');
  check((await page.locator('.confusion').innerText()).includes(`${all.false_negatives.toLocaleString('en-US')} false negatives`), await page.locator('.confusion').innerText());
  await page.locator('.confusion a', { hasText: 'false positives' }).click();
  await see('table[aria-label="Rows"] tbody tr');
  await page.getByRole('combobox', { name: 'Collect', exact: true }).selectOption('false_positive');
  await page.locator('input[name=dataset]').fill('wrongly-late');
  await page.getByRole('button', { name: 'Collect' }).click();
  await see('[role=status] a');
  check((await page.locator('.collect + [role=status]').innerText()).includes(all.false_positives.toLocaleString('en-US')), await page.locator('.collect + [role=status]').innerText());
  await page.locator('.collect + [role=status] a').click();
  await eventually('the dataset', async () => new URL(page.url()).pathname === '/datasets/wrongly-late');
});

await test('the page changes as predictions arrive, without a reload', async () => {
  await go(path);
  await see('section[aria-label=Traffic]');
  const requests = async () => Number(/([\d,]+) requests/.exec(await page.locator('section[aria-label=Traffic]').innerText())[1].replace(/,/g, ''));
  const before = await requests();
  await page.evaluate(() => (window.kept = true));
  const rows = Array.from({ length: 40 }, (_, i) => JSON.stringify({ id: `live-${Date.now()}-${i}`, time_ms: 993_686_400_000 + i, inputs: { distance: 500, minute_of_day: 600, origin: 'ATL' }, outputs: { probability: 0.2 } }));
  const answer = await fetch(`${base}/api/v1/prediction-logs/flights?filename=live.jsonl`, { method: 'PUT', body: rows.join('\n') });
  check(answer.ok, `${answer.status}`);
  await eventually('forty requests more', async () => (await requests()) === before + 40);
  check(await page.evaluate(() => window.kept === true), 'it was not loaded again');
});

await test('a slice that is too small says so, and a wrong one what is wrong', async () => {
  await go(`${path}?where=${encodeURIComponent("input_origin = 'ORD'")}`);
  await eventually('not enough data', async () => /not enough data/.test(await page.locator('section[aria-label="Drift by feature"]').innerText()));
  check(/not enough data/.test((await texts('table[aria-label="Performance by window"] tbody tr'))[3]), 'of performance too');
  await go(`${path}?where=${encodeURIComponent('input_distance < 0')}`);
  await see('text=No prediction is in this slice.');
  state.provoking = true;
  await go(`${path}?where=${encodeURIComponent('input_nothing = 1')}`);
  await see('.failure');
  check(/input_nothing/.test(await page.locator('.failure').first().innerText()), 'the column is named');
  state.provoking = false;
});

await test('alerts stand on the axis of the charts and lead to their pages', async () => {
  await go(path);
  await see('.health-lanes circle');
  const marks = await page.locator('[data-lane=alert] circle').count();
  check(marks === (await health()).timeline.filter((entry) => entry.kind === 'alert').length && marks > 0, `${marks} marks`);
  const [lane, chart] = [await page.locator('.health-lanes').boundingBox(), await page.locator('.chart[aria-label^="AUC by window"]').boundingBox()];
  check(Math.abs(lane.x - chart.x) < 2 && Math.abs(lane.width - chart.width) < 2, 'both are as wide');
  await page.locator('.health-entries a').first().click();
  await eventually('the alert', async () => new URL(page.url()).pathname.startsWith('/alerts/'));
});

await test('the report is one file', async () => {
  await go(path);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Report' }).click()]);
  const text = await readFile(await download.path(), 'utf8');
  check(download.suggestedFilename().endsWith('.html') && text.includes('Worst slices') && !/https?:/.test(text), `${text.length} characters`);
});

await test('the editor shows what the monitor would have said, while one changes it', async () => {
  await go(edit);
  await see('[data-preview=new] .preview-verdict');
  const alerts = async () => Number(/(\d+) alert/.exec((await page.locator('.preview-verdict').innerText()).replace('no alert', '0 alert'))?.[1]);
  const before = await alerts();
  check(before > 0, `${before} alerts`);
  await shootAll('monitor-editor');
  await page.locator('input[name=psi_threshold]').fill('9');
  await page.locator('input[name=auc_drop_max]').fill('');
  await eventually('none is left', async () => (await page.locator('[data-preview=new]').count()) === 1 && (await alerts()) === 0);
  await page.locator('input[name=rows_min]').fill('100000');
  await eventually('there is not enough data', async () => /not enough data/.test(await page.locator('.preview-verdict').innerText()));
  await page.locator('input[name=rows_min]').fill('50');
  await page.getByRole('group', { name: 'Window' }).getByRole('button', { name: 'day' }).click();
  await eventually('days are windows', async () => /60 windows/.test(await page.locator('.monitor-preview .note').first().innerText()));
  await page.locator('.feature-choice label', { hasText: 'origin_prev_hour_mean_delay' }).click();
  await eventually('one feature less', async () => (await page.locator(`${heat} tr`).count()) === 4);
  await page.locator(`${heat} button`).first().click();
  await see('[data-picked]');
});

await test('the presets and a wrong value', async () => {
  await go(edit);
  await see('[data-preview=new]');
  await page.getByRole('button', { name: 'Effect and chance' }).click();
  await eventually('chance is asked for', async () => (await page.locator('input[name=false_discovery_rate]').count()) === 1);
  await page.locator('input[name=drift_share_min]').fill('7');
  await eventually('what is wrong is said beside it', async () => /from 0 to 1/.test(await page.locator('[data-field=drift_share_min] [role=alert]').innerText()));
  check(await page.getByRole('button', { name: 'Save' }).isDisabled(), 'it cannot be stored');
  await page.locator('input[name=drift_share_min]').fill('0');
  await eventually('it can again', async () => page.getByRole('button', { name: 'Save' }).isEnabled());
  // What only the server knows.
  state.provoking = true;
  await page.locator('input[name=probability_output]').fill('nothing');
  await page.locator('input[name=auc_drop_max]').fill('');
  await page.getByRole('group', { name: 'Reference' }).getByRole('button', { name: 'a dataset' }).click();
  await page.locator('input[name=dataset]').fill('no-such-dataset');
  await see('.monitor-preview .failure');
  state.provoking = false;
});

await test('detectors, costs, stale features and own limits are edited, and the preview follows', async () => {
  await go(edit);
  await see('[data-preview=new]');
  await page.locator('input[name=has_costs]').check();
  await page.locator('input[name="costs.false_negative"]').fill('5');
  await drawn('Cost of each known answer by window', 20);
  await page.getByRole('button', { name: 'Add a detector' }).click();
  await page.locator('select[name="detectors.0.of"]').selectOption('feature');
  await see('[data-problem="detectors.0.feature"]');
  await page.locator('select[name="detectors.0.feature"]').selectOption('origin_prev_hour_mean_delay');
  await page.locator('select[name="detectors.0.method"]').selectOption('cusum');
  await page.locator('input[name="detectors.0.rows_between_false_alarms"]').fill('1000');
  await eventually('its changes are listed', async () => (await page.locator('ol[aria-label="Changes that detectors found"] li').count()) > 0);
  const alarms = await page.locator('ol[aria-label="Changes that detectors found"] li').count();
  await page.locator('input[name="detectors.0.shift"]').fill('100');
  check(/from 0.01 to 10/.test(await page.locator('[data-field="detectors.0.shift"] [role=alert]').innerText()), 'a shift has bounds');
  await page.locator('input[name="detectors.0.shift"]').fill('10');
  await eventually('a larger shift is rarer', async () => (await page.locator('[data-preview=new]').count()) === 1 && (await page.locator('ol[aria-label="Changes that detectors found"] li').count()) < alarms);
  await page.getByRole('button', { name: 'Add a rule' }).click();
  await page.locator('select[name="feature_times.0.feature"]').selectOption('distance');
  await page.locator('input[name="feature_times.0.input"]').fill('distance_at');
  const stale = () => page.locator('section[aria-label="Data quality"] tbody tr').nth(3).locator('td').nth(7).innerText();
  await eventually('without its time every value is stale', async () => Number((await stale()).replace(/[,k\s]/g, '')) > 0);
  await page.getByLabel('Own limit of origin_prev_hour_mean_delay').fill('-1');
  await see('[data-problem="psi_thresholds.origin_prev_hour_mean_delay"]');
  await page.getByLabel('Own limit of origin_prev_hour_mean_delay').fill('50');
  await eventually('it drifts no more', async () => (await page.locator('[data-preview=new]').count()) === 1 && !(await texts('.preview-alerts .health-entry')).some((text) => text.startsWith('origin_prev_hour_mean_delay has drifted')));
  await shootAll('monitor-editor-full');
  await page.getByRole('button', { name: 'Save' }).click();
  await eventually('back on its page', async () => new URL(page.url()).pathname === path);
  const { spec } = await api('/api/v1/monitors/flights');
  check(spec.costs.false_negative === 5 && spec.detectors[0].feature === 'origin_prev_hour_mean_delay' && spec.feature_times.distance === 'distance_at' && spec.psi_thresholds.origin_prev_hour_mean_delay === 50, JSON.stringify(spec));
  await go(edit);
  await eventually('and they are in the form again', async () => (await page.locator('select[name="detectors.0.method"]').inputValue()) === 'cusum');
  check((await page.locator('input[name="costs.false_negative"]').inputValue()) === '5', 'costs');
});

await test('a suite is chosen, tried and held against every window', async () => {
  const between = (column, min_value, max_value, mostly) => ({ type: 'expect_column_values_to_be_between', kwargs: { column, min_value, max_value, mostly } });
  await api('/api/v1/suites', { name: 'asked', suite: { name: 'asked', expectations: [between('distance', 0, 5000, 1), between('distance', 0, 600, 0.9)] } });
  await go(edit);
  await see('[data-preview=new]');
  await page.locator('input[name=suite]').fill('asked');
  const rows = () => texts('table[aria-label="Expectations by window"] tbody tr');
  await eventually('the preview has both', async () => (await page.locator('[data-preview=new]').count()) === 1 && (await rows()).length === 2);
  check(/600/.test((await rows())[0]) && /\b2[0-9]\/2[0-9]\b/.test((await rows())[0]) && /\b0\/2[0-9]\b/.test((await rows())[1]), JSON.stringify(await rows()));
  await page.getByRole('button', { name: 'Save' }).click();
  await eventually('back on its page', async () => new URL(page.url()).pathname === path);
  check((await api('/api/v1/monitors/flights')).spec.suite === 'asked@1', 'the suite as it is now');
  await eventually('the page has them', async () => (await rows()).length === 2);
  await see('a[href^="/suites/asked"]');
  await page.locator('section', { has: page.locator('table[aria-label="Expectations by window"]') }).last().scrollIntoViewIfNeeded();
  await shootAll('monitor-expectations');
  await go(edit);
  await eventually('and it is in the form again', async () => (await page.locator('input[name=suite]').inputValue()) === 'asked@1');
});

await test('a changed monitor is stored, and nothing before', async () => {
  await go(edit);
  await see('[data-preview=new]');
  await page.locator('input[name=psi_threshold]').fill('0.31');
  await eventually('it is tried', async () => (await page.locator('[data-preview=new]').count()) === 1);
  check((await api(path.replace('/monitors', '/api/v1/monitors'))).spec.psi_threshold === 0.2, 'nothing is stored yet');
  await page.getByRole('button', { name: 'Save' }).click();
  await eventually('back on its page', async () => new URL(page.url()).pathname === path);
  const { spec } = await api('/api/v1/monitors/flights');
  check(spec.psi_threshold === 0.31 && /from 2001-01-01/.test(spec.reference) && spec.window_origin_ms === 978_307_200_000, JSON.stringify(spec));
});

await test('a new monitor begins with the first part of the log as its reference', async () => {
  await go('/new-monitor');
  await see('select[name=endpoint] option[value=flights]', { state: 'attached' });
  await page.locator('select[name=endpoint]').selectOption('flights');
  await eventually('the time is filled in', async () => (await page.locator('input[name=from]').inputValue()) === '2001-01-01');
  await page.locator('input[name=name]').fill('by-week');
  await page.getByRole('group', { name: 'Window' }).getByRole('button', { name: 'week' }).click();
  await page.getByRole('button', { name: 'PSI alone' }).click();
  await eventually('it is measured', async () => /26 windows/.test(await page.locator('.monitor-preview .note').first().innerText()));
  await page.getByRole('button', { name: 'Create' }).click();
  await eventually('it has a page', async () => new URL(page.url()).pathname === '/monitors/by-week');
  await eventually('which fills by itself once it was measured', async () => (await page.locator(`${heat} button`).count()) > 0);
});

await testPages([path, edit, '/new-monitor', `${path}?where=${encodeURIComponent('input_distance > 1000')}`]);
await finish();
