import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, openWindow } from '../harness/browser.ts';
import { sharedCloud } from './shared-cloud.ts';
import { TestApplication, type TestCloud } from './test-cloud.ts';

/** The board that the local cloud serves, against the synthesized template. */
describe('the board of the local cloud', () => {
  let cloud: TestCloud;
  let browser: Browser;
  beforeAll(async () => {
    [cloud, browser] = await Promise.all([sharedCloud(), openBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
  });

  const start = () => `${cloud.url}${cloud.boardPath}`;
  const board = () => `${cloud.url}/local/board`;

  async function inWindow(act: (page: Page) => Promise<void>): Promise<void> {
    const page = await openWindow(browser);
    try {
      await act(page);
    } finally {
      await page.context().close();
    }
  }

  test('shows a deployment that waits, state by state, and promotes and cancels', async () => {
    const app = new TestApplication(cloud, 'on-the-board', ['stage1']);
    await app.register();
    await app.release('first');
    await app.waits('stage1', 1, 'staff');
    await inWindow(async (page) => {
      await page.goto(start());
      expect(page.url()).toBe(`${board()}/`);
      await page.getByRole('link', { name: 'on-the-board' }).click();
      const lane = page.locator('#lane-stage1');
      await lane.getByText(/0 of 1 approval, open for/).waitFor();
      await lane.getByRole('link', { name: 'Release 1', exact: true }).click();
      await page.getByRole('heading', { name: /^Release 1 in stage1/ }).waitFor();
      await page.getByText('terraform_data.service').first().waitFor();
      const execution = await page.getByRole('link', { name: 'The execution, state by state' }).getAttribute('href');
      expect(execution).toContain(`${cloud.url}/local/executions/`);
      await page.getByRole('link', { name: 'Cancel' }).click();
      await page.getByRole('heading', { name: 'Cancel release 1 in stage1?' }).waitFor();
      await page.getByRole('button', { name: 'Cancel the deployment' }).click();
      await page.getByRole('heading', { name: /^Release 1 in stage1/ }).waitFor();
    });
    await app.reaches('stage1', 1, 'canceled');
    await inWindow(async (page) => {
      await page.goto(start());
      await page.goto(`${board()}/applications/on-the-board/environments/stage1/promote?release=1`);
      await page.getByRole('button', { name: 'Promote release 1' }).click();
      await page.getByRole('heading', { name: /^Release 1 in stage1/ }).waitFor();
    });
    await app.waits('stage1', 1, 'staff');
  });

  test('lets in nobody without the address that the start prints, and no other site', async () => {
    const ask = (path: string, headers: Record<string, string> = {}) =>
      fetch(`${cloud.url}${path}`, { headers, redirect: 'manual' });
    expect((await ask('/local/board/')).status).toBe(403);
    expect((await ask('/local/board/start?secret=guessed')).status).toBe(403);
    const cookie = (await ask(cloud.boardPath)).headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/; Path=\/local\/board\/; HttpOnly; SameSite=Strict$/);
    const [pair = ''] = cookie.split(';');
    expect((await ask('/local/board/', { cookie: pair })).status).toBe(200);
    for (const site of ['cross-site', 'same-site'])
      expect((await ask('/local/board/', { cookie: pair, 'sec-fetch-site': site })).status).toBe(403);
    expect((await ask('/local/board/', { cookie: pair, origin: 'http://127.0.0.1:1' })).status).toBe(403);
  });
});
