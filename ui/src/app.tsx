/** The frame around every page: navigation, the table of routes, the shortcuts. */
import type { ComponentType } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Empty, Page } from './components/basics';
import { shortcuts, shortcutsOpen } from './keyboard';
import { modelPath } from './links';
import { liveState } from './live';
import { AlertPage } from './pages/alert';
import { Alerts } from './pages/alerts';
import { Compare } from './pages/compare';
import { DatasetPage } from './pages/dataset';
import { Datasets } from './pages/datasets';
import { EndpointPage } from './pages/endpoint';
import { Endpoints } from './pages/endpoints';
import { Events } from './pages/events';
import { Experiments } from './pages/experiments';
import { LineagePage } from './pages/lineage';
import { LoggedModelPage } from './pages/logged-model';
import { LoopPage } from './pages/loop';
import { Loops } from './pages/loops';
import { ModelPage } from './pages/model';
import { Models } from './pages/models';
import { MonitorPage } from './pages/monitor';
import { EditMonitor, NewMonitor } from './pages/monitor-editor';
import { Monitors } from './pages/monitors';
import { Overview } from './pages/overview';
import { PipelineRunPage } from './pages/pipeline-run';
import { Pipelines } from './pages/pipelines';
import { RunPage } from './pages/run';
import { Runs } from './pages/runs';
import { SuitePage } from './pages/suite';
import { ValidationPage } from './pages/validation';
import { WebhookPage } from './pages/webhook';
import { Webhooks } from './pages/webhooks';
import { navigate, place, resolve, type Params } from './router';
import { theme, toggleTheme } from './theme';

/** MLflow's address of a version leads to ours. */
function VersionRedirect(props: { name: string; version: string }) {
  useEffect(() => navigate(modelPath(props.name, props.version), { replace: true }), [props.name, props.version]);
  return null;
}

const routes: readonly { pattern: string; page: ComponentType<Params> }[] = [
  { pattern: '/', page: Overview },
  { pattern: '/experiments', page: Experiments },
  { pattern: '/runs', page: Runs },
  { pattern: '/runs/:id', page: RunPage as ComponentType<Params> },
  { pattern: '/compare', page: Compare },
  { pattern: '/logged-models/:id', page: LoggedModelPage as ComponentType<Params> },
  { pattern: '/models', page: Models },
  { pattern: '/models/:name', page: ModelPage as ComponentType<Params> },
  { pattern: '/models/:name/versions/:version', page: VersionRedirect as ComponentType<Params> },
  { pattern: '/datasets', page: Datasets },
  { pattern: '/datasets/:name', page: DatasetPage as ComponentType<Params> },
  { pattern: '/suites/:name', page: SuitePage as ComponentType<Params> },
  { pattern: '/validations/:id', page: ValidationPage as ComponentType<Params> },
  { pattern: '/endpoints', page: Endpoints },
  { pattern: '/endpoints/:name', page: EndpointPage as ComponentType<Params> },
  { pattern: '/monitors', page: Monitors },
  { pattern: '/monitors/:name', page: MonitorPage as ComponentType<Params> },
  { pattern: '/monitors/:name/edit', page: EditMonitor as ComponentType<Params> },
  { pattern: '/new-monitor', page: NewMonitor },
  { pattern: '/pipelines', page: Pipelines },
  { pattern: '/pipeline-runs/:id', page: PipelineRunPage as ComponentType<Params> },
  { pattern: '/loops', page: Loops },
  { pattern: '/loops/:model', page: LoopPage as ComponentType<Params> },
  { pattern: '/lineage', page: LineagePage },
  { pattern: '/alerts', page: Alerts },
  { pattern: '/alerts/:id', page: AlertPage as ComponentType<Params> },
  { pattern: '/events', page: Events },
  { pattern: '/webhooks', page: Webhooks },
  { pattern: '/webhooks/:id', page: WebhookPage as ComponentType<Params> },
];

/** In the order of the loop; `also` are the paths below which an entry stays marked. */
const sections: readonly { to: string; label: string; also?: readonly string[] }[] = [
  { to: '/', label: 'Overview' },
  { to: '/datasets', label: 'Datasets', also: ['/validations', '/suites'] },
  { to: '/experiments', label: 'Experiments' },
  { to: '/runs', label: 'Runs', also: ['/compare', '/logged-models'] },
  { to: '/models', label: 'Models' },
  { to: '/endpoints', label: 'Endpoints' },
  { to: '/monitors', label: 'Monitors', also: ['/new-monitor'] },
  { to: '/alerts', label: 'Alerts' },
  { to: '/pipelines', label: 'Pipelines', also: ['/pipeline-runs'] },
  { to: '/loops', label: 'Loops' },
  { to: '/lineage', label: 'Lineage' },
  { to: '/events', label: 'Events' },
  { to: '/webhooks', label: 'Webhooks' },
];

function isWithin(path: string, section: { to: string; also?: readonly string[] }): boolean {
  if (section.to === '/') return path === '/';
  return [section.to, ...(section.also ?? [])].some((root) => path === root || path.startsWith(`${root}/`));
}

const liveWords = { connecting: 'Connecting', live: 'Live', offline: 'Offline' } as const;

export function App() {
  const found = resolve(routes, place.value.path);
  const main = useRef<HTMLElement>(null);
  const arrived = useRef(false);
  const path = place.value.path;

  // A reader of the screen or the keyboard continues at the new page's top, not in the old one's ruins.
  useEffect(() => {
    if (arrived.current) main.current?.focus({ preventScroll: true });
    arrived.current = true;
    document.querySelector('.sections [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [path]);

  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the page
      </a>
      <div class="frame">
        <aside class="side">
          <a class="brand" href="/" aria-label="Millwright, overview">
            <Wheel />
            <span>Millwright</span>
          </a>
          <nav class="sections" aria-label="Main">
            {sections.map((section) => (
              <a key={section.to} href={section.to} aria-current={isWithin(path, section) ? 'page' : undefined}>
                {section.label}
              </a>
            ))}
          </nav>
          <div class="side-foot">
            <span class={`live is-${liveState.value}`} role="status">
              <span class="mark" aria-hidden="true" />
              {liveWords[liveState.value]}
            </span>
            <button
              type="button"
              class="plain"
              id="theme-toggle"
              onClick={toggleTheme}
              aria-label={theme.value === 'dark' ? 'Switch to light' : 'Switch to dark'}
              title="Dark or light (t)"
            >
              {theme.value === 'dark' ? '☾' : '☀'}
            </button>
            <button type="button" class="plain" onClick={() => (shortcutsOpen.value = true)} aria-label="Keyboard shortcuts" title="Shortcuts (?)">
              ?
            </button>
          </div>
        </aside>
        <main id="main" ref={main} tabIndex={-1}>
          {found ? <found.page key={path} {...found.params} /> : <Nowhere />}
        </main>
      </div>
      <Shortcuts />
    </>
  );
}

/** The mill wheel, the program's mark. */
function Wheel() {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" class="wheel">
      <circle cx="12" cy="12" r="7.2" />
      <circle cx="12" cy="12" r="2" />
      {[0, 45, 90, 135, 180, 225, 270, 315].map((angle) => (
        <path key={angle} d="M12 10V1.6" transform={`rotate(${angle} 12 12)`} />
      ))}
    </svg>
  );
}

function Nowhere() {
  return (
    <Page title="No such page">
      <Empty title="This address leads nowhere.">
        <a href="/">Go to the overview</a>
      </Empty>
    </Page>
  );
}

function Shortcuts() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = shortcutsOpen.value;
  useEffect(() => {
    if (open && !dialog.current?.open) dialog.current?.showModal();
    if (!open) dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="shortcuts" aria-label="Keyboard shortcuts" onClose={() => (shortcutsOpen.value = false)}>
      <h2>Keyboard</h2>
      <dl>
        {shortcuts.map((each) => (
          <div key={each.keys}>
            <dt>
              {each.keys.split(/\s+/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{each.what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => (shortcutsOpen.value = false)}>
        Close
      </button>
    </dialog>
  );
}
