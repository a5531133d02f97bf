/** `npm run pictures`: draws `docs/pictures` again, from the same pages the tests look at. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { openBrowser } from '../harness/browser.ts';
import { PAGE_STATES } from '../pages/page-states.ts';

const directory = join(import.meta.dirname, '..', '..', 'docs', 'pictures');

const DESKTOP: BrowserContextOptions = { viewport: { width: 1100, height: 1000 }, colorScheme: 'light' };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 1.5,
  isMobile: true,
  hasTouch: true,
};

interface Picture {
  readonly name: string;
  readonly state: string;
  readonly options?: BrowserContextOptions;
  /** Brings the page to what is shown; without it, its beginning is. */
  readonly show?: (page: Page, path: string) => Promise<unknown>;
}

/** One part of a page; in so tall a window nothing of it is hidden behind the way to the form. */
const card = (id: string): Pick<Picture, 'options' | 'show'> => ({
  options: { viewport: { width: 1100, height: 6000 } },
  show: (page, path) => page.locator(`section[aria-labelledby="${id}"]`).screenshot({ path }),
});

/** What the documents show. */
const PICTURES: readonly Picture[] = [
  { name: 'open', state: 'open' },
  { name: 'open-dark', state: 'open', options: { colorScheme: 'dark' } },
  { name: 'open-phone', state: 'open', options: PHONE },
  { name: 'open-phone-dark', state: 'open', options: { ...PHONE, colorScheme: 'dark' } },
  { name: 'changes', state: 'open', ...card('changes') },
  { name: 'proof', state: 'open', ...card('proof') },
  { name: 'rehearsal', state: 'open', ...card('rehearsal') },
  { name: 'blast-radius', state: 'open', ...card('blast-radius') },
  { name: 'cost', state: 'open', ...card('cost') },
  { name: 'parity', state: 'open', ...card('parity') },
  { name: 'decision', state: 'open', ...card('decision') },
  { name: 'decision-own-request', state: 'open for the one who asked', ...card('decision') },
  { name: 'difference', state: 'changed', ...card('difference') },
  ...Object.keys(PAGE_STATES)
    .filter((state) => !state.startsWith('open'))
    .map((state) => ({
      name: `state-${state.replaceAll(' ', '-')}`,
      state,
      options: { viewport: { width: 1100, height: 520 } },
    })),
];

async function draw(browser: Awaited<ReturnType<typeof openBrowser>>, picture: Picture): Promise<void> {
  const { name, state, options = {}, show = (page: Page, path: string) => page.screenshot({ path }) } = picture;
  const opened = await PAGE_STATES[state]?.();
  if (!opened) throw new Error(`nobody makes the state ${state}`);
  const { origin, stop } = await opened.page.serve();
  const context = await browser.newContext({ ...DESKTOP, ...options });
  try {
    const page = await context.newPage();
    await page.goto(`${origin}/approvals/${opened.token}`);
    await show(page, join(directory, `${name}.png`));
    console.log(`docs/pictures/${name}.png`);
  } finally {
    await context.close();
    await stop();
  }
}

rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const browser = await openBrowser();
try {
  for (const picture of PICTURES) await draw(browser, picture);
} finally {
  await browser.close();
}
