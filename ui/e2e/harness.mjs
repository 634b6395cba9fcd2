/** A browser for tests that print `ok`, `FAILED` and at last `N passed, N failed`. */
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

export const base = (process.env.MILLWRIGHT_URI ?? 'http://localhost:5000').replace(/\/$/, '');
const shots = new URL('../shots/', import.meta.url).pathname;
/** A busy machine may be given longer. */
const pageTimeout_ms = Number(process.env.PAGE_TIMEOUT_MS ?? 15_000);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ], // prettier-ignore
});
const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: 'light', acceptDownloads: true });
export const page = await context.newPage();
page.setDefaultTimeout(pageTimeout_ms);

const devtools = await context.newCDPSession(page);
await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });

const ownWork = ['ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'];

/**
 * What script, style and layout have cost so far: milliseconds of a processor, however busy the
 * machine is. Painting is left out, which without a graphics card is the browser's own affair.
 */
export async function worked_ms() {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.filter((metric) => ownWork.includes(metric.name)).reduce((sum, metric) => sum + metric.value * 1000, 0);
}

/** Everything the browser complained about, but for answers that a test provokes. */
export const complaints = [];
export const state = { provoking: false };
page.on('console', (message) => {
  if (message.type() === 'error' && !state.provoking) complaints.push(`${new URL(page.url()).pathname}: ${message.text()} ${message.location().url}`);
});
page.on('pageerror', (error) => complaints.push(`${new URL(page.url()).pathname}: ${error.message}`));

/** Runs only tests whose name holds this. */
const only = process.env.ONLY ?? '';
let passed = 0;
const failures = [];
export async function test(name, body) {
  if (!name.includes(only)) return;
  const started = performance.now();
  try {
    await body();
    passed += 1;
    console.log(`ok      ${name} (${Math.round(performance.now() - started)} ms)`);
  } catch (error) {
    failures.push(name);
    await mkdir(shots, { recursive: true });
    const picture = `${shots}failed-${failures.length}.png`;
    await page.screenshot({ path: picture, fullPage: true }).catch(() => {});
    console.log(`FAILED  ${name}\n        ${String(error.message).split('\n').slice(0, 6).join('\n        ')}\n        at ${page.url().slice(0, 300)}, see ${picture}`);
  }
}

/** Asks whether the browser complained, closes it, counts, and sets the exit code. */
export async function finish() {
  await test('the browser never complained', async () => {
    check(complaints.length === 0, [...new Set(complaints)].join('\n'));
  });
  await browser.close();
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

export function check(condition, claim) {
  if (!condition) throw new Error(claim);
}
export const go = (path) => page.goto(base + path, { waitUntil: 'load' });
export const see = (selector, options) => page.locator(selector).first().waitFor(options);
export const texts = (selector) => page.locator(selector).allInnerTexts();
export const query = () => new URL(page.url()).searchParams;
export async function eventually(claim, condition) {
  const end = performance.now() + pageTimeout_ms;
  while (performance.now() < end) {
    if (await condition().catch(() => false)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(claim);
}
export const drawn = (label, least = 2) =>
  eventually(`chart "${label}" is drawn with at least ${least} points`, async () => {
    const chart = page.locator(`.chart[aria-label^="${label}"]`).first();
    return Number(await chart.getAttribute('data-drawn')) >= least && (await chart.locator('canvas').count()) > 0 && !/no values/.test(await chart.getAttribute('aria-label'));
  });

export async function api(path, body) {
  const answer = await fetch(base + path, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  check(answer.ok, `${path} answers ${answer.status}: ${(await answer.clone().text()).slice(0, 200)}`);
  return answer.json();
}

/** What is wrong with the page for those who do not see it or have no mouse. */
export const namelessControls = () =>
  page.evaluate(() => {
    const found = [];
    if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
    if (!document.querySelector('main') || !document.querySelector('nav[aria-label]')) found.push('no landmarks');
    for (const control of document.querySelectorAll('button, input, select, textarea, summary, a[href], [role=img]')) {
      const name = control.getAttribute('aria-label') || control.closest('label')?.textContent || control.textContent || control.getAttribute('title');
      if (!name?.trim()) found.push(`no name: ${control.outerHTML.slice(0, 90)}`);
    }
    return found;
  });

/** What every page owes to those who do not see it or have no mouse, and to a narrow screen. */
export const testPages = (paths) =>
  test('every control has a name; nothing scrolls sideways at 400 px', async () => {
    await page.setViewportSize({ width: 400, height: 800 });
    for (const path of paths) {
      await go(path);
      await see('h1');
      await eventually(`${path} has loaded`, async () => (await page.locator('[aria-busy=true]').count()) === 0);
      const faults = await namelessControls();
      check(faults.length === 0, `${path.slice(0, 60)}: ${faults.join('; ')}`);
      const across = await page.evaluate(() => document.documentElement.scrollWidth);
      check(across <= 400, `${path.slice(0, 60)} is ${across} px wide`);
    }
    await page.setViewportSize({ width: 1280, height: 860 });
  });

/** With SHOTS, a folder: pictures of the page at 1280 and 400 pixels, light and dark. */
export async function shootAll(file) {
  const folder = process.env.SHOTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  for (const [width, scheme] of [[1280, 'light'], [1280, 'dark'], [400, 'light'], [400, 'dark']]) {
    await page.setViewportSize({ width, height: 860 });
    await page.emulateMedia({ colorScheme: scheme });
    await eventually('charts are drawn again', async () => (await page.locator('[aria-busy=true]').count()) === 0);
    await page.screenshot({ path: `${folder}/${file}-${width}-${scheme}.png`, fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.emulateMedia({ colorScheme: 'light' });
}
