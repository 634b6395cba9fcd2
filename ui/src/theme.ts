/** Dark and light: the system's choice unless the reader made one. */
import { computed, effect, signal } from '@preact/signals';

export type ThemeChoice = 'system' | 'light' | 'dark';

const storageKey = 'millwright.theme';

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(storageKey);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

const systemDark = signal(false);
export const themeChoice = signal<ThemeChoice>('system');
export const theme = computed<'light' | 'dark'>(() =>
  themeChoice.value === 'system' ? (systemDark.value ? 'dark' : 'light') : themeChoice.value,
);

export function startTheme(): void {
  const media = window.matchMedia('(prefers-color-scheme: dark)');
  systemDark.value = media.matches;
  media.addEventListener('change', () => {
    systemDark.value = media.matches;
  });
  themeChoice.value = stored();
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

/** Switches to the other appearance; back to what the system says forgets the choice. */
export function toggleTheme(): void {
  const next = theme.value === 'dark' ? 'light' : 'dark';
  themeChoice.value = (next === 'dark') === systemDark.value ? 'system' : next;
  try {
    if (themeChoice.value === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, themeChoice.value);
  } catch {
    // A browser that keeps nothing still switches for this visit.
  }
}
