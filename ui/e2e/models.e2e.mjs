/**
 * Models in a browser against a server with nothing on it: registered, promoted past a gate, rolled back,
 * compared, followed to their data; their files and those of logged models looked at, graphs of ONNX files
 * among them.
 *
 *   MILLWRIGHT_URI=http://localhost:5000 node e2e/models.e2e.mjs
 */
import { readFile } from 'node:fs/promises';
import { api, base, check, eventually, finish, go, page, query, see, state, test, testPages } from './harness.mjs';
import { branchingModel, largeModel } from './onnx-files.mjs';

const mark = Date.now().toString(36);
const name = `digits-${mark}`;
const mlflow = (path, body) => api(`/ajax-api/2.0/mlflow/${path}`, body);
const models = new URL('../../tests/data/models/', import.meta.url);

async function put(path, body) {
  const answer = await fetch(`${base}/api/2.0/mlflow-artifacts/artifacts/${path}`, { method: 'PUT', body });
  check(answer.ok, `the upload of ${path} answers ${answer.status}`);
}

// ------------------------------------------------------------------ filling

const tensor = (name, shape) => JSON.stringify([{ name, type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, ...shape] } }]);
const mlmodel = (input, shape) =>
  `flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.17.0\nsignature:\n  inputs: '${tensor(input, shape)}'\n  outputs: '${tensor('probabilities', [10])}'\n`;

const { experiment_id } = await mlflow('experiments/create', { name: `models-${mark}` });
async function train(run_name, folder, accuracy, input, shape) {
  const { run } = await mlflow('runs/create', { experiment_id, run_name, start_time: Date.now() });
  const { run_id } = run.info;
  await mlflow('runs/log-batch', {
    run_id,
    metrics: [{ key: 'accuracy', value: accuracy, step: 0, timestamp: Date.now() }],
    params: [{ key: 'net', value: folder }, { key: 'rate', value: '0.1' }], // prettier-ignore
    tags: [],
  });
  await mlflow('runs/log-inputs', { run_id, datasets: [{ dataset: { name: `pixels-${mark}`, digest: 'd1', source_type: 'local', source: 'pixels.csv' } }] });
  const root = `${experiment_id}/${run_id}/artifacts`;
  await put(`${root}/model/MLmodel`, mlmodel(input, shape));
  await put(`${root}/model/model.onnx`, await readFile(new URL(`${folder}/model.onnx`, models)));
  await put(`${root}/model/README.md`, '# Digits\n\nA **small** net, see [the data](https://example.org/data) and <b>no HTML</b>.\n\n- one\n- two\n');
  await mlflow('runs/update', { run_id, status: 'FINISHED', end_time: Date.now() });
  return run_id;
}
const weak = await train('weak', 'digits_mlp', 0.81, 'pixels', [64]);
const strong = await train('strong', 'digits_cnn', 0.97, 'image', [1, 8, 8]);

const strongRoot = `${experiment_id}/${strong}/artifacts`;
for (const broken of ['truncated', 'text', 'cycle']) await put(`${strongRoot}/broken/${broken}.onnx`, await readFile(new URL(`broken/${broken}.onnx`, models)));
await put(`${strongRoot}/graphs/large.onnx`, largeModel(6_000));
await put(`${strongRoot}/graphs/branches.onnx`, branchingModel());
await put(`${strongRoot}/looks/long.log`, Array.from({ length: 60_000 }, (_, i) => `line ${i} of a log that nobody reads to its end`).join('\n'));
await put(`${strongRoot}/looks/empty.txt`, '');
await put(`${strongRoot}/looks/weights.bin`, Buffer.alloc(100));
await put(`${strongRoot}/looks/drawing.svg`, '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><script>parent.broken = true</script><rect width="60" height="40" fill="teal"/></svg>');
let sent = 0;
const sender = async () => {
  for (let i = sent++; i < 1_200; i = sent++) await put(`${strongRoot}/many/part-${String(i).padStart(4, '0')}.txt`, `part ${i}\n`);
};
await Promise.all(Array.from({ length: 16 }, sender));

const { model: logged } = await mlflow('logged-models', { experiment_id, name: 'kept', source_run_id: strong, params: [{ key: 'depth', value: '3' }] });
const { model_id } = logged.info;
const loggedRoot = `${experiment_id}/models/${model_id}/artifacts`;
await put(`${loggedRoot}/model.onnx`, await readFile(new URL('digits_cnn/model.onnx', models)));
await put(`${loggedRoot}/eval/scores.csv`, 'name,score\nann,0.5\n"bob, jr",0.75\n');
await put(`${loggedRoot}/eval/report.html`, '<!doctype html><h1>Hello</h1><script>document.querySelector("h1").textContent = "Drawn " + window.origin</script>');

// ------------------------------------------------------------------ the life of a model

const dialog = (text) => page.click(`dialog button:has-text("${text}")`);
const register = async (run) => {
  await page.fill('dialog input[placeholder="the run\'s id"]', run);
  await dialog('Register');
};

await test('no models: the page says how they come', async () => {
  await go(`/models?q=${name}`);
  await see('.empty');
});

await test('what cannot be a version is refused in a sentence, and leaves no empty model behind', async () => {
  await go('/models');
  await page.click('button:has-text("Register a version")');
  await page.locator('dialog input').first().fill(name);
  await page.fill('dialog label:has-text("Folder") input', 'broken/truncated.onnx');
  state.provoking = true;
  await register(strong);
  await see('dialog [role=alert]');
  state.provoking = false;
  const said = await page.locator('dialog [role=alert]').innerText();
  check(/refused/.test(said) && !/[{}]/.test(said), said);
  await eventually('nothing is left', async () => (await mlflow(`registered-models/search?filter=${encodeURIComponent(`name = '${name}'`)}`)).registered_models === undefined);
});

await test('a model is registered from what a run left, and a second version after it', async () => {
  await go('/models');
  await page.click('button:has-text("Register a version")');
  await page.locator('dialog input').first().fill(name);
  await register(weak);
  await eventually('its page', async () => new URL(page.url()).pathname === `/models/${name}` && query().get('version') === '1');
  await see('table[aria-label=Signature] td:has-text("pixels")');
  await page.click('.actions button:has-text("Register a version")');
  await register(strong);
  await eventually('the second version', async () => query().get('version') === '2');
});

await test('a gate refuses what is too weak, with the numbers, and the refusal stays', async () => {
  await api(`/api/v1/models/${name}/gate`, { yaml: 'gates:\n  - name: quality\n    metrics:\n      - {name: accuracy, min: 0.9}\n', reason: 'no worse' });
  await go(`/models/${name}?version=1`);
  await page.click('button:has-text("Promote v1")');
  await see('dialog [data-state=failed]');
  check(/0\.81/.test(await page.locator('dialog.ask').innerText()), 'the number is shown');
  state.provoking = true;
  await dialog('Move');
  await see('dialog [role=alert]');
  state.provoking = false;
  check(/quality/.test(await page.locator('dialog.ask [role=alert]').innerText()), 'the refusal names the gate');
});

await test('it is overruled with a reason, which the history keeps', async () => {
  await page.click('dialog label:has-text("Overrule")');
  await page.fill('dialog label:has-text("Why") input', 'the demo is today');
  await dialog('Overrule and move');
  await see('h1 .chip:has-text("champion v1")');
  await see('text=the demo is today');
});

await test('the better version passes the gate and becomes champion', async () => {
  await go(`/models/${name}?version=2`);
  await page.click('button:has-text("Promote v2")');
  await see('dialog [data-state=passed]');
  await page.fill('dialog label:has-text("Why") input', 'it is better');
  await dialog('Move');
  await eventually('moved, or a refusal of the schema that can be overruled', async () => (await page.locator('h1 .chip:has-text("champion v2")').count()) > 0);
});

await test('one step back: the version before is champion again, and says why', async () => {
  await page.click('button:has-text("Roll champion back")');
  await page.click('dialog label:has-text("Overrule")');
  await page.fill('dialog label:has-text("Why") input', 'it answered slowly');
  await dialog('Overrule and roll back');
  await see('h1 .chip:has-text("champion v1")');
  await see('text=it answered slowly');
});

await test('two versions are compared: schema, metrics, parameters and files', async () => {
  await go(`/models/${name}?version=2&tab=compare&with=1`);
  await eventually('a new input, named', async () => /image/.test(await page.locator('section[aria-label=Schema]').innerText()));
  for (const word of ['accuracy', '0.81', '0.97', 'digits_cnn', 'model.onnx']) await eventually(`${word} is among the differences`, async () => (await page.locator('main').innerText()).includes(word));
  const text = await page.locator('main').innerText();
  check(!/\brate\b/.test(text), 'what is the same is left out');
});

await test('lineage: from the data over the run to the version', async () => {
  await go(`/models/${name}?version=2&tab=lineage`);
  await eventually('the nodes', async () => Number(await page.locator('.graph').getAttribute('data-nodes')) >= 2);
  check((await page.locator(`.node[data-node="run:${strong}"]`).count()) === 1, 'the run is there');
  await eventually('the data that the run logged', async () => (await page.locator(`.node[data-node="input:pixels-${mark}@d1"]`).count()) === 1);
});

// ------------------------------------------------------------------ graphs

const stage = page.locator('.onnx-stage');
/** Of a box: its words lie over its middle. */
const corner = { x: 3, y: 5 };
const openGraph = async (path) => {
  await go(path);
  await eventually(`${path} is drawn`, async () => Number(await stage.getAttribute('data-nodes')) > 0 && (await page.locator('.onnx-stage svg').count()) === 1);
};
const runGraph = (path) => openGraph(`/runs/${strong}?tab=artifacts&folder=${path.split('/')[0]}&file=${path}`);

await test('a version shows its ONNX graph: operators, shapes, weights', async () => {
  await go(`/models/${name}?version=2&tab=files`);
  await page.click('table[aria-label=Files] a:has-text("model.onnx")');
  await see('.op .title:has-text("Conv")');
  check((await page.locator('.op .detail').allTextContents()).some((text) => /^\d+×\d+×3×3/.test(text)), 'shapes of weights are in the boxes');
  check((await page.locator('.onnx-legend').innerText()).includes('Layers with weights'), 'the colours are explained');
  await page.locator('.op:has-text("Conv") .box').first().click({ position: corner });
  await see('.onnx-details h3:has-text("Conv")');
  check((await page.locator('table[aria-label=Attributes]').innerText()).includes('kernel_shape'), 'its attributes are shown');
  check(query().get('node') !== null, 'the choice is in the URL');
  await page.reload();
  await see('.onnx-details h3:has-text("Conv")');
});

await test('a graph is walked by the keyboard along what flows', async () => {
  await stage.focus();
  await page.keyboard.press('Home');
  await eventually('the input', async () => (await stage.getAttribute('data-chosen')) === '0');
  await page.keyboard.press('ArrowDown');
  await eventually('its first consumer', async () => Number(await stage.getAttribute('data-chosen')) > 0);
  const there = await page.locator('.onnx-details h3').innerText();
  check((await page.locator('[aria-live=polite]').innerText()).startsWith(there.split(/\s/)[0]), 'it is said aloud');
  await page.keyboard.press('ArrowUp');
  await eventually('and back', async () => (await stage.getAttribute('data-chosen')) === '0');
  const before = Number(await stage.getAttribute('data-scale'));
  await page.keyboard.press('+');
  await eventually('closer', async () => Number(await stage.getAttribute('data-scale')) > before);
  await page.keyboard.press('Escape');
  await see('.onnx-details:has-text("Operator sets")');
});

await test('operators are found by name, and what is found comes into sight', async () => {
  await page.fill('.onnx-finder input', 'gemm');
  await page.locator('.onnx-finder li button').first().click();
  await see('.op.chosen .title:has-text("Gemm")');
});

await test('six thousand operators: whole from afar, in words from near, and few elements in the page', async () => {
  await runGraph('graphs/large.onnx');
  check(Number(await stage.getAttribute('data-nodes')) > 5_990, 'all are laid out');
  check((await page.locator('.op').count()) < 400, 'only those in sight are elements');
  await page.click('.zoom button:has-text("Fit")');
  await see('.far.k-layer');
  check((await page.locator('.op').count()) === 0, 'from afar there are no words');
  await page.fill('.onnx-finder input', '/block.900/conv');
  await page.keyboard.press('Enter');
  await see('.op.chosen .title:has-text("Conv")');
  const at = await stage.boundingBox();
  await page.mouse.move(at.x + 200, at.y + 200);
  await page.mouse.down();
  await page.mouse.move(at.x + 200, at.y + 60, { steps: 8 });
  await page.mouse.up();
  check((await page.locator('.op.chosen').count()) === 1, 'dragging chooses nothing else');
});

await test('graphs within operators open as graphs of their own', async () => {
  await runGraph('graphs/branches.onnx');
  await page.locator('.op:has-text("If") .box').click({ position: corner });
  await page.click('table[aria-label=Attributes] button:has-text("positive")');
  await see('.op .title:has-text("Relu")');
  check(query().get('graph') === '1', 'it is in the URL');
});

await test('broken files are said to be broken, in a sentence', async () => {
  state.provoking = true;
  for (const [file, words] of [
    ['truncated', 'it ends early'],
    ['text', 'it is text, not an ONNX model'],
  ]) {
    await go(`/runs/${strong}?tab=artifacts&folder=broken&file=broken/${file}.onnx`);
    await see('[role=alert]');
    check((await page.locator('[role=alert]').innerText()).includes(words), `${file} says ${words}`);
  }
  state.provoking = false;
  await runGraph('broken/cycle.onnx');
  check((await page.locator('.onnx-faults').innerText()).includes('The graph has a cycle'), 'what can be drawn is drawn, with its fault');
});

// ------------------------------------------------------------------ other files

await test('a long text is begun, and says how much there is', async () => {
  await go(`/runs/${strong}?tab=artifacts&folder=looks&file=looks/long.log`);
  await see('pre.text:has-text("line 0 of a log")');
  check(/The first 2.*of 2\.\d/.test(await page.locator('.cut-note').innerText()), 'the note says how much');
  check(!(await page.locator('pre.text').innerText()).includes('line 59999 '), 'the end is not read');
});

await test('empty files, files of no kind, and pictures that hold scripts', async () => {
  await go(`/runs/${strong}?tab=artifacts&folder=looks&file=looks/empty.txt`);
  await see('text=The file is empty.');
  await go(`/runs/${strong}?tab=artifacts&folder=looks&file=looks/weights.bin`);
  await see('text=No preview for this kind of file.');
  await go(`/runs/${strong}?tab=artifacts&folder=looks&file=looks/drawing.svg`);
  await eventually('drawn', async () => page.locator('img.artifact-image').evaluate((image) => image.naturalWidth === 60));
  check((await page.evaluate(() => window.broken)) === undefined, 'its script did not run');
});

await test('Markdown is a page without its HTML', async () => {
  await go(`/models/${name}?version=2&tab=files&file=README.md`);
  await see('.markdown h3:has-text("Digits")');
  check((await page.locator('.markdown').innerText()).includes('<b>no HTML</b>'), 'HTML stays text');
  await page.click('.choice button:has-text("Source")');
  await see('pre.text:has-text("**small**")');
});

await test('a folder of many files comes a page at a time, and is searched', async () => {
  await go(`/runs/${strong}?tab=artifacts&folder=many`);
  await see('text=The first 1,000 files are listed.');
  check((await page.locator('table[aria-label=Files] tbody tr').count()) < 100, 'only rows in sight are in the page');
  await page.click('button:has-text("List more")');
  await eventually('all of them', async () => (await page.locator('table[aria-label=Files]').getAttribute('aria-rowcount')) === '1201');
  await page.fill('.folder-find input', '1137');
  await page.click('table[aria-label=Files] a:has-text("part-1137.txt")');
  await see('pre.text:has-text("part 1137")');
});

await test('a logged model has a page: from its run, with viewers for its files', async () => {
  await go(`/runs/${strong}`);
  await page.click('.tabs a:has-text("Models")');
  await page.click('table[aria-label="Logged models"] a:has-text("kept")');
  await eventually('its page', async () => new URL(page.url()).pathname === `/logged-models/${model_id}`);
  await page.click('table[aria-label=Files] a:has-text("model.onnx")');
  await see('.op .title:has-text("Conv")');
  await page.click('table[aria-label=Files] a:has-text("eval/")');
  await page.click('table[aria-label=Files] a:has-text("scores.csv")');
  await see('table[aria-label="eval/scores.csv"] td:has-text("bob, jr")');
  await page.click('table[aria-label=Files] a:has-text("report.html")');
  await eventually('its script ran without an origin', async () => (await page.frameLocator('.artifact-page').locator('h1').innerText()) === 'Drawn null');
  await page.click('.tabs a:has-text("Metrics and parameters")');
  await see('table[aria-label=Parameters] td:has-text("depth")');
});

// ------------------------------------------------------------------ for everybody

const everyPage = [
  '/models', `/models/${name}?version=2`, ...['files', 'compare', 'lineage', 'gates'].map((tab) => `/models/${name}?version=2&tab=${tab}`),
  `/models/${name}?version=2&tab=files&file=model.onnx&node=2`, `/models/${name}?version=2&tab=files&file=README.md`,
  `/logged-models/${model_id}`, `/logged-models/${model_id}?tab=measures`, `/runs/${strong}?tab=models`, `/runs/${strong}?tab=artifacts&folder=many`,
]; // prettier-ignore

await testPages(everyPage);

await finish();
