/** `npm run pictures`: draws `docs/pictures` again, from the same pages the tests look at. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { BOARD_STATES } from '../cli/board/board-states.ts';
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

const PHONE_IN_THE_DARK: BrowserContextOptions = { ...PHONE, colorScheme: 'dark' };
const WIDE: BrowserContextOptions = { viewport: { width: 1240, height: 720 } };

/** What the documents show of the board. */
const BOARD_PICTURES: readonly Picture[] = [
  { name: 'board', state: 'all applications', options: WIDE },
  { name: 'board-dark', state: 'all applications', options: { ...WIDE, colorScheme: 'dark' } },
  { name: 'board-phone', state: 'all applications', options: PHONE_IN_THE_DARK },
  { name: 'board-application', state: 'a waiting gate', options: { viewport: { width: 1240, height: 1130 } } },
  {
    name: 'board-application-dark',
    state: 'an application that failed',
    options: { viewport: { width: 1240, height: 1130 }, colorScheme: 'dark' },
  },
  { name: 'board-application-phone', state: 'a waiting gate', options: PHONE },
  { name: 'board-deployment', state: 'a deployment that waits', options: { viewport: { width: 1240, height: 1000 } } },
  { name: 'board-failed', state: 'a failed deployment', options: { viewport: { width: 1240, height: 900 } } },
  {
    name: 'board-question',
    state: 'a question before production',
    options: { viewport: { width: 1240, height: 560 } },
  },
];

/** Opens a page in a window of its own, shows it and takes the picture. */
async function draw({ name, options = {}, show }: Picture, open: (page: Page) => Promise<unknown>): Promise<void> {
  const context = await browser.newContext({ ...DESKTOP, ...options });
  try {
    const page = await context.newPage();
    await open(page);
    const path = join(directory, `${name}.png`);
    await (show ? show(page, path) : page.screenshot({ path }));
    console.log(`docs/pictures/${name}.png`);
  } finally {
    await context.close();
  }
}

async function drawApproval(picture: Picture): Promise<void> {
  const opened = await PAGE_STATES[picture.state]?.();
  if (!opened) throw new Error(`nobody makes the state ${picture.state}`);
  const { origin, stop } = await opened.page.serve();
  try {
    await draw(picture, (page) => page.goto(`${origin}/approvals/${opened.token}`));
  } finally {
    await stop();
  }
}

async function drawBoard(picture: Picture): Promise<void> {
  const opened = await BOARD_STATES[picture.state]?.();
  if (!opened) throw new Error(`nobody makes the state ${picture.state}`);
  try {
    await draw(picture, (page) => opened.world.open(page, opened.path));
  } finally {
    await opened.world.stop();
  }
}

rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const browser = await openBrowser();
try {
  for (const picture of PICTURES) await drawApproval(picture);
  for (const picture of BOARD_PICTURES) await drawBoard(picture);
} finally {
  await browser.close();
}
