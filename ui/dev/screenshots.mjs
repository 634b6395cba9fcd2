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
/** What the server has, so that the same pictures can be taken of a real one. */
async function api(path, body) {
  const answer = await fetch(base + path, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  return answer.ok ? answer.json() : {};
}
const mlflow = '/ajax-api/2.0/mlflow';
const { experiments = [] } = await api(`${mlflow}/experiments/search`, { max_results: 100 });
const { runs = [] } = await api(`${mlflow}/runs/search`, { experiment_ids: experiments.map((each) => each.experiment_id), max_results: 200 });
const { model_versions: versions = [] } = await api(`${mlflow}/model-versions/search?max_results=100`);
const { validations = [] } = await api('/api/v1/validations');
const { pipeline_runs: pipelineRuns = [] } = await api('/api/v1/pipeline-runs?limit=10');
const { alerts = [] } = await api('/api/v1/alerts');
const { loops: [loop] = [] } = await api('/api/v1/overview');
const source = runs.find((each) => each.info.run_id === versions.find((version) => version.version === '1')?.run_id) ?? runs[0];
const [experiment, run] = [source?.info.experiment_id ?? '0', source?.info.run_id ?? 'none'];
const compared = runs.filter((each) => each.info.experiment_id === experiment).slice(0, 4);
const judged = validations.find((each) => !each.success) ?? validations[0];
const feature = alerts.find((each) => each.feature)?.feature ?? '';
const pipelineRun = pipelineRuns[0]?.id ?? 'none';
const step = pipelineRuns[0] ? (await api(`/api/v1/pipeline-runs/${pipelineRun}`)).tasks?.[1]?.name : '';

const pages = {
  overview: '/',
  runs: `/runs?experiment=${experiment}`,
  run: `/runs/${run}`,
  artifacts: `/runs/${run}?tab=artifacts`,
  compare: `/compare?runs=${compared.map((each) => each.info.run_id).join(',')}`,
  models: '/models',
  model: '/models/flights-late?version=1',
  datasets: '/datasets',
  dataset: '/datasets/flights',
  rows: '/datasets/flights?tab=rows',
  splits: '/datasets/flights-features?tab=splits',
  validation: `/validations/${judged?.id ?? 'none'}`,
  endpoints: '/endpoints',
  endpoint: `/endpoints/${loop?.endpoint ?? 'none'}`,
  monitors: '/monitors',
  monitor: `/monitors/${loop?.monitor ?? 'none'}?feature=${feature}`,
  pipelines: '/pipelines',
  pipelinerun: `/pipeline-runs/${pipelineRun}?task=${step ?? ''}`,
  lineage: '/lineage?node=model:flights-late@1&depth=5',
  alerts: '/alerts',
  events: '/events',
  webhooks: '/webhooks',
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
