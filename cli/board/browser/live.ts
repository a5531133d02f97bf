import { Idiomorph } from 'idiomorph';

/**
 * The script of the board. It asks for the page again and again while somebody looks at it, and changes what differs:
 * focus, selection, scrolling and what was unfolded stay. `npm run generate -w cli` makes it ready for browsers.
 */

const LOST_AFTER = 2;
/** The board itself gives up earlier. */
const LONGEST_MS = 45_000;
let etag: string | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;
let typed: ReturnType<typeof setTimeout> | undefined;

const content = (): HTMLElement | null => document.getElementById('content');

function everyMilliseconds(): number | undefined {
  const seconds = Number(content()?.dataset.every);
  return seconds > 0 ? seconds * 1000 : undefined;
}

function wait(): void {
  clearTimeout(timer);
  const pause = everyMilliseconds();
  if (pause !== undefined && !document.hidden) timer = setTimeout(() => void ask(), pause);
}

/** Asks for this page as it is now. */
async function ask(): Promise<void> {
  const address = location.href;
  try {
    const headers: Record<string, string> = etag === undefined ? {} : { 'if-none-match': etag };
    const signal = AbortSignal.timeout(LONGEST_MS);
    const answer = await fetch(address, { headers, signal, cache: 'no-store' });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    // A board that does not let this window in any more says so; anything else that is no page of it is a failure.
    const isPage = answer.status === 304 || answer.status === 403 || page.getElementById('content') !== null;
    if (!isPage) throw new Error(`the board answered ${answer.status}`);
    failures = 0;
    if (address === location.href && answer.status !== 304) {
      etag = answer.headers.get('etag') ?? undefined;
      show(page);
    }
    lost(false);
  } catch {
    failures += 1;
    if (failures >= LOST_AFTER) lost(true);
  }
  wait();
}

/** Changes what differs. */
function show(page: Document): void {
  document.title = page.title;
  void Idiomorph.morph(document.body, page.body.innerHTML, {
    morphStyle: 'innerHTML',
    ignoreActiveValue: true,
    callbacks: {
      // What somebody unfolded stays unfolded.
      beforeAttributeUpdated: (name: string, node: Element) => !(name === 'open' && node instanceof HTMLDetailsElement),
    },
  });
}

/** Says that nothing answers any more. */
function lost(isLost: boolean): void {
  const message = document.getElementById('lost');
  if (message) message.hidden = !isLost;
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else if (everyMilliseconds() !== undefined) void ask();
});

// The list narrows down while somebody types what to find.
document.addEventListener('input', ({ target }) => {
  if (!(target instanceof HTMLInputElement) || target.type !== 'search') return;
  const address = new URL(location.href);
  address.searchParams.set(target.name, target.value);
  if (target.value === '') address.searchParams.delete(target.name);
  history.replaceState(null, '', address);
  clearTimeout(typed);
  typed = setTimeout(() => void ask(), 150);
});

wait();
