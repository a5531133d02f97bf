import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { violationsIn } from '../axe.ts';
import { openBrowser } from '../browser.ts';
import { PAGE_STATES } from './page-states.ts';

/** Each state of the approval page in a real browser: legible, accessible, and without help from scripts. */

const DESKTOP: BrowserContextOptions = { viewport: { width: 1200, height: 900 }, colorScheme: 'light' };
const PHONE: BrowserContextOptions = {
  ...{ viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true, isMobile: true },
};

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());

/** Opens a state in a window of its own, and says afterwards what the browser complained about. */
async function visit(
  state: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<string[]> {
  const opened = await PAGE_STATES[state]?.();
  if (!opened) throw new Error(`nobody makes the state ${state}`);
  const { page: behind, token } = opened;
  const { origin, stop } = await behind.serve();
  const context = await browser.newContext(options);
  try {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(`${origin}/approvals/${token}`);
    await look(page);
    const others = requests.filter((url) => url !== `${origin}/approvals/${token}`);
    return [...complaints, ...others].filter((text) => !/status of 4\d\d/.test(text));
  } finally {
    await context.close();
    await stop();
  }
}

describe.each(Object.keys(PAGE_STATES))('%s', (state) => {
  test('has nothing that keeps anybody out, on a light desktop and on a dark phone', async () => {
    await visit(state, { ...DESKTOP, bypassCSP: true }, async (page) => {
      await page.evaluate('document.querySelectorAll("details").forEach((details) => { details.open = true; })');
      expect(await violationsIn(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await violationsIn(page)).toEqual([]);
    });
  });

  test('loads nothing, breaks no policy and needs no sideways scrolling, on a phone without scripts', async () => {
    const complaints = await visit(state, { ...PHONE, javaScriptEnabled: false }, async (page) => {
      // The style is applied, so its hash in the policy is right.
      expect((await page.locator('main').boundingBox())?.x).toBe(0);
      expect((await page.locator('.mark').boundingBox())?.x).toBe(16);
      for (const box of await Promise.all(
        (await page.locator('h1, .card, .banner, .figures, form').all()).map((part) => part.boundingBox()),
      ))
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
    });
    expect(complaints).toEqual([]);
  });
});
