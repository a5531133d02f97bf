import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import * as z from 'zod';
import { violationsIn } from '../harness/axe.ts';
import { openBrowser, openWindow } from '../harness/browser.ts';
import { sharedCloud } from './shared-cloud.ts';
import { CLIENT, STAFF, TestApplication, type TestCloud } from './test-cloud.ts';

/** A person approves with a browser and an e-mailed link, against the synthesized template. */
describe('approving in a browser', () => {
  let cloud: TestCloud;
  let browser: Browser;
  beforeAll(async () => {
    [cloud, browser] = await Promise.all([sharedCloud(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
  });

  const PHONE: BrowserContextOptions = {
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
    hasTouch: true,
    isMobile: true,
  };

  /** Opens the page behind a link as a person would. Fails when the browser reports a problem meanwhile. */
  async function inBrowser(
    link: string,
    act: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> {
    const page = await openWindow(browser, options);
    try {
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      await page.goto(link);
      await act(page);
      // The browser also logs 4xx answers, which the tests check themselves; any other message, such as of a broken
      // policy, is an error.
      expect(complaints.filter((text) => !/status of 4\d\d/.test(text))).toEqual([]);
    } finally {
      await page.context().close();
    }
  }

  const decide = (page: Page, decision: 'Approve' | 'Reject') => page.getByRole('button', { name: decision }).click();
  const heading = (page: Page, name: string | RegExp) => page.getByRole('heading', { name }).waitFor();

  /** Returns the decisions of a deployment from the API. */
  async function decisionsOn(app: TestApplication, environment: string, id: string) {
    const DecisionsSchema = z.object({
      gates: z.array(z.looseObject({ gate: z.string(), approvals: z.array(z.json()), rejections: z.array(z.json()) })),
    });
    const answer = await cloud.expect(200, 'GET', `${app.path}/environments/${environment}/deployments/${id}`);
    return DecisionsSchema.parse(answer).gates;
  }

  async function waitingIn(environment: 'stage1' | 'prod1', name: string): Promise<TestApplication> {
    const app = new TestApplication(cloud, name, [environment]);
    await app.register();
    await app.release('first');
    if (environment === 'prod1') {
      await app.provenRelease(1);
      await app.promote('prod1', 1);
    }
    await app.waits(environment, 1, 'staff');
    return app;
  }

  test('reads what would happen, types why, approves and sees the result', async () => {
    const app = await waitingIn('stage1', 'reading');
    await inBrowser(await app.link(STAFF, 'stage1', 1), async (page) => {
      expect(await page.title()).toBe('Approve? Deploy release 1 to stage1 · Stagegate');
      await heading(page, 'Deploy release 1 to stage1');
      for (const fact of [
        'reading: first',
        'acme',
        '222222222222',
        '1 resource will be created',
        'terraform_data.service',
      ])
        await page.getByText(fact, { exact: false }).first().waitFor();
      await page.getByRole('img', { name: /What changes and what depends on it/ }).waitFor();
      await page.getByRole('link', { name: 'Decide', exact: true }).click();
      await page.getByLabel('Comment').fill('Read it all.\nLooks right.');
      await decide(page, 'Approve');
      await heading(page, 'Thank you. You have approved');
      expect(await page.title()).toContain('You have approved');
      await page.getByText('Read it all.').first().waitFor();
      expect(await page.locator('form').count()).toBe(0);
      // Reloading the answer sends the form again: the same decision, which counts once.
      await page.reload();
      await heading(page, 'Thank you. You have approved');
    });
    const { id } = await app.reaches('stage1', 1, 'succeeded');
    expect(await decisionsOn(app, 'stage1', id)).toMatchObject([
      { gate: 'staff', approvals: [{ by: STAFF, via: 'link', comment: 'Read it all.\nLooks right.' }], rejections: [] },
    ]);
    await inBrowser(await app.link(STAFF, 'stage1', 1), async (page) => {
      await heading(page, 'You have approved');
      await page.getByText('The deployment succeeded.').first().waitFor();
    });
  });

  describe('a production deployment', () => {
    test('is approved by typing its name, and rejected by the client on a phone, in the dark and without scripts', async () => {
      const app = await waitingIn('prod1', 'careful');
      await inBrowser(await app.link(STAFF, 'prod1', 1), async (page) => {
        const name = page.getByLabel('To approve, type prod1');
        await page.getByLabel('Comment').fill('Kept while I mistype.');
        // The browser does not even send an empty name.
        await decide(page, 'Approve');
        await heading(page, 'Your decision');
        await name.fill('stage1');
        await decide(page, 'Approve');
        await heading(page, 'Nothing was decided');
        expect(await name.getAttribute('aria-invalid')).toBe('true');
        expect(await page.getByLabel('Comment').inputValue()).toBe('Kept while I mistype.');
        await name.fill('prod1');
        await decide(page, 'Approve');
        await heading(page, 'Thank you. You have approved');
      });
      await app.waits('prod1', 1, 'client');
      const onPhone = { ...PHONE, javaScriptEnabled: false };
      await inBrowser(
        await app.link(CLIENT, 'prod1', 1),
        async (page) => {
          await page.getByText(`by ${STAFF}`).first().waitFor();
          await page.getByText('Kept while I mistype.').waitFor();
          for (const part of await page.locator('h1, .card, .figures, form').all()) {
            const box = await part.boundingBox();
            expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360);
          }
          await page.getByRole('link', { name: 'Decide', exact: true }).tap();
          await page.getByLabel('Comment').fill('Not this week.');
          await page.getByRole('button', { name: 'Reject' }).tap();
          await heading(page, 'Thank you. You have rejected');
        },
        onPhone,
      );
      const { id } = await app.reaches('prod1', 1, 'rejected');
      expect(await decisionsOn(app, 'prod1', id)).toMatchObject([
        { gate: 'staff', approvals: [{ by: STAFF, via: 'link' }] },
        { gate: 'client', approvals: [], rejections: [{ by: CLIENT, via: 'link', comment: 'Not this week.' }] },
      ]);
    });
  });

  test('a page left open in another tab decides nothing any more, and says what was decided', async () => {
    const app = await waitingIn('stage1', 'two-tabs');
    const link = await app.link(STAFF, 'stage1', 1);
    await inBrowser(link, async (page) => {
      const other = await page.context().newPage();
      await other.goto(link);
      await decide(page, 'Approve');
      await heading(page, 'Thank you. You have approved');
      await decide(other, 'Reject');
      await heading(other, 'Nothing was decided');
      await heading(other, 'You have approved');
    });
    await app.reaches('stage1', 1, 'succeeded');
  });

  test('nothing on the way keeps anybody out', async () => {
    const app = await waitingIn('prod1', 'for-all');
    const look = { bypassCSP: true };
    await inBrowser(
      await app.link(STAFF, 'prod1', 1),
      async (page) => {
        expect(await violationsIn(page)).toEqual([]);
        await page.getByLabel('To approve, type prod1').fill('prod');
        await decide(page, 'Approve');
        await heading(page, 'Nothing was decided');
        expect(await violationsIn(page)).toEqual([]);
        await page.getByLabel('To approve, type prod1').fill('prod1');
        await decide(page, 'Approve');
        await heading(page, 'Thank you. You have approved');
        expect(await violationsIn(page)).toEqual([]);
      },
      look,
    );
    await app.waits('prod1', 1, 'client');
    await inBrowser(await app.link(CLIENT, 'prod1', 1), async (page) => expect(await violationsIn(page)).toEqual([]), {
      ...PHONE,
      ...look,
    });
    await inBrowser(
      `${cloud.url}/approvals/forged.link`,
      async (page) => {
        await heading(page, 'This link leads nowhere');
        expect(await violationsIn(page)).toEqual([]);
      },
      look,
    );
  });
});
