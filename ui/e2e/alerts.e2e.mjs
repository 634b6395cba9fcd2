/**
 * The pages of alerts in a browser against a server on which a rule fires: an alert that is acknowledged and
 * silenced from its page, rules, silences, receivers and what they were told.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/alerts.e2e.mjs
 */
import { mkdir } from 'node:fs/promises';
import { api, base, check, eventually, finish, go, page, see, test, testPages, texts } from './harness.mjs';

const shots = process.env.SHOTS;
const { alerts } = await api('/api/v1/alerts?phase=firing&rule=server-is-up');
const alert = alerts[0];
const path = `/alerts/${alert.id}`;
const details = () => api(`/api/v1/alerts/${alert.id}`);

async function shoot(file) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${file}.png`, fullPage: true });
}

await test('the list has what fires, and filters by state', async () => {
  await go('/alerts');
  await see('table[aria-label=Alerts] tbody tr');
  check((await texts('table[aria-label=Alerts]')).join(' ').includes('server-is-up'), 'the alert is listed');
  await page.getByRole('group', { name: 'State' }).getByRole('button', { name: 'Resolved' }).click();
  await see('.empty-title');
  check(/No alert is resolved/.test((await texts('.empty-title')).join(' ')), 'nothing is resolved');
  await page.getByRole('group', { name: 'State' }).getByRole('button', { name: 'Firing' }).click();
  await page.getByRole('link', { name: 'server-is-up' }).first().click();
  await eventually('the page of the alert', async () => new URL(page.url()).pathname === path);
});

await test('an alert says what it is, what caused it and what happened', async () => {
  await go(path);
  await see('table[aria-label=Timeline] tbody tr');
  const words = (await texts('main')).join(' ');
  for (const word of ['server-is-up', 'critical', 'millwright_up_seconds', 'firing', 'example.org/runbook']) check(words.includes(word), `${word} is shown`);
});

await test('it is acknowledged from the page, and that is seen at once', async () => {
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('a restart is on its way');
  await page.getByRole('dialog').getByRole('button', { name: 'Acknowledge' }).click();
  await eventually('the note is stored', async () => (await details()).acknowledged?.note === 'a restart is on its way');
  await eventually('the note is shown', async () => (await texts('.facts')).join(' ').includes('a restart is on its way'));
});

await test('it is silenced from the page, and the silence ended from the list', async () => {
  await page.getByRole('button', { name: 'Silence…' }).click();
  const dialog = page.getByRole('dialog');
  check((await dialog.getByRole('textbox').first().inputValue()).includes('rule="server-is-up"'), 'the conditions are filled in');
  await dialog.getByLabel('Why').fill('we know');
  await shoot('silence-1280');
  await dialog.getByRole('button', { name: 'Silence', exact: true }).click();
  await eventually('it is silenced', async () => (await details()).silenced_by.length === 1);
  await eventually('the page says so', async () => (await texts('.facts')).join(' ').includes('1 silence'));
  await go('/alerts?tab=silences');
  await page.getByRole('button', { name: 'End now' }).click();
  await eventually('it is not silenced', async () => (await details()).silenced_by.length === 0);
});

await test('rules, routes and receivers are listed, and a receiver is tried', async () => {
  await go('/alerts?tab=rules');
  await see('table[aria-label=Rules] tbody tr');
  check((await texts('table[aria-label=Rules]')).join(' ').includes('millwright_up_seconds'), 'the expression is shown');
  await go('/alerts?tab=receivers');
  await see('table[aria-label=Receivers] tbody tr');
  await see('table[aria-label=Routes] tbody tr');
  await page.getByRole('button', { name: 'ops' }).click();
  await see('table[aria-label=Deliveries] tbody tr');
  await page.getByRole('button', { name: 'Test' }).click();
  await eventually('what came of it', async () => (await texts('[role=status]')).join(' ').includes('took it (200)'));
});

await test('a new alert appears by itself', async () => {
  await go('/alerts');
  await see('table[aria-label=Alerts] tbody tr');
  const made = await fetch(`${base}/api/v1/alert-config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rules: [{ name: 'another', expr: 'millwright_up_seconds', above: 0 }] }),
  });
  check(made.ok, await made.text());
  await eventually('the other one', async () => (await texts('table[aria-label=Alerts]')).join(' ').includes('another'));
});

const pages = ['/alerts', path, '/alerts?tab=rules', '/alerts?tab=silences', '/alerts?tab=receivers&receiver=ops'];
for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 400], ['dark', 400]]) {
  await test(`the pages are drawn at ${width} px in ${scheme} colours`, async () => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 860 });
    for (const [index, each] of pages.entries()) {
      await go(each);
      await see('h1');
      await eventually(`${each} has loaded`, async () => (await page.locator('[aria-busy=true]').count()) === 0);
      await shoot(`alerts-${index}-${width}-${scheme}`);
    }
  });
}
await page.emulateMedia({ colorScheme: 'light' });
await testPages(pages);
await finish();
