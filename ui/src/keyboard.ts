/** Keys that work on every page. Rows are whatever carries `data-row`. */
import { signal } from '@preact/signals';
import { navigate } from './router';
import { toggleTheme } from './theme';

export const shortcutsOpen = signal(false);

export const shortcuts: readonly { keys: string; what: string }[] = [
  { keys: '/', what: 'Search this page' },
  { keys: 'j  k', what: 'Next or previous row' },
  { keys: 'Enter', what: 'Open the row' },
  { keys: 'x', what: 'Select the row, where rows can be compared' },
  { keys: 'g o', what: 'Overview' },
  { keys: 'g x', what: 'Experiments' },
  { keys: 'g r', what: 'Runs' },
  { keys: 'g m', what: 'Models' },
  { keys: 'g d', what: 'Datasets' },
  { keys: 'g e', what: 'Endpoints' },
  { keys: 'g n', what: 'Monitors' },
  { keys: 'g p', what: 'Pipelines' },
  { keys: 'g l', what: 'Lineage' },
  { keys: 'g v', what: 'Events' },
  { keys: 't', what: 'Dark or light' },
  { keys: '?', what: 'These shortcuts' },
  { keys: 'Esc', what: 'Leave a field, close what is open' },
];

const places: Record<string, string> = {
  o: '/',
  x: '/experiments',
  r: '/runs',
  m: '/models',
  d: '/datasets',
  e: '/endpoints',
  n: '/monitors',
  p: '/pipelines',
  l: '/lineage',
  v: '/events',
};

/** How long `g` waits for its second key. */
const chordMs = 1_000;
let chordUntil = 0;

function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element && (/^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable);
}

function moveRow(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  if (rows.length === 0) return;
  const current = rows.findIndex((row) => row === document.activeElement || row.contains(document.activeElement));
  const next = rows[Math.max(0, Math.min(rows.length - 1, current < 0 ? (step > 0 ? 0 : rows.length - 1) : current + step))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

/** Closing gives the focus back to what opened the menu. */
function closeMenu(menu: HTMLDetailsElement): void {
  menu.open = false;
  menu.querySelector('summary')?.focus();
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === 'Escape') {
    const menu = document.querySelector<HTMLDetailsElement>('details.menu[open]');
    if (shortcutsOpen.value) shortcutsOpen.value = false;
    else if (menu) closeMenu(menu);
    else (document.activeElement as HTMLElement | null)?.blur?.();
    return;
  }
  if (isTyping(event.target)) return;
  if (performance.now() < chordUntil) {
    chordUntil = 0;
    const to = places[event.key];
    if (to) {
      event.preventDefault();
      navigate(to);
      return;
    }
  }
  switch (event.key) {
    case '/': {
      const search = document.querySelector<HTMLInputElement>('main [data-search]');
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
      return;
    }
    case '?':
      event.preventDefault();
      shortcutsOpen.value = !shortcutsOpen.value;
      return;
    case 'j':
    case 'k':
      event.preventDefault();
      moveRow(event.key === 'j' ? 1 : -1);
      return;
    case 'g':
      chordUntil = performance.now() + chordMs;
      return;
    case 't':
      toggleTheme();
      return;
    case 'x':
      document.activeElement?.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
      return;
    case 'Enter': {
      const row = document.activeElement as HTMLElement | null;
      const to = row?.dataset['row'];
      if (to) {
        event.preventDefault();
        navigate(to);
      }
    }
  }
}

export function startKeyboard(): void {
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointerdown', (event) => {
    const menu = document.querySelector<HTMLDetailsElement>('details.menu[open]');
    if (menu && !menu.contains(event.target as Node)) menu.open = false;
  });
}
