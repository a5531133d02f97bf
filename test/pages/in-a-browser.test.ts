import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { violationsIn } from '../harness/axe.ts';
import { openBrowser, openWindow } from '../harness/browser.ts';
import { PAGE_STATES } from './page-states.ts';

/** Tests of each state of the approval page in a real browser: it is legible, accessible and works without scripts. */

const DESKTOP_SIZE = { width: 1200, height: 900 };
const PHONE_SIZE = { width: 360, height: 740 };
const PHONE: BrowserContextOptions = {
  viewport: PHONE_SIZE,
  colorScheme: 'dark',
  hasTouch: true,
  isMobile: true,
};
let browser: Browser;
/** A window for the check of accessibility, and one without scripts. Each shows one state after another. */
let inspected: Page;
let withoutScripts: Page;
beforeAll(async () => {
  browser = await openBrowser();
  inspected = await openWindow(browser, { bypassCSP: true });
  withoutScripts = await openWindow(browser, { ...PHONE, javaScriptEnabled: false });
});
afterAll(() => browser?.close());

/** Opens a state in a window and looks at it. Returns the complaints of the browser. */
async function visit(state: string, page: Page, look: () => Promise<void>): Promise<string[]> {
  const opened = await PAGE_STATES[state]?.();
  if (!opened) throw new Error(`nobody makes the state ${state}`);
  const { page: behind, token } = opened;
  const { origin, stop } = await behind.serve();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  try {
    await page.goto(`${origin}/approvals/${token}`);
    await look();
    const others = requests.filter((url) => url !== `${origin}/approvals/${token}`);
    return [...complaints, ...others].filter((text) => !/status of 4\d\d/.test(text));
  } finally {
    page.removeAllListeners();
    await page.goto('about:blank');
    await stop();
  }
}

describe.each(Object.keys(PAGE_STATES))('%s', (state) => {
  test('has nothing that keeps anybody out, on a light desktop and on a dark phone', async () => {
    await visit(state, inspected, async () => {
      await inspected.emulateMedia({ colorScheme: 'light' });
      await inspected.setViewportSize(DESKTOP_SIZE);
      await inspected.evaluate('document.querySelectorAll("details").forEach((details) => { details.open = true; })');
      expect(await violationsIn(inspected)).toEqual([]);
      await inspected.emulateMedia({ colorScheme: 'dark' });
      await inspected.setViewportSize(PHONE_SIZE);
      expect(await violationsIn(inspected)).toEqual([]);
    });
  });

  test('loads nothing, breaks no policy and needs no sideways scrolling, on a phone without scripts', async () => {
    const complaints = await visit(state, withoutScripts, async () => {
      // These positions show that the style is applied, so its hash in the policy is right.
      expect((await withoutScripts.locator('main').boundingBox())?.x).toBe(0);
      expect((await withoutScripts.locator('.mark').boundingBox())?.x).toBe(16);
      for (const box of await Promise.all(
        (await withoutScripts.locator('h1, .card, .banner, .figures, form').all()).map((part) => part.boundingBox()),
      ))
        expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
    });
    expect(complaints).toEqual([]);
  });
});
