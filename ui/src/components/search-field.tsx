/** A search box that tells what was typed after a pause, or at once on Enter. */
import { useEffect, useRef, useState } from 'preact/hooks';

const typingPauseMs = 250;

export function SearchField(props: { label: string; placeholder: string; value: string; onChange: (text: string) => void; wide?: boolean }) {
  const [text, setText] = useState(props.value);
  const pause = useRef<ReturnType<typeof setTimeout> | undefined>();
  useEffect(() => setText(props.value), [props.value]);
  useEffect(() => () => clearTimeout(pause.current), []);
  return (
    <input
      type="search"
      class={props.wide ? 'wide' : undefined}
      data-search
      spellcheck={false}
      autocomplete="off"
      placeholder={props.placeholder}
      aria-label={props.label}
      value={text}
      onInput={(event) => {
        const value = event.currentTarget.value;
        setText(value);
        clearTimeout(pause.current);
        pause.current = setTimeout(() => props.onChange(value), typingPauseMs);
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        clearTimeout(pause.current);
        props.onChange(event.currentTarget.value);
      }}
    />
  );
}
