/** Runs the browser test against a fixture server of its own, on a free port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const here = (path) => new URL(path, import.meta.url).pathname;

const server = spawn(process.execPath, [here('../dev/fixture-server.mjs'), '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
const [line] = await once(server.stdout, 'data');
const address = /http:\S+/.exec(String(line))[0];
const test = spawn(process.execPath, [here('loop.e2e.mjs')], { stdio: 'inherit', env: { ...process.env, MILLWRIGHT_URI: address } });
const [status] = await once(test, 'exit');
server.kill();
process.exitCode = status ?? 1;
