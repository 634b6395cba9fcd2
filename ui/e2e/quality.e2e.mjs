/**
 * Reports of suites and held versions in a browser, against a server with nothing on it: a report is read by
 * somebody who knows the data, a check is marked as wrong, the change accepted, the held version judged again.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/quality.e2e.mjs
 */
import { mkdir, readFile } from 'node:fs/promises';
import { api, base, check, eventually, finish, go, page, see, state, test, testPages } from './harness.mjs';

const lines = (await readFile(new URL('../../examples/flights/data/dirty_flights.csv', import.meta.url), 'utf8')).trim().split('\n');
const isClean = (line) => {
  const [date, delay, distance, origin] = line.split(',');
  return date < '2002' && delay !== '' && Number(delay) < 9999 && Number(distance) > 0 && /^[A-Z]{3}$/.test(origin);
};
const body = lines.slice(1);
const weeks = [body.slice(0, 1200).filter(isClean), body.slice(1200, 2400).filter(isClean), body.slice(2400, 3600), body.slice(3600)];

async function upload(rows) {
  const answer = await fetch(`${base}/api/v1/datasets/arrivals/upload?filename=week.csv`, { method: 'PUT', body: [lines[0], ...rows].join('\n') + '\n' });
  check(answer.ok, `the upload answers ${answer.status}`);
  return (await answer.json()).version;
}
const expectation = (type, kwargs) => ({ type: `expect_column_values_to_${type}`, kwargs });
await api('/api/v1/suites', {
  name: 'arrivals',
  suite: {
    name: 'arrivals',
    expectations: [
      expectation('not_be_null', { column: 'origin' }),
      expectation('be_between', { column: 'delay', min_value: -90, max_value: 1440 }),
      expectation('be_between', { column: 'distance', min_value: 60, max_value: 5000 }),
      { type: 'expect_table_row_count_to_be_between', kwargs: { min_value: 100 } },
    ],
  },
});
for (const week of weeks.slice(0, 3)) {
  await upload(week);
  await api('/api/v1/validations', { suite: 'arrivals', dataset: 'arrivals' });
}
const { validations } = await api('/api/v1/validations?dataset=arrivals');
const report = `/validations/${validations[0].id}`;
const item = (name) => `.expectations li[data-check="${name}"]`;

await test('a report shows what failed, by how much, examples and the history of each check', async () => {
  await go(report);
  await see(item('between(distance)'));
  const text = await page.locator(item('between(distance)')).first().innerText();
  check(/of 1[.,\d]*k? values are unexpected/i.test(text) && /%/.test(text), `what is told of distance: ${text}`);
  check((await page.locator(`${item('between(distance)')} td`).count()) > 5, 'no failing rows are shown');
  await see(`${item('between(distance)')} .check-history rect`);
  check((await page.locator(`${item('between(distance)')} .check-history rect`).count()) === 3, 'not three validations in the history');
});

await test('somebody who knows comments, and says their name once', async () => {
  await page.locator(item('between(distance)')).getByRole('button', { name: 'Comment' }).click();
  await page.getByLabel('Your name').fill('Ana Petersen');
  await page.getByLabel('Comment', { exact: true }).fill('Petersburg to Wrangell is 31 miles <b>by air</b>');
  await page.getByRole('dialog').getByRole('button', { name: 'Comment' }).click();
  await eventually('the comment is shown with the name', async () => {
    const text = await page.locator(`${item('between(distance)')} .check-review`).innerText();
    return text.includes('Ana Petersen') && text.includes('31 miles <b>by air</b>');
  });
});

await test('a check that is marked as wrong becomes a proposed change', async () => {
  await page.locator(item('between(distance)')).getByRole('button', { name: 'Mark as wrong' }).click();
  check((await page.getByLabel('Your name').inputValue()) === 'Ana Petersen', 'the name is not kept');
  await page.getByLabel('Why it is wrong').fill('There are shorter flights');
  await page.getByRole('button', { name: 'Propose' }).click();
  await page.getByText('Change a value, or propose to remove the check.').waitFor();
  await page.getByLabel('min value').fill('20');
  await page.getByRole('button', { name: 'Propose' }).click();
  await eventually('the proposal is shown in words', async () => {
    const text = await page.locator(`${item('between(distance)')} .proposal`).innerText();
    return /Ana Petersen holds this to be wrong: min_value 60 → 20/.test(text) && text.includes('There are shorter flights');
  });
  const { proposals } = await api('/api/v1/suite-proposals?state=open');
  check(proposals.length === 1 && proposals[0].who === 'Ana Petersen' && proposals[0].change.set.min_value === 20, JSON.stringify(proposals));
});

await test('another one accepts it, and the suite has a version with both names', async () => {
  await page.locator(item('between(distance)')).getByRole('button', { name: 'Accept' }).click();
  await page.getByLabel('Your name').fill('Ben');
  await page.getByLabel('Why, for the history').fill('seen in the timetable');
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await eventually('it is shown as accepted', async () => (await page.locator(`${item('between(distance)')} .proposal`).innerText()).includes('accepted by Ben, suite version 2'));
  const { versions } = await api('/api/v1/suites/arrivals/versions');
  check(versions[0].version === 2 && versions[0].who === 'Ben' && versions[0].reason.includes('Ana Petersen'), JSON.stringify(versions));
});

await test('a change that does not apply any more is refused on the page, and rejected', async () => {
  await api('/api/v1/suites/arrivals/proposals', { expectation: 'not_null(origin)', change: { remove: true }, reason: 'why not', name: 'Cleo' });
  const suite = await api('/api/v1/suites/arrivals');
  suite.expectations[0].kwargs.mostly = 0.5;
  await api('/api/v1/suites', { name: 'arrivals', suite: { name: suite.name, expectations: suite.expectations } });
  await page.locator(item('not_null(origin)')).getByRole('button', { name: 'Accept' }).click();
  state.provoking = true;
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('alert').getByText('is another than when its removal was proposed').waitFor();
  state.provoking = false;
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.locator(item('not_null(origin)')).getByRole('button', { name: 'Reject' }).click();
  await page.getByLabel('Why, for the history').fill('it is of use');
  await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
  await eventually('it is shown as rejected', async () => (await page.locator(`${item('not_null(origin)')} .proposal`).innerText()).includes('rejected by Ben: it is of use'));
});

await test('the HTML report has the history, the comment and the proposal', async () => {
  const html = await (await fetch(`${base}/api/v1${report}/report`)).text();
  for (const part of ['class="history-bars"', '31 miles &lt;b&gt;by air&lt;/b&gt;', 'min_value 60 → 20', 'accepted by Ben: seen in the timetable']) check(html.includes(part), `${part} is not in the report`);
  check(html.length < 1_000_000 && !html.includes('<script'), `a report of ${html.length} bytes`);
});

await test('a suite is attached on the page of a dataset, and holds the next version', async () => {
  await go('/datasets/arrivals?tab=validations');
  await page.getByRole('button', { name: 'Attach a suite…' }).click();
  await page.locator('dialog select').first().selectOption('arrivals');
  await page.getByRole('button', { name: 'Attach', exact: true }).click();
  await eventually('the suite is listed', async () => (await page.getByRole('table', { name: 'Attached suites' }).innerText()).includes('the version is held'));
  const version = await upload(weeks[3]);
  check(version.version === 4 && version.state === 'quarantined', JSON.stringify(version));
  await go('/datasets');
  await eventually('it is listed as held', async () => (await page.getByRole('table', { name: 'Held versions' }).innerText()).includes('arrivals@4'));
  await go('/datasets/arrivals');
  await see('h1');
  await eventually('the page shows the version that is not held', async () => (await page.locator('h1').innerText()).startsWith('arrivals@3'));
});

await test('a held version says why, is judged again, and is released with a reason', async () => {
  await go('/datasets/arrivals?version=4');
  await page.getByText('suite arrivals v3 failed on').first().waitFor();
  check(/^\/validations\/[0-9a-f]{32}$/.test(await page.locator('.held-note a').getAttribute('href')), 'no link to the report');
  await page.getByRole('button', { name: 'Judge again' }).click();
  await eventually('it was judged once more', async () => (await api('/api/v1/validations?dataset=arrivals')).validations.filter((each) => each.version === 4).length === 2);
  await page.getByRole('button', { name: 'Release…' }).click();
  await page.getByLabel('Why it may be taken although it failed').fill('needed for a study of dirt');
  await page.getByRole('button', { name: 'Release', exact: true }).click();
  await page.getByText('Released by anonymous: needed for a study of dirt').waitFor();
  const { datasets } = await api('/api/v1/datasets');
  check(datasets[0].latest_version === 4 && datasets[0].state === 'released', JSON.stringify(datasets));
});

await test('a suite is detached on the page', async () => {
  await go('/datasets/arrivals?tab=validations');
  await page.getByRole('button', { name: 'Detach' }).click();
  await page.getByText('New versions are not judged.').waitFor();
  check((await api('/api/v1/suite-attachments')).attachments.length === 0, 'it is attached still');
});

await test('a suite shows what it says, who wanted what, its versions and their reasons', async () => {
  await api('/api/v1/suites/arrivals/proposals', { expectation: 'between(delay)', change: { set: { mostly: 0.9 } }, reason: 'rare', name: 'Ana Petersen' });
  await go('/suites/arrivals');
  await page.getByText('distance must be between 20 and 5000').waitFor();
  await page.getByRole('tab', { name: 'Proposals' }).or(page.getByRole('link', { name: /^Proposals/ })).first().click();
  await page.getByRole('table', { name: 'Proposals' }).getByRole('button', { name: 'Accept' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Accept' }).click();
  await eventually('the proposal is accepted', async () => (await page.getByRole('table', { name: 'Proposals' }).innerText()).match(/accepted/g)?.length === 2);
  await go('/suites/arrivals?tab=versions');
  await eventually('four versions with their reasons', async () => {
    const text = await page.getByRole('table', { name: 'Versions' }).innerText();
    return text.includes('v4') && text.includes('proposed by Ana Petersen');
  });
  await go('/suites/arrivals?version=1');
  await page.getByText('distance must be between 60 and 5000').waitFor();
});

if (process.env.SHOTS) {
  await api('/api/v1/suites/arrivals/attachments', { dataset: 'arrivals' });
  await upload(weeks[3].slice(1));
  const shots = new URL('../shots/', import.meta.url).pathname;
  await mkdir(shots, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 400]) {
      await page.setViewportSize({ width, height: 900 });
      for (const [name, path] of [['report', report], ['dataset', '/datasets/arrivals?tab=validations'], ['version', '/datasets/arrivals?tab=versions'], ['held', '/datasets/arrivals?version=5&tab=rows'], ['datasets', '/datasets'], ['suite', '/suites/arrivals?tab=proposals'], ['versions', '/suites/arrivals?tab=versions'], ['html', `/api/v1${report}/report`]]) {
        await go(path);
        await page.waitForTimeout(700);
        await page.screenshot({ path: `${shots}quality-${name}-${colorScheme}-${width}.png`, fullPage: true });
      }
      await go(report);
      await page.locator(item('between(delay)')).getByRole('button', { name: 'Mark as wrong' }).click();
      await page.screenshot({ path: `${shots}quality-wrong-${colorScheme}-${width}.png` });
    }
  }
}

await testPages([report, '/suites/arrivals', '/suites/arrivals?tab=proposals', '/suites/arrivals?tab=versions', '/suites/arrivals?tab=judges', '/suites/arrivals?tab=validations', '/datasets', '/datasets/arrivals?tab=validations', '/datasets/arrivals?tab=versions']);
await finish();
