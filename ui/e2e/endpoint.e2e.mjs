/**
 * An endpoint's page in a browser against a server that serves one with two versions: shares set by the
 * keyboard, settings changed, the cache seen at work, replicas, the heat map, and a question asked.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 ENDPOINT=cancer node e2e/endpoint.e2e.mjs
 */
import { mkdir } from 'node:fs/promises';
import { api, base, check, eventually, finish, go, page, see, test, testPages, texts } from './harness.mjs';

const name = process.env.ENDPOINT;
const path = `/endpoints/${name}`;
const body = JSON.parse(process.env.QUESTION);
const shots = process.env.SHOTS;
const endpoint = () => api(`/api/v1/endpoints/${name}`);
const ask = () =>
  fetch(`${base}/v2/models/${name}/infer`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function shoot(file) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${file}.png`, fullPage: true });
}

for (let i = 0; i < 200; i += 1) check((await ask()).ok, 'the endpoint answers');

await test('the page shows rates, latencies, versions, replicas and their states', async () => {
  await go(path);
  await see('h1');
  await see('.heat rect');
  const heat = await page.locator('.heat svg').getAttribute('aria-label');
  check(heat.startsWith('Latency over time: from'), heat);
  const split = await page.locator('.split').getAttribute('aria-label');
  check(split === 'Split of the requests: v2 20 %, v1 80 %', split);
  check((await page.locator('table[aria-label="Revisions and replicas"] [data-state=ready], [aria-label="Revisions and replicas"] [data-state=ready]').count()) >= 2, 'two replicas are ready');
});

await test('shares move by the keyboard, are confirmed with numbers, and are then the endpoint\'s', async () => {
  const slider = page.getByRole('slider', { name: 'Share of version 2 in percent' });
  await slider.focus();
  for (let i = 0; i < 5; i += 1) await page.keyboard.press('ArrowRight');
  check((await slider.inputValue()) === '25', `the slider is at ${await slider.inputValue()}`);
  check((await page.getByRole('slider', { name: 'Share of version 1 in percent' }).inputValue()) === '75', 'the other one gives way');
  await page.getByRole('button', { name: 'Set shares…' }).click();
  const dialog = page.getByRole('dialog');
  check(/v1: 80 % → 75 %/.test(await dialog.innerText()), await dialog.innerText());
  check(/5 % of the requests change side/.test(await dialog.innerText()), 'the dialog says how many move');
  await shoot('weights-1280');
  await dialog.getByRole('button', { name: 'Set', exact: true }).click();
  await eventually('the weights are stored', async () => (await endpoint()).revisions.find((each) => each.model_version === '2').weight === 25);
  await eventually('the split is drawn anew', async () => (await page.locator('.split').getAttribute('aria-label')) === 'Split of the requests: v2 25 %, v1 75 %');
});

await test('a slider that was moved and not set changes nothing', async () => {
  const slider = page.getByRole('slider', { name: 'Share of version 2 in percent' });
  await slider.focus();
  await page.keyboard.press('End');
  await page.getByRole('button', { name: 'As they are' }).click();
  check((await slider.inputValue()) === '25', 'it is where it was');
});

await test('the cache is switched on from the page and its hits are seen', async () => {
  await page.getByRole('button', { name: 'Change settings…' }).click();
  await page.getByRole('dialog').getByLabel('Answers are kept, ms').fill('60000');
  await shoot('settings-1280');
  await page.getByRole('dialog').getByRole('button', { name: 'Change 1' }).click();
  await eventually('the setting is stored', async () => (await endpoint()).policy.cache_ttl_ms === 60_000);
  for (let i = 0; i < 5; i += 1) await ask();
  await eventually('hits are shown', async () => (await texts('.facts')).join(' ').includes('Out of the cache'));
  await eventually('a prediction is marked', async () => (await texts('.chip')).includes('cached'));
});

await test('what the server refuses is told in the dialog, which stays', async () => {
  await page.getByRole('button', { name: 'Change settings…' }).click();
  await page.getByRole('dialog').getByLabel('Sticky by').fill('cookie:a');
  const { state } = await import('./harness.mjs');
  state.provoking = true;
  await page.getByRole('dialog').getByRole('button', { name: 'Change 1' }).click();
  await see('dialog [role=alert]');
  state.provoking = false;
  check(/sticky_by is header:NAME, input:NAME or none/.test(await page.locator('dialog [role=alert]').innerText()), 'the server\'s own words');
  await page.keyboard.press('Escape');
});

for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 400], ['dark', 400]]) {
  await test(`the page is drawn at ${width} px in ${scheme} colours`, async () => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 860 });
    await go(path);
    await see('.heat rect');
    const across = await page.evaluate(() => document.documentElement.scrollWidth);
    check(across <= width, `the page is ${across} px wide`);
    await shoot(`endpoint-${width}-${scheme}`);
  });
}
await page.emulateMedia({ colorScheme: 'light' });
await testPages([path, '/endpoints']);
await finish();
