/**
 * Pictures of every page for a person to look at: node dev/screenshots.mjs [name…] → shots/*.png
 * MILLWRIGHT_URI says where (default the fixture server), WIDTHS and THEMES narrow it down.
 */
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const base = process.env.MILLWRIGHT_URI ?? 'http://localhost:5099';
const out = new URL('../shots/', import.meta.url).pathname;
const widths = (process.env.WIDTHS ?? '1280,400').split(',').map(Number);
const themes = (process.env.THEMES ?? 'light,dark').split(',');
const run = await fetch(`${base}/ajax-api/2.0/mlflow/runs/search`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ experiment_ids: ['1'], max_results: 4 }) })
  .then((answer) => answer.json())
  .then((answer) => answer.runs ?? []);
const ids = run.map((each) => each.info.run_id);

const pages = {
  overview: '/',
  runs: '/runs?experiment=1',
  run: `/runs/${ids[0]}`,
  artifacts: `/runs/${ids[0]}?tab=artifacts&file=train.log`,
  compare: `/compare?runs=${ids.join(',')}`,
  models: '/models',
  model: '/models/flights-late?version=2',
  datasets: '/datasets',
  dataset: '/datasets/flights',
  rows: '/datasets/flights?tab=rows',
  splits: '/datasets/flights?tab=splits',
  validation: '/validations/v-2',
  endpoint: '/endpoints/flights-late',
  monitor: '/monitors/flights-late',
  pipelines: '/pipelines',
  pipelinerun: '/pipeline-runs/pr-0001',
  lineage: '/lineage?node=model:flights-late@1',
  alerts: '/alerts',
  events: '/events',
  missing: '/models/nothing',
};
const wanted = process.argv.slice(2);

await mkdir(out, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'] });
for (const width of widths) {
  for (const theme of themes) {
    const context = await browser.newContext({ viewport: { width, height: width > 600 ? 860 : 800 }, colorScheme: theme });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && console.log('console:', message.text()));
    page.on('pageerror', (error) => console.log('page error:', error.message));
    for (const [name, path] of Object.entries(pages)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      await page.goto(base + path, { waitUntil: 'load' });
      await page.waitForTimeout(700);
      await page.screenshot({ path: `${out}${name}-${width}-${theme}.png`, fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
