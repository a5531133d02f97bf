import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { CLIENT, JANE, PipelineWorld, STAFF } from '../../api/pipeline-world.ts';
import type { TestApi } from '../../api/test-api.ts';
import { violationsIn } from '../../harness/axe.ts';
import { openBrowser, openWindow } from '../../harness/browser.ts';
import { BOARD_STATES } from './board-states.ts';
import { BASE, BoardWorld } from './board-world.ts';

/** The board in a real browser: each of its states, live, without a mouse, and against other sites. */

const DESKTOP = { width: 1200, height: 900 };
const PHONE = { width: 360, height: 740 };
/** Longer than any window waits before it asks again. */
const A_WHILE = 20_000;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let worlds: BoardWorld<TestApi>[] = [];
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser?.close());
afterEach(async () => {
  await context?.close();
  for (const world of worlds) await world.stop();
  worlds = [];
});

async function openPage(options: Parameters<typeof openWindow>[1] = {}): Promise<Page> {
  page = await openWindow(browser, { viewport: DESKTOP, ...options });
  context = page.context();
  return page;
}

describe.each(Object.keys(BOARD_STATES))('%s', (state) => {
  test('keeps nobody out, loads only what is the board’s, and needs no sideways scrolling', async () => {
    const made = await BOARD_STATES[state]?.();
    if (!made) throw new Error(`nobody makes the state ${state}`);
    const { world, path } = made;
    worlds.push(world);
    await openPage({ bypassCSP: true, colorScheme: 'light' });
    await world.open(page, path);
    await page.evaluate('document.querySelectorAll("details").forEach((details) => { details.open = true; })');
    expect(await violationsIn(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize(PHONE);
    expect(await violationsIn(page)).toEqual([]);
    await context.close();

    const complaints: string[] = [];
    await openPage({ viewport: PHONE, isMobile: true, hasTouch: true });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${new URL(page.url()).origin}${BASE}/`) && page.url() !== 'about:blank')
        complaints.push(request.url());
    });
    await world.open(page, path);
    expect(page.url()).not.toContain('secret');
    expect(await page.evaluate('document.scrollingElement.scrollWidth')).toBeLessThanOrEqual(PHONE.width);
    expect(complaints).toEqual([]);
    expect(world.complaints).toEqual([]);
  });
});

/** A board in front of an application whose release 1 has succeeded in dev1 and stage1. */
async function inStaging(): Promise<BoardWorld> {
  const api = await PipelineWorld.create();
  await api.approver(STAFF, 'staff', [JANE]);
  await api.approver(CLIENT, 'client');
  await api.end(await api.release(1));
  await api.succeed(1, 'stage1');
  const world = await BoardWorld.around(api);
  worlds.push(world);
  return world;
}

/** Opens a page whose clock the test moves, so that nobody waits for the next question. */
async function openLive(world: BoardWorld<TestApi>, path: string): Promise<void> {
  await openPage();
  await page.clock.install();
  await world.open(page, path);
  // Whatever loads the page again takes this with it.
  await page.evaluate('window.isTheSame = true');
}

/** Lets the window ask again, and waits until it shows what is expected. */
async function untilShown(world: BoardWorld<TestApi>, text: string | RegExp): Promise<void> {
  const found = page.getByText(text).first();
  for (let asked = 0; asked < 20 && !(await found.isVisible()); asked += 1) {
    world.pass();
    await Promise.all([page.waitForResponse(() => true), page.clock.fastForward(A_WHILE)]);
  }
  await found.waitFor();
}

const APP = '/applications/my-app';

describe('live', () => {
  test('a page shows what happens without being loaded again; focus and what was unfolded stay', async () => {
    const world = await inStaging();
    const { api } = world;
    const id = await api.deploy('prod1', 1);
    await openLive(world, `${APP}/environments/prod1/deployments/${id}`);
    await page.getByRole('link', { name: 'The execution, state by state' }).focus();
    await api.plan(id, { gates: [{ gate: 'staff', required: 1 }] });
    await api.openGate(id, 'staff');
    await untilShown(world, /0 of 1 approval, open for/);
    expect(await page.title()).toBe('Release 1, prod1 · Stagegate');
    await untilShown(world, `asks ${STAFF}`);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('The execution, state by state');
    expect(await page.evaluate('window.isTheSame')).toBe(true);
  });

  test('what somebody unfolded stays unfolded', async () => {
    const made = await BOARD_STATES['a deployment that waits']?.();
    if (!made) throw new Error('nobody makes the state');
    worlds.push(made.world);
    await openLive(made.world, made.path);
    const folded = page.getByText('What depends on it', { exact: true });
    await folded.click();
    made.world.api.surroundings.advance(5 * 3600);
    await untilShown(made.world, 'asked for it 8 h ago.');
    const unfolded = await page.evaluate(
      'Array.from(document.querySelectorAll("details[open] > summary"), ({ textContent }) => textContent)',
    );
    expect(unfolded).toContain('What depends on it');
  });

  test('while the API is away, what is known stays, with its age; it comes back by itself', async () => {
    const world = await inStaging();
    await openLive(world, APP);
    world.served.insteadOfAll = { status: 503, body: '{"message":"Service Unavailable"}' };
    world.api.surroundings.advance(600);
    await untilShown(world, 'The API does not answer');
    await untilShown(world, 'What you see is 10 min old. The board goes on asking.');
    expect(await page.locator('#lane-stage1').getByText('Release 1').isVisible()).toBe(true);
    world.served.insteadOfAll = undefined;
    const message = page.getByText('The API does not answer');
    for (let asked = 0; asked < 20 && (await message.isVisible()); asked += 1) {
      world.pass();
      await Promise.all([page.waitForResponse(() => true), page.clock.fastForward(A_WHILE)]);
    }
    expect(await message.isVisible()).toBe(false);
    expect(await page.evaluate('window.isTheSame')).toBe(true);
  });

  test('a board that is opened while the API is away shows it as soon as it answers', async () => {
    const world = await inStaging();
    world.served.insteadOfAll = { status: 503, body: '' };
    await openLive(world, '/');
    await page.getByRole('heading', { name: 'The API does not answer' }).waitFor();
    world.served.insteadOfAll = undefined;
    await untilShown(world, 'my-app');
    expect(await page.evaluate('window.isTheSame')).toBe(true);
  });

  test('expired credentials are said to be, with what to do, and the page goes on once there are new ones', async () => {
    const world = await inStaging();
    await openLive(world, APP);
    world.served.insteadOfAll = {
      status: 403,
      headers: { 'content-type': 'application/json' },
      body: '{"message":"The security token included in the request is expired"}',
    };
    await untilShown(world, 'The API no longer lets the board in');
    await untilShown(world, /The security token included in the request is expired/);
    await untilShown(world, /Sign in with a role that may call the API/);
    expect(await page.locator('#lane-dev1').isVisible()).toBe(true);
    world.served.insteadOfAll = undefined;
    await world.api.end(await world.api.release(2));
    await untilShown(world, 'Promote release 2');
    expect(await page.getByText('The API no longer lets the board in').isVisible()).toBe(false);
  });

  test('a window whose board has ended says so', async () => {
    const world = await inStaging();
    await openLive(world, '/');
    expect(await page.getByText('The board does not answer').isVisible()).toBe(false);
    await world.stop();
    worlds = [];
    for (let failure = 0; failure < 2; failure += 1)
      await Promise.all([page.waitForEvent('requestfailed'), page.clock.fastForward(A_WHILE)]);
    await page.getByText('The board does not answer').waitFor();
    expect(await page.getByText('my-app').isVisible()).toBe(true);
  });

  test('a window that nobody looks at asks nothing', async () => {
    const world = await inStaging();
    await openLive(world, APP);
    await page.evaluate(`Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'))`);
    world.pass();
    world.served.requests.length = 0;
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.clock.fastForward(10 * A_WHILE);
    // What the script had to do, it has done before it answers this.
    await page.evaluate('fetch("board.css").catch(() => undefined).then(() => undefined)');
    expect(asked.filter((url) => !url.endsWith('board.css'))).toEqual([]);
    expect(world.served.requests).toEqual([]);
    await Promise.all([
      page.waitForResponse(() => true),
      page.evaluate(`Object.defineProperty(document, 'hidden', { get: () => false, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`),
    ]);
    expect(world.served.requests.length).toBeGreaterThan(0);
  });
});

describe('without a mouse', () => {
  test('a release is promoted to production: the name is typed, and the deployment is shown', async () => {
    const world = await inStaging();
    await openPage();
    await world.open(page, APP);
    await tabTo('Promote release 1 to prod1');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Promote release 1 to prod1?' }).waitFor();
    await tabTo('typed-name');
    await page.keyboard.type('prod');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('is not the name of the environment').waitFor();
    expect((await world.api.get(`${APP}/environments/prod1`)).body.currentDeployment).toBeNull();
    await tabTo('typed-name');
    await page.keyboard.press('End');
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Release 1 in prod1/ }).waitFor();
    expect((await world.api.get(`${APP}/environments/prod1`)).body.current).toMatchObject({ release: 1 });
  });

  test('the list narrows down while somebody types what to find, and stays so when it is renewed', async () => {
    const made = await BOARD_STATES['all applications']?.();
    if (!made) throw new Error('nobody makes the state');
    worlds.push(made.world);
    await openLive(made.world, '/');
    await tabTo('find');
    await page.keyboard.type('globex');
    await page.clock.fastForward(200);
    await page.getByText('2 of 5 applications').waitFor();
    expect(await page.locator('.apps > li').count()).toBe(2);
    await Promise.all([page.waitForResponse(() => true), page.clock.fastForward(A_WHILE)]);
    expect(await page.getByRole('searchbox').inputValue()).toBe('globex');
    expect(await page.locator('.apps > li').count()).toBe(2);
  });

  async function tabTo(name: string): Promise<void> {
    for (let pressed = 0; pressed < 60; pressed += 1) {
      await page.keyboard.press('Tab');
      const here = await page.evaluate('document.activeElement.id || document.activeElement.textContent.trim()');
      if (here === name) return;
    }
    throw new Error(`no key leads to ${name}`);
  }
});

describe('without scripts', () => {
  test('a page is there, and a release is promoted', async () => {
    const world = await inStaging();
    await world.api.end(await world.api.release(2));
    await openPage({ javaScriptEnabled: false });
    await world.open(page, APP);
    await page.getByRole('link', { name: 'Promote release 2' }).click();
    await page.getByRole('button', { name: 'Promote release 2' }).click();
    await page.getByRole('heading', { name: /^Release 2 in stage1/ }).waitFor();
  });
});

describe('another page', () => {
  let foreign: Server;
  let elsewhere: string;
  beforeAll(async () => {
    foreign = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>elsewhere</title>');
    }).listen(0, '127.0.0.1');
    await once(foreign, 'listening');
    const address = foreign.address();
    elsewhere = typeof address === 'object' && address ? `http://127.0.0.1:${address.port}/` : '';
  });
  afterAll(() => {
    foreign.closeAllConnections();
    foreign.close();
  });

  // The first is another site for cookies, the second is not: cookies do not tell ports apart.
  test.each([
    ['on another site', () => elsewhere.replace('127.0.0.1', 'localhost')],
    ['on another port of this machine', () => elsewhere],
  ])('%s neither reads nor acts', async (_, address) => {
    const world = await inStaging();
    await openPage();
    await world.open(page, APP);
    const board = `${await world.serve()}${BASE}`;
    const other = await context.newPage();
    await other.goto(address());
    world.served.requests.length = 0;
    const read = (mode: string) =>
      other.evaluate(
        `fetch('${board}/applications/my-app', { credentials: 'include', mode: '${mode}' }).then((answer) => answer.text(), String)`,
      );
    expect(await read('cors')).toContain('TypeError');
    expect(await read('no-cors')).not.toContain('my-app');
    const loads = (element: string) =>
      other.evaluate(`new Promise((resolve) => {
        const element = document.createElement('${element}');
        element.onload = () => resolve(true);
        element.onerror = () => resolve(false);
        element.src = '${board}/board.js';
        document.body.append(element);
      })`);
    expect(await loads('script')).toBe(false);
    await other.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe');
      frame.onload = resolve;
      frame.src = '${board}/applications/my-app';
      document.body.append(frame);
    })`);
    for (const frame of other.frames().slice(1))
      expect(await frame.evaluate('document.body?.textContent ?? ""').catch(() => '')).not.toContain('stage1');
    await other.evaluate(`(() => {
      const form = document.createElement('form');
      form.method = 'post';
      form.action = '${board}/applications/my-app/environments/dev1/hold';
      form.innerHTML = '<input name=key value=5f0c9d4e-0c1f-4a3e-9b57-0d5a7c1f2b11><input name=reason value=taken>';
      document.body.append(form);
      form.submit();
    })()`);
    await other
      .getByRole('heading', { name: /The board has refused this|This board is for the one who started it/ })
      .waitFor();
    expect(world.served.requests).toEqual([]);
    expect((await world.api.get(`${APP}/environments/dev1`)).body.hold).toBeNull();
  });

  test('that was opened by the board has no way back to it', async () => {
    const world = await inStaging();
    await openPage();
    await world.open(page, APP);
    const [popup] = await Promise.all([
      context.waitForEvent('page'),
      page.evaluate(`void window.open('${elsewhere}')`),
    ]);
    await popup.waitForLoadState();
    expect(await popup.evaluate('window.opener')).toBeNull();
  });

  test('in another window of the same person is not let in without the start address', async () => {
    const world = await inStaging();
    await openPage();
    await world.open(page, APP);
    const stranger = await openWindow(browser);
    try {
      await stranger.goto(`${await world.serve()}${BASE}${APP}`);
      await stranger.getByRole('heading', { name: 'This board is for the one who started it' }).waitFor();
    } finally {
      await stranger.context().close();
    }
  });
});
