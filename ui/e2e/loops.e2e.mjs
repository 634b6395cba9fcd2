/**
 * The pages of loops in a browser against a server with a loop `m` whose shadow gets no traffic: what holds it
 * is seen, and it is paused, resumed and overridden with a reason.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/loops.e2e.mjs
 */
import { mkdir } from 'node:fs/promises';
import { api, check, eventually, finish, go, page, see, test, testPages } from './harness.mjs';

const path = '/loops/m';
const shots = process.env.SHOTS;
const loop = () => api('/api/v1/loops/m');

async function shoot(file) {
  if (!shots) return;
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: `${shots}/${file}.png`, fullPage: true });
}

async function say(button, reason) {
  await page.getByRole('button', { name: button, exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Why').fill(reason);
  await dialog.getByRole('button', { name: button, exact: true }).click();
}

await test('the list says which model is held', async () => {
  await go('/loops');
  await see('[aria-label=Loops]');
  check(/m\s+shadow, held/.test(await page.locator('[aria-label=Loops]').innerText()), await page.locator('[aria-label=Loops]').innerText());
});

await test('the page says where it is, what holds it, and every decision with its undoing', async () => {
  await go(path);
  await see('.loop-timeline li');
  check((await page.locator('[aria-current=step]').innerText()) === 'shadow', 'the step is marked');
  check(/no_traffic/.test(await page.locator('.facts').innerText()), 'it says what holds it');
  const count = await page.locator('.loop-timeline > li').count();
  check(count === (await loop()).decisions, `${count} decisions are shown`);
  await page.locator('.loop-timeline summary').first().click();
  check(/millwright loop override m/.test(await page.locator('.loop-timeline > li').first().innerText()), 'the undoing is shown');
  await shoot('loop-1280');
});

await test('it is paused and resumed with a reason, which stays with the decision', async () => {
  await say('Pause', 'the holidays');
  await eventually('it is paused', async () => (await loop()).paused && (await page.locator('.facts').innerText()).includes('the holidays'));
  check((await page.getByRole('button', { name: 'Override', exact: true }).count()) === 1, 'a person may still override');
  await say('Resume', 'back at work');
  await eventually('it goes on', async () => !(await loop()).paused);
  await eventually('both are in the list', async () => /back at work[\s\S]*the holidays/.test(await page.locator('.loop-timeline').innerText()));
});

await test('it is overridden, and the canary is next', async () => {
  await say('Override', 'tried by hand');
  await eventually('the canary began', async () => (await loop()).phase === 'canary');
  await eventually('the page says so', async () => (await page.locator('[aria-current=step]').innerText()) === 'canary');
});

await testPages(['/loops', path]);
await finish();
