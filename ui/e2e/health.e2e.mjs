/**
 * The page of a model's health and the editor of monitors, against a server with six months of flights and the
 * monitor `flights` over them (tests/system/browse_health.py starts one).
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/health.e2e.mjs
 */
import { mkdir, readFile } from 'node:fs/promises';
import { api, check, drawn, eventually, finish, go, page, query, see, state, test, testPages, texts } from './harness.mjs';

const path = '/monitors/flights';
const edit = '/monitors/flights/edit';
const shots = process.env.SHOTS;
const heat = 'table[aria-label="Drift of each feature by window"]';
const health = (where = '') => api(`${'/api/v1/monitors/flights/health'}?where=${encodeURIComponent(where)}`);

async function shoot(file) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  for (const [width, scheme] of [[1280, 'light'], [1280, 'dark'], [400, 'light'], [400, 'dark']]) {
    await page.setViewportSize({ width, height: 860 });
    await page.emulateMedia({ colorScheme: scheme });
    await eventually('charts are drawn again', async () => (await page.locator('[aria-busy=true]').count()) === 0);
    await page.screenshot({ path: `${shots}/${file}-${width}-${scheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: 'light' });
}

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
  await shoot('health');
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
  await shoot('health-slice');
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
  await shoot('monitor-editor');
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
  state.provoking = true;
  await page.locator('input[name=drift_share_min]').fill('7');
  await eventually('what is wrong is said', async () => /drift_share_min/.test(await page.locator('.monitor-preview .failure').innerText()));
  state.provoking = false;
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
