/**
 * Scrolls the runs table of a large experiment in headless Chromium and prints how far apart frames were,
 * beside a page of plain text that is scrolled in the same browser: the floor of the machine, for without a
 * graphics card painting is the processor's work.
 *
 *   MILLWRIGHT_URI=http://127.0.0.1:5000 node bench/ui/runs_table.mjs
 *
 * RUNS (100,000) and COLUMNS (5,000) say how large the experiment is that it first writes; WIDE (200) of the
 * runs, spread evenly, have a value in every column, the others in a few. EXPERIMENT names one that was written
 * before, FRAMES (240) how many frames are watched. CHROMIUM names the browser.
 */
import { api, eventually, finish, go, page, worked_ms } from '../../ui/e2e/harness.mjs';

const runs = Number(process.env.RUNS ?? 100_000);
const columns = Number(process.env.COLUMNS ?? 5_000);
const wide = Number(process.env.WIDE ?? 200);
const narrowColumns = 6;
const runsAtOnce = 500;
const wideAtOnce = 10;
const framesWatched = Number(process.env.FRAMES ?? 240);

const mark = Date.now().toString(36);
const column = (c) => `task_${String(c).padStart(4, '0')}/accuracy`;

function runOf(experiment_id, i, amount) {
  const time = 1_700_000_000_000 + i * 1000;
  return {
    info: { run_id: `${mark.padStart(16, '0')}${String(i).padStart(16, '0')}`.replace(/[^0-9a-f]/g, '0'), experiment_id, run_name: `run-${String(i).padStart(6, '0')}`, user_id: 'ann', status: 'FINISHED', start_time: time, end_time: time + 60_000 },
    params: [{ key: 'seed', value: String(i) }],
    tags: [],
    points: Array.from({ length: amount }, (_, c) => ({ key: column(c), timestamps: [time], steps: [0], values: [((i * 37 + c * 17) % 1000) / 1000] })),
  };
}

async function fill() {
  const { experiment_id } = await api('/ajax-api/2.0/mlflow/experiments/create', { name: `table-${mark}` });
  const every = Math.max(1, Math.floor(runs / wide));
  let batch = [];
  let wideInIt = 0;
  const send = async () => {
    if (batch.length > 0) await api('/api/v1/import/runs', { runs: batch });
    batch = [];
    wideInIt = 0;
  };
  for (let i = 0; i < runs; i += 1) {
    const isWide = i % every === 0;
    batch.push(runOf(experiment_id, i, isWide ? columns : Math.min(columns, narrowColumns)));
    wideInIt += isWide ? 1 : 0;
    if (batch.length === runsAtOnce || wideInIt === wideAtOnce) await send();
  }
  await send();
  return experiment_id;
}

/** Scrolls a box by so many pixels a frame and returns how far apart the frames were. */
async function scroll(selector, dx, dy) {
  const before = await worked_ms();
  const gaps = await page.locator(selector).evaluate(
    (box, [across, down, most]) =>
      new Promise((resolve) => {
        box.scrollTo(0, 0);
        const seen = [];
        let last;
        const step = (now) => {
          if (last !== undefined) seen.push(now - last);
          last = now;
          box.scrollBy(across, down);
          if (seen.length < most) requestAnimationFrame(step);
          else resolve(seen);
        };
        requestAnimationFrame(step);
      }),
    [dx, dy, framesWatched],
  );
  gaps.sort((a, b) => a - b);
  const at = (share) => gaps[Math.floor((gaps.length - 1) * share)];
  return { median: at(0.5), p95: at(0.95), most: at(1), cpu: ((await worked_ms()) - before) / framesWatched };
}

const line = (what, { median, p95, most, cpu }) => console.log(`| ${what} | ${median.toFixed(1)} | ${p95.toFixed(1)} | ${most.toFixed(1)} | ${cpu.toFixed(1)} |`);

let { EXPERIMENT: experiment_id } = process.env;
if (!experiment_id) {
  const begun = performance.now();
  experiment_id = await fill();
  console.log(`filled experiment ${experiment_id} in ${((performance.now() - begun) / 1000).toFixed(1)} s: ${runs} runs, ${columns} metric columns, ${Math.min(wide, runs)} runs with all of them\n`);
}

// When the first rows are there, as the page itself sees it: after the answer, and painted.
await page.addInitScript(() => {
  new MutationObserver((_, observer) => {
    if (!document.querySelector('table[aria-label=Runs] tbody tr[data-row]')) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.firstRows_ms = performance.now())));
  }).observe(document, { childList: true, subtree: true });
});
await go('/events');
const before = await worked_ms();
await go(`/runs?experiment=${experiment_id}&sort=start_time&nest=0&columns=*task_*`);
await eventually('the first rows', () => page.evaluate(() => window.firstRows_ms > 0));
const worked = (await worked_ms()) - before;
await eventually('the total', async () => Number(await page.locator('[data-total]').getAttribute('data-total')) === runs);
const rows = await page.evaluate(() => {
  const answer = performance.getEntriesByType('resource').find((each) => each.name.endsWith('/api/v1/runs/search'));
  return { after: window.firstRows_ms - answer.responseEnd, asked: answer.duration, all: window.firstRows_ms };
});
console.log(`first rows: ${rows.all.toFixed(0)} ms after the page was asked for, ${rows.after.toFixed(0)} ms after the answer, which took ${rows.asked.toFixed(0)} ms; script, style and layout worked ${worked.toFixed(0)} ms until then`);
console.log(`columns in the table: ${await page.locator('table[aria-label=Runs]').getAttribute('aria-colcount')} of ${columns} that runs have\n`);
console.log(`| scrolled, ${framesWatched} frames | median ms | p95 ms | most ms | script, style and layout, ms a frame |\n| --- | --- | --- | --- | --- |`);
line('down, 60 px a frame', await scroll('.grid', 0, 60));
line('down, 400 px a frame', await scroll('.grid', 0, 400));
line('down, 20,000 px a frame', await scroll('.grid', 0, 20_000));
line('sideways, 60 px a frame', await scroll('.grid', 60, 0));
line('sideways, 400 px a frame', await scroll('.grid', 400, 0));
line('both', await scroll('.grid', 60, 60));
await page.setContent(`<div id="plain" style="height:600px;overflow:auto;font:13px sans-serif">${'<p>plain text of a page without a program</p>'.repeat(3_000)}</div>`);
line('a page of plain text, down, 60 px', await scroll('#plain', 0, 60));
await finish();
