/** The small parts that every page is set from. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/client';
import { absolute, relative } from '../format';
import { now } from '../live';
import { place, searchOf } from '../router';
import type { Read } from '../query';

/** A page's head: where it is, what it is called, what can be done. */
export function Page(props: {
  title: string;
  trail?: readonly { label: string; to: string }[];
  badge?: ComponentChildren;
  sub?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  useEffect(() => {
    document.title = `${props.title} · Millwright`;
  }, [props.title]);
  return (
    <div class="page">
      <header class="page-head">
        <div class="page-title">
          {props.trail && (
            <nav class="trail" aria-label="Breadcrumb">
              {props.trail.map((step) => (
                <a key={step.to} href={step.to}>
                  {step.label}
                </a>
              ))}
            </nav>
          )}
          <h1>
            <span>{props.title}</span> {props.badge}
          </h1>
          {props.sub && <p class="sub">{props.sub}</p>}
        </div>
        {props.actions && <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </div>
  );
}

export function Section(props: {
  title: string;
  note?: ComponentChildren;
  tools?: ComponentChildren;
  id?: string;
  flush?: boolean;
  children: ComponentChildren;
}) {
  return (
    <section class="section" id={props.id} aria-label={props.title}>
      <div class="section-head">
        <h2>{props.title}</h2>
        {props.note && <span class="note">{props.note}</span>}
        {props.tools && <div class="tools">{props.tools}</div>}
      </div>
      <div class={props.flush ? 'panel flush' : 'panel'}>{props.children}</div>
    </section>
  );
}

const toneOf: Record<string, string> = {
  finished: 'good',
  succeeded: 'good',
  ready: 'good',
  delivered: 'good',
  passed: 'good',
  success: 'good',
  active: 'good',
  live: 'good',
  champion: 'good',
  closed: 'quiet',
  running: 'busy',
  starting: 'busy',
  queued: 'busy',
  scheduled: 'busy',
  canary: 'busy',
  draining: 'busy',
  failed: 'bad',
  failure: 'bad',
  error: 'bad',
  open: 'bad',
  firing: 'bad',
  critical: 'bad',
  flapping: 'warn',
  warning: 'warn',
  resolved: 'quiet',
  expired: 'quiet',
  drifted: 'warn',
  held: 'warn',
  quarantined: 'warn',
  released: 'good',
  accepted: 'good',
  rejected: 'quiet',
  degraded: 'warn',
  pending: 'busy',
  dead: 'bad',
  disabled: 'warn',
  killed: 'warn',
  lost: 'warn',
  paused: 'warn',
  cancelled: 'warn',
};

/** A state in one word, with a mark, so that colour is never the only sign. */
export function Badge(props: { state: string; label?: string }) {
  const state = props.state.toLowerCase();
  const tone = toneOf[state] ?? 'quiet';
  return (
    <span class={`badge ${tone}`} data-state={state}>
      <span class="mark" aria-hidden="true" />
      {props.label ?? state.replace(/_/g, ' ')}
    </span>
  );
}

/** Says of what another tool writes that nobody changes it here. */
export function ReadOnly(props: { folder: string }) {
  return (
    <span class="badge quiet" title={`Shown of ${props.folder}, which another tool writes`}>
      read-only
    </span>
  );
}

/** A plain word in a frame: an alias, a tag, a type. */
export function Chip(props: { children: ComponentChildren; title?: string; strong?: boolean }) {
  return (
    <span class={props.strong ? 'chip strong' : 'chip'} title={props.title}>
      {props.children}
    </span>
  );
}

/** A time as a person says it, with the exact instant on hover and for machines. */
export function When(props: { ms: number | null | undefined; both?: boolean }) {
  if (!props.ms) return <span class="muted">–</span>;
  const exact = absolute(props.ms);
  return (
    <time dateTime={new Date(props.ms).toISOString()} title={exact}>
      {props.both ? `${relative(props.ms, now.value)} · ${exact}` : relative(props.ms, now.value)}
    </time>
  );
}

/** Name and value pairs; those without a value are left out. */
export function Facts(props: { items: readonly (readonly [string, ComponentChildren] | null | false | undefined)[] }) {
  return (
    <dl class="facts">
      {props.items.map((item) =>
        item && item[1] !== undefined && item[1] !== null && item[1] !== '' ? (
          <div key={item[0]}>
            <dt>{item[0]}</dt>
            <dd>{item[1]}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

/** A figure with its name, for the row of them at the top of a page. */
export function Figure(props: { label: string; value: ComponentChildren; detail?: ComponentChildren; to?: string; tone?: string }) {
  const body = (
    <>
      <span class="figure-label">{props.label}</span>
      <span class="figure-value">{props.value}</span>
      {props.detail !== undefined && <span class="figure-detail">{props.detail}</span>}
    </>
  );
  const name = `figure ${props.tone ?? ''}`;
  return props.to ? (
    <a class={name} href={props.to}>
      {body}
    </a>
  ) : (
    <div class={name}>{body}</div>
  );
}

/** A command line that can be copied. */
export function Command(props: { line: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard?.writeText(props.line).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <div class="command">
      <code>{props.line}</code>
      <button type="button" class="plain" onClick={copy} aria-label={`Copy: ${props.line}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}

/** Nothing here yet, why, and what to type. */
export function Empty(props: { title: string; children?: ComponentChildren; command?: string }) {
  return (
    <div class="empty">
      <p class="empty-title">{props.title}</p>
      {props.children && <p class="muted">{props.children}</p>}
      {props.command && <Command line={props.command} />}
    </div>
  );
}

export function Failure(props: { error: Error; retry?: () => void }) {
  const { status, code } = props.error as Partial<ApiError>;
  return (
    <div class="failure" role="alert">
      <div>
        <strong>{status === 404 ? 'Not found' : status === 0 ? 'No connection' : 'The server refused'}</strong>
        <p>{props.error.message}</p>
        {code && (
          <p class="muted">
            <code>{code}</code>
            {status ? ` · ${status}` : ''}
          </p>
        )}
      </div>
      {props.retry && (
        <button type="button" onClick={props.retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What was read, or why it could not be; an error never hides data that is already there. */
export function Shown<T>(props: { read: Read<T>; children: (data: T) => ComponentChildren; rows?: number }) {
  const { data, error, loading, reload } = props.read;
  return (
    <>
      {error && <Failure error={error} retry={reload} />}
      {data !== undefined ? props.children(data) : loading ? <Skeleton rows={props.rows ?? 4} /> : null}
    </>
  );
}

export function Skeleton(props: { rows: number }) {
  return (
    <div class="skeleton" aria-busy="true" aria-label="Loading">
      {Array.from({ length: props.rows }, (_, i) => (
        <span key={i} style={{ width: `${92 - ((i * 17) % 45)}%` }} />
      ))}
    </div>
  );
}

/** Tabs whose choice is `?tab=` in the URL; the first is the default. */
export function Tabs(props: { tabs: readonly { id: string; label: string; amount?: number | string }[]; current: string }) {
  return (
    <nav class="tabs" aria-label="Sections">
      {props.tabs.map((tab, index) => (
        <a
          key={tab.id}
          href={place.value.path + searchOf(place.value.query, { tab: index === 0 ? undefined : tab.id })}
          aria-current={tab.id === props.current ? 'page' : undefined}
        >
          {tab.label}
          {tab.amount !== undefined && <span class="amount">{tab.amount}</span>}
        </a>
      ))}
    </nav>
  );
}

export function currentTab<T extends string>(ids: readonly T[]): T {
  const wanted = place.value.query.get('tab') as T | null;
  return wanted && ids.includes(wanted) ? wanted : ids[0]!;
}

/** A short choice between a few values. */
export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={props.label}>
      {props.options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === props.value}
          onClick={() => props.onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

export function Select(props: {
  label: string;
  value: string;
  options: readonly { value: string; label: string }[];
  onChange: (value: string) => void;
}) {
  return (
    <label class="select">
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        {props.options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}
