/**
 * The page of a regression's health and its editor, against a server where one was trained, served and watched over
 * months as the monitor `delays` (tests/system/browse_health.py starts one).
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/regression.e2e.mjs
 */
import { api, check, drawn, eventually, finish, go, page, see, shootAll, test, testPages, texts } from './harness.mjs';

const path = '/monitors/delays';
const edit = '/monitors/delays/edit';

await test('minutes are shown as minutes', async () => {
  await go(path);
  await drawn('Mean absolute error by window', 10);
  await drawn('Means by window', 10);
  await drawn('Cost by window', 10);
  const head = await texts('table[aria-label="Performance by window"] thead th');
  check(head.includes('Bias') && head.includes('Mean answer') && !head.some((each) => /positive/i.test(each)), head.join());
  check(!/Said positive|True positive/.test(await page.locator('main').innerText()), 'minutes are no classes');
  const summary = (await api('/api/v1/monitors/delays')).summary;
  check(/means;/.test(await page.locator('.question').last().innerText()) && summary.mean_actual !== null, await page.locator('.question').last().innerText());
  await page.getByLabel('Figure').selectOption('rmse');
  await drawn('Root mean squared error by window', 10);
  check(/concept drift/.test(await page.locator('[data-caveat]').innerText()), 'the caveat');
  await shootAll('regression');
});

await test('slices are judged by their errors, and mistakes collected', async () => {
  await go(path);
  await see('table[aria-label="Worst slices"] tbody tr');
  check((await texts('table[aria-label="Worst slices"] thead th')).includes('Mean absolute error'), 'its errors');
  check((await texts('table[aria-label="Fairness gaps"] thead th')).includes('Bias'), 'gaps of the bias');
  await page.getByRole('combobox', { name: 'Collect', exact: true }).selectOption('too_low');
  await page.locator('input[name=beyond]').fill('60');
  await page.locator('input[name=dataset]').fill('an-hour-more');
  await page.getByRole('button', { name: 'Collect' }).click();
  await see('[role=status] a');
  await page.locator('.collect + [role=status] a').click();
  await eventually('the dataset', async () => new URL(page.url()).pathname === '/datasets/an-hour-more');
});

await test('the editor has the limits of a regression', async () => {
  await go(edit);
  await see('[data-preview=new]');
  check((await page.locator('input[name=auc_min]').count()) === 0 && (await page.locator('input[name=mae_rise_max]').inputValue()) === '0.02', 'errors and no AUC');
  check(Number((await page.locator('input[name=reference_mae]').getAttribute('placeholder')).replace(/,/g, '')) > 0, 'what the reference was');
  check((await page.locator('input[name="costs.under"]').inputValue()) === '3', 'costs of a unit');
  await drawn('Mean absolute error that it would have seen by window', 10);
  await page.locator('input[name=mae_rise_max]').fill('90');
  await page.locator('input[name=rmse_rise_max]').fill('90');
  await eventually('nothing is too much', async () => (await page.locator('[data-preview=new]').count()) === 1 && !(await texts('.preview-alerts .health-entry')).some((text) => /^(MAE|RMSE) /.test(text)));
  await shootAll('regression-editor');
});

await testPages([path, edit]);
await finish();
